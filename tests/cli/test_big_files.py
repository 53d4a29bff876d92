"""`check -f` of a large dump: in stretches by several processes, with the same answer as of the whole."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks.dumps import services, write
from upgrader import big_files, plugins
from upgrader.adapters import forked
from upgrader.assess.checks import service_events
from upgrader.assess.registry import CHECKS
from upgrader.cli.main import app
from upgrader.discover import files, stretches
from upgrader.discover.files import read_files
from upgrader.discover.said import Said
from upgrader.migrations.context import Context
from upgrader.model.errors import InputError
from upgrader.model.finding import Finding


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dumps") / "services.json"
    write(path, services(600, labels="foreign"))
    return path


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was judged in stretches: None where nothing was."""
    monkeypatch.setattr(stretches, "BIG", 1)
    monkeypatch.setattr(stretches, "_SIZE", 150_000)
    seen: list[Any] = []
    judge = big_files.judge_stretches

    def spied(*given: Any) -> Any:
        seen.append(judge(*given))
        return seen[-1]

    monkeypatch.setattr(big_files, "judge_stretches", spied)
    return seen


def _check(path: Path, *more: str, running: str = "v2.10.0") -> tuple[int, str]:
    command = ["check", "-f", str(path), "--from", running, "--to", "v2.14.0", *more]
    result = CliRunner().invoke(app, command)
    assert result.exception is None or isinstance(result.exception, SystemExit | InputError), result.exception
    return result.exit_code, f"{result.output}{result.exception}"


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("more", [(), ("--only", "CCM011"), ("-o", "json"), ("--waive", "CCM059", "--reason", "known")])
def test_the_answer_is_that_of_the_whole(
    workers: int, more: tuple[str, ...], dump: Path, parts: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _whole(dump, more, monkeypatch)
    monkeypatch.setattr(forked, "most", lambda: workers)
    assert _check(dump, *more) == whole
    assert len(parts[-1].parts) > workers


def _whole(dump: Path, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    with monkeypatch.context() as small:
        small.setattr(stretches, "BIG", 2**40)
        return _check(dump, *more)


@pytest.mark.parametrize(("old", "new"), [
    ('"type":"LoadBalancer"', '"type":7'), ('"kind":"Service"', '"kind":"Node"'), ('"spec":{', '"spec":{},"spec":{'),
    ('"uid":"', '"uid":"\\x'),
])  # fmt: skip
def test_what_is_broken_is_told_by_the_whole(
    old: str, new: str, dump: Path, parts: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, text = tmp_path / "broken.json", dump.read_text()
    middle = text.index(old, len(text) // 2)
    path.write_text(text[:middle] + text[middle:].replace(old, new, 1))
    monkeypatch.setattr(forked, "most", lambda: 2)
    whole = _whole(path, (), monkeypatch)
    assert _check(path) == whole
    assert parts[-1] is None


def test_what_is_too_large_is_refused_as_ever(dump: Path, parts: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (big_files, files):
        monkeypatch.setattr(module, "MAX_BYTES", dump.stat().st_size - 1)
    code, told = _check(dump)
    assert "more than" in told
    assert code == 1  # as the runner tells an error that `main` turns into 64
    assert parts == [None]


def test_a_check_of_a_plug_in_sees_the_whole(dump: Path, parts: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def find(context: Context) -> Iterable[Finding]:
        seen.append(len(context.services))
        return ()

    theirs = ModuleType("theirs")
    theirs.__dict__.update(vars(service_events), CODE="XYZ001", find=find)
    monkeypatch.setattr(plugins, "all_checks", lambda: (*CHECKS, theirs))
    _check(dump)
    balanced = [one for one in read_files([dump], Said()).services if one.is_load_balancer]
    assert seen == [len(balanced)]
    assert parts == []
