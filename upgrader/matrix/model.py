"""The knowledge as frozen types, and the questions asked of it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Literal

import msgspec
from msgspec import Struct, field

from upgrader.model.errors import InputError
from upgrader.model.version import CcmVersion, parse_version

Certainty = Literal["source", "observed", "docs", "likely"]
LbName = Literal["clb", "nlb", "elb"]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all entries: each cites its sources and says how sure we are."""

    sources: tuple[str, ...]
    certainty: Certainty

    def __post_init__(self) -> None:
        """Refuse, as `ValueError`, what can't be true of one entry by itself."""
        if not self.sources:
            raise ValueError("cites no source")


def _version(text: str, key: str) -> CcmVersion:
    try:
        return parse_version(text)
    except InputError as error:
        raise ValueError(f"{key}: {error.what}") from error


class Spanned(Entry, frozen=True, kw_only=True):
    """An entry that holds from `since` on, up to but without `until` (empty: still)."""

    since: str
    until: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        since = _version(self.since, "since")
        if self.until and _version(self.until, "until") <= since:
            raise ValueError(f"until {self.until} is not after since {self.since}")

    def in_force(self, version: CcmVersion) -> bool:
        """Whether it holds for `version`."""
        return parse_version(self.since) <= version and not (self.until and version >= parse_version(self.until))


class Release(Entry, frozen=True, kw_only=True):
    """A known release. `kubernetes_min` is empty where no bound is known, `known_bad` where it is fine."""

    text: str = field(name="version")
    line: str
    image: str
    notes: tuple[str, ...]
    date: str = ""
    kubernetes_min: str = ""
    kinds: tuple[Literal["managed", "dedicated", "self-managed"], ...] = ("managed", "dedicated", "self-managed")
    known_bad: str = ""
    maintenance: bool = False
    tag: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _version(self.text, "version")

    @property
    def version(self) -> CcmVersion:
        """The version, comparable."""
        return parse_version(self.text)


class Annotation(Spanned, frozen=True, kw_only=True):
    """An annotation for some kinds of load balancer. `defaults` maps the version from which a value holds to it.

    `docs_since` is what the public documents say where the source, which is right, says otherwise.
    """

    name: str
    lb: tuple[LbName, ...]
    defaults: dict[str, str] = field(default={}, name="default")
    kind: Literal["text", "int", "on-off", "enum"] = "text"
    values: tuple[str, ...] = ()
    minimum: int | None = field(default=None, name="min")
    maximum: int | None = field(default=None, name="max")
    mutable: bool = True
    renamed_from: str = ""
    docs_since: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        begins = [_version(text, "default") for text in self.defaults]
        if begins and min(begins) > parse_version(self.since):
            raise ValueError('default leaves its first versions open: say "" where nothing is sent')
        if self.docs_since and _version(self.docs_since, "docs_since") == parse_version(self.since):
            raise ValueError("docs_since is for what differs from since")
        if (self.kind == "enum") != bool(self.values):
            raise ValueError("values and kind: enum go together")
        if self.kind != "int" and (self.minimum is not None or self.maximum is not None):
            raise ValueError("min and max go with kind: int")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"min {self.minimum} is more than max {self.maximum}")

    def read_by(self, version: CcmVersion) -> bool:
        """Whether `version` reads it."""
        return self.in_force(version)

    def default(self, version: CcmVersion) -> str | None:
        """What `version` uses without the annotation; "" when it sends nothing, None when that is not known."""
        found = [(parse_version(since), value) for since, value in self.defaults.items()]
        held = [(since, value) for since, value in found if since <= version]
        return max(held)[1] if held else None

    def problem_with(self, value: str) -> str:
        """Why `value` is not valid, in words; empty when it is, or when nobody knows."""
        if self.kind == "enum" and value not in self.values:
            return f"must be one of {', '.join(self.values)}"
        if self.kind == "on-off" and value not in ("on", "off"):
            return "must be on or off"
        if self.kind == "int":
            if not re.fullmatch(r"[+-]?\d+", value):
                return "must be a whole number"
            low, high = self.minimum, self.maximum
            if (low is not None and int(value) < low) or (high is not None and int(value) > high):
                return f"must be between {low} and {high}"
        return ""


class RequiredAction(Spanned, frozen=True, kw_only=True):
    """A RAM action that CCM calls. `network` is empty where every network needs it."""

    action: str
    feature: str
    access: Literal["read", "write"]
    lb: str = ""
    network: str = ""
    required_when: str = ""
    always: bool = False
    official: bool = False


class EventKind(Spanned, frozen=True, kw_only=True):
    """An Event that CCM sends; `pattern` matches its whole message."""

    reason: str
    type: Literal["Normal", "Warning"]
    object: Literal["Service", "Node", "Pod", "Event"]
    when: str
    pattern: str


class Change(Entry, frozen=True, kw_only=True):
    """What changes with one version. `effect` NEW-ONLY touches new objects alone."""

    id: str
    text: str = field(name="version")
    area: str
    summary: str
    effect: Literal["IMMEDIATE", "LATENT", "NEW-ONLY", "NONE"]
    reversible: Literal["yes", "partly", "no"]
    annotations: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        _version(self.text, "version")

    @property
    def version(self) -> CcmVersion:
        """The first version with the new behaviour."""
        return parse_version(self.text)


class ErrorEntry(Entry, frozen=True, kw_only=True):
    """An error message and its cure. `pattern` is searched for in an Event's message or an OpenAPI error."""

    id: str
    message: str
    pattern: str
    meaning: str
    fix: tuple[str, ...] = ()
    upgrade: str = ""
    retryable: bool = False
    faq: bool = False


class PrecheckCode(Entry, frozen=True, kw_only=True):
    """A code of the vendor's own dry run; `says` is a pattern of its events' text, empty where they name the action."""

    code: str
    check: str
    level: str
    meaning: str
    since: str
    calls: tuple[str, ...] = ()
    says: str = ""

    def told_by(self, version: CcmVersion) -> bool:
        """Whether the version's dry run has it; a request without a code passes in silence there."""
        return parse_version(self.since) <= version


class Stop(Entry, frozen=True, kw_only=True):
    """A jump from at most `before` to at least `after` stops at a release from `low` to `high`."""

    before: str
    after: str
    low: str
    high: str
    why: str

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = _version(self.low, "low"), _version(self.high, "high")
        if not _version(self.before, "before") < low <= high < _version(self.after, "after"):
            raise ValueError("before, low, high and after must follow each other")

    def needed(self, frm: CcmVersion, to: CcmVersion) -> bool:
        """Whether a way from `frm` to `to` jumps over it."""
        return frm <= parse_version(self.before) and to >= parse_version(self.after)

    def holds(self, version: CcmVersion) -> bool:
        """Whether a stop at `version` will do."""
        return parse_version(self.low) <= version <= parse_version(self.high)


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that entries cite."""

    id: str
    title: str
    url: str = ""


class Matrix(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All knowledge, sorted. `digest` changes with any byte of it."""

    releases: tuple[Release, ...]
    annotations: tuple[Annotation, ...]
    required_actions: tuple[RequiredAction, ...]
    event_kinds: tuple[EventKind, ...]
    all_changes: tuple[Change, ...]
    errors: tuple[ErrorEntry, ...]
    precheck_codes: tuple[PrecheckCode, ...]
    sources: tuple[Source, ...]
    digest: str
    stops: tuple[Stop, ...] = ()

    @property
    def newest(self) -> CcmVersion:
        """The newest release that is known."""
        return self.releases[-1].version

    def is_beyond(self, version: CcmVersion) -> bool:
        """Whether `version` is newer than the knowledge: nothing may then be guessed."""
        return version > self.newest

    def release(self, version: CcmVersion) -> Release | None:
        """The release with these numbers; None for a build nobody published."""
        return self._by_version.get(version)

    @cached_property
    def _by_version(self) -> dict[CcmVersion, Release]:
        return {release.version: release for release in self.releases}

    @cached_property
    def _by_annotation(self) -> dict[tuple[str, str], Annotation]:
        return {(annotation.name, lb): annotation for annotation in self.annotations for lb in annotation.lb}

    def annotation(self, name: str, lb: str) -> Annotation | None:
        """The annotation under its full current name, for one kind of load balancer."""
        return self._by_annotation.get((name, lb))

    def actions(
        self, version: CcmVersion, *, network: str | None = None, kind: str | None = None, lbs: tuple[str, ...] = ()
    ) -> tuple[RequiredAction, ...]:
        """Actions that `version` calls here. An unknown network needs all; no `lbs` means both kinds.

        The kind of cluster changes who holds the role, not which actions are called; it is taken for the contract.
        """
        del kind
        return tuple(
            a
            for a in self.required_actions
            if a.in_force(version)
            and (not a.network or network in (None, a.network))
            and (not a.lb or not lbs or a.lb in lbs)
        )

    def changes(self, frm: CcmVersion, to: CcmVersion) -> tuple[Change, ...]:
        """Changes after `frm` up to and including `to`, oldest first; for a downgrade those it takes back."""
        low, high = sorted((frm, to))
        return tuple(change for change in self.all_changes if low < change.version <= high)

    def events(self, version: CcmVersion) -> tuple[EventKind, ...]:
        """Events that `version` sends."""
        return tuple(event for event in self.event_kinds if event.in_force(version))
