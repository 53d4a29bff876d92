"""`fleet status|pause|abort|skip|retry|approve|deny|doctor`: they talk to the ledger alone, never to a cluster."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.output import document, emit, output_option
from upgrader.cli.running import state_of, state_option

if TYPE_CHECKING:
    from upgrader.fleet.ledger import Ledger
    from upgrader.fleet.model import FleetState
    from upgrader.fleet.status import FleetStatus
    from upgrader.report.paper import Paper

Command = TypeVar("Command", bound=Callable[..., Any])

database_option = click.option(
    "--database", default="", envvar="CCM_UPGRADE_DATABASE", show_envvar=True,
    help="postgresql://… for several workers.  [default: a SQLite file in the state directory]",
)  # fmt: skip
# So many clusters that did not succeed are told with their reason; the report has them all.
OTHERS_SHOWN = 10


def _said(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """A reason that says something. Raises `BadParameter` for a blank one."""
    if not text.strip():
        raise click.BadParameter("say why: it is kept with the run")
    return text.strip()


_reason = click.option("--reason", required=True, callback=_said, help="Why; kept with the run.")


def _where(command: Command) -> Command:
    for option in (database_option, state_option, output_option):
        command = option(command)
    return command


@contextmanager
def ledger_at(database: str, state_dir: Path | None) -> Iterator[Ledger]:
    """The ledger, closed afterwards. Raises `TransientError` when its database does not answer."""
    from upgrader.fleet.ledger import Ledger
    from upgrader.fleet.runtime import database_url
    from upgrader.ports.clock import SystemClock

    ledger = Ledger(database_url(database, state_of(state_dir)), SystemClock())
    try:
        yield ledger
    finally:
        ledger.close()


def newest(ledger: Ledger, run: str | None) -> str:
    """The run that was named, else the newest one. Raises `AbsentError` when there is none yet."""
    from upgrader.model.errors import AbsentError

    chosen = run or next(iter(ledger.runs()), "")
    if not chosen:
        raise AbsentError("there is no fleet run yet", next_command="ccm-upgrade fleet apply FLEET_PLAN begins one")
    return chosen


def person() -> str:
    """Who types: kept with every decision."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


@click.command()
@click.argument("run", required=False)
@click.option("--all", "list_all", is_flag=True, help="List all runs.")
@_where
@click.pass_context
def status(
    ctx: click.Context, /, run: str | None, list_all: bool, database: str, state_dir: Path | None, fmt: str
) -> None:
    """Where a run stands, the newest by default.

    Exit codes: 0 it runs, or all is done; 5, 7, 8, 10, 11 as of `fleet apply`; 64 there is no such run.
    """
    from upgrader.fleet.status import status_of

    with ledger_at(database, state_dir) as ledger:
        if list_all:
            runs = [{"id": one, "state": ledger.run(one).state} for one in ledger.runs()]
            emit(document("FleetRuns", runs=runs), fmt,
                 lambda: "\n".join(f"{one['state']:10} {one['id']}" for one in runs) or "no fleet run yet")  # fmt: skip
            ctx.exit(Exit.DONE)
        found = status_of(ledger, newest(ledger, run))
    emit(found, fmt, lambda: status_text(found))
    ctx.exit(Exit.DONE if found.state == "RUNNING" else fleet_exit(found))


def status_text(found: FleetStatus) -> str:
    """The run for a person: waves, totals, budget, the first failure, what next."""
    from upgrader.report.paper import Paper

    paper = Paper.of()
    paper.line(f"{found.state}   fleet run {found.id}")
    if found.cause:
        paper.para(found.cause, 2, "because: ")
    for wave in found.waves:
        ended = sum(one.state == "succeeded" for one in wave.clusters)
        paper.line(f"  {wave.state:8} {wave.name}: {ended} of {len(wave.clusters)} succeeded")
        for one in wave.clusters:
            if one.state == "running":
                paper.para(one.step or "begins", 6, f"{one.name or one.id}: ")
    paper.line("  " + ", ".join(f"{count} {state}" for state, count in sorted(found.totals.items())))
    budget = found.budget
    paper.line(f"  budget: {budget.failed} failed and {budget.in_flight} in flight of {budget.allowed}")
    if (first := found.first_failure) is not None:
        # The reason mostly names the step itself.
        at = f"at {first.step}: " if first.step and first.step not in first.reason else ""
        paper.para(at + first.reason, 2, f"first failure: {first.cluster}: ")
    _others(found, paper)
    if found.state == "RUNNING" and not found.workers:
        paper.line("  nobody works on it now")
    if next_command := _next(found):
        paper.line(f"next: {next_command}")
    return paper.text()


def _others(found: FleetStatus, paper: Paper) -> None:
    """The clusters that ended in another way than well, beside the first failure, each with its reason."""
    first = found.first_failure.cluster if found.first_failure is not None else ""
    ended = [one for wave in found.waves for one in wave.clusters
             if one.state not in ("waiting", "running", "succeeded") and first != (one.name or one.id)]  # fmt: skip
    for one in ended[:OTHERS_SHOWN]:
        paper.para(one.error, 2, f"{one.state}: {one.name or one.id}: ")
    if len(ended) > OTHERS_SHOWN:
        paper.line(f"  and {len(ended) - OTHERS_SHOWN} more: ccm-upgrade fleet report {found.id}")


def _next(found: FleetStatus) -> str:
    """What a person does now; empty where there is nothing to be done but to wait."""
    gate = next((wave.name for wave in found.waves if wave.state == "gate"), "")
    if found.state == "RUNNING":
        steps = [f"ccm-upgrade fleet approve {found.id} {gate} --reason TEXT"] if gate else []
        steps += [] if found.workers else [f"ccm-upgrade fleet resume {found.id}"]
        return ", then ".join(steps)
    if found.state in ("PAUSED", "STALLED"):
        return f"ccm-upgrade fleet resume {found.id}"
    if found.state == "STOPPED":
        return f"ccm-upgrade fleet doctor {found.id}"
    if found.state == "FAILED":
        return f"ccm-upgrade fleet retry {found.id} --failed --reason TEXT, once the cause is gone"
    if found.state == "SUCCEEDED" and found.totals.get("unknown"):
        return f"ccm-upgrade fleet retry {found.id} --failed --reason TEXT, once they answer"
    if found.state == "ABORTED" and {"running", "paused", "stalled"} & found.totals.keys():
        return f"ccm-upgrade fleet doctor {found.id}"
    return f"ccm-upgrade fleet report {found.id} --out html=fleet.html"


def fleet_exit(found: FleetStatus) -> Exit:
    """The exit code of a run that no longer moves."""
    if found.state in ("STOPPED", "ABORTED"):
        return Exit.BUDGET
    if found.state not in ("SUCCEEDED", "FAILED"):
        return Exit.STALLED
    for state, code in (("failed", Exit.NEEDS_PERSON), ("paused", Exit.STALLED), ("stalled", Exit.STALLED),
                        ("rolled-back", Exit.ROLLED_BACK), ("unknown", Exit.UNKNOWN)):  # fmt: skip
        if found.totals.get(state):
            return code
    return Exit.DONE


def _set(run: str, state: FleetState, reason: str, database: str, state_dir: Path | None, fmt: str) -> None:
    from upgrader.fleet.control import Control
    from upgrader.fleet.status import status_of

    with ledger_at(database, state_dir) as ledger:
        Control(ledger).set_state(run, state, who=person(), why=reason)
        found = status_of(ledger, run)
    emit(found, fmt, lambda: status_text(found))


@click.command()
@click.argument("run")
@_reason
@_where
def pause(run: str, reason: str, database: str, state_dir: Path | None, fmt: str) -> None:
    """Start no further cluster; those in flight are carried to their end.

    Exit codes: 0 paused, 6 the run has ended, 64 there is no such run.
    """
    _set(run, "PAUSED", reason, database, state_dir, fmt)


@click.command()
@click.argument("run")
@_reason
@_where
def abort(run: str, reason: str, database: str, state_dir: Path | None, fmt: str) -> None:
    """End the run for good; clusters in flight finish the step under way.

    Exit codes: 0 aborted, 6 the run has ended, 64 there is no such run.
    """
    _set(run, "ABORTED", reason, database, state_dir, fmt)


@click.command()
@click.argument("run")
@click.argument("cluster", metavar="ID|NAME")
@_reason
@_where
def skip(run: str, cluster: str, reason: str, database: str, state_dir: Path | None, fmt: str) -> None:
    """Leave a cluster out that has not started, or has failed.

    Exit codes: 0 left out, 64 it is not of this run, is being upgraded, or has succeeded.
    """
    from upgrader.fleet.control import Control
    from upgrader.model.errors import InputError

    with ledger_at(database, state_dir) as ledger:
        named = [one.member.id for one in ledger.clusters(run) if one.member.name == cluster]
        if len(named) > 1:
            raise InputError(what=f"{len(named)} clusters are named {cluster}", where=run, why=", ".join(named),
                             next_command=f"ccm-upgrade fleet skip {run} {named[0]} --reason TEXT")  # fmt: skip
        Control(ledger).skip(run, named[0] if len(named) == 1 else cluster, who=person(), why=reason)
    emit(document("FleetSkip", run=run, cluster=cluster), fmt, f"{cluster} is left out of {run}.")


@click.command()
@click.argument("run")
@click.option("--failed", is_flag=True, required=True, help="All that failed, rolled back, stalled or were UNKNOWN.")
@_reason
@_where
def retry(run: str, failed: bool, reason: str, database: str, state_dir: Path | None, fmt: str) -> None:
    """Put the failed clusters back; `fleet resume` carries on with them, with the steps that were planned.

    Exit codes: 0 put back, or none failed; 6 the run was aborted; 64 there is no such run.
    """
    from upgrader.fleet.control import Control

    with ledger_at(database, state_dir) as ledger:
        again = Control(ledger).retry_failed(run, who=person(), why=reason)
    emit(document("FleetRetry", run=run, clusters=again, failed=failed), fmt,
         f"{len(again)} waiting again.\nnext: ccm-upgrade fleet resume {run}" if again else "None failed.")  # fmt: skip


def _decide(
    run: str, wave: str, reason: str, database: str, state_dir: Path | None, fmt: str, *, approve: bool
) -> None:
    from upgrader.fleet.control import Control
    from upgrader.fleet.status import status_of

    with ledger_at(database, state_dir) as ledger:
        Control(ledger).decide(run, wave, approve=approve, who=person(), why=reason)
        found = status_of(ledger, run)
    said = "open" if approve else "denied"
    goes_on = "" if not approve or found.workers else f"\nnext: ccm-upgrade fleet resume {run}"
    emit(document("FleetGate", run=run, wave=wave, approved=approve), fmt,
         f"The gate of wave {wave} is {said}.{goes_on}")  # fmt: skip


@click.command()
@click.argument("run")
@click.argument("wave")
@_reason
@_where
def approve(run: str, wave: str, reason: str, database: str, state_dir: Path | None, fmt: str) -> None:
    """Open the gate of a wave.

    Exit codes: 0 open, 6 the run has ended, 64 the wave has no gate.
    """
    _decide(run, wave, reason, database, state_dir, fmt, approve=True)


@click.command()
@click.argument("run")
@click.argument("wave")
@_reason
@_where
def deny(run: str, wave: str, reason: str, database: str, state_dir: Path | None, fmt: str) -> None:
    """Keep the gate of a wave shut: the run stops.

    Exit codes: 0 denied, 6 the wave is over or the run has ended, 64 the wave has no gate.
    """
    _decide(run, wave, reason, database, state_dir, fmt, approve=False)


@click.command()
@click.argument("run", required=False)
@_where
@click.pass_context
def doctor(ctx: click.Context, /, run: str | None, database: str, state_dir: Path | None, fmt: str) -> None:
    """Say whether anything is stuck in a run (the newest by default), why, and what to do.

    Exit codes: 0 nothing is stuck, 11 a person is needed, 64 there is no such run.
    """
    from upgrader.fleet.doctor import examine

    with ledger_at(database, state_dir) as ledger:
        run = newest(ledger, run)
        found = examine(ledger, run)
    emit(document("FleetDoctor", run=run, healthy=not found, findings=found), fmt,
         "\n".join(f"{one.what}\n  next: {one.next_command}" for one in found) or "Nothing is stuck.")  # fmt: skip
    ctx.exit(Exit.STALLED if found else Exit.DONE)
