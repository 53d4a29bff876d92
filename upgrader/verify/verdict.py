"""The verdict: events, weights and identity of every Service, on facts before and after. Pure.

Weights are compared with what the target computes from the facts of the same moment, never with the weights before:
they may differ by design. Events count only since `since`, the new leader's start.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from upgrader.forecast.select import serving
from upgrader.forecast.service import expected_weights, forecast_service
from upgrader.forecast.world import World
from upgrader.matrix.model import Matrix
from upgrader.model.cloud import LoadBalancer
from upgrader.model.facts import ClusterFacts
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Event, Service
from upgrader.model.run import EventCheck, IdentityCheck, RunVerdict, ServiceVerdict, WeightCheck
from upgrader.model.version import CcmVersion


def verify(
    before: ClusterFacts, after: ClusterFacts, target: CcmVersion, matrix: Matrix, *, since: str | None = ""
) -> RunVerdict:
    """PASS when every Service is as expected; FAIL on a regression; INCONCLUSIVE when something could not be seen.

    `since` None: the CCM that leads is the one that led before, so no event is expected of it.
    """
    world, old = World.of(after, target, matrix), World.of(before, target, matrix)
    services = {s.key: s for s in after.load_balancer_services}
    events = _events_by_service(after.events, since or "")
    verdicts, problems = [], []
    for service in before.load_balancer_services:
        now = services.get(service.key)
        if now is None:
            problems.append(f"Service {service.key} is gone")
            continue
        verdicts.append(_service(world, old, service, now, events.get(service.key, ()), fresh=since is not None))
    return RunVerdict(outcome=_outcome(verdicts, problems), services=tuple(verdicts), problems=tuple(problems))


def _outcome(verdicts: Iterable[ServiceVerdict], problems: list[str]) -> Literal["PASS", "FAIL", "INCONCLUSIVE"]:
    found = list(verdicts)
    if problems or any(v.problems for v in found):
        return "FAIL"
    return "INCONCLUSIVE" if any(v.inconclusive for v in found) else "PASS"


def _events_by_service(events: Iterable[Event], since: str) -> dict[str, tuple[Event, ...]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        about = event.involved_object
        if about.kind == "Service" and event.last_seen >= since:
            found.setdefault(f"{about.namespace}/{about.name}", []).append(event)
    return {key: tuple(found[key]) for key in found}


def _service(
    world: World, old: World, before: Service, now: Service, events: tuple[Event, ...], *, fresh: bool
) -> ServiceVerdict:
    expected_before = forecast_service(old, before)
    still = forecast_service(world, now)
    problems: list[str] = []
    unsure: list[str] = list(still.unknown)
    weights = _weights(world, now)
    wrong = [w for w in weights if w.expected != w.observed]
    if wrong and still.refusal is None:
        named = ", ".join(f"{w.backend} {w.observed} instead of {w.expected}" for w in wrong[:3])
        problems.append(f"{len(wrong)} backend weights are not what {world.target} computes: {named}")
    problems += _left_to_write(still)
    identity = _identity(old, world, before, now, expected_before, problems)
    seen = tuple(sorted({event.reason for event in events}))
    check = _events(world, expected_before, events, problems, unsure) if fresh else EventCheck(seen=seen)
    metadata = now.metadata
    return ServiceVerdict(
        namespace=metadata.namespace, name=metadata.name, events=check, weights=weights, identity=identity,
        problems=tuple(problems), inconclusive=tuple(unsure),
    )  # fmt: skip


def _left_to_write(still: ServiceForecast) -> list[str]:
    """What the target should have written by now and has not."""
    return [f"{w.action} {w.object or 'new'} is still to be done" for w in still.writes if w.effect == "IMMEDIATE"][:3]


def _weights(world: World, service: Service) -> tuple[WeightCheck, ...]:
    kind = serving(world, service)
    return tuple(
        WeightCheck(group=one.group, backend=name, expected=weight, observed=one.before.get(name))
        for one in (expected_weights(world, service, kind) if kind else ())
        for name, weight in one.after.items()
    )


def _identity(
    old: World, new: World, before: Service, now: Service, expected: ServiceForecast, problems: list[str]
) -> IdentityCheck:
    """Id, address and listeners as before. A change that the forecast announced is no surprise, but still told."""
    had = _found(old, before)
    if had is None:
        return IdentityCheck(address=before.address == now.address if before.address else None)
    has = _found(new, now)
    same_id = has is not None and has.id == had.id
    same_address = now.address == before.address or expected.status_cleared
    kept = has is not None and {(x.port, x.protocol) for x in had.listeners} <= {
        (x.port, x.protocol) for x in has.listeners
    }
    announced = any(w.action.endswith("DeleteLoadBalancerListener") for w in expected.writes)
    if not same_id:
        problems.append(f"its load balancer was {had.id} and is {has.id if has else 'not found'}")
    if not same_address:
        problems.append(f"its address was {before.address} and is {now.address or 'none'}")
    if not kept and not announced:
        problems.append("listeners that were there are gone")
    return IdentityCheck(load_balancer_id=same_id, address=same_address, listeners=kept or announced)


def _found(world: World, service: Service) -> LoadBalancer | None:
    for kind in ("clb", "nlb"):
        found = world.find(service, kind)
        if found:
            return found[0]
    return None


def _events(
    world: World, expected: ServiceForecast, events: tuple[Event, ...], problems: list[str], unsure: list[str]
) -> EventCheck:
    wanted = tuple(e.reason for e in expected.events if e.reason != "UnAvailableLoadBalancer")
    seen = tuple(sorted({event.reason for event in events}))
    if not world.ways.service_events or expected.lb is None:
        return EventCheck(expected=(), seen=seen)
    failed = [e for e in events if e.type == "Warning" and e.reason in ("SyncLoadBalancerFailed", "Failed")]
    succeeded = any(e.reason in ("EnsuredLoadBalancer", "SuccessfulEnsure") for e in events)
    if failed and expected.refusal is None and not succeeded:
        problems.append(f"{failed[-1].reason}: {failed[-1].message}")
    elif not set(wanted) & set(seen) and not succeeded and wanted:
        unsure.append(f"no event {' or '.join(wanted)} seen since the new CCM leads")
    return EventCheck(expected=wanted, seen=seen)
