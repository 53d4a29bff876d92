"""Everything that `explain` can explain, from where it is kept: docstrings and data."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from upgrader.cli.exit_codes import MEANING, Exit
from upgrader.diagnose.fill import filled
from upgrader.matrix.load import load_matrix
from upgrader.matrix.model import Annotation, ErrorEntry
from upgrader.model.errors import InputError
from upgrader.model.version import parse_version

if TYPE_CHECKING:
    from upgrader.diagnose.conditions.registry import Condition


class Documented(Protocol):
    """What has a code, a title and a docstring."""

    __doc__: str | None
    CODE: str
    TITLE: str


class Explanation(Struct, frozen=True, kw_only=True):
    """One text: what it is about (`kind`), its code, its title and the text itself."""

    kind: str
    code: str
    title: str
    text: str
    sources: tuple[str, ...] = ()


def explanations_of(code: str) -> tuple[Explanation, ...]:
    """What is known of `code`, the most exact kind first. Raises `InputError` with near matches when nothing is."""
    readers: tuple[Callable[[str], Iterable[Explanation]], ...] = (
        _check, _step_kind, _exit_code, _condition, _version, _annotation, _precheck, _event, _error,
    )  # fmt: skip
    for read in readers:
        found = tuple(read(code.strip()))
        if found:
            return found
    near = difflib.get_close_matches(code.upper(), [topic.upper() for topic, _ in index()], n=3)
    raise InputError(
        what=f"nothing is known of {code!r}",
        why=f"near it: {', '.join(near)}" if near else "it is no check, step kind, exit code, version or error",
        next_command="ccm-upgrade explain lists all codes; `ccm-upgrade diagnose` reads a cluster's events",
    )


def index() -> list[tuple[str, str]]:
    """(code, title) of all that has a code."""
    from upgrader.model.params import PARAMS

    topics = [(check.CODE, check.TITLE) for check in documented()]
    topics += [(kind, _first_line(inspect.getdoc(params) or "")) for kind, params in PARAMS.items()]
    topics += [(f"EXIT{int(code)}", MEANING[code]) for code in Exit]
    topics += [(condition.ID, condition.TITLE) for condition in conditions()]
    topics += [(error.id, error.message) for error in load_matrix().errors]
    topics += [(precheck.code, precheck.meaning) for precheck in load_matrix().precheck_codes]
    topics += list({event.reason: event.when for event in load_matrix().event_kinds}.items())
    return topics


def documented() -> tuple[Documented, ...]:
    """Everything with a code and a docstring under the checks' headings: the checks, and what judges suppressions."""
    from upgrader.plan import suppressions
    from upgrader.plugins import all_checks

    return (*all_checks(), suppressions)


def conditions() -> tuple[Condition, ...]:
    """What `diagnose` sees without an event."""
    from upgrader.diagnose.conditions.registry import CONDITIONS

    return CONDITIONS


def _check(code: str) -> Iterable[Explanation]:
    from upgrader.migrations.registry import MIGRATIONS

    names = {migration.CODE: migration.ID for migration in MIGRATIONS}
    for check in documented():
        if code.upper() == check.CODE or code == names.get(check.CODE):
            yield Explanation(kind="check", code=check.CODE, title=check.TITLE, text=unwrapped(check.__doc__))


def _step_kind(code: str) -> Iterable[Explanation]:
    from upgrader.model.params import PARAMS

    params = PARAMS.get(code)
    if params is not None:
        title, _, text = unwrapped(params.__doc__).partition("\n")
        yield Explanation(kind="step", code=code, title=title, text=text.strip())


def _exit_code(code: str) -> Iterable[Explanation]:
    shape = re.fullmatch(r"(?:exit)?\s*(\d+)", code, re.IGNORECASE)
    if shape and int(shape[1]) in set(Exit):
        exit_code = Exit(int(shape[1]))
        yield Explanation(kind="exit code", code=f"EXIT{int(exit_code)}", title=exit_code.name, text=MEANING[exit_code])


def _condition(code: str) -> Iterable[Explanation]:
    for condition in conditions():
        if code == condition.ID:
            text = f"{unwrapped(condition.__doc__)}\n\n`ccm-upgrade diagnose` looks for it in a cluster."
            yield Explanation(kind="condition", code=code, title=condition.TITLE, text=text)


def _precheck(code: str) -> Iterable[Explanation]:
    for one in load_matrix().precheck_codes:
        if code == one.code:
            lines = [f"A code of the vendor's own dry run ({one.check}, level {one.level}), from {one.since} on."]
            lines += [f"It would call {', '.join(one.calls)}."] if one.calls else []
            yield Explanation(
                kind="precheck code", code=code, title=one.meaning, text="\n".join(lines), sources=one.sources
            )


def _version(code: str) -> Iterable[Explanation]:
    if not re.fullmatch(r"v?\d+\.\d+.*", code):
        return
    version = parse_version(code)
    matrix = load_matrix()
    release = matrix.release(version)
    if release is None:
        return
    changes = [change for change in matrix.all_changes if change.version == version]
    lines = [f"Released {release.date or 'at an unknown date'}, line {release.line}."]
    lines += [f"Known to be bad: it {release.known_bad}."] if release.known_bad else []
    lines += [f"Needs Kubernetes {release.kubernetes_min} or later."] if release.kubernetes_min else []
    lines += ["", *(f"- {note}" for note in release.notes)]
    lines += ["", "What changes with it:", *(f"- {change.summary}" for change in changes)] if changes else []
    yield Explanation(
        kind="version", code=str(release.version), title=f"CCM {release.version}", text="\n".join(lines),
        sources=release.sources,
    )  # fmt: skip


def _annotation(code: str) -> Iterable[Explanation]:
    for annotation in load_matrix().annotations:
        if code == annotation.name or _whole(annotation, code):
            yield Explanation(
                kind="annotation", code=annotation.name, title=f"for {', '.join(annotation.lb)}",
                text="\n".join(_about(annotation)), sources=annotation.sources,
            )  # fmt: skip


def _whole(annotation: Annotation, short: str) -> bool:
    """`name` means `…loadbalancer-name` and not `…private-zone-name`."""
    return annotation.name.endswith(f"/alibaba-cloud-loadbalancer-{short}") or annotation.name.endswith(f"/{short}")


def _about(annotation: Annotation) -> Iterable[str]:
    yield f"Read from {annotation.since} on" + (f", up to but without {annotation.until}." if annotation.until else ".")
    if annotation.values:
        yield f"One of {', '.join(annotation.values)}."
    if annotation.minimum is not None or annotation.maximum is not None:
        yield f"A number from {annotation.minimum} to {annotation.maximum}."
    for since, value in annotation.defaults.items():
        yield f"Default from {since} on: {value or 'nothing is sent'}."
    if not annotation.mutable:
        yield "It can't be changed once the load balancer is made."
    if annotation.renamed_from:
        yield f"Its name was {annotation.renamed_from}."
    if annotation.note:
        yield annotation.note


def _event(code: str) -> Iterable[Explanation]:
    for event in load_matrix().event_kinds:
        if code == event.reason:
            until = f", up to but without {event.until}" if event.until else ""
            text = f"A {event.type} event on a {event.object}, sent from {event.since} on{until}."
            yield Explanation(kind="event", code=event.reason, title=event.when, text=text, sources=event.sources)


def _error(text: str) -> Iterable[Explanation]:
    for error in load_matrix().errors:
        if text == error.id or text.lower() in error.message.lower() or re.search(error.pattern, text):
            yield Explanation(
                kind="error", code=error.id, title=error.message, text="\n".join(_cure(error)), sources=error.sources
            )


def _cure(error: ErrorEntry) -> Iterable[str]:
    yield error.meaning.replace("PREFIX-", "alibaba-cloud-loadbalancer-")
    yield from (f"- {fix}" for fix in filled(error.fix, {}))
    if error.upgrade:
        yield f"An upgrade helps: {error.upgrade}"
    if error.retryable:
        yield "CCM tries again by itself."


def unwrapped(doc: str | None) -> str:
    """A docstring with one line a paragraph: who prints it breaks the lines, and a translation is found by it."""
    lines: list[str] = []
    for line in inspect.cleandoc(doc or "").splitlines():
        before, indent = lines[-1] if lines else "", len(line) - len(line.lstrip())
        if line.strip() and before.strip() and indent == len(before) - len(before.lstrip()):
            lines[-1] = f"{before} {line.strip()}"
        else:
            lines.append(line)
    return "\n".join(lines)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
