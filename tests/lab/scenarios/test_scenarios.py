"""Every scenario shows what it promises: FAQ errors as events, upgrade rows as findings, seen through the adapters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from upgrader import pipeline
from upgrader.adapters.aliyun import connect as connect_cloud
from upgrader.adapters.kube import connect
from upgrader.discover.collect import discover
from upgrader.discover.said import Said
from upgrader.lab.build import build
from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import Scenario, all_scenarios, load_scenario, parse_scenario
from upgrader.matrix.load import load_matrix
from upgrader.model.errors import InputError
from upgrader.model.version import parse_version
from upgrader.ports.clock import SystemClock

SCENARIOS = all_scenarios()
CATALOGUE = {entry.id: entry for entry in load_matrix().errors}
JUDGED = [one.name for one in SCENARIOS if one.expect.codes]
TOLD = [one.name for one in SCENARIOS if one.expect.errors]


@pytest.mark.parametrize("name", TOLD)
def test_the_error_is_told_in_the_words_of_the_catalogue(name: str) -> None:
    story = load_scenario(name)
    cluster = next(iter(build(story, Cloud(clock=LabClock(held=True))).values()))
    for service, entry in story.expect.errors.items():
        told = [
            f"{one['reason']}: {one['message']}"
            for one in cluster.local.list("events")
            if one["involvedObject"]["name"] == service
        ]
        assert any(re.search(CATALOGUE[entry].pattern, text) for text in told), told


@pytest.mark.parametrize("name", JUDGED)
def test_the_check_finds_what_the_story_is_about(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    story = load_scenario(name)
    with served(story) as lab:
        for variable, value in lab.environment.items():
            monkeypatch.setenv(variable, value)
        said = Said(kind="self-managed") if story.clusters[0].kind == "self-managed" else Said()
        cloud = connect_cloud(region="cn-hangzhou", endpoint=lab.url)
        facts = discover(connect(kubeconfig=lab.kubeconfig), cloud, said, SystemClock())
        found = pipeline.check(facts, parse_version(story.expect.to), load_matrix())
    codes = {finding.code for finding in found.findings if finding.outcome in ("FAIL", "WARN", "NOTE")}
    assert set(story.expect.codes) <= codes, sorted(codes)
    assert not [run.code for run in found.checks if run.state == "broken"]


def test_every_error_of_the_faq_can_be_provoked() -> None:
    provoked = {entry for one in SCENARIOS for entry in one.expect.errors.values()}
    missing = {entry.id for entry in CATALOGUE.values() if entry.faq} - provoked
    # Only CCMs of v1 say this, in the log: the same cause is told as `lb-lost` by all others.
    assert missing == {"lb-lost-by-name"}


def test_every_scenario_is_explained_and_named_as_its_file() -> None:
    for one in SCENARIOS:
        assert one.story
        assert one.title
        assert load_scenario(one.name).name == one.name


@pytest.mark.parametrize("text", ["name: x\ntitle: y\nclusters: [{nmae: z}]", "name: [", "title: x"])
def test_a_mistake_in_a_scenario_is_named(text: str) -> None:
    with pytest.raises(InputError):
        parse_scenario(text, "mine.yaml")


@contextmanager
def served(story: Scenario) -> Iterator[Lab]:
    """A lab that can leave its faults for another test."""
    with Lab(story) as lab:
        lab.cloud.faults.clear()
        yield lab
