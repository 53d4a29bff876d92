"""`fleet apply`, `fleet resume`, `fleet worker`: the commands of the fleet that change clusters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.fleet_control import database_option, fleet_exit, ledger_at, person, status_text
from upgrader.cli.output import confirm, emit, output_option, progress
from upgrader.cli.running import asked_to_stop, state_of, state_option
from upgrader.model.errors import InputError, StaleError

if TYPE_CHECKING:
    from upgrader.fleet.planning import FleetPlan

Command = TypeVar("Command", bound=Callable[..., Any])


def _worker_options(command: Command) -> Command:
    for option in (
        click.option("--slots", type=click.IntRange(1, 200), default=10, show_default=True,
                     help="How many clusters this process works on at once; the strategy's limits hold besides."),
        click.option("--endpoint", default="", envvar="CCM_UPGRADE_ENDPOINT", show_envvar=True),
        click.option("--accept-unknown", is_flag=True, help="Upgrade clusters in which something can't be judged."),
        database_option, state_option, output_option,
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("plan_file", metavar="FLEET_PLAN", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--wave", default="", help="Only this wave; with --shard.")
@click.option("--shard", default="", metavar="I/N", help="Only part I (from 0) of N of the wave: an index of a Job.")
@_worker_options
@click.pass_context
def apply(ctx: click.Context, /, plan_file: Path, yes: bool, wave: str, shard: str, **options: Any) -> None:
    """Carry a fleet plan out. The same plan is the same run: a second apply is told to resume; with --shard it does so.

    Exit codes: 0 all done, 5 some are UNKNOWN, 7 some rolled back, 8 a person is needed, 9 another process works on it,
    10 the budget or a gate stopped it, 11 paused or stalled, 130 interrupted (resume goes on).
    """
    from upgrader.cli.fleet_plan import plan_text, read_fleet_plan
    from upgrader.fleet.control import Control
    from upgrader.fleet.runtime import run_id_of

    made = read_fleet_plan(plan_file)
    if wave or shard:
        made = _part(made, wave, shard)
    run = run_id_of(made)
    if not yes:
        progress(plan_text(made, plan_file))
        confirm("Upgrade these clusters?")
    with ledger_at(options["database"], options["state_dir"]) as ledger:
        begun = run in ledger.runs()
        if begun and not shard:
            raise StaleError(f"the run of this plan exists already: {run}", where=str(plan_file),
                             next_command=f"ccm-upgrade fleet resume {run}")  # fmt: skip
        if begun:  # the pod of this index was evicted, and Kubernetes began another
            Control(ledger).go_on(run, who=person(), why="its pod began again")
        else:
            ledger.create(run, made.strategy, made.members, made.waves, made.clusters)
    progress(f"fleet run {run}")
    _work(ctx, run, **options)


def _part(made: FleetPlan, wave: str, shard: str) -> FleetPlan:
    from upgrader.fleet.shards import shard_of

    index, _, shards = (shard or "0/1").partition("/")
    if not wave or not index.isdigit() or not shards.isdigit():
        raise InputError(what="--wave NAME and --shard I/N belong together", where=f"--wave {wave} --shard {shard}",
                         next_command="ccm-upgrade fleet apply FLEET_PLAN --wave WAVE --shard 0/2")  # fmt: skip
    return shard_of(made, wave, int(index), int(shards))


@click.command()
@click.argument("run")
@_worker_options
@click.pass_context
def resume(ctx: click.Context, /, run: str, **options: Any) -> None:
    """Go on with a run: what was under way is settled first, then the next clusters start.

    Exit codes as of `fleet apply`; 6 when the run was aborted, or a gate of it denied.
    """
    from upgrader.fleet.control import Control

    with ledger_at(options["database"], options["state_dir"]) as ledger:
        Control(ledger).go_on(run, who=person(), why="resumed")
    _work(ctx, run, **options)


@click.command()
@click.argument("run")
@_worker_options
@click.pass_context
def worker(ctx: click.Context, /, run: str, **options: Any) -> None:
    """Work on a run that was begun elsewhere, until it ends. Several workers need --database postgresql://…

    Exit codes as of `fleet apply`.
    """
    _work(ctx, run, **options)


def _work(
    ctx: click.Context,
    run: str,
    *,
    slots: int,
    endpoint: str,
    accept_unknown: bool,
    database: str,
    state_dir: Path | None,
    fmt: str,
) -> None:
    from upgrader.cli.fleet_job import LiveJob
    from upgrader.cli.fleet_live import shown
    from upgrader.fleet.runtime import database_url, work_on
    from upgrader.fleet.status import status_of
    from upgrader.ports.clock import SystemClock

    where = state_of(state_dir)
    url = database_url(database, where)
    job = LiveJob(where, endpoint=endpoint, accept_unknown=accept_unknown, parallel=slots)
    with ledger_at(database, state_dir) as ledger, shown(ledger, run) as say, asked_to_stop() as stop:
        work_on(run, url, job, SystemClock(), slots=slots, say=say, stop_asked=stop)
        interrupted = stop()
    with ledger_at(database, state_dir) as ledger:
        status = status_of(ledger, run)
    emit(status, fmt, lambda: status_text(status))
    ctx.exit(Exit.INTERRUPTED if interrupted and status.state == "RUNNING" else fleet_exit(status))
