"""What is given wrongly is told by what, where and what next, with exit code 64, before anything is read or written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.documents import tell

WORLD = Path(__file__).parent / "golden" / "worlds" / "demo.json"
FACTS = ("-f", str(WORLD))


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cluster, no cloud, a folder of its own."""
    for name in ("KUBECONFIG", "CCM_UPGRADE_ENDPOINT", "CCM_UPGRADE_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("check", *FACTS, "--to", ""), "'' is not a CCM version"),
        (("check", *FACTS, "--to", "banana"), "did you mean v2.0.0"),
        (("check", *FACTS, "--to", "v2.14.O"), "did you mean v2.14.0"),
        (("check", *FACTS, "--only", "NOPE"), "ccm-upgrade explain"),
        (("check", *FACTS, "--suppressions", "gone.yaml"), "No such file or directory"),
        (("check", "-f", "gone.json"), "kubectl get svc"),
        (("check", "--kubeconfig", "."), "the kubeconfig is a directory"),
        (("plan", "show", str(WORLD)), "this is no plan"),
        (("plan", "show", "."), "Is a directory"),
        (("apply", str(WORLD), "--yes"), "this is no plan"),
        (("report", "gone"), "no run 'gone'"),
        (("report", str(WORLD), "--out", "html=/nowhere/x.html"), "can't write the file"),
        (("explain", "CCM9999"), "near it"),
        (("rollback", "gone"), "gone"),
        (("matrix", "path", "v1.9.3.239", "nope"), "did you mean"),
    ],
)  # fmt: skip
def test_it_is_refused_with_the_next_command(argv: tuple[str, ...], says: str, tmp_path: Path) -> None:
    told = tell(*argv)
    assert (told.code, told.out) == (64, "")
    assert says in told.err
    assert "next: " in told.err
    assert "Traceback" not in told.err
    assert list(tmp_path.iterdir()) == []


def test_a_known_release_is_spelled_as_it_was_published() -> None:
    for asked, spelled in (("2.14", "v2.14.0"), ("v2.10.0", "v2.10.0"), ("v1.9.3.239", "v1.9.3.239-g40d97e1-aliyun")):
        assert json.loads(tell("check", *FACTS, "--to", asked, "-o", "json").out)["to"] == spelled


def test_a_version_newer_than_the_data_is_unknown_everywhere() -> None:
    told = tell("plan", *FACTS, "--to", "v9.0.0", "-o", "json")
    plan = json.loads(told.out)
    assert (plan["verdict"], plan["steps"], plan["path"]) == ("UNKNOWN", [], [])
    assert {one["outcome"] for one in plan["findings"]} == {"UNKNOWN"}
    assert all(one["unknown"] and not one["writes"] for one in plan["forecast"]["services"])
    assert tell("check", *FACTS, "--to", "v9.0.0").code == 5


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    script = f"{sys.executable} -c 'from upgrader.cli.main import main; main()' matrix annotations | head -n 1"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("words", [("status",), ("apply", "fleet.json"), ("plan", "--strategy", "s.yaml"), ("drift",)])
def test_a_fleet_without_its_packages_names_what_to_install(words: tuple[str, ...]) -> None:
    """As after `pip install ccm-upgrade`: the demo and a single cluster need none of them."""
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('dbos', 'psycopg', 'sqlalchemy')))\n"
        "from upgrader.cli.main import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "fleet", *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 64, done.stderr
    assert "next: install them: pip install 'ccm-upgrade[fleet]'" in done.stderr
