"""The ledger's tables, and their rows as frozen types."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from upgrader import codec
from upgrader.fleet.model import ClusterPlan, ClusterState, FleetState, Member, Wave
from upgrader.fleet.strategy import Strategy

# Raised when the meaning of a column changes; a run is read only by the schema that wrote it.
SCHEMA = 2

METADATA = sa.MetaData()
RUNS = sa.Table(
    "fleet_run", METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("schema", sa.Integer, nullable=False),
    sa.Column("strategy", sa.LargeBinary, nullable=False),
    sa.Column("waves", sa.LargeBinary, nullable=False),
    sa.Column("wave", sa.Integer, nullable=False),
    sa.Column("soak_until", sa.String, nullable=False),
    sa.Column("soak_due", sa.String, nullable=False),
    sa.Column("soak_passed", sa.String, nullable=False),
    sa.Column("created", sa.String, nullable=False),
    sa.Column("moved", sa.String, nullable=False),
    sa.Column("failures_in_a_row", sa.Integer, nullable=False),
    sa.Column("wave_failures_in_a_row", sa.Integer, nullable=False),
    sa.Column("cause", sa.String, nullable=False),
)  # fmt: skip
CLUSTERS = sa.Table(
    "fleet_cluster", METADATA,
    sa.Column("run", sa.String, primary_key=True),
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("wave", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("member", sa.LargeBinary, nullable=False),
    sa.Column("judged", sa.LargeBinary, nullable=False),
    sa.Column("region", sa.String, nullable=False),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("step", sa.String, nullable=False),
    sa.Column("error", sa.String, nullable=False),
    sa.Column("plan", sa.String, nullable=False),
    sa.Column("cluster_run", sa.String, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("worker", sa.String, nullable=False),
    sa.Column("started", sa.String, nullable=False),
    sa.Column("finished", sa.String, nullable=False),
    sa.Index("fleet_cluster_by_state", "run", "wave", "state", "position"),
)  # fmt: skip
WORKERS = sa.Table(
    "fleet_worker", METADATA,
    sa.Column("run", sa.String, primary_key=True),
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("heartbeat", sa.String, nullable=False),
)  # fmt: skip
NOTES = sa.Table(
    "fleet_note", METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run", sa.String, nullable=False, index=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("why", sa.String, nullable=False),
    sa.Column("wave", sa.String, nullable=False),
)  # fmt: skip


class Claim(Struct, frozen=True, kw_only=True):
    """A cluster that this worker may upgrade now. `fence` must still be current at each write.

    `approved` are the steps of the plan that people saw; empty where it could not be judged then.
    """

    run: str
    member: Member
    wave: str
    attempt: int
    fence: int
    plan: str
    cluster_run: str
    approved: tuple[str, ...] = ()


class Row(Struct, frozen=True, kw_only=True):
    """One cluster of a run as the ledger has it. `judged` is what was found when the fleet was planned."""

    member: Member
    judged: ClusterPlan
    wave: int
    state: ClusterState
    step: str
    error: str
    plan: str
    cluster_run: str
    attempt: int
    fence: int
    worker: str
    started: str
    finished: str


class RunRow(Struct, frozen=True, kw_only=True):
    """One fleet run as the ledger has it. `wave` is the index of the current one.

    While a wave soaks: it ends not before `soak_until`; the next look at its clusters is due at `soak_due`; at
    `soak_passed` the last look began that found all of them well.
    """

    id: str
    state: FleetState
    strategy: Strategy
    waves: tuple[Wave, ...]
    wave: int
    soak_until: str
    soak_due: str
    soak_passed: str
    created: str
    moved: str
    failures_in_a_row: int
    wave_failures_in_a_row: int
    cause: str


def cluster_of(run: str, cluster: str) -> sa.Update:
    """An update of one cluster's row."""
    return CLUSTERS.update().where(CLUSTERS.c.run == run, CLUSTERS.c.id == cluster)


def held_by(claim: Claim) -> sa.Update:
    """An update that changes nothing once the claim's fence is old."""
    return cluster_of(claim.run, claim.member.id).where(CLUSTERS.c.fence == claim.fence, CLUSTERS.c.state == "running")


def row_of(row: sa.RowMapping) -> Row:
    """The row as a frozen value."""
    names = (
        "wave",
        "state",
        "step",
        "error",
        "plan",
        "cluster_run",
        "attempt",
        "fence",
        "worker",
        "started",
        "finished",
    )
    return Row(
        member=codec.decode(row["member"], Member, where=row["id"]),
        judged=codec.decode(row["judged"], ClusterPlan, where=row["id"]),
        **{name: row[name] for name in names},
    )
