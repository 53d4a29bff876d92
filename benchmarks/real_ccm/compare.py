"""The forecast against what the new CCM did: precision and recall of writes, and each disagreement by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from benchmarks.real_ccm.attribute import Sent, told_apart
from benchmarks.real_ccm.objects import object_differences
from benchmarks.real_ccm.worlds import Asked, Seen, read_world
from upgrader.discover.files import read_files
from upgrader.discover.said import Said
from upgrader.forecast import forecast
from upgrader.forecast.annotations import Annotations
from upgrader.forecast.hash import HASH_LABEL
from upgrader.matrix.load import load_matrix
from upgrader.migrations.legacy_clb_tag import with_tags
from upgrader.model.facts import ClusterFacts
from upgrader.model.forecast import Forecast
from upgrader.model.version import CcmVersion, parse_version

_NOBODY: Mapping[str, str] = {}


class Compared(Struct, frozen=True, kw_only=True):
    """One world's result. `missed` were sent and not forecast, `invented` forecast and not sent.

    `unsure` are the Services of which the forecast says that it can't be sure; what differs there in labels, weights
    and events is counted in `unsure_differs` alone, what differs in writes in both. `after` is what the version is said
    to write to the world that it left: nothing, where the forecast is sure and nothing is refused. `latent` are the
    writes at the next edit that differ, and `latent_hits` those that do not.
    """

    name: str
    hits: int
    missed: list[Sent]
    invented: list[Sent]
    labels: list[str]
    weights: list[str]
    events: list[str]
    after: list[str]
    latent: list[str]
    latent_hits: int
    unsure: frozenset[str]
    unsure_hits: int
    unsure_differs: int
    lab: list[str]

    @property
    def recall(self) -> float:
        """Share of what was sent that was forecast."""
        return _share(self.hits, len(self.missed))

    @property
    def precision(self) -> float:
        """Share of what was forecast that was sent."""
        return _share(self.hits, len(self.invented))

    @property
    def sure(self) -> tuple[float, float]:
        """Recall and precision of the Services of which the forecast is sure."""
        hits = self.hits - self.unsure_hits
        return _share(hits, self.sure_of(self.missed)), _share(hits, self.sure_of(self.invented))

    def sure_of(self, writes: list[Sent]) -> int:
        """How many of the writes are of Services of which the forecast is sure."""
        return sum(1 for key, _, _ in writes if key not in self.unsure)

    @property
    def clean(self) -> bool:
        """Whether everything agrees."""
        return not (
            self.missed or self.invented or self.labels or self.weights or self.events or self.after or self.lab
        )


def _share(right: int, wrong: int) -> float:
    return right / (right + wrong) if right + wrong else 1.0


def compare(directory: Path) -> Compared:
    """Forecast the world again from its facts, and compare. Needs no CCM: quick to repeat."""
    asked, seen = read_world(directory)
    facts = read_files((directory / "facts.json",), Said())
    matrix, target = load_matrix(), parse_version(asked.new)
    # As the plan does: after its own fixes of tags, which a first reconcile then finds in place.
    made = forecast(facts, target, matrix)
    shared = _shared(facts)
    told, at_rest = _told(made, shared=shared), _at_rest(made)
    # What two ports of a Service undo in each other comes at every sync.
    later = {one for one in seen.later or () if one[0] in at_rest} - told
    latent = _told(made, "LATENT", at_rest, shared) if seen.later is not None else set()
    sent = set(told_apart(seen.requests))
    sure = Forecast(services=tuple(one for one in made.services if not (one.unknown or one.doubts)))
    unsure = Forecast(services=tuple(one for one in made.services if one.unknown or one.doubts))
    keys = frozenset(one.key for one in unsure.services)
    return Compared(
        name=asked.name, hits=len(told & sent), missed=sorted(sent - told), invented=sorted(told - sent),
        labels=[*_labels(sure, seen), *_objects(sure, facts, directory)],
        weights=_weights(sure, seen), events=_events(sure, seen),
        after=_after(directory, target, at_rest), latent_hits=len(latent & later),
        latent=[*(f"missed {one}" for one in sorted(later - latent)),
                *(f"invented {one}" for one in sorted(latent - later))],
        unsure=keys, unsure_hits=sum(1 for one in told & sent if one[0] in keys),
        unsure_differs=len(_labels(unsure, seen)) + len(_weights(unsure, seen)) + len(_events(unsure, seen)),
        lab=[*(f"unhandled {one}" for one in seen.unhandled), *seen.notes, *_tagged(facts, asked)],
    )  # fmt: skip


def _at_rest(made: Forecast) -> frozenset[str]:
    """The Services of which the forecast is sure, and that the version does not refuse."""
    return frozenset(one.key for one in made.services if not (one.refusal or one.unknown or one.doubts))


def _objects(sure: Forecast, facts: ClusterFacts, directory: Path) -> list[str]:
    after = directory / "after.json"
    return object_differences(sure, facts, read_files((after,), Said())) if after.exists() else []


def _after(directory: Path, target: CcmVersion, at_rest: frozenset[str]) -> list[str]:
    """Requests at once on the world after; worlds that were kept without it tell nothing."""
    if not (directory / "after.json").exists():
        return []
    made = forecast(read_files((directory / "after.json",), Said()), target, load_matrix())
    return [
        f"{one.key}: {write.action} {write.object} {write.changes}"
        for one in made.services
        if one.key in at_rest & _at_rest(made)
        for write in one.writes
        if write.effect == "IMMEDIATE"
    ]


def _tagged(facts: ClusterFacts, asked: Asked) -> list[str]:
    """What the plan's own steps would change first: the world was taken over without them."""
    moved = with_tags(facts, load_matrix(), parse_version(asked.new)) != facts
    return ["the plan tags CLBs first"] if moved and asked.variant == "clean" else []


def _shared(facts: ClusterFacts) -> dict[str, str]:
    """Load balancers that several Services name, with the first of them: a write to one does not tell for whom."""
    owners = defaultdict[str, set[str]](set)
    for service in facts.services:
        if named := Annotations(service).get("id"):
            owners[named].add(service.key)
    return {lb_id: min(keys) for lb_id, keys in owners.items() if len(keys) > 1}


def _told(
    made: Forecast, effect: str = "IMMEDIATE", of: frozenset[str] | None = None, shared: Mapping[str, str] = _NOBODY
) -> set[Sent]:
    return {
        # What is written at a port of a shared load balancer is the port's Service's.
        Sent(one.key if "ListenerPort" in write.params else shared.get(write.object, one.key), write.action,
             "" if _creates(write.action) else write.object)
        for one in made.services
        for write in one.writes
        if write.effect == effect and (of is None or one.key in of)
    }  # fmt: skip


def _creates(action: str) -> bool:
    return action.partition(":")[2].startswith(("Create", "AuthorizeSecurityGroup"))


def _labels(made: Forecast, seen: Seen) -> list[str]:
    found = []
    for one in made.services:
        before = seen.before_labels.get(one.key)
        told, now = one.labels.get(HASH_LABEL, (None, before))[1], seen.labels.get(one.key)
        if told != now:
            found.append(f"{one.key}: forecast {told}, is {now}, was {before}")
    return found


def _weights(made: Forecast, seen: Seen) -> list[str]:
    found = []
    for one in made.services:
        for shift in one.traffic:
            told, left = shift.backend, seen.weights.get(shift.group, {})
            # A server at several ports is told once, and by its port what the user has at one of them.
            have = {w for name, w in left.items() if told in (name, name.rpartition(":")[0])} or {None}
            if shift.weight[1] not in have:
                found.append(f"{one.key} {shift.group} {told}: forecast {shift.weight}, is {have}")
    return found


def _events(made: Forecast, seen: Seen) -> list[str]:
    found = []
    for one in made.services:
        told = {(event.type, event.reason) for event in one.events}
        was = {(kind, reason) for kind, reason, _ in seen.events.get(one.key, [])}
        if told != was:
            found.append(f"{one.key}: forecast {sorted(told - was)} not seen, seen {sorted(was - told)} not forecast; "
                         f"{[text for _, _, text in seen.events.get(one.key, [])]}; {one.refusal}")  # fmt: skip
        said = {(kind, reason, text) for kind, reason, text in seen.events.get(one.key, [])}
        for event in one.events:
            seen_at_all = (event.type, event.reason) in was
            if event.message and seen_at_all and (event.type, event.reason, event.message) not in said:
                texts = [text for _, reason, text in said if reason == event.reason]
                found.append(f"{one.key}: forecast {event.message!r}, is {texts}")
    return found


def table(found: Iterable[Compared]) -> str:
    """Figures of each world, then of all."""
    lines, total = (
        [f"{'world':48} {'recall':>7} {'precision':>9} {'writes':>6} {'sure':>13} label weight event after lab unsure"],
        Counter[str](),
    )
    for one in found:
        lines.append(
            f"{one.name:48} {one.recall:7.3f} {one.precision:9.3f} {one.hits + len(one.missed):6} "
            f"{one.sure[0]:6.3f} {one.sure[1]:6.3f} "
            f"{len(one.labels):5} {len(one.weights):6} {len(one.events):5} {len(one.after):5} "
            f"{len(one.latent):3}/{one.latent_hits:<3} {len(one.lab):4} "
            f"{len(one.unsure)}:{one.unsure_differs}"
        )
        total.update(
            hits=one.hits, missed=len(one.missed), invented=len(one.invented), unsure=one.unsure_hits,
            sure_missed=one.sure_of(one.missed), sure_invented=one.sure_of(one.invented), labels=len(one.labels),
            weights=len(one.weights), events=len(one.events), after=len(one.after),
            latent=len(one.latent), latent_hits=one.latent_hits,
        )  # fmt: skip
    hits, sure = total["hits"], total["hits"] - total["unsure"]
    lines.append(
        f"{'all':48} {_share(hits, total['missed']):7.3f} {_share(hits, total['invented']):9.3f} "
        f"{hits + total['missed']:6} {_share(sure, total['sure_missed']):6.3f} "
        f"{_share(sure, total['sure_invented']):6.3f} "
        f"{total['labels']:5} {total['weights']:6} {total['events']:5} {total['after']:5} "
        f"{total['latent']:3}/{total['latent_hits']:<3}"
    )
    return "\n".join(lines)


def details(one: Compared, directory: Path) -> str:
    """Every disagreement, with what the Service is."""
    _, seen = read_world(directory)
    lines = [f"== {one.name}"]
    for title, writes in (("missed", one.missed), ("invented", one.invented)):
        for sent in writes:
            mark = " (unsure)" if sent[0] in one.unsure else ""
            lines.append(f"  {title:9} {tuple(sent)}  {seen.kinds.get(sent[0], '')}{mark}")
    for title, texts in (("label", one.labels), ("weight", one.weights), ("event", one.events), ("after", one.after),
                         ("latent", one.latent), ("lab", one.lab)):  # fmt: skip
        lines += [f"  {title:9} {text}" for text in texts]
    return "\n".join(lines) if len(lines) > 1 else ""
