"""`verify`: look again at a run's cluster. Writes nothing."""

from __future__ import annotations

from pathlib import Path

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.origins import gather, origin_options
from upgrader.cli.output import emit, output_option
from upgrader.cli.running import judged, state_of, state_option

_EXITS = {"PASS": Exit.DONE, "FAIL": Exit.NEEDS_PERSON, "INCONCLUSIVE": Exit.UNKNOWN}


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False, default="")
@state_option
@origin_options
@output_option
@click.pass_context
def verify(ctx: click.Context, /, run_id: str, state_dir: Path | None, fmt: str, **options: object) -> None:
    """Compare the cluster now with the run's backup: events, weights, identity of each load balancer.

    Exit codes: 0 PASS, 5 INCONCLUSIVE, 8 FAIL.
    """
    from upgrader.cli.stored import newest_begun, stored_backup, stored_plan, stored_run

    directory = state_of(state_dir)
    run = stored_run(directory, run_id or newest_begun(directory))
    backup = stored_backup(directory, str(directory / run.id))
    plan = stored_plan(directory, run.id)
    target = plan.from_version if run.state in ("ROLLED_BACK", "PARTLY_ROLLED_BACK") else plan.to_version
    verdict = judged(backup.facts, gather(options), target, "")

    def text() -> str:
        from upgrader.report.verdict import render_verdict

        return render_verdict(verdict)

    emit(verdict, fmt, text)
    ctx.exit(_EXITS[verdict.outcome])
