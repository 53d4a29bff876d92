"""One message about one Service: what an evidence function is given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from shlex import quote

from upgrader.diagnose.look import Look
from upgrader.migrations.context import PREFIX, value_of
from upgrader.model.cloud import LoadBalancer
from upgrader.model.kube import Service


@dataclass(frozen=True)
class Case:
    """A message that was recognised, and the Service it is about."""

    look: Look
    service: Service
    message: str

    @cached_property
    def lb(self) -> LoadBalancer | None:
        """The load balancer that serves the Service."""
        return self.look.of(self.service)

    @cached_property
    def named(self) -> LoadBalancer | None:
        """The load balancer that the annotation names, where it is there."""
        return self.look.named(self.service)

    def value(self, short: str) -> str | None:
        """An annotation by its short name."""
        return value_of(self.service, short)

    def says(self, short: str) -> str:
        """`alibaba-cloud-loadbalancer-spec is "slb.s1.small"`, or that it is not set."""
        value = self.value(short)
        name = f"{PREFIX}{short}"
        return f"{name} is not set" if value is None else f'{name} is "{value}"'

    def attribute(self, name: str) -> str:
        """An attribute of the load balancer that serves it; empty where it is not known."""
        return self.lb.attributes.get(name, "") if self.lb else ""

    def group(self, pattern: str) -> str:
        """The first group of `pattern` in the message; empty where it does not match."""
        found = re.search(pattern, self.message)
        return found[1] if found else ""


def annotate(short: str, value: str) -> str:
    """The command that sets an annotation of the Service."""
    return f"kubectl -n NAMESPACE annotate --overwrite service SERVICE PREFIX-{short}={quote(value)}"


def drop(short: str) -> str:
    """The command that removes an annotation of the Service."""
    return f"kubectl -n NAMESPACE annotate service SERVICE PREFIX-{short}-"


FORGET_ADDRESS = (
    "kubectl -n NAMESPACE patch service SERVICE --subresource=status --type=merge "
    '-p \'{"status":{"loadBalancer":null}}\' (CCM then makes a load balancer, with another address)'
)
RECREATE = "delete and recreate the Service; its address changes"
DELETE = "where it is not needed: kubectl -n NAMESPACE delete service SERVICE"
