"""Each message is recognised for what it is, and nothing else is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from upgrader.diagnose.evidence.registry import EVIDENCE
from upgrader.diagnose.recognise import WRAPPERS, kind_of_event, recognise
from upgrader.matrix.load import load_matrix
from upgrader.matrix.model import ErrorEntry
from upgrader.model.kube import Event, EventSource, ObjectReference

HERE = Path(__file__).parent
MESSAGES = yaml.safe_load((HERE / "messages.yaml").read_text(encoding="utf-8"))
MATRIX = load_matrix()
SHARED = HERE.parents[1] / ".." / "shared" / "reference"


def ids(message: str) -> list[str]:
    return [entry.id for entry in recognise(message, MATRIX.errors)]


@pytest.mark.parametrize("case", MESSAGES, ids=lambda case: case["message"][:50])
def test_a_message_is_what_it_is(case: dict[str, Any]) -> None:
    message = str(case["message"])
    assert sorted(ids(message)) == sorted(map(str, case["ids"]))


def test_every_row_of_the_faq_is_among_the_messages() -> None:
    told = {one for case in MESSAGES for one in case["ids"]}
    assert {entry.id for entry in MATRIX.errors if entry.faq} <= told


@pytest.mark.parametrize("entry", MATRIX.errors, ids=lambda entry: entry.id)
def test_every_entry_speaks_for_its_own_example(entry: ErrorEntry) -> None:
    assert entry.id in ids(entry.message)


def test_evidence_and_frames_belong_to_entries_that_exist() -> None:
    known = {entry.id for entry in MATRIX.errors}
    assert set(EVIDENCE) <= known
    assert known >= WRAPPERS
    assert {entry.id for entry in MATRIX.errors if entry.faq} <= set(EVIDENCE)


@pytest.mark.parametrize(
    ("reason", "message", "when"),
    [
        ("SkipSyncBackends", "Not sync pods [a] whose ip is not in vpc cidrs", "pods are left out"),
        (
            "PreservedOnDelete",
            "The lb [lb-1] will be preserved after the service is deleted.",
            "its load balancer kept",
        ),
        ("UnAvailableLoadBalancer", "There are no available nodes for NetworkLoadBalancer", "no backend"),
        ("DeletedLoadBalancer", "LoadBalancer Deleted SUCCESS. ", "was deleted"),
    ],
)
def test_an_event_is_known_by_reason_and_message(reason: str, message: str, when: str) -> None:
    event = Event(reason=reason, message=message, involved_object=ObjectReference(kind="Service"))
    kind = kind_of_event(event, MATRIX)
    assert kind is not None
    assert when in kind.when


def test_a_foreign_event_is_not_ours() -> None:
    event = Event(
        reason="BackOff", message="Back-off", involved_object=ObjectReference(kind="Service"),
        source=EventSource(component="kubelet"),
    )  # fmt: skip
    assert kind_of_event(event, MATRIX) is None


SHORTENED = {
    "alicloud: can not change LoadBalancer master zone id / slave zone id once created": "fixed-zone",
    "ParameterMissing ... zone mappings required": "nlb-zones-missing",
}
"""Rows of the reference that nobody prints in these words; the messages above have the printed ones."""


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference folder lies beside the repository only where it is made")
def test_every_message_of_the_reference_is_recognised() -> None:
    rows = json.loads((SHARED / "ack" / "errors.json").read_text())["errors"]
    unknown = []
    for row in rows:
        parts = [part.strip() for part in re.split(r" / |, (?=[A-Z]\w+\.)", row["error"])]
        if row["error"] not in SHORTENED and not any(ids(part) or ids(row["error"]) for part in parts):
            unknown.append(row["error"])
    assert unknown == []
    observed = json.loads((SHARED / "observed" / "errors.json").read_text())
    for version in observed.values():
        for case in version.values():
            for event in case["events"]:
                if event["type"] == "Warning" or event["reason"] == "UnAvailableLoadBalancer":
                    assert ids(event["message"]), event["message"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference folder lies beside the repository only where it is made")
def test_every_event_of_the_reference_is_known() -> None:
    items = json.loads((SHARED / "ccm" / "events.json").read_text())["items"]
    known = {kind.reason for kind in MATRIX.event_kinds}
    never_sent = {item["value"]["reason"] for item in items if "log only" in item.get("delivered", "")}
    ours = [item["value"] for item in items if not item["value"]["object"].startswith("Ingress")]
    reasons = {value["reason"] for value in ours if not value["reason"].startswith("(")}
    assert reasons - known - never_sent == set()
