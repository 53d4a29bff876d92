"""The vendor's dry run, read from the event that it leaves, and held against the forecast.

A CCM that is started with `--dry-run` syncs every CLB Service in full against a cloud that refuses writes, and leaves
its findings in the event `kube-system/CloudControllerManagerPrecheckResult`. Its State is always "Success", so only the
counts of failures speak. It lists twenty findings a check; a sync ends at its first refused request, so that it names
one change of several; it passes over weights (`SetVServerGroupAttribute`) and over NLBs. The Services' own events
(`DryRun: …`) name the request too, or the refusal.

Sources: `pkg/provider/dryrun/` (initial.go, slb.go) and `clbv1/service_controller.go` at the tags v2.1.0 … v2.14.0;
dry runs observed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

import msgspec
from msgspec import Struct, field

from upgrader.matrix.model import Matrix
from upgrader.model.described import described
from upgrader.model.forecast import Forecast, ServiceForecast
from upgrader.model.kube import Event
from upgrader.model.shadow import Agreement, SecondOpinion, Shadow
from upgrader.model.version import CcmVersion

PLACE, NAME = "kube-system", "CloudControllerManagerPrecheckResult"
_DRY = "DryRun:"
_ACTION = re.compile(r"OpenAPI: (\w+)(?:, Message: ([^\[\]]*?tags \"[^\"]*\" should be added)?)?")


class _Item(Struct):
    level: str = field(default="", name="MessageLevel")
    code: str = field(default="", name="MessageCode")


class _Check(Struct):
    # Both spellings of the names are CCM's.
    items: dict[str, _Item] | None = field(default=None, name="instanceResults")
    failed: int = field(default=0, name="FailedCount")


class _Result(Struct):
    checks: list[_Check] | None = field(default=None, name="CheckResults")


class _Told(Struct):
    """What a dry run says of one Service."""

    codes: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)
    refusals: list[str] = field(default_factory=list)


def second_opinion(events: Iterable[Event], forecast: Forecast, matrix: Matrix, target: CcmVersion) -> Shadow | None:
    """The dry run's result beside the forecast of `target`; None where no dry run left one."""
    seen = tuple(events)
    result = result_in(seen)
    if result is None:
        return None
    when = result.last_seen
    try:
        checks = msgspec.json.decode(result.message, type=described(_Result)).checks or []
    except (msgspec.MsgspecError, RecursionError) as error:
        return Shadow(taken_at=when, problem=f"the event {PLACE}/{NAME} holds no result: {error}")
    items = [item for check in checks for item in (check.items or {}).items() if item[1].level != "normal"]
    failed = sum(check.failed for check in checks)
    told = _told(items, (e for e in seen if e.message.startswith(_DRY)), matrix)
    known = [one for one in matrix.precheck_codes if one.check == "ccmSLB" and one.told_by(target)]
    judged = frozenset(call for one in known for call in one.calls)
    opinions = [_judge(one, told.pop(one.key, None), judged, whole=len(items) >= failed) for one in forecast.services]
    strange = [_strange(key, found) for key, found in sorted(told.items())]
    clbs = [one for one in forecast.services if one.lb == "clb"]
    heard = tuple(sorted((o for o in (*opinions, *strange) if o is not None), key=lambda o: o.key))
    return Shadow(
        taken_at=when, failed=failed, told=len(items), services=heard,
        apart=sum(1 for one in forecast.services if one.lb == "nlb"),
        silent=len({one.key for one in clbs} - {one.key for one in heard}),
    )  # fmt: skip


def result_in(events: Iterable[Event]) -> Event | None:
    """The event in which a dry run left its result."""
    return next((e for e in events if (e.metadata.namespace, e.metadata.name) == (PLACE, NAME)), None)


def _told(items: Iterable[tuple[str, _Item]], events: Iterable[Event], matrix: Matrix) -> dict[str, _Told]:
    """What is said, by `namespace/name`: an item's key is that, and after it a port or a server group."""
    found: dict[str, _Told] = defaultdict(_Told)
    calls = {one.code: one.calls for one in matrix.precheck_codes}
    for key, item in items:
        one = found["/".join(key.split("/")[:2])]
        one.codes.add(item.code)
        one.actions.update(calls.get(item.code, ()))
    for event in events:
        one = found[f"{event.involved_object.namespace}/{event.involved_object.name}"]
        actions = [_meant(action[1], action[2]) for action in _ACTION.finditer(event.message)]
        hints = () if actions else [code for code in matrix.precheck_codes if code.says
                                    and re.search(code.says, event.message)]  # fmt: skip
        one.actions.update(actions, *(code.calls for code in hints))
        if not actions and not hints:
            one.refusals.append(event.message.removeprefix(_DRY).strip())
    return found


def _meant(action: str, adds_tags: str | None) -> str:
    """The action that a text names. TagCLBResource calls itself UntagResources there (dryrun/slb.go, v2.10.0 on)."""
    return "TagResources" if adds_tags and action == "UntagResources" else action


def _judge(one: ServiceForecast, told: _Told | None, judged: frozenset[str], *, whole: bool) -> SecondOpinion | None:
    """Both opinions on one Service; None where neither sees a change."""
    ours = {action for write in one.writes if (action := write.action.partition(":")[2]) in judged}
    theirs = told or _Told()
    if told is None and (one.lb != "clb" or not (ours or one.refusal)):
        return None
    agreement: Agreement
    if one.unknown or (told is None and not whole):
        agreement = "unknown"
    elif (ours & theirs.actions) or (theirs.refusals and one.refusal is not None):
        agreement = "agree"
    elif told is None:
        agreement = "forecast-only"
    else:
        agreement = "differ" if ours or one.refusal is not None else "dry-run-only"
    return SecondOpinion(
        namespace=one.namespace, name=one.name, agreement=agreement, forecast=tuple(sorted(ours)),
        dry_run=tuple(sorted(theirs.actions)), codes=tuple(sorted(theirs.codes)), refusals=tuple(theirs.refusals),
    )  # fmt: skip


def _strange(key: str, told: _Told) -> SecondOpinion:
    """A Service that the forecast does not know: it is gone since, or was not read."""
    namespace, _, name = key.partition("/")
    return SecondOpinion(
        namespace=namespace, name=name, agreement="unknown", dry_run=tuple(sorted(told.actions)),
        codes=tuple(sorted(told.codes)), refusals=tuple(told.refusals),
    )  # fmt: skip
