"""What holds a run up, as the ledger shows it, each with the command that helps."""

from __future__ import annotations

from msgspec import Struct

from upgrader.fleet.admission import Admission
from upgrader.fleet.control import Control, Workers, denied_by
from upgrader.fleet.ledger import Ledger

_HALF_DONE = frozenset({"paused", "stalled"})


class Ailment(Struct, frozen=True, kw_only=True):
    """One thing that holds the run up."""

    what: str
    next_command: str


def examine(ledger: Ledger, run: str) -> tuple[Ailment, ...]:
    """All that holds the run up; empty when it moves, or has ended well. Raises `AbsentError`."""
    row, clusters = ledger.run(run), ledger.clusters(run)
    alive = Workers(ledger).at_work(run)
    orphans = [
        one.member.name or one.member.id for one in clusters if one.state == "running" and one.worker not in alive
    ]
    found = []
    if row.state == "ABORTED":  # nobody goes on with the run: each cluster is gone on with, or put back, by itself
        return tuple(
            Ailment(what=f"{one.member.name or one.member.id} is half done, and its fleet run was aborted",
                    next_command=f"ccm-upgrade resume {one.cluster_run}")
            for one in clusters
            if one.cluster_run and (one.state in _HALF_DONE or (one.state == "running" and one.worker not in alive))
        )  # fmt: skip
    if orphans and not alive:  # the living take over what the dead left
        many = "1 cluster is" if len(orphans) == 1 else f"{len(orphans)} clusters are"
        found.append(Ailment(what=f"{many} half done and nobody works on {'it' if len(orphans) == 1 else 'them'}: "
                             + ", ".join(orphans[:5]), next_command=f"ccm-upgrade fleet resume {run}"))  # fmt: skip
    if row.state == "RUNNING":
        if not alive and not orphans:
            found.append(Ailment(what="no worker lives", next_command=f"ccm-upgrade fleet resume {run}"))
        waits = Admission(ledger).waits_for(row, ledger.clock.now())
        if waits.startswith("gate"):
            what, _, command = waits.partition(": ")
            found.append(Ailment(what=f"waits for the {what}", next_command=command))
    elif row.state in ("PAUSED", "STALLED"):
        found.append(Ailment(what=f"{row.state}: {row.cause}", next_command=f"ccm-upgrade fleet resume {run}"))
    elif row.state == "STOPPED":
        denied = any(row.cause.startswith(denied_by(wave.name)) for wave in row.waves)
        shut = Control(ledger).shut_gate(run)
        command = (f"ccm-upgrade fleet approve {run} {shut} --reason TEXT, then ccm-upgrade fleet resume {run}" if shut
                   else f"ccm-upgrade fleet resume {run}" if denied
                   else f"ccm-upgrade fleet retry {run} --failed --reason TEXT")  # fmt: skip
        found.append(Ailment(what=f"STOPPED: {row.cause}", next_command=command))
    return tuple(found)
