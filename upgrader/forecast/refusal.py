"""Why a version will refuse to sync a Service, in CCM's own words.

Sources: `clbv1/model_applier.go` (applyLoadBalancer, isLoadBalancerReusable), `clbv1/loadbalancer.go`,
`nlbv2/model_applier.go`, `reconcile/annotation`, at each tag; errors observed.
"""

from __future__ import annotations

from collections.abc import Callable

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import CLUSTER_TAG, OWN_TAG, World, default_name
from upgrader.model.cloud import LbKind, LoadBalancer
from upgrader.model.forecast import Refusal
from upgrader.model.kube import Service
from upgrader.model.version import parse_version

_V2 = parse_version("v2.0.0")
_PROTOCOLS = ("http", "https", "tcp", "udp")
# Annotations whose value v2 parses as a number at every sync, and gives up when it is none.
_NUMBERS = {
    "clb": ("bandwidth", "persistence-timeout", "established-timeout", "healthy-threshold", "unhealthy-threshold",
            "health-check-interval", "health-check-connect-timeout", "health-check-connect-port",
            "health-check-timeout", "connection-drain-timeout", "cookie-timeout", "idle-timeout", "request-timeout"),
    "nlb": ("connection-drain-timeout", "cps", "idle-timeout"),
}  # fmt: skip
_FIXED_ONCE_MADE = (
    ("master-zoneid", "MasterZoneId", "LoadBalancer master zone id"),
    ("slave-zoneid", "SlaveZoneId", "LoadBalancer slave zone id"),
    ("address-type", "AddressType", "LoadBalancer AddressType"),
    ("ip-version", "AddressIPVersion", "LoadBalancer AddressIPVersion"),
    ("resource-group-id", "ResourceGroupId", "ResourceGroupId"),
    ("network-type", "NetworkType", "LoadBalancer network type"),
    ("ip", "Address", "LoadBalancer address"),
)


_OWN_FIELDS: dict[str, Callable[[LoadBalancer], str]] = {
    "AddressType": lambda lb: lb.address_type,
    "Address": lambda lb: lb.address,
}


def refusal_of(
    world: World, service: Service, kind: LbKind, found: tuple[LoadBalancer, ...], *, full_sync: bool
) -> Refusal | None:
    """The reason to refuse, None when there is none. Rules of a full sync alone apply only to one."""
    notes = Annotations(service)
    wrong = _wrong_number(world, notes, kind) if world.target >= _V2 else None
    if wrong is None and kind == "clb" and full_sync and world.target >= _V2:
        wrong = _unknown_protocol(service, notes)
    if wrong is not None:
        return wrong
    if kind == "nlb" and notes.get("zone-maps"):
        for pair in notes.get("zone-maps").split(","):
            if ":" not in pair:
                expect = "expect [zone-a:vsw-id-1,zone-b:vsw-id-2]"
                text = f"ZoneMapping format error, {expect}, got {notes.get('zone-maps')}"
                return Refusal(code="zone-maps-format", message=text)
    if len(found) > 1 and world.ways.duplicates_fail and not notes.get("id"):
        ids = ", ".join(lb.id for lb in found)
        return Refusal(code="duplicates", message=f"find multiple loadbalancers by tag or name: {ids}")
    if not found:
        return _missing(service, notes, kind, full_sync=full_sync)
    return _reuse(service, notes, found[0]) if full_sync and notes.get("id") else None


def _wrong_number(world: World, notes: Annotations, kind: LbKind) -> Refusal | None:
    """An annotation that is read as a number at every sync, and is none, or is out of its range."""
    for short in _NUMBERS[kind]:
        value = notes.get(short)
        if value and not _is_number(value) and world.reads(short, kind):
            return Refusal(code="not-a-number", message=f"Annotation [{short}] must be integer, got [{value}]")
    for short in ("weight", "default-weight"):
        if notes.get(short) and notes.percent(short) is None and world.reads(short, kind):
            return Refusal(
                code="weight-range",
                message=f"{short.replace('-', ' ')} must be integer in range [0,100] , got [{notes.get(short)}]",
            )
    return None


def _unknown_protocol(service: Service, notes: Annotations) -> Refusal | None:
    """A protocol that no CLB listener has, told while the listeners are built."""
    for port in service.spec.ports or ():
        for pair in notes.get("protocol-port").split(","):
            protocol, _, number = pair.partition(":")
            if number == str(port.port) and protocol not in _PROTOCOLS:
                text = (
                    "build lb local model error: builid lb listener error: build listener from servicePort "
                    f"{port.port} error: port protocol format must be either [http|https|tcp|udp], protocol not "
                    f"supported wit [{protocol}]\n"
                )
                return Refusal(code="protocol-unknown", message=text)
    return None


def _is_number(value: str) -> bool:
    return value.lstrip("+-").isdigit()


def _missing(service: Service, notes: Annotations, kind: LbKind, *, full_sync: bool) -> Refusal | None:
    if notes.get("id"):
        return Refusal(code="id-not-found", message=f"loadbalancer [{notes.get('id')}] not found in the cloud")
    if service.status.load_balancer.ingress:
        return Refusal(
            code="lost",
            message=f"alicloud: can not find loadbalancer, but it's defined in service [{service.address}] "
            "this may happen when you delete the loadbalancer",
        )
    if not full_sync:
        return Refusal(
            code="lost", message=f"alicloud: can not find loadbalancer by tag [{OWN_TAG}:{default_name(service)}]"
        )
    if kind == "nlb" and not notes.get("zone-maps"):
        return Refusal(code="zone-maps-missing", message="ParameterMissing, zone mappings are required")
    return None


def _reuse(service: Service, notes: Annotations, lb: LoadBalancer) -> Refusal | None:
    if OWN_TAG in lb.tags or CLUSTER_TAG in lb.tags:
        reason = "can not reuse loadbalancer created by kubernetes."
        return Refusal(code="reuse-own", message=f"alicloud: the loadbalancer {lb.id} can not be reused, {reason}")
    if notes.get("external-ip-type") == "eip":
        return None
    ingress = service.status.load_balancer.ingress
    if ingress and not any(
        i.ip == lb.address or (i.hostname and not i.ip) or i.hostname == lb.address for i in ingress
    ):
        reason = f"service has been associated with ip [{ingress[0].ip}], cannot be bound to ip [{lb.address}]"
        return Refusal(
            code="reuse-other-address", message=f"alicloud: the loadbalancer {lb.id} can not be reused, {reason}"
        )
    return None


def fixed_once_made(world: World, service: Service, lb: LoadBalancer) -> Refusal | None:
    """A full sync refuses to change what a CLB was created with."""
    notes = Annotations(service)
    for short, attribute, label in _FIXED_ONCE_MADE:
        wanted = notes.get(short) if world.reads(short, lb.kind) else ""
        had = _OWN_FIELDS[attribute](lb) if attribute in _OWN_FIELDS else lb.attributes.get(attribute, "")
        if wanted and had and wanted.lower() != had.lower():
            return Refusal(code="fixed-once-made", message=f"alicloud: can not change {label} once created")
    return None
