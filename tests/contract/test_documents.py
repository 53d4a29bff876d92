"""Every JSON document of the command line against the contract's schemas: one document, its kind, its fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.contract.documents import Desk, Told, desk, in_waves, reading, tell, working

SCHEMAS = yaml.safe_load((Path(__file__).parent / "schemas.yaml").read_text(encoding="utf-8"))
KINDS = {name: schema for name, schema in SCHEMAS.items() if name != "$defs"}
# What each command exits with on this world: a legacy CLB without its tag, and missing RAM actions.
CODES = {
    "check": 3, "check -f": 3, "diagnose": 3, "ram diff": 2, "tags plan": 2, "apply again": 6,
    # ACK takes no add-on back, and the report says what is left.
    "rollback": 8,
}  # fmt: skip
NO_DOCUMENT = {"apply again"}
LIVES = {"created", "expires", "nonce", "id", "plan", "taken_at", "time", "asked", "requests"}


def mistakes(document: Any) -> list[str]:
    """What breaks the contract; empty when nothing does."""
    kind = document.get("kind")
    if document.get("apiVersion") != "ccm-upgrade/v1" or kind not in KINDS:
        return [f"apiVersion {document.get('apiVersion')!r} and kind {kind!r}"]
    schema = {"$defs": {**SCHEMAS["$defs"], **KINDS}, "$ref": f"#/$defs/{kind}"}
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(document)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, dict[str, Told]]]:
    with desk("dedicated-flannel", tmp_path_factory.mktemp("fleet")) as waves:
        fleet = in_waves(waves)
    with desk("dedicated-flannel", tmp_path_factory.mktemp("contract")) as at:
        yield at, {**reading(at), "check twice": at.json("check", "--to", "v2.14.0"), **working(at), **fleet}


@pytest.fixture(scope="module")
def told(lab: tuple[Desk, dict[str, Told]]) -> dict[str, Told]:
    return lab[1]


def test_every_document_is_as_the_contract_says(told: dict[str, Told]) -> None:
    wrong = {
        name: found
        for name, one in told.items()
        if name not in NO_DOCUMENT and (found := mistakes(one.document) if one.out else [f"no document: {one.err}"])
    }
    assert wrong == {}


def test_every_kind_of_the_contract_is_seen(told: dict[str, Told]) -> None:
    assert {one.document["kind"] for one in told.values() if one.out} == set(KINDS)


def test_no_list_is_empty_that_should_hold_something(told: dict[str, Told]) -> None:
    full = (
        ("matrix hash", "services"), ("list", "services"), ("diagnose", "diagnoses"), ("tags plan", "tags"),
        ("history after", "runs"), ("ram policy --all", "added"), ("ram policy", "Statement"),
    )  # fmt: skip
    for name, field in full:
        assert told[name].document[field], name


def test_the_exit_codes(told: dict[str, Told]) -> None:
    expected = {name: CODES.get(name.replace(" twice", ""), 0) for name in told}
    assert {name: one.code for name, one in told.items()} == expected


def test_a_refusal_prints_no_document(told: dict[str, Told]) -> None:
    for name in NO_DOCUMENT:
        assert told[name].out == ""
        assert "error: " in told[name].err
        assert "next: " in told[name].err


def test_json_is_printed_with_sorted_keys_and_one_newline(told: dict[str, Told]) -> None:
    for name, one in told.items():
        if one.out:
            assert one.out.endswith("}\n"), name
            _sorted_keys(one.document)


def _sorted_keys(value: Any) -> None:
    if isinstance(value, dict):
        assert list(value) == sorted(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _sorted_keys(inner)


def test_the_same_world_gives_the_same_bytes(told: dict[str, Told]) -> None:
    assert told["check"].out == told["check twice"].out
    live, offline = (steady(told[name].document) for name in ("plan", "plan -f"))
    assert live["findings"] == offline["findings"]
    assert live["forecast"] == offline["forecast"]
    assert live["digests"] == offline["digests"]


def steady(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in LIVES}


def test_yaml_says_the_same_as_json(told: dict[str, Told], lab: tuple[Desk, dict[str, Told]]) -> None:
    at = lab[0]
    as_yaml = tell("check", "--to", "v2.14.0", "-f", str(at.facts), "-o", "yaml")
    assert yaml.safe_load(as_yaml.out) == told["check -f"].document


def test_detailed_exit_code_and_fail_on(lab: tuple[Desk, dict[str, Told]]) -> None:
    facts = ("-f", str(lab[0].facts))
    assert tell("plan", *facts, "--to", "v2.14.0", "--detailed-exitcode").code == 2
    assert tell("plan", *facts, "--to", "v2.14.0").code == 0
    waived = ["--only", "CCM050"]
    assert tell("check", *facts, "--to", "v2.14.0", *waived).code == 0
    assert tell("check", *facts, "--to", "v2.14.0", *waived, "--fail-on", "warn").code == 4


def test_a_broken_document_would_be_noticed(told: dict[str, Told]) -> None:
    plan = told["plan"].document
    for broken in (
        {**plan, "verdict": "FINE"},
        {**plan, "kind": "Planet"},
        {name: value for name, value in plan.items() if name != "ram"},
        {**plan, "steps": [{**plan["steps"][0], "reversible": True}]},
    ):
        assert mistakes(broken) != []


def test_a_snapshot_keeps_its_cloud_whatever_the_environment_names(
    lab: tuple[Desk, dict[str, Told]], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = ("-f", str(lab[0].facts), "--to", "v2.14.0", "-o", "json")
    monkeypatch.setenv("CCM_UPGRADE_ENDPOINT", "http://127.0.0.1:9")
    assert tell("check", *facts).out == lab[1]["check -f"].out


def test_what_the_user_states_is_marked_in_every_output(
    lab: tuple[Desk, dict[str, Told]], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = lab[0]
    monkeypatch.delenv("CCM_UPGRADE_ENDPOINT", raising=False)
    dump = at.home / "services.json"
    stated = ("-f", str(dump), "--from", "v2.10.0", "--kind", "managed", "--network", "terway")
    for command in (("check",), ("plan",), ("tags", "plan"), ("ram", "diff"), ("list",), ("diagnose",)):
        to = ("--to", "v2.14.0") if command not in (("list",), ("diagnose",)) else ()
        text = tell(*command, *stated, *to)
        assert "as stated by you: kind, network, version" in text.out, command
        document = tell(*command, *stated, *to, "-o", "json").document
        assert document["cluster"]["said"] == ["kind", "network", "version"], command
    saved = at.home / "stated.json"
    tell("plan", *stated, "--to", "v2.14.0", "-o", str(saved))
    for form in ("html", "md", "json", "csv", "sarif", "junit"):
        out = tell("report", str(saved), "--format", form).out
        marked = any(all(word in line for word in ("kind", "network", "version")) for line in _flat(form, out))
        assert marked, form


def _flat(form: str, out: str) -> list[str]:
    return [" ".join(out.split())] if form in ("json", "sarif") else out.splitlines()
