"""What apply, resume, rollback and verify share: a session over open connections, and a run's text and exit code."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.output import progress

if TYPE_CHECKING:
    from upgrader.cli.origins import Connections, Origin
    from upgrader.execute.engine import Engine
    from upgrader.execute.session import Session
    from upgrader.model.facts import ClusterFacts
    from upgrader.model.plan import Plan
    from upgrader.model.run import Run, RunVerdict

Command = TypeVar("Command", bound=Callable[..., Any])

EXIT_OF = {
    "SUCCEEDED": Exit.DONE,
    "ROLLED_BACK": Exit.ROLLED_BACK,
    "PARTLY_ROLLED_BACK": Exit.NEEDS_PERSON,
    "FAILED": Exit.NEEDS_PERSON,
    "PAUSED": Exit.STALLED,
    "STALLED": Exit.STALLED,
    "RUNNING": Exit.STALLED,
}


def exit_of(run: Run) -> Exit:
    """The exit code that says how a run ended."""
    return Exit.INTERRUPTED if run.interrupted else EXIT_OF[run.state]


state_option = click.option(
    "--state-dir", type=click.Path(path_type=Path), default=None, envvar="CCM_UPGRADE_STATE", show_envvar=True,
    help="Where runs are kept.  [default: ~/.local/state/ccm-upgrade]",
)  # fmt: skip


def state_of(state_dir: Path | None) -> Path:
    """The state directory that was asked for, or the default."""
    from upgrader.execute.journal import state_directory

    return state_dir or state_directory()


@contextmanager
def asked_to_stop(
    said: str = "finishing the step under way; press Ctrl-C again to stop at once",
) -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C (or SIGTERM, as Kubernetes sends it) asks, and `said` is told: the step under way is finished.

    The second one interrupts at once.
    """
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, _frame: Any) -> None:
        if asked:
            signal.signal(signal.SIGINT, before[signal.SIGINT])
            raise KeyboardInterrupt
        asked.append(number)
        progress(said)

    for number in before:
        signal.signal(number, handle)
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def engine_of(
    plan: Plan,
    origin: Origin,
    connections: Connections,
    state_dir: Path,
    run_id: str,
    *,
    create: bool,
    on_failure: str = "rollback",
    forced: bool = False,
    stop_asked: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = progress,
) -> Engine:
    """An engine over the connections, with the stages that it is handed."""
    from upgrader.execute.engine import Engine

    return Engine(
        session_of(plan, origin, connections, state_dir, run_id, create=create, on_failure=on_failure, forced=forced,
                   stop_asked=stop_asked, say=say)
    )  # fmt: skip


def session_of(
    plan: Plan,
    origin: Origin,
    connections: Connections,
    state_dir: Path,
    run_id: str,
    *,
    create: bool,
    on_failure: str = "rollback",
    forced: bool = False,
    stop_asked: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = progress,
) -> Session:
    """What a run works with, over the connections."""
    from upgrader.cli.origins import look
    from upgrader.digests import facts_digests
    from upgrader.execute.journal import FileStore
    from upgrader.execute.session import Session
    from upgrader.matrix.load import load_matrix
    from upgrader.plan.freshness import check_time, check_whole, check_world

    clock, matrix = connections.cluster.clock, load_matrix()

    def fresh(plan: Plan, facts: ClusterFacts) -> None:
        check_whole(plan)
        check_time(plan, clock.now())
        check_world(plan, facts_digests(facts), facts.identity.id, matrix.digest)

    def judge(before: ClusterFacts, version: str, since: str | None) -> RunVerdict:
        return judged(before, look(origin, connections), version, since)

    return Session(
        plan=plan,
        cluster=connections.cluster.reader,
        cloud=connections.cloud.reader if connections.cloud else None,
        cluster_writer=connections.cluster.writer,
        cloud_writer=connections.cloud.writer if connections.cloud else _no_cloud,
        clock=clock,
        store=FileStore(state_dir, run_id, create=create),
        look=lambda: look(origin, connections),
        judge=judge,
        way_back=lambda before, now: way_back(before, now, plan.from_version),
        forced=forced,
        check_fresh=fresh,
        on_failure="pause" if on_failure == "pause" else "rollback",
        say=say,
        stop_asked=stop_asked,
    )


def judged(before: ClusterFacts, after: ClusterFacts, target: str, since: str | None) -> RunVerdict:
    """The verdict on two looks."""
    from upgrader.matrix.load import load_matrix
    from upgrader.model.version import parse_version
    from upgrader.verify import verify

    return verify(before, after, parse_version(target), load_matrix(), since=since)


def way_back(before: ClusterFacts, now: ClusterFacts, version: str) -> tuple[str, ...]:
    """What `version` would harm at once, were it put back now, and would not have harmed before; in words."""
    from upgrader import pipeline
    from upgrader.matrix.load import load_matrix
    from upgrader.model.version import parse_version

    if not version:
        return ()

    def harm(facts: ClusterFacts) -> dict[tuple[str, str], str]:
        found = pipeline.check(facts, parse_version(version), load_matrix()).findings
        return {
            (one.code, str(one.subject)): f"{one.code} {one.subject}: {one.message}"
            for one in found
            if one.outcome == "FAIL" and one.effect == "IMMEDIATE"
        }

    known = harm(before)
    return tuple(text for key, text in sorted(harm(now).items()) if key not in known)


def _no_cloud(_fence: Any) -> Any:
    """A writer for runs that have no step of the cloud."""
    return None


def run_text(run: Run) -> str:
    """A run for a person: state, cause, steps, what is left, what next."""
    from upgrader.report.paper import Paper

    paper = Paper.of()
    paper.line(f"{paper.mark(run.state)}   run {run.id}")
    if run.cause:
        paper.para(run.cause, 2, "because: ")
    # As they happened: what was done last is undone first.
    for step in reversed(run.steps) if run.state in ("ROLLING_BACK", "ROLLED_BACK") else run.steps:
        paper.line(f"  {paper.mark(step.state)}  {step.id}")
        if step.error:
            paper.para(step.error, 6)
    if run.verdict is not None:
        paper.line(f"  verification: {paper.mark(run.verdict.outcome)}, {len(run.verdict.services)} Services looked at")
    for item in run.left:
        paper.para(item, 2, "left for a person: ")
    if run.next_command:
        paper.line(f"next: {run.next_command}")
    return paper.text()
