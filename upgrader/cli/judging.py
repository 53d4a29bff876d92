"""What check, plan, ram and tags share: which target, which waivers, and which exit code a verdict means."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from upgrader.cli.exit_codes import Exit
from upgrader.model.errors import InputError
from upgrader.model.finding import Assessment
from upgrader.model.version import CcmVersion, parse_version

if TYPE_CHECKING:
    from upgrader.migrations.context import Context
    from upgrader.model.facts import ClusterFacts
    from upgrader.plan.suppressions import Suppressions
    from upgrader.plan.waivers import Waiver

Command = TypeVar("Command", bound=Callable[..., Any])
Large = TypeVar("Large")

target_option = click.option(
    "--to", "target", metavar="VERSION",
    help="The CCM version to upgrade to.  [default: the newest that fits here]",
)  # fmt: skip


suppressions_option = click.option(
    "--suppressions", type=click.Path(path_type=Path), default=None,
    help="Findings that are accepted until a day.  [default: .ccm-upgrade.yaml, where there is one]",
)  # fmt: skip


def waiver_options(command: Command) -> Command:
    """`--waive CODE[@namespace/name] --reason TEXT`, as often as needed; and the suppressions file."""
    reason = click.option(
        "--reason", "reasons", multiple=True, metavar="TEXT", help="Why: one for each --waive, or one for all."
    )
    waive = click.option(
        "--waive", "waived", multiple=True, metavar="CODE[@NS/NAME]", help="Accept a finding by name; see --reason."
    )
    return waive(reason(suppressions_option(command)))


def suppressions_of(path: Path | None) -> Suppressions | None:
    """The suppressions file that was named, else `.ccm-upgrade.yaml` of this folder; None where there is none."""
    from upgrader.plan.suppressions import FILE, read_suppressions
    from upgrader.ports.clock import SystemClock

    found = path or Path(FILE)
    if path is None and not found.is_file():
        return None
    return read_suppressions(found, SystemClock().now().date())


def waivers_of(waived: Iterable[str], reasons: Iterable[str]) -> tuple[Waiver, ...]:
    """The waivers, each with its reason. Raises `InputError` for an unknown code or a missing reason."""
    from upgrader.plan.waivers import parse_waiver
    from upgrader.plugins import find_check

    texts, said = tuple(waived), tuple(reasons)
    if len(said) not in (1, len(texts)) and texts:
        raise InputError(
            what=f"{len(texts)} waivers and {len(said)} reasons", why="each waiver wants a reason, or one serves all",
            next_command=f"--waive {texts[0]} --reason TEXT",
        )  # fmt: skip
    spread = said * len(texts) if len(said) == 1 else said
    waivers = tuple(parse_waiver(text, reason) for text, reason in zip(texts, spread, strict=True) if texts)
    for waiver in waivers:
        if find_check(waiver.code) is None:
            raise InputError(what=f"no check has the code {waiver.code}", next_command="ccm-upgrade explain lists all")
    return waivers


def target_of(text: str | None, facts: ClusterFacts) -> CcmVersion:
    """The version asked for, in its release's own spelling where it is known; else the newest that fits.

    Raises `InputError` for what is no version: an empty text too, which is mostly a variable that is not set.
    """
    from upgrader.matrix.load import load_matrix
    from upgrader.plan.target import default_target

    matrix = load_matrix()
    if text is None:
        return default_target(facts, matrix)
    asked = parse_version(text)
    release = matrix.release(asked)
    return release.version if release else asked


def context_without_forecast(facts: ClusterFacts, target: CcmVersion) -> Context:
    """What migrations look at, where no forecast is wanted."""
    from upgrader.matrix.load import load_matrix
    from upgrader.migrations.context import Context
    from upgrader.model.forecast import Forecast

    return Context(facts, target, load_matrix(), Forecast())


_KEPT: list[object] = []


def keep(value: Large) -> Large:
    """The value, kept until the process ends: to free half a million small objects takes a tenth of a second."""
    _KEPT.append(value)
    return value


def keeps_much() -> bool:
    """Whether something large is kept, so that the process had better end without tidying up."""
    return bool(_KEPT)


@contextmanager
def without_gc() -> Iterator[None]:
    """No garbage collection meanwhile: it would walk hundreds of thousands of frozen objects, none of them garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()  # else the next collection walks them all
            gc.enable()


def exit_code_of(assessment: Assessment, *, fail_on_warn: bool = False, accept_unknown: bool = False) -> Exit:
    """BLOCKED by a FAIL that nobody waived, UNKNOWN unless accepted, WARNED where warnings count, else DONE."""
    outcomes = {finding.outcome for finding in assessment.findings if not finding.waived}
    if "FAIL" in outcomes:
        return Exit.BLOCKED
    broken = any(run.state == "broken" for run in assessment.checks)
    if broken or ("UNKNOWN" in outcomes and not accept_unknown):
        return Exit.UNKNOWN
    return Exit.WARNED if fail_on_warn and "WARN" in outcomes else Exit.DONE
