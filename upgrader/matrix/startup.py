"""What a CCM needs in order to start: flags, controllers, leader lock, rights. From `data/startup.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

from upgrader.checking import Mistakes
from upgrader.matrix.kept import kept
from upgrader.matrix.load import data_directory
from upgrader.matrix.model import Spanned
from upgrader.model.described import described
from upgrader.model.errors import InputError
from upgrader.model.version import CcmVersion, parse_version


class Flag(Spanned, frozen=True, kw_only=True):
    """A command-line flag, without its dashes."""

    name: str


class Controller(Spanned, frozen=True, kw_only=True):
    """A name that --controllers takes."""

    name: str


class LeaderLock(Spanned, frozen=True, kw_only=True):
    """The kinds of object that the leader holds by default."""

    objects: tuple[str, ...]


class Right(Spanned, frozen=True, kw_only=True):
    """A right in the Kubernetes API; `feature` names what alone needs it, empty when every start does."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    why: str
    feature: str = ""


class Startup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of `data/startup.yaml`."""

    flags: tuple[Flag, ...]
    controllers: tuple[Controller, ...]
    leader_locks: tuple[LeaderLock, ...]
    rights: tuple[Right, ...]

    def locks(self, version: CcmVersion) -> frozenset[str]:
        """The kinds of object that a leader of this version holds by default; empty when it is not known."""
        return frozenset(kind for lock in self.leader_locks if lock.in_force(version) for kind in lock.objects)


@lru_cache(maxsize=1)
def load_startup() -> Startup:
    """The data file, checked. Raises `InputError` with every mistake, each with its line."""
    path = data_directory() / "startup.yaml"
    return kept("startup", Startup, (path,), lambda: read_startup(path))


def read_startup(path: Path) -> Startup:
    """The file at `path`, checked entry by entry, so that all mistakes are told at once."""
    # Here, because a start mostly finds it kept, and needs no YAML.
    from upgrader.matrix.yaml_text import load_plain

    content = load_plain(path)
    mistakes = Mistakes(path.name)
    sections: dict[str, type[Spanned]] = {
        "flags": Flag, "controllers": Controller, "leader_locks": LeaderLock, "rights": Right,
    }  # fmt: skip
    for section in sorted({*content, *sections}):
        entries = content.get(section)
        if section not in sections or not isinstance(entries, list):
            mistakes.add(path.name, f"the sections are lists named {', '.join(sections)}; {section!r} is none of them")
            continue
        for entry in entries:
            _check(entry, sections[section], f"{path.name}:{getattr(entry, 'line', 1)}", mistakes)
    mistakes.raise_if_any("mend the file")
    return msgspec.convert(content, described(Startup), strict=False)


def _check(entry: object, kind: type[Spanned], place: str, mistakes: Mistakes) -> None:
    try:
        known = msgspec.convert(entry, described(kind), strict=False)
        since = parse_version(known.since)
        if known.until and parse_version(known.until) <= since:
            mistakes.add(place, f"until {known.until} is not after since {known.since}")
    except (msgspec.ValidationError, InputError) as error:
        mistakes.add(place, str(error))
