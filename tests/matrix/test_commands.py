"""`matrix` as scripts use it: the keys of the contract, exit codes, one document, the same bytes each time."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Protocol

import pytest

from upgrader.cli.main import run


class Ask(Protocol):
    def __call__(self, *words: str) -> dict[str, Any]: ...


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(*words: str) -> dict[str, Any]:
        assert run(["matrix", *words, "-o", "json"]) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        found = json.loads(captured.out)
        assert isinstance(found, dict)
        assert found["apiVersion"] == "ccm-upgrade/v1"
        assert found["kind"]
        return found

    return asked


@pytest.mark.parametrize(
    ("words", "name", "keys"),
    [
        ("versions", "versions", "version date line image notes sources"),
        ("annotations", "annotations", "name lb since until default values mutable renamed_from sources certainty"),
        ("diff v2.4.0 v2.14.0", "changes", "id version area summary effect reversible annotations actions sources"),
        ("events --ccm v2.14.0", "events", "reason type object when message_pattern"),
        ("actions --ccm v2.14.0 --lb clb,nlb", "actions", "action feature required_when since sources"),
    ],
)
def test_every_entry_has_the_keys_of_the_contract(ask: Ask, words: str, name: str, keys: str) -> None:
    found = ask(*words.split())[name]
    assert found
    for entry in found:
        assert set(keys.split()) <= set(entry)
        assert entry["sources"]
        assert all(value != "" for value in entry.values()), "what is not known is null"


def test_annotations_of_one_version_are_those_it_reads(ask: Ask) -> None:
    every = {(a["name"], *a["lb"]) for a in ask("annotations")["annotations"]}
    old = {(a["name"], *a["lb"]) for a in ask("annotations", "--ccm", "v1.9.3.239")["annotations"]}
    nlb = ask("annotations", "--ccm", "v2.14.0", "--lb", "nlb")["annotations"]
    assert old < every
    assert {lb for _, *lbs in old for lb in lbs} == {"clb"}
    assert all("nlb" in a["lb"] for a in nlb)
    assert ask("annotations", "--ccm", "v2.4.0", "--lb", "nlb")["annotations"] == []


def test_path(ask: Ask) -> None:
    assert ask("path", "v2.10.0", "v2.14.0")["hops"] == ["v2.14.0"]
    assert ask("path", "v2.10.0", "v2.14.0")["blocked"] is None
    blocked = ask("path", "v2.6.0", "v2.14.0", "--kubernetes", "1.20.4")
    assert blocked["hops"] == []
    assert blocked["blocked"]["by"] == "kubernetes"
    assert ask("path", "v2.14.0", "v9.0.0")["blocked"]["by"] == "knowledge"


@pytest.mark.parametrize(
    ("words", "weights"),
    [
        ("--ccm v1.9.3.101 --policy Local --pods 1,2,3", [100, 100, 100]),
        ("--ccm v1.9.3.239 --policy Local --pods 1,2,3", [16, 33, 50]),
        ("--ccm v1.9.3.276 --policy Local --pods 1,2,3", [1, 2, 3]),
        ("--ccm v2.14.0 --policy Local --pods 7,3,0,1", [7, 3, None, 1]),
        ("--ccm v2.1.0 --policy Cluster --pods 1,2", [1, 1]),
        ("--ccm v2.3.0 --policy Cluster --pods 1,2", [100, 100]),
        ("--ccm v2.14.0 --policy Cluster --pods 1,2 --default-weight 10", [10, 10]),
    ],
)
def test_weights(ask: Ask, words: str, weights: list[int | None]) -> None:
    assert ask("weights", *words.split())["weights"] == weights


@pytest.mark.parametrize("words", ["versions", "annotations", "diff v1.9.3.101 v2.15.0", "actions --ccm v2.14.0"])
def test_the_same_bytes_each_time(capsys: pytest.CaptureFixture[str], words: str) -> None:
    printed = []
    for _ in range(2):
        run(["matrix", *words.split(), "-o", "json"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("events --ccm v3.0.0", "UNKNOWN: v3.0.0 is newer than v2.15.0"),
        ("diff v2.14.0 v3.0.0", "UNKNOWN"),
        ("annotations --ccm latest", "'latest' is not a CCM version"),
        ("diff v2.1 2.x", "did you mean v2.0.0"),
        ("weights --ccm v2.14.0 --policy Local --pods one", "is no list of numbers"),
        ("weights --ccm v2.14.0 --policy Both --pods 1", "'Both' is not one of"),
        ("hash --ccm v2.14.0 -f /nowhere/service.json", "/nowhere/service.json"),
    ],
)
def test_bad_input_is_a_sentence_and_64(capsys: pytest.CaptureFixture[str], words: str, says: str) -> None:
    assert run(["matrix", *words.split()]) == 64
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("words", "row"),
    [
        ("versions", "v2.14.0 "),
        ("diff v2.13.0 v2.14.0", "security groups"),
        ("events --ccm v2.14.0", "SyncLoadBalancerFailed"),
        ("actions --ccm v2.12.1", "nlb:ListAsynJobs"),
        ("path v1.9.3.101 v2.14.0", "v1.9.3.101 -> v1.9.3."),
    ],
)
def test_text_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str, row: str
) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # a narrow terminal gets blocks instead of rows
    assert run(["matrix", *words.split()]) == 0
    assert any(row in line for line in capsys.readouterr().out.splitlines())


def test_versions_bring_no_sdk_into_memory() -> None:
    script = (
        "import sys\nfrom upgrader.cli.main import run\nrun(['matrix', 'versions', '-o', 'json'])\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "heavy = {'kubernetes', 'aliyunsdkcore', 'dbos', 'aiohttp', 'jinja2'} & loaded\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
