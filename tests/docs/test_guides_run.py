"""Each guide is followed, command by command in its order, on a lab of its kind: it leads where it says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from tests.docs.test_commands import TOP
from tests.e2e.conftest import quick
from tests.lab.kube.conftest import Kubectl
from upgrader.cli.exit_codes import Exit
from upgrader.cli.main import run
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import load_scenario

SHOWN = re.compile(r"^\s*(?:[^`\n]*&& )?((?:ccm-upgrade|kubectl) [^`\n]*)$|`(ccm-upgrade [^`]+)`", re.MULTILINE)
# Served until they are stopped, or told by a test of their own (tests/e2e/test_shadow, test_demo); kubectl's edits.
ELSEWHERE = re.compile(r"lab start|--shadow|ccm-upgrade demo|kubectl (set|-n)|--to-backup|--live-cloud|explain CODE")


class Guide(NamedTuple):
    """Where a guide is followed, what stands there for its examples, and which commands may end with which code."""

    scenario: str
    examples: Mapping[str, str] = MappingProxyType({})
    codes: Mapping[str, set[Exit]] = MappingProxyType({})


GUIDES = {
    "managed": Guide("managed-terway"),
    "dedicated": Guide(
        "dedicated-flannel",
        codes={"rollback": {Exit.NEEDS_PERSON}, "ram": {Exit.DONE, Exit.CHANGES}, "tags": {Exit.DONE, Exit.CHANGES}},
    ),
    "self-managed": Guide(
        "self-managed", {"REGISTRY": "registry.example.com/acs", " -o plan.json": " -o plan.json --kind self-managed"},
        {"check": {Exit.BLOCKED, Exit.UNKNOWN}},
    ),
    "ci": Guide("dedicated-flannel", codes={"check": {Exit.BLOCKED, Exit.WARNED, Exit.UNKNOWN}}),
    "diagnose": Guide(
        "dedicated-flannel",
        {"prod/web": "default/web", "-n prod": "-n default", "shop/web": "default/web",
         '"the message"': "NetworkConflict", "old.json": "facts.json", "new.json": "facts.json --to v2.14.0"},
        {"diagnose": {Exit.DONE, Exit.BLOCKED}},
    ),
    "lab": Guide("dedicated-flannel"),
    "permissions": Guide("managed-terway"),
}  # fmt: skip


def commands(page: str) -> list[str]:
    """What a guide says to type, in its order, without comments."""
    text = (TOP / f"docs/guide/{page}.md").read_text(encoding="utf-8").replace("\\\n", " ")
    found = (shown[1] or shown[2] for shown in SHOWN.finditer(text))
    return [line.split("  #")[0].split(" # ")[0].strip() for line in found if not ELSEWHERE.search(line)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Lab]:
    with Lab(quick(load_scenario(GUIDES[request.param].scenario))) as lab:
        for name, value in {**lab.environment, "CCM_UPGRADE_STATE": str(tmp_path / "state")}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        assert run(["discover", "-o", "facts.json"]) == Exit.DONE
        yield lab


@pytest.mark.parametrize(("desk", "page"), [(page, page) for page in GUIDES], indirect=["desk"], ids=GUIDES)
def test_a_guide_leads_where_it_says(
    desk: Lab, page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    guide, followed = GUIDES[page], 0
    for line in commands(page):
        for example, here in guide.examples.items():
            line = line.replace(example, here)
        line, _, target = line.partition(" > ")
        words = shlex.split(line)
        if words[0] == "kubectl":
            if shutil.which("kubectl") is None:
                pytest.skip("needs kubectl on the PATH")
            text = Kubectl(desk, tmp_path)(*words[1:]).out
        else:
            argv = [newest_run(capsys) if word == "RUN" else word for word in words[1:]]
            argv += ["--yes"] if argv[0] == "apply" else []
            capsys.readouterr()
            code = run(argv)
            text, err = capsys.readouterr()
            assert code in guide.codes.get(argv[0], {Exit.DONE}), f"{line}: {code}: {text}{err}"
        if target:
            (tmp_path / target).write_text(text, encoding="utf-8")
        followed += 1
    assert followed >= 3


def newest_run(capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(["history", "-o", "json"]) == Exit.DONE
    return str(json.loads(capsys.readouterr().out)["runs"][0]["id"])
