"""One DBOS workflow for each claim: carry the work out, then record how it ended.

Each process is an executor of its own and never adopts another's workflows: what a dead worker left is handed out by
the ledger under a new fence, which begins a workflow with a new id. So a slow worker that was taken for dead and the
one that took over can never both be heard. The application version is pinned: a newer version of this tool goes on
with the runs of an older one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID

from upgrader.fleet.ledger import told
from upgrader.model.errors import BugError, CcmUpgradeError

# The schema of our workflows, not the version of the tool: raise it only when their steps change.
APPLICATION_VERSION = "fleet-1"


class Hands(Protocol):
    """Who does the work of this process."""

    def work(self, claim_text: str) -> str:
        """Carry a claim out; returns its outcome."""

    def record(self, claim_text: str, outcome_text: str) -> None:
        """Write an outcome down."""

    def lost(self, claim_text: str, why: str) -> None:
        """A claim did not come to its end."""


_hands: dict[str, Hands] = {}


@DBOS.step(name="carry_out")  # type: ignore[untyped-decorator]
def _carry_out(executor: str, claim: str) -> str:
    return _hands[executor].work(claim)


@DBOS.step(name="record")  # type: ignore[untyped-decorator]
def _record(executor: str, claim: str, outcome: str) -> None:
    _hands[executor].record(claim, outcome)


@DBOS.workflow(name="upgrade_cluster")  # type: ignore[untyped-decorator]
def _upgrade_cluster(executor: str, claim: str) -> None:
    try:
        _record(executor, claim, _carry_out(executor, claim))
    except BaseException as error:
        # A full disk, a database that is gone for good, or others who took this process for dead and cancelled (DBOS
        # says that by a BaseException): without this word the slot would be taken for ever.
        if executor in _hands:
            _hands[executor].lost(claim, f"{type(error).__name__}: {error}".partition("\n")[0][:300])
        raise


class Durable:
    """The engine of this process: start, cancel, close. There is one at a time; a second `launch` is our bug.

    Each call raises `TransientError` or `InputError` where its database does not answer, or is none that it can use.
    """

    _launched = False

    def __init__(self, url: str, executor: str, slots: int, hands: Hands) -> None:
        if Durable._launched:
            raise BugError("a second durable engine in one process")
        Durable._launched = True
        self.executor = executor
        _hands[executor] = hands
        config = DBOSConfig(
            name="ccm-upgrade-fleet",
            system_database_url=url,
            application_version=APPLICATION_VERSION,
            executor_id=executor,
            log_level="CRITICAL",  # its errors are tracebacks; what went wrong is told by `lost`
            max_executor_threads=slots + 4,
        )
        self._engine = _engine(url) if url.startswith("sqlite") else None
        if self._engine is not None:
            config["system_database_engine"] = self._engine
        self._url = sa.make_url(url)
        try:
            with self._telling():
                DBOS(config=config)
                DBOS.launch()
        except CcmUpgradeError:
            self.close()
            raise

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What its database says comes as ours."""
        try:
            yield
        except sa.exc.DatabaseError as error:
            raise told(error, self._url) from error

    def start(self, id_: str, claim: str) -> None:
        """Begin a workflow; returns at once.

        Its id is this process's own: where an older database of the engine knows the claim's, DBOS would hand out what
        became of it then, and nothing would run. That no claim is given out twice is the ledger's fence.
        """
        with self._telling(), SetWorkflowID(f"{id_}/{self.executor}"):
            DBOS.start_workflow(_upgrade_cluster, self.executor, claim)

    def forget(self, prefix: str) -> None:
        """Cancel what others left unfinished under ids with this prefix: the ledger gave it to somebody else."""
        with self._telling():
            left = DBOS.list_workflows(workflow_id_prefix=prefix, status=["PENDING", "ENQUEUED"], load_input=False)
            DBOS.cancel_workflows([one.workflow_id for one in left if one.executor_id != self.executor])

    def close(self) -> None:
        """End the engine; workflows under way are left as they are, for the next process."""
        DBOS.destroy()
        if self._engine is not None:
            self._engine.dispose()
        _hands.pop(self.executor, None)
        Durable._launched = False


def _engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 30})
    sa.event.listen(engine, "connect", lambda connection, _: _pragmas(connection))
    return engine


def _pragmas(connection: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
    connection.execute("PRAGMA synchronous=FULL")  # type: ignore[attr-defined]
