"""Three workers on PostgreSQL, one killed: its clusters go to the others, each upgraded once."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.test_kill import check_each_once, create, worker

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/nowhere"))
pytestmark = pytest.mark.skipif(not (BIN / "initdb").exists(), reason="no PostgreSQL server is installed")


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
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
    run(str(BIN / "pg_ctl"), "-D", f"{folder}/d", "-o", options, "-l", f"{folder}/log", "-w", "start")
    try:
        run(str(BIN / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "fleet", "fleet")
        yield f"postgresql+psycopg://fleet@127.0.0.1:{port}/fleet"
    finally:
        run(str(BIN / "pg_ctl"), "-D", f"{folder}/d", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


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
