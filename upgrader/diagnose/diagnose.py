"""The diagnosis of a cluster: every message that stands, and what is so without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from upgrader.diagnose.case import Case
from upgrader.diagnose.conditions import empty, gone, hand_edits, standing
from upgrader.diagnose.conditions.registry import CONDITIONS
from upgrader.diagnose.evidence.registry import EVIDENCE
from upgrader.diagnose.fill import filled
from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Answer, Diagnosis
from upgrader.diagnose.recognise import FRAMES, code_in, is_ours, kind_of_event, recognise, request_in
from upgrader.diagnose.when import SUCCESSES, order, settled_by
from upgrader.matrix.model import ErrorEntry, Matrix
from upgrader.migrations.context import value_of
from upgrader.model.errors import InputError, troubleshooting
from upgrader.model.facts import ClusterFacts
from upgrader.model.finding import Outcome, Subject
from upgrader.model.kube import Event

SAME_AS = {**standing.SAME_AS, gone.ID: gone.TOLD_BY, empty.ID: empty.TOLD_BY}
"""What a look finds → the errors that tell the same."""
UNTOLD = "unknown-message"
"""The id of a warning of CCM that nothing in the catalogue knows."""
BESIDE_SUCCESS = frozenset({"UnAvailableLoadBalancer", "NoBackend"})
"""Reasons that stand beside a sync that went through: a later success says nothing of them."""
_SAYS_NOTHING = frozenset({"SyncLoadBalancerFailed", "Failed", "CreatingLoadBalancerFailed"})
"""Reasons of every failure alike: the message alone tells them apart."""
_NOT_A_TROUBLE = frozenset({"PreservedOnDelete", "SkipSyncBackends"})


class Selection(Struct, frozen=True, kw_only=True):
    """Which Services are looked at: all, those of a namespace, or one."""

    namespace: str = ""
    name: str = ""

    def takes(self, subject: Subject) -> bool:
        """Whether the subject is asked for; what is no Service is told only where all are."""
        if not self.namespace and not self.name:
            return True
        return (
            subject.kind == "Service" and self.namespace in ("", subject.namespace) and self.name in ("", subject.name)
        )


def diagnose(facts: ClusterFacts, matrix: Matrix, selection: Selection | None = None) -> tuple[Diagnosis, ...]:
    """All diagnoses, what stands first. Raises `InputError` where a Service is named that is not there."""
    selection = selection or Selection()
    look = Look(facts, matrix)
    _there(selection, look)
    told = tuple(one for one in _by_events(look) if selection.takes(one.subject))
    by_subject: dict[Subject, set[str]] = {}
    for one in told:
        if not one.settled and one.outcome != "NOTE":
            by_subject.setdefault(one.subject, set()).add(one.id)
    seen = [
        one
        for one in _by_looking(look)
        if selection.takes(one.subject) and not _told_by(one, by_subject.get(one.subject, set()))
    ]
    return tuple(sorted((*told, *seen), key=lambda one: one.sort_key))


def _there(selection: Selection, look: Look) -> None:
    if selection.name and not any(
        service.metadata.name == selection.name and selection.namespace in ("", service.metadata.namespace)
        for service in look.facts.services
    ):
        place = f"{selection.namespace}/{selection.name}" if selection.namespace else selection.name
        raise InputError(
            what=f"there is no Service {place}", next_command="ccm-upgrade list shows every LoadBalancer Service"
        )


def _by_looking(look: Look) -> Iterator[Diagnosis]:
    yield from standing.look_for(look)
    for condition in CONDITIONS:
        yield from condition.look_for(look)


def _told_by(one: Diagnosis, told: set[str]) -> bool:
    """Whether an event has told the same of the same subject, and better."""
    if one.id == hand_edits.ID:
        return bool(told)  # CCM can't write what it wants: what differs is the failure's doing, not a person's.
    return not told.isdisjoint(SAME_AS.get(one.id, frozenset()))


def _by_events(look: Look) -> Iterator[Diagnosis]:
    """One diagnosis for each error of each object, by its latest event."""
    latest: dict[tuple[Subject, str], tuple[Event, ErrorEntry | None]] = {}
    read = _Reader(look.matrix)
    for event in look.facts.events:
        subject = _subject(event)
        if subject is None:
            continue
        for name, entry in read.of(event):
            known = latest.get((subject, name))
            if known is None or order(event) > order(known[0]):
                latest[subject, name] = (event, entry)
    for (subject, name), (event, entry) in latest.items():
        yield _told(look, subject, event, entry) if entry else _untold(look, subject, event, name)


def _subject(event: Event) -> Subject | None:
    about = event.involved_object
    if about.kind == "Service":
        return Subject(kind="Service", namespace=about.namespace or event.metadata.namespace, name=about.name)
    if about.kind == "Node" and is_ours(event):
        return Subject(kind="Node", name=about.name)
    return None


class _Reader:
    """Reads messages, each text once: a cluster repeats itself."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._known: dict[str, tuple[ErrorEntry, ...]] = {}

    def of(self, event: Event) -> Iterable[tuple[str, ErrorEntry | None]]:
        """(id, entry) for each thing that the event tells; no entry for a warning that the catalogue lacks."""
        if event.reason in SUCCESSES:
            return ()
        entries = self._known.get(event.message)
        if entries is None:
            entries = self._known[event.message] = recognise(event.message, self._matrix.errors)
        if entries and (event.type == "Warning" or event.reason in BESIDE_SUCCESS):
            return tuple((entry.id, entry) for entry in entries)
        kind = kind_of_event(event, self._matrix)
        if event.type == "Warning" and (kind is not None or is_ours(event)):
            return ((event.reason, None),)
        return ((event.reason, None),) if kind is not None and event.reason in _NOT_A_TROUBLE else ()


def _told(look: Look, subject: Subject, event: Event, entry: ErrorEntry) -> Diagnosis:
    service = look.by_key.get(f"{subject.namespace}/{subject.name}") if subject.kind == "Service" else None
    answer = Answer()
    words = _words(look, subject)
    if service is not None:
        if entry.id in EVIDENCE:
            answer = EVIDENCE[entry.id](Case(look, service, event.message))
        named, mine = value_of(service, "id"), look.of(service)
        words |= {"LB_ID": named or (mine.id if mine else ""), "IP": service.address}
    settled = answer.settled or _over(look, subject, event, service_is_there=service is not None)
    upgrade = (f"upgrade CCM: {entry.upgrade}",) if entry.upgrade and answer.step == "ccm" else ()
    outcome: Outcome = (
        "UNKNOWN" if entry.id in FRAMES else "WARN" if entry.id == "no-backends" or entry.retryable else "FAIL"
    )
    return Diagnosis(
        id=entry.id,
        outcome=answer.outcome or outcome,
        subject=subject,
        meaning=entry.meaning.replace("PREFIX-", "alibaba-cloud-loadbalancer-"),
        seen=event.message.strip(),
        reason=event.reason,
        count=event.count or 1,
        last=event.last_seen,
        evidence=answer.evidence,
        fix=(*filled(entry.fix if answer.fix is None else answer.fix, words | answer.fill), *upgrade),
        step=answer.step,
        settled=settled,
        sources=entry.sources,
    )


def _untold(look: Look, subject: Subject, event: Event, name: str) -> Diagnosis:
    """A warning whose cause nothing in the catalogue knows: UNKNOWN, with what helps a person or the vendor to find it.

    Where CCM's own text is the whole message (a kind without an error behind it), its meaning is known.
    """
    kind = kind_of_event(event, look.matrix)
    there = subject.kind != "Service" or f"{subject.namespace}/{subject.name}" in look.by_key
    harmless = event.reason in _NOT_A_TROUBLE
    caused = kind is None or kind.pattern.endswith(".*")
    told = f"{kind.when[0].upper()}{kind.when[1:]}" if kind else "Something failed"
    code, request = code_in(event.message), request_in(event.message)
    fix: tuple[str, ...] = ("read the message to its end, and CCM's log around that time",)
    if code:
        fix = (f"read what the cloud says of it: {troubleshooting(code)}", *fix)
    if request:
        fix = (*fix, f"open a ticket with the request's id: {request}")
    return Diagnosis(
        id=UNTOLD if kind is None or name in _SAYS_NOTHING else name,
        outcome="NOTE" if harmless else "UNKNOWN" if caused else "WARN",
        subject=subject,
        meaning=f"{told}, for a reason that the catalogue does not know." if caused and not harmless else f"{told}.",
        seen=event.message.strip(),
        reason=event.reason,
        count=event.count or 1,
        last=event.last_seen,
        evidence=(f"the cloud's code is {code}",) if code else (),
        fix=() if harmless else fix,
        settled=_over(look, subject, event, service_is_there=there),
        sources=kind.sources if kind else (),
    )


def _over(look: Look, subject: Subject, event: Event, *, service_is_there: bool) -> str:
    if subject.kind != "Service":
        return ""
    if not service_is_there:
        return "the Service is not there any more"
    if event.reason in BESIDE_SUCCESS:
        return ""
    success = settled_by(event, look.events.get(f"{subject.namespace}/{subject.name}", ()))
    return f"{success.reason} at {success.last_seen}" if success else ""


def _words(look: Look, subject: Subject) -> dict[str, str]:
    identity = look.facts.identity
    return {
        "NAMESPACE": subject.namespace, "SERVICE": subject.name if subject.kind == "Service" else "",
        "REGION": identity.region, "VPC_ID": identity.vpc_id, "CLUSTER_ID": identity.id, "ROLE": look.facts.ram.role,
    }  # fmt: skip
