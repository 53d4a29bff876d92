"""The report of a whole fleet: one value that every format renders. Made from a fleet plan, or from a run of one."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable

from msgspec import Struct, field

from upgrader import codec
from upgrader.model.version import parse_version
from upgrader.report.render import filled, offline_page
from upgrader.report.tables import inert

# Rows of the tables beyond these are only in json and csv: a page of 10,000 clusters must still open on a phone.
PAGE_CLUSTERS = 1500
MARKDOWN_CLUSTERS = 200
_RANK = {"FAIL": 0, "UNKNOWN": 1, "WARN": 2, "NOTE": 3, "settled": 4, "": 5}
_REQUEST = re.compile(r",? ?\brequest [0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}")
# What a cell shows: never a colour alone.
LETTERS = {"FAIL": "F", "UNKNOWN": "?", "WARN": "W", "NOTE": "n", "settled": "=", "": "·"}


class CheckColumn(Struct, frozen=True, kw_only=True):
    """One check that found something in the fleet, and in how many clusters it found what."""

    code: str
    title: str
    clusters: dict[str, int]


class WaveRow(Struct, frozen=True, kw_only=True):
    """One wave: how it stands, and how many of its clusters stand how."""

    name: str
    state: str
    clusters: int
    allowed: int
    gate: bool
    soak_s: int
    totals: dict[str, int]


class ClusterRow(Struct, frozen=True, kw_only=True):
    """One cluster. `cells` has the worst outcome of each check by code; a check that is not there found nothing.

    `settled` is the outcome of what a step mends or a person accepted. Without a judgement (`judged` is False) every
    cell is UNKNOWN.
    """

    id: str
    name: str
    region: str
    kind: str
    account: str
    wave: str
    from_version: str = field(name="from")
    to_version: str = field(name="to")
    verdict: str
    state: str
    step: str = ""
    error: str = ""
    started: str = ""
    finished: str = ""
    judged: bool = True
    cells: dict[str, str] = {}

    def cell(self, code: str) -> str:
        """The worst outcome of a check here; empty when it found nothing."""
        return self.cells.get(code, "") if self.judged else "UNKNOWN"

    @property
    def rank(self) -> tuple[int, int, tuple[int, ...], str]:
        """Worst first: by how it ended, then by its verdict and its cells."""
        order = {"failed": 0, "stalled": 1, "paused": 2, "rolled-back": 3, "unknown": 4, "skipped": 5, "running": 6}
        verdicts = {"BLOCKED": 0, "UNKNOWN": 1, "WARNINGS": 2, "READY": 3}
        cells = tuple(sorted(_RANK[one] for one in self.cells.values()))
        return order.get(self.state, 7), verdicts.get(self.verdict, 1), cells or (9,), self.name or self.id


class Cause(Struct, frozen=True, kw_only=True):
    """One reason for which clusters failed or are left, and which."""

    why: str
    state: str
    clusters: tuple[str, ...]


class Decision(Struct, frozen=True, kw_only=True):
    """What a person did to the run."""

    at: str
    who: str
    what: str
    why: str
    wave: str = ""


class FleetReport(Struct, frozen=True, kw_only=True):
    """Everything that a format needs. `failed` and `left` are grouped by cause, the largest group first.

    `versions` and `versions_now` count the clusters by CCM version, before and as far as is known now; `unread` says by
    account why its clusters are not known.
    """

    id: str
    name: str
    state: str
    target: str
    made: str
    cause: str = ""
    allowed: int = 0
    danger: int = 0
    totals: dict[str, int] = {}
    verdicts: dict[str, int] = {}
    versions: dict[str, int] = {}
    versions_now: dict[str, int] = {}
    waves: tuple[WaveRow, ...] = ()
    checks: tuple[CheckColumn, ...] = ()
    clusters: tuple[ClusterRow, ...] = ()
    failed: tuple[Cause, ...] = ()
    left: tuple[Cause, ...] = ()
    unread: dict[str, str] = {}
    decisions: tuple[Decision, ...] = ()
    api_version: str = field(default="ccm-upgrade/v1", name="apiVersion")
    kind: str = "FleetReport"

    @property
    def all_versions(self) -> tuple[str, ...]:
        """Versions of before and now, the oldest first, what is not known last."""
        known = (self.versions.keys() | self.versions_now.keys()) - {"unknown"}
        rest = ("unknown",) if "unknown" in self.versions or "unknown" in self.versions_now else ()
        return (*map(str, sorted(map(parse_version, known))), *rest)

    @property
    def title(self) -> str:
        """The fleet and where it goes."""
        return f"Fleet {self.name}: {len(self.clusters):,} clusters to CCM {self.target}"


def columns_of(clusters: tuple[ClusterRow, ...], titles: dict[str, str]) -> tuple[CheckColumn, ...]:
    """The checks that found something anywhere, by code."""
    codes = sorted({code for row in clusters for code in row.cells})
    return tuple(
        CheckColumn(
            code=code,
            title=titles.get(code, code),
            clusters=dict(sorted(Counter(row.cell(code) for row in clusters if row.cell(code)).items())),
        )
        for code in codes
    )


def grouped(clusters: tuple[ClusterRow, ...], states: frozenset[str]) -> tuple[Cause, ...]:
    """The clusters in one of the states, by cause; ids of requests make no two causes out of one."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in clusters:
        if row.state in states:
            groups.setdefault((row.state, _REQUEST.sub("", row.error)), []).append(row.name or row.id)
    return tuple(
        Cause(why=why, state=state, clusters=tuple(sorted(names)))
        for (state, why), names in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def render_html(report: FleetReport) -> str:
    """One offline file under the same policy as a cluster's report."""
    return offline_page("fleet.html.j2", report=report, limit=PAGE_CLUSTERS, LETTERS=LETTERS)


def render_markdown(report: FleetReport) -> str:
    """A summary for CI: totals, waves, what failed, what is left, and the checks by cluster count."""
    return filled("fleet.md.j2", report=report, limit=MARKDOWN_CLUSTERS)


def render_csv(report: FleetReport) -> str:
    """One line a cluster, one column a check."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    codes = [check.code for check in report.checks]
    names = ("id", "name", "region", "kind", "account", "wave", "from_version", "to_version", "verdict", "state",
             "step", "error", "started", "finished")  # fmt: skip
    writer.writerow([name.removesuffix("_version") for name in names] + codes)
    for row in report.clusters:
        cells = [str(getattr(row, name)) for name in names] + [row.cell(code) for code in codes]
        writer.writerow([inert(cell) for cell in cells])
    return out.getvalue()


FLEET_FORMATS: dict[str, Callable[[FleetReport], str]] = {
    "html": render_html,
    "json": codec.pretty,
    "md": render_markdown,
    "csv": render_csv,
}
