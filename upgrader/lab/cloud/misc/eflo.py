"""Lingjun (EFLO) nodes: this account has none."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError


def describe_node(call: Call) -> Answer:
    """No node has this id; the code is the one that CCM looks for."""
    raise CloudError("RESOURCE_NOT_FOUND", f"The node {call.params.text('NodeId')} does not exist.", 404)


ACTIONS: Actions = {"DescribeNode": describe_node}
