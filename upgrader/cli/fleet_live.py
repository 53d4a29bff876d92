"""A run's progress while it works: a few lines drawn again each second on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from upgrader.cli.output import progress

if TYPE_CHECKING:
    from rich.console import Console

    from upgrader.fleet.ledger import Ledger

# So many of the clusters in flight are drawn; the rest is counted.
SHOWN = 12
# Where lines are all there is, nobody is left to guess for longer than this.
PULSE_S = 60.0


@contextmanager
def shown(ledger: Ledger, run: str, console: Console | None = None) -> Iterator[Callable[[str], None]]:
    """What to `say` with while the run works. Messages scroll; below them, on a terminal, stands how the run stands."""
    if console is None and not sys.stderr.isatty():
        with _pulse(ledger, run) as say:
            yield say
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from upgrader.report.inert import clean

    screen = console or Console(stderr=True)
    last = [""]

    def now() -> Text:
        last[0] = drawn(ledger, run) or last[0]
        return Text(last[0], no_wrap=True, overflow="ellipsis")

    with Live(get_renderable=now, console=screen, refresh_per_second=1, transient=True, redirect_stdout=False):
        yield lambda text: screen.print(Text(clean(text)))


@contextmanager
def _pulse(ledger: Ledger, run: str) -> Iterator[Callable[[str], None]]:
    """Plain lines; where none was said for `PULSE_S`, how the run stands is said in one."""
    over, spoke = threading.Event(), threading.Event()

    def say(text: str) -> None:
        spoke.set()
        progress(text)

    def watch() -> None:
        while not over.wait(PULSE_S):
            if not spoke.is_set() and (text := drawn(ledger, run)):
                *lines, summary = text.split("\n")
                flying = "; ".join(line.strip() for line in lines if line.startswith("    "))
                progress(f"{summary}; {flying}" if flying else summary)
            spoke.clear()

    thread = threading.Thread(target=watch, name="pulse", daemon=True)
    thread.start()
    try:
        yield say
    finally:
        over.set()
        thread.join()


def drawn(ledger: Ledger, run: str) -> str:
    """The run in a few lines: each wave's counts, the clusters in flight. Empty while the database does not answer."""
    from upgrader.fleet.admission import Admission
    from upgrader.model.errors import TransientError
    from upgrader.report.inert import clean

    try:
        row, counts, flying = ledger.run(run), Admission(ledger).counts(run), ledger.in_flight(run)
    except TransientError:
        return ""
    lines = []
    for number, wave in enumerate(row.waves):
        done = counts.of("succeeded", number)
        failed, left = counts.failed(number), counts.of("waiting", number)
        here = "▸" if number == row.wave else " "
        lines.append(f"{here} {clean(wave.name)}: {done} of {len(wave.members)} succeeded"
                     + (f", {failed} failed" if failed else "") + (f", {left} wait" if left else ""))  # fmt: skip
    lines += [f"    {clean(one.member.name or one.member.id)}: {clean(one.step)}" for one in flying[:SHOWN]]
    if len(flying) > SHOWN:
        lines.append(f"    and {len(flying) - SHOWN} more in flight")
    allowed = row.strategy.budget.of(counts.all()).allowed
    return "\n".join([*lines, f"{row.state}: {counts.failed()} failed and {len(flying)} in flight of {allowed}"])
