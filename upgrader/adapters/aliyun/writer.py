"""The cloud as a `CloudWriter`: one request a call, the fence asked before each, nothing sent twice."""

from __future__ import annotations

import json
import uuid
from typing import Any

from upgrader.adapters.aliyun.answers import ask
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.together import numbered
from upgrader.model.errors import InputError
from upgrader.ports.write import Fence

# Actions whose API takes a ClientToken: the same token makes a repeated request land once.
_TOKENED = frozenset({"nlb"})


class AliyunWriter:
    """Changes to cloud objects."""

    def __init__(self, transport: Transport, fence: Fence, region: str) -> None:
        self._transport, self._fence, self._region = transport, fence, region

    def tag(self, lb_id: str, tags: dict[str, str]) -> str:
        """Add tags to a CLB or NLB (the id tells which)."""
        pairs: dict[str, str] = {}
        for place, (key, value) in enumerate(sorted(tags.items()), 1):
            pairs |= {f"Tag.{place}.Key": key, f"Tag.{place}.Value": value}
        return self._id(self._on_resource("TagResources", lb_id, pairs))

    def untag(self, lb_id: str, keys: tuple[str, ...]) -> str:
        """Remove tags from a CLB or NLB."""
        return self._id(self._on_resource("UntagResources", lb_id, numbered("TagKey", sorted(keys))))

    def create_policy_version(self, policy: str, document: dict[str, Any]) -> tuple[str, str]:
        """A new default version of a custom RAM policy: (version id, request id). Never rotates by itself."""
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        params = {"PolicyName": policy, "PolicyDocument": text, "SetAsDefault": "true", "RotateStrategy": "None"}
        answer = self._send("ram", "CreatePolicyVersion", params)
        return str((answer.get("PolicyVersion") or {}).get("VersionId") or ""), self._id(answer)

    def delete_policy_version(self, policy: str, version: str) -> str:
        """Delete a version that is not the default."""
        return self._id(self._send("ram", "DeletePolicyVersion", {"PolicyName": policy, "VersionId": version}))

    def set_default_policy_version(self, policy: str, version: str) -> str:
        """Make an existing version the default."""
        return self._id(self._send("ram", "SetDefaultPolicyVersion", {"PolicyName": policy, "VersionId": version}))

    def upgrade_addon(
        self, cluster_id: str, name: str, version: str, next_version: str, config: str
    ) -> tuple[str, str]:
        """Start an add-on upgrade: (task id, request id)."""
        wanted = {"component_name": name, "version": version, "next_version": next_version}
        # Without the present config the add-on would fall back to defaults.
        body = [wanted | ({"config": config} if config else {})]
        answer = self._cs("UpgradeClusterAddons", {"ClusterId": cluster_id}, body)
        return str(answer.get("task_id") or ""), self._id(answer)

    def cancel_task(self, task_id: str) -> str:
        """Cancel a CS task."""
        return self._id(self._cs("CancelTask", {"TaskId": task_id}))

    def send(self, action: str, region: str, params: dict[str, str]) -> str:
        """Send one request by its name (`slb:SetVServerGroupAttribute`)."""
        product, _, name = action.partition(":")
        if not name or product == "cs":
            raise InputError(what=f"not a request that can be sent by name: {action!r}", where="writer",
                             next_command="make the plan again: ccm-upgrade plan")  # fmt: skip
        return self._id(self._send(product, name, {"RegionId": region, **params}, region))

    def _on_resource(self, action: str, lb_id: str, params: dict[str, str]) -> dict[str, Any]:
        product, kind = ("nlb", "loadbalancer") if lb_id.startswith("nlb-") else ("slb", "instance")
        which = {"RegionId": self._region, "ResourceType": kind, "ResourceId.1": lb_id}
        return self._send(product, action, which | params)

    def _send(self, product: str, action: str, params: dict[str, str], region: str = "") -> dict[str, Any]:
        token = {"ClientToken": str(uuid.uuid4())} if product in _TOKENED and "ClientToken" not in params else {}
        return self._carry(Call(product=product, action=action, region=region or self._region, params=params | token))

    def _cs(self, action: str, path: dict[str, str], body: Any = None) -> dict[str, Any]:
        return self._carry(Call(product="cs", action=action, region=self._region, path=path, body=body))

    def _carry(self, call: Call) -> dict[str, Any]:
        self._fence.check()
        return ask(self._transport, call)

    @staticmethod
    def _id(answer: dict[str, Any]) -> str:
        return str(answer.get("RequestId") or answer.get("request_id") or answer.get("requestId") or "")
