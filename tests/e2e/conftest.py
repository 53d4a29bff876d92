"""A served lab and the command line on it, as a person would use both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from upgrader.cli.main import run
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import ClusterSpec, Scenario, load_scenario

Start = Callable[[str], "Desk"]


class Desk:
    """One lab, one state directory, one command line."""

    def __init__(self, lab: Lab, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.lab = lab
        self.home = home
        self.err = ""
        self._capsys = capsys

    def cli(self, *argv: str, live: bool = True) -> tuple[int, str]:
        """Exit code and stdout; stderr stays in `err`."""
        kind = self.lab.cluster().spec.kind
        origin = ("--kind", kind) if live and kind == "self-managed" else ()
        self._capsys.readouterr()
        code = run([*argv, *origin])
        out, self.err = self._capsys.readouterr()
        return code, out

    def json(self, *argv: str, expect: int = 0, live: bool = True) -> Any:
        """The JSON result of a command that ends with the exit code `expect`."""
        code, out = self.cli(*argv, "-o", "json", live=live)
        assert code == expect, f"{argv} ended with {code}: {self.err or out}"
        return json.loads(out) if out else None

    def apply(self, *argv: str, expect: int = 0) -> Any:
        """`apply` without questions, its run kept in this desk's directory."""
        return self.json("apply", *argv, "--yes", "--state-dir", str(self.home), expect=expect)

    def world(self) -> bytes:
        """Account and cluster as bytes, but for time and what only counts requests."""
        return self.lab.snapshot()

    def writes_since(self, seq: int) -> list[str]:
        """What anybody changed in the cloud since."""
        return [f"{r.product}:{r.action}" for r in self.lab.cloud.journal.requests(since=seq, writes=True)]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Start]:
    """Serve a scenario by name; add-on upgrades take no time."""
    labs: list[Lab] = []

    def serve(name: str) -> Desk:
        lab = Lab(quick(load_scenario(name))).start()
        labs.append(lab)
        for variable, value in lab.environment.items():
            monkeypatch.setenv(variable, value)
        return Desk(lab, tmp_path / "runs", capsys)

    yield serve
    for lab in labs:
        lab.stop()


def quick(story: Scenario) -> Scenario:
    """The same story without waiting for ACK."""

    def fast(spec: ClusterSpec) -> ClusterSpec:
        return replace(spec, addon=replace(spec.addon, upgrade_s=0.0))

    return replace(story, clusters=tuple(fast(spec) for spec in story.clusters))
