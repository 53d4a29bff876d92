"""The fault table: one request of a run is made to fail in one way, and the run's end is one of three good ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from msgspec.structs import replace

from tests.crash.attempt import carry_out
from tests.crash.grid import Grid, Outcome
from upgrader.lab.faults import Fault

# What goes wrong, by its name in the table. A fault without a number of times stays.
FAULTS: dict[str, Fault] = {
    "error before": Fault(kind="before", code="ServiceUnavailable"),
    "error after": Fault(kind="after", code="ServiceUnavailable"),
    "timeout": Fault(kind="timeout", delay_s=0.05),
    "409": Fault(kind="before", code="Conflict", status=409),
    "429": Fault(kind="before", code="Throttling.User", status=429),
    "500": Fault(kind="before", code="InternalError", status=500),
    "cut body": Fault(kind="cut"),
    "slow": Fault(kind="slow", delay_s=0.05),
    "denied": Fault(kind="before", code="Forbidden", status=403, message="you have no permission", times=None),
    "down": Fault(kind="before", code="ServiceUnavailable", times=None),
}
ENDS = ("done and verified", "as before", "paused with its cause")


class Table:
    """One scenario's table. `calls` are the requests of ours in a whole apply: product and action."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.whole = grid.apply()
        cloud = [r for r in grid.lab.cloud.journal.requests() if not r.caller.startswith("role/")]
        cluster = grid.lab.cluster().api.journal.requests()
        self.calls = sorted({(r.product, r.action) for r in (*cloud, *cluster)})

    def end_of(self, product: str, action: str, fault: Fault, skip: int = 0) -> tuple[str, Outcome, int]:
        """How an apply ends under a fault, the outcome, and its exit code. Raises where the end is none of `ENDS`."""
        self.grid.reset_fresh()
        self.grid.lab.cloud.faults.add(replace(fault, product=product, action=action, skip=skip))
        attempt = self.grid.attempt("apply")
        carry_out(attempt)
        said = json.loads(Path(attempt.out).read_text(encoding="utf-8"))
        self.grid.lab.cloud.faults.clear()
        self.grid.lab.settle()
        found = self.grid.outcome(said, deaths=0)
        return self._classed(found, int(said["exit"])), found, int(said["exit"])

    def _classed(self, found: Outcome, code: int) -> str:
        where = (found.state, code, found.cause, found.left, dict(found.writes))
        if found.state == "SUCCEEDED":
            assert (code, found.world, found.writes) == (0, self.whole.world, self.whole.writes), where
            return ENDS[0]
        if found.state in ("PAUSED", "STALLED"):
            assert code == 11, where
            assert found.cause, where
            return ENDS[2]
        # Refused before the first write, or put back: the exit code says which.
        assert found.world == self.grid.before, where
        assert code == 7 if found.state == "ROLLED_BACK" else found.writes == Counter(), where
        assert found.state == "ROLLED_BACK" or code in (6, 9, 11, 64), where
        return ENDS[1]
