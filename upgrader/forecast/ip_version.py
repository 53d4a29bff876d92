"""By which IP version a Service's backends are reached, and where its endpoints are read from.

Both hang on feature gates: IPv6DualStack is off by default, EndpointSlice is on from v2.9.1.
Source: `reconcile/backend/backend.go` (setAddressIpVersion, getEndpointByEndpointSlice) and `pkg/config/
feature_gates.go`, each tag; before v2.5 `controller/service/vgroups.go`.
"""

from __future__ import annotations

from typing import Literal

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import World
from upgrader.model.cloud import LbKind
from upgrader.model.kube import Service

BackendIp = Literal["ipv4", "ipv6", "dualstack"]
ADDRESS_TYPES: dict[BackendIp, tuple[str, ...]] = {
    "ipv4": ("IPv4",), "ipv6": ("IPv6",), "dualstack": ("IPv4", "IPv6", "FQDN"),
}  # fmt: skip


def reads_slices(world: World) -> bool:
    """Whether endpoints are read from EndpointSlices."""
    if world.ways.is_v1:
        return False
    return world.gates.get("endpointslice", world.ways.endpoint_slices)


def backend_ip(world: World, service: Service, lb: LbKind) -> BackendIp:
    """The addresses that count. Those of IPv6 need both gates and a load balancer that has such an address itself."""
    notes = Annotations(service)
    wanted, address = notes.get("backend-ip-version"), notes.get("ip-version")
    if not wanted or not world.reads("backend-ip-version", lb):
        return "ipv4"
    if not (world.gates.get("ipv6dualstack", False) and reads_slices(world)):
        return "ipv4"
    match world.ways.ipv6_backends:
        case "exact":
            return "ipv6" if (wanted, address) == ("ipv6", "ipv6") else "ipv4"
        case "by-kind" if wanted != "ipv6":
            return "ipv4"
    if address.lower() != ("dualstack" if lb == "nlb" else "ipv6"):
        return "ipv4"
    if wanted.lower() == "ipv6":
        return "ipv6"
    return "dualstack" if lb == "nlb" and wanted.lower() == "dualstack" else "ipv4"
