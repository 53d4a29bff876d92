"""Who serves a Service, whether it is synced in full, and what happens to the Service object itself.

Sources: `pkg/controller/helper/service_utils.go` (NeedCLB, NeedNLB, IsServiceHashChanged),
`clbv1/service_controller.go` and `nlbv2/nlb_controller.go` (reconcile, cleanup) at each tag; first reconciles observed.
"""

from __future__ import annotations

from typing import get_args

from msgspec import Struct
from msgspec.structs import replace

from upgrader.forecast.annotations import CLASS, PREFIX
from upgrader.forecast.hash import HASH_LABEL, OF_NOTHING, hash_by, plainest
from upgrader.forecast.world import World
from upgrader.model.cloud import LbKind
from upgrader.model.forecast import SyncReason
from upgrader.model.kube import Service
from upgrader.model.version import parse_version

NLB_CLASS = "alibabacloud.com/nlb"
CLB_FINALIZER = "service.k8s.alibaba/resources"
NLB_FINALIZER = "service.k8s.alibaba/nlb"
ID_LABEL = "service.k8s.alibaba/loadbalancer-id"
_TUNNEL = PREFIX + "tunnel-type"
_TUNNEL_TYPE_SINCE = parse_version("v2.12.1")


class Selection(Struct, frozen=True, kw_only=True):
    """What a version does with a Service as a whole.

    `lb` is None when it does not serve it; `clean_up` when it drops what it once wrote, `kind` being who served it;
    `ends` when the Service needs no load balancer any more, so that it goes too (a CLB is left behind otherwise).
    `beside` is what CCM's CLB controller does to a Service of the NLB class for which an older CCM made a CLB, or to
    one that ends and was of both.
    """

    lb: LbKind | None
    full_sync: bool = False
    why: SyncReason = "none"
    hash: str | None = None
    clean_up: bool = False
    ends: bool = False
    kind: LbKind = "clb"
    beside: Selection | None = None


# Where nobody asks for the hash, one for each way in which a Service can be served.
_SERVED: dict[tuple[LbKind, SyncReason], Selection] = {
    (lb, why): Selection(lb=lb, full_sync=why != "none", why=why)
    for lb in get_args(LbKind)
    for why in get_args(SyncReason)
}


# A Service that needs no load balancer any more, served by CLBs until now.
_ENDED = Selection(lb=None, clean_up=True, ends=True, full_sync=True, why="service-changed")


def select(world: World, service: Service) -> Selection:
    """The selection for one Service under the world's target version."""
    lb, ways, metadata = serving(world, service), world.ways, service.metadata
    if lb is not None and metadata.deletion_timestamp is None:
        chosen = _synced(world, service, lb)
        if lb != "nlb" or CLB_FINALIZER not in metadata.finalizers or _tunnelled(world, service):
            return chosen
        return replace(
            chosen, beside=_dropped(world, service) if ways.class_clean_up else _synced(world, service, "clb")
        )
    if not ways.finalizer:
        # v1.9.3 does not look whether a Service is being deleted; one of another type it tidies up after.
        return _synced(world, service, lb) if lb else Selection(lb=None) if service.is_load_balancer else _ENDED
    finalizers = metadata.finalizers
    ends = not service.is_load_balancer or metadata.deletion_timestamp is not None
    unseen = ways.ended_found_by == "label" and HASH_LABEL not in metadata.labels
    if not service.is_load_balancer and unseen:
        return Selection(lb=None)
    clb = CLB_FINALIZER in finalizers and not _tunnelled(world, service)
    if ends and ways.serves_nlb and NLB_FINALIZER in finalizers:
        return replace(_ENDED, kind="nlb", beside=_ENDED if clb else None)
    if _tunnelled(world, service):
        return Selection(lb=None)
    if ends and clb:
        return _ENDED
    if lb is None and CLB_FINALIZER in finalizers and ways.class_clean_up:
        return _dropped(world, service)
    # A deleted Service without CCM's finalizer is only told to be clean.
    return Selection(lb=None)


def _dropped(world: World, service: Service) -> Selection:
    """The selection for a classed Service that still holds the CLB finalizer: synced once more, and let go."""
    changed = (service.metadata.labels.get(HASH_LABEL) or "").lower() != hash_by(service, world.ways.hash_formula)
    return Selection(lb=None, clean_up=True, full_sync=changed, why="service-changed" if changed else "none")


def _synced(world: World, service: Service, lb: LbKind) -> Selection:
    """The selection for a Service that is served: synced in full unless its label is what the version computes."""
    label, formula = service.metadata.labels.get(HASH_LABEL), world.ways.hash_formula
    why: SyncReason = "no-hash" if label is None or formula == "none" else _why(world, service, label.lower())
    if not world.labels:
        return _SERVED[lb, why]
    value = label.lower() if label is not None and why == "none" else hash_by(service, formula)
    return Selection(lb=lb, full_sync=why != "none", why=why, hash=value)


def serving(world: World, service: Service) -> LbKind | None:
    """Which kind of load balancer the version serves the Service with, None when it leaves it alone."""
    spec = service.spec
    if spec.type != "LoadBalancer":
        return None
    ways, annotations = world.ways, service.metadata.annotations
    if world.gates.get("loadbalancertypeannotation") and (chosen := _typed(world, service)):
        return "nlb" if chosen == "nlb" or spec.load_balancer_class == NLB_CLASS else None
    if spec.load_balancer_class is None and CLASS not in annotations and _TUNNEL not in annotations:
        return "clb"
    if ways.serves_nlb and spec.load_balancer_class == NLB_CLASS:
        return "nlb"
    still = ways.classed_with_finalizer and CLB_FINALIZER in service.metadata.finalizers
    if ways.class_aware and spec.load_balancer_class is not None and not still:
        return None
    if ways.class_annotation and annotations.get(CLASS) and not still:
        return None
    return None if _tunnelled(world, service) else "clb"


def _typed(world: World, service: Service) -> str:
    """What the annotation `type` says, which a feature gate makes CCM read; it is never the CLB controller's then."""
    return service.metadata.annotations.get(PREFIX + "type", "") if world.reads("type", "nlb") else ""


def _tunnelled(world: World, service: Service) -> bool:
    """Whether the CLB controller never hears of the Service, not even of its end (needAdd, needUpdate)."""
    return _TUNNEL in service.metadata.annotations and world.target >= _TUNNEL_TYPE_SINCE


def _why(world: World, service: Service, label: str) -> SyncReason:
    """Why the label leads to a full sync, if it does: by the formula that it was computed by."""
    target = plainest(service, world.ways.hash_formula)
    others = {plainest(service, formula) for formula in world.running_formulas} - {target}
    if label == OF_NOTHING:
        others.clear()  # It is by all of them.
    # Where it is known what runs and its formula is another, the label mostly is by that one, and one hash tells.
    for formula in (*others, target) if world.running is not None else (target, *others):
        if hash_by(service, formula) == label:
            return "none" if formula == target else "hash-formula-changed"
    return "service-changed"
