"""`report`: the compatibility report of a plan, a run or a snapshot, in as many formats as wanted; `report diff`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.judging import suppressions_of, suppressions_option
from upgrader.cli.output import document, emit, output_option, progress, split_out, write_private
from upgrader.cli.running import state_of, state_option
from upgrader.model.errors import InputError

if TYPE_CHECKING:
    from upgrader.model.plan import Plan
    from upgrader.model.run import Run


class ReportOr(click.Group):
    """`report WHAT` renders a report; `report diff A B` is a command of its own."""

    default = "show"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What is no command's name is what to report."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


@click.group(cls=ReportOr)
def report() -> None:
    """The compatibility report of a run, a plan or a snapshot: `report RUN|PLAN|FACTS`, or `report diff A B`.

    The options of the first are those of `report show`.
    """


@report.command()
@click.argument("what", metavar="RUN|PLAN|FACTS")
@click.option("--format", "form", default="", help="Print one format on stdout: html, md, json, csv, sarif or junit.")
@click.option("--out", "outs", multiple=True, metavar="FORMAT=FILE", help="Write a format to a file; may be repeated.")
@click.option("--to", "target", default=None, metavar="VERSION", help="The target, when a snapshot is given.")
@suppressions_option
@state_option
def show(
    what: str,
    form: str,
    outs: tuple[str, ...],
    target: str | None,
    suppressions: Path | None,
    state_dir: Path | None,
) -> None:
    """Render the compatibility report. Offline; writes only the files that --out names."""
    from upgrader.matrix.load import load_matrix
    from upgrader.plugins import all_formats
    from upgrader.report.present import present
    from upgrader.report.render import render

    formats = all_formats()
    wanted = [split_out(out, tuple(formats)) for out in outs]
    plan, run = _subject(what, target, state_dir, suppressions)
    sources = {source.id: (source.title, source.url) for source in load_matrix().sources}
    value = present(plan, run, sources=sources)
    for name, path in wanted:
        write_private(path, render(value, name, formats).encode())
        progress(f"wrote {path}")
    if form or not wanted:
        click.echo(render(value, form or "md", formats), nl=False)


@report.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option("--to", "target", default=None, metavar="VERSION", help="The target, where a snapshot is given.")
@suppressions_option
@state_option
@output_option
@click.pass_context
def diff(
    ctx: click.Context,
    /,
    old: str,
    new: str,
    target: str | None,
    suppressions: Path | None,
    state_dir: Path | None,
    fmt: str,
) -> None:
    """Compare two runs, plans or snapshots: which findings are new, fixed, still there, suppressed. Exit 2 where they
    differ.
    """
    from upgrader.report.difference import difference, render_difference

    before, _ = _subject(old, target, state_dir, suppressions)
    after, _ = _subject(new, target, state_dir, suppressions)
    found = difference(before, after)
    emit(document("ReportDiff", differs=found.differs, difference=found), fmt, lambda: render_difference(found))
    ctx.exit(Exit.CHANGES if found.differs else Exit.DONE)


def _subject(
    what: str, target: str | None, state_dir: Path | None, suppressions: Path | None = None
) -> tuple[Plan, Run | None]:
    """The plan, and the run where one was named: a file is a plan or facts, everything else a run's id."""
    path = Path(what)
    if not path.exists():
        if "/" in what or path.suffix:
            raise InputError(
                what="there is no such file", where=what, next_command="ccm-upgrade plan -o plan.json makes one",
            )  # fmt: skip
        from upgrader.cli.stored import stored_plan, stored_run

        run = stored_run(state_of(state_dir), what)
        return stored_plan(state_of(state_dir), run.id), run
    from upgrader.cli.plan import PLAN_BYTES, read_plan

    small = path.is_file() and path.stat().st_size <= PLAN_BYTES
    text = path.read_bytes() if small else b""
    if b'"kind"' in text and b'"steps"' in text:
        return read_plan(path), None
    from upgrader import pipeline
    from upgrader.cli.judging import target_of
    from upgrader.discover.files import read_files
    from upgrader.discover.said import Said
    from upgrader.matrix.load import load_matrix
    from upgrader.plugins import all_checks
    from upgrader.ports.clock import SystemClock

    facts = read_files((path,), Said())
    plan = pipeline.make_plan(
        facts, target_of(target, facts), load_matrix(), now=SystemClock().now(),
        suppress=suppressions_of(suppressions), checks=all_checks(),
    )  # fmt: skip
    return plan, None
