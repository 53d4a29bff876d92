"""What `check` takes the short way for on a large dump is what the long way finds, Service by Service."""

from __future__ import annotations

import pytest
from msgspec import convert
from msgspec.structs import replace

from benchmarks import dumps
from upgrader.forecast import forecast, go_yaml
from upgrader.forecast.hash import HASH_LABEL, OF_NOTHING, long_text
from upgrader.forecast.hash_quick import quick_text
from upgrader.matrix.behaviour import HashFormula
from upgrader.matrix.load import load_matrix
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.forecast import Forecast
from upgrader.model.kube import Service
from upgrader.model.version import parse_version

TARGETS = ("v1.9.3.378", "v2.5.1", "v2.10.0", "v2.14.0")


def judged(labels: dumps.Labels, target: str, *, ask: bool) -> Forecast:
    services = tuple(convert(one, Service) for one in dumps.services(200, 7, labels))
    facts = ClusterFacts(identity=ClusterIdentity(), ccm=CcmInstall(version="v2.6.0"), services=services)
    return forecast(facts, parse_version(target), load_matrix(), labels=ask)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("labels", ["none", "foreign", "H2", "H3"])
def test_who_does_not_ask_for_labels_is_told_the_same_otherwise(labels: dumps.Labels, target: str) -> None:
    asked, quick = judged(labels, target, ask=True), judged(labels, target, ask=False)
    bare = tuple(
        replace(one, labels={k: v for k, v in one.labels.items() if k != HASH_LABEL}) for one in asked.services
    )
    assert quick.services == bare
    assert {one.why for one in quick.services if one.lb} != {"none"} or labels in ("H2", "H3")


@pytest.mark.parametrize("formula", ["H1", "H2", "H3", "H4"])
def test_realistic_services_take_the_short_way(formula: HashFormula) -> None:
    services = [convert(one, Service) for one in dumps.services(500, 3)]
    for one in services:
        if one.is_load_balancer:
            assert quick_text(one, formula) == long_text(one, formula)


def test_the_order_of_keys_does_not_depend_on_what_was_sorted_before(monkeypatch: pytest.MonkeyPatch) -> None:
    maps: list[dict[str, str]] = [
        dict.fromkeys(keys, "")
        for keys in (
            ("b", "a"),
            ("a", "A"),
            ("a", "a2", "a10"),
            ("z", "_", "b"),
            ("b", "a", "-"),
            ("a",),
            ("A", "a", "b"),
        )
    ]
    fresh = []
    for one in maps:
        monkeypatch.setattr(go_yaml, "_in_order", set())
        fresh.append(list(go_yaml.sorted_keys(one)))
    monkeypatch.setattr(go_yaml, "_in_order", set())
    assert [list(go_yaml.sorted_keys(one)) for one in (*maps, *maps)] == fresh * 2
    assert fresh[2] == ["a", "a2", "a10"]


def test_a_label_of_nothing_is_every_formulas_own() -> None:
    """yaml.v2 reads no DEL: each version computes the hash of no text, so that the label stays what it is."""
    shape = {
        "metadata": {"name": "s", "namespace": "d", "annotations": {"a": "\x7f"}, "labels": {HASH_LABEL: OF_NOTHING}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    facts = ClusterFacts(
        identity=ClusterIdentity(), ccm=CcmInstall(version="v2.5.1"), services=(convert(shape, Service),)
    )
    (told,) = forecast(facts, parse_version("v2.14.0"), load_matrix()).services
    assert (told.why, told.labels) == ("none", {})
