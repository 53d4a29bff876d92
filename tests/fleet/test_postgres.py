"""Three workers on PostgreSQL, one killed: its clusters go to the others, each upgraded once."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from tests.fleet.births import AT_ONCE, all_begin
from tests.fleet.stand_in import FileJob
from tests.fleet.test_kill import check_each_once, create, worker
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.runtime import work_on
from upgrader.fleet.tables import METADATA
from upgrader.model.errors import InputError
from upgrader.ports.clock import SystemClock

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/nowhere"))
pytestmark = pytest.mark.skipif(not (BIN / "initdb").exists(), reason="no PostgreSQL server is installed")


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


class Server(NamedTuple):
    """A PostgreSQL server of the test's own; `control` is `pg_ctl`."""

    url: str
    control: Callable[..., None]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="ccm-pg-"))
    user = _user()
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run(command, user=user, check=True, capture_output=True, timeout=60, cwd=folder)

    run(str(BIN / "initdb"), "-D", f"{folder}/d", "-U", "fleet", "-A", "trust", "-N")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"

    def control(*command: str) -> None:
        run(str(BIN / "pg_ctl"), "-D", f"{folder}/d", "-o", options, "-l", f"{folder}/log", *command)

    control("-w", "start")
    try:
        run(str(BIN / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "fleet", "fleet")
        yield Server(f"postgresql+psycopg://fleet@127.0.0.1:{port}/fleet", control)
    finally:
        control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(server: Server) -> str:
    """Its URL, the ledger of an earlier test gone."""
    engine = sa.create_engine(server.url)
    METADATA.drop_all(engine)
    engine.dispose()
    return server.url


def test_one_of_three_workers_is_killed(database: str, tmp_path: Path) -> None:
    create(database)
    workers = [worker(database, tmp_path, 0.2) for _ in range(3)]
    while len(list(tmp_path.iterdir())) < 3 and workers[0].poll() is None:
        pass
    workers[0].kill()
    workers[0].communicate()
    for one in workers[1:]:
        out, err = one.communicate(timeout=180)
        assert out.strip() == "SUCCEEDED", err
    check_each_once(database, tmp_path)


def test_a_server_that_goes_away_loses_nothing(server: Server, database: str, tmp_path: Path) -> None:
    """Longer than a worker may be silent: what was under way ends, and its end is written down afterwards."""
    create(database)
    workers = [worker(database, tmp_path, 0.2) for _ in range(2)]
    while len(list(tmp_path.iterdir())) < 3 and workers[0].poll() is None:
        pass
    server.control("-m", "immediate", "-w", "stop")
    threading.Event().wait(float(os.environ.get("OUTAGE_S", "4")))
    server.control("-w", "start")
    for one in workers:
        out, err = one.communicate(timeout=180)
        assert out.strip() == "SUCCEEDED", err
    check_each_once(database, tmp_path)


def test_of_many_who_begin_one_run_at_once_one_begins_it(database: str) -> None:
    assert sorted(all_begin(database)) == [False] * (AT_ONCE - 1) + [True]


def test_a_database_in_which_we_may_make_nothing_is_named(server: Server, tmp_path: Path) -> None:
    """Neither its tables, which are ours, nor the engine's schema."""
    engine = sa.create_engine(server.url)
    METADATA.drop_all(engine)
    with engine.begin() as connection:
        for text in ("CREATE ROLE poor LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"):
            connection.exec_driver_sql(text)
    poor = server.url.replace("fleet@", "poor@")
    with pytest.raises(InputError, match="permission denied for schema public"):
        Ledger(poor, SystemClock())
    with engine.begin() as connection:
        connection.exec_driver_sql("GRANT CREATE ON SCHEMA public TO poor")
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS dbos CASCADE")
    create(poor)
    with pytest.raises(InputError, match="permission denied for database"):
        work_on("r1", poor, FileJob(tmp_path), SystemClock(), slots=1, say=print)
    Ledger(poor, SystemClock()).close()
    METADATA.drop_all(engine)
    engine.dispose()
