"""A plan, a run's plan or a backup that was cut or edited: a sentence with its place, exit 64, nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.adapters.kubeserver import kubeconfig
from tests.execute.world import make_plan
from upgrader import codec
from upgrader.cli.main import run
from upgrader.plan.freshness import plan_id

PLAN = codec.encode(replace(make_plan(), id=plan_id(make_plan())))
MENDED = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """The plan, cut, or with another value in one place."""
    how = draw(st.sampled_from(["cut", "value"]))
    if how == "cut":
        return PLAN[: draw(st.integers(0, len(PLAN) - 1))]
    whole = json.loads(PLAN)
    step = draw(st.sampled_from(whole["steps"]))
    step[draw(st.sampled_from(["id", "kind", "params", "needs"]))] = draw(st.sampled_from([None, 1, "x", {"a": 1}]))
    return json.dumps(whole).encode()


@MENDED
@given(data=spoilt())
def test_a_spoilt_plan_is_refused_and_nothing_is_written(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(kubeconfig("http://127.0.0.1:1"), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(config))
    file, home = tmp_path / "plan.json", tmp_path / "runs"
    file.write_bytes(data)
    code = run(["apply", str(file), "--yes", "--no-cloud", "--state-dir", str(home)])
    said = capsys.readouterr().err
    assert code == 64, said
    assert "plan.json" in said
    assert "Traceback" not in said
    assert not home.exists()


@MENDED
@given(data=spoilt())
def test_a_runs_spoilt_plan_or_backup_is_refused(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "runs"
    (home / "run-1").mkdir(parents=True, exist_ok=True)
    for name in ("journal.jsonl", "plan.json", "backup.json"):
        (home / "run-1" / name).write_bytes(data if name != "journal.jsonl" else b"")
    for argv in (["status", "run-1"], ["resume", "run-1"], ["audit", "verify", "run-1"],
                 ["rollback", "--to-backup", "run-1"]):  # fmt: skip
        assert run([*argv, "--state-dir", str(home)]) == 64, argv
        assert "Traceback" not in capsys.readouterr().err
