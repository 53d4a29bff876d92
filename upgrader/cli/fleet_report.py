"""`fleet report` and `fleet drift`: what became of a fleet, and what has changed since. Both only read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.fleet_control import database_option, ledger_at, newest
from upgrader.cli.output import document, emit, output_option, progress, split_out, write_private
from upgrader.cli.running import state_of, state_option

if TYPE_CHECKING:
    from upgrader.fleet.drift import Drift, Expected
    from upgrader.fleet.strategy import Strategy
    from upgrader.report.fleet import FleetReport

_FORMATS = ("html", "json", "md", "csv")


@click.command()
@click.argument("what", metavar="[RUN|FLEET_PLAN]", required=False, default="")
@click.option("--format", "form", type=click.Choice(_FORMATS), default=None, help="Print one format on stdout.")
@click.option("--out", "outs", multiple=True, metavar="FORMAT=FILE", help="Write a format to a file; may be repeated.")
@database_option
@state_option
def report(what: str, form: str | None, outs: tuple[str, ...], database: str, state_dir: Path | None) -> None:
    """The report of a run (the newest by default) or a fleet plan: heat map, waves, what failed and why, what is left.

    Offline; writes only the files that --out names. Exit codes: 0 told, 64 there is no such run or file.
    """
    from upgrader.report.fleet import FLEET_FORMATS

    wanted = [split_out(out, _FORMATS) for out in outs]
    value = _report_of(what, database, state_dir)
    for name, path in wanted:
        write_private(path, FLEET_FORMATS[name](value).encode())
        progress(f"wrote {path}")
    if form or not wanted:
        click.echo(FLEET_FORMATS[form or "md"](value), nl=False)


def _report_of(what: str, database: str, state_dir: Path | None) -> FleetReport:
    from upgrader.fleet.reporting import report_of_plan, report_of_run
    from upgrader.plugins import all_checks

    titles = {check.CODE: check.TITLE for check in all_checks()}
    if Path(what).is_file():
        from upgrader.cli.fleet_plan import read_fleet_plan

        return report_of_plan(read_fleet_plan(Path(what)), titles)
    with ledger_at(database, state_dir) as ledger:
        return report_of_run(ledger, newest(ledger, what), titles)


@click.command()
@click.argument("what", metavar="[RUN|FLEET_PLAN]", required=False, default="")
@click.option("--endpoint", default="", envvar="CCM_UPGRADE_ENDPOINT", show_envvar=True)
@click.option("--parallel", type=click.IntRange(1, 64), default=8, show_default=True)
@database_option
@state_option
@output_option
@click.pass_context
def drift(
    ctx: click.Context,
    /,
    what: str,
    endpoint: str,
    parallel: int,
    database: str,
    state_dir: Path | None,
    fmt: str,
) -> None:
    """Look at every cluster of a run (the newest by default) or a fleet plan again, and say what has changed.

    Upgraded clusters are verified as their run left them, the others compared with what was found when the fleet was
    planned. Writes nothing. Exit codes: 0 all as before, 2 something drifted, 5 some could not be told.
    """
    from upgrader.cli.fleet_job import LiveJob
    from upgrader.fleet.drift import drift_of

    strategy, expected = _expected(what, database, state_dir)
    job = LiveJob(state_of(state_dir), endpoint=endpoint, parallel=min(parallel, len(expected) or 1))
    job.share(strategy, 1)
    found = drift_of(expected, strategy, job, parallel=parallel, say=progress)
    drifted, unknown = (sum(one.outcome == outcome for one in found) for outcome in ("drift", "unknown"))
    emit(document("FleetDrift", drifted=drifted, unknown=unknown, clusters=found), fmt, lambda: drift_text(found))
    ctx.exit(Exit.CHANGES if drifted else Exit.UNKNOWN if unknown else Exit.DONE)


def _expected(what: str, database: str, state_dir: Path | None) -> tuple[Strategy, tuple[Expected, ...]]:
    from upgrader.fleet.drift import Expected

    if Path(what).is_file():
        from upgrader.cli.fleet_plan import read_fleet_plan

        made = read_fleet_plan(Path(what))
        members = {one.id: one for one in made.members}
        return made.strategy, tuple(Expected(member=members[one.id], judged=one) for one in made.clusters)
    with ledger_at(database, state_dir) as ledger:
        run = newest(ledger, what)
        return ledger.run(run).strategy, tuple(
            Expected(member=one.member, judged=one.judged, state=one.state, cluster_run=one.cluster_run)
            for one in ledger.clusters(run)
        )


def drift_text(found: tuple[Drift, ...]) -> str:
    """Who drifted and how, who could not be told and why; the rest is counted."""
    from upgrader.report.paper import Paper

    paper = Paper.of()
    for one in found:
        if one.outcome != "same":
            paper.para("; ".join(one.changes), 2, f"{one.outcome:8} {one.name or one.id}: ")
    same = sum(one.outcome == "same" for one in found)
    paper.line(f"{same} of {len(found)} clusters are as before")
    return paper.text()
