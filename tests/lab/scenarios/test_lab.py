"""The lab as a whole: quick to start, two side by side, states that come back, fleets, and nothing but loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from upgrader.cli.main import run
from upgrader.lab.build import build
from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.fleet import fleet
from upgrader.lab.kubeconfig import token_of
from upgrader.lab.lab import Lab, open_saved
from upgrader.lab.scenario import ClusterSpec, Scenario, load_scenario
from upgrader.model.errors import InputError


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(load_scenario("dedicated-flannel")) as served:
        yield served


def test_two_labs_know_nothing_of_each_other(lab: Lab) -> None:
    with Lab(load_scenario("managed-terway")) as other:
        assert lab.url != other.url
        assert {one.spec.name for one in lab.clusters.values()} == {"shop"}
        assert {one.spec.name for one in other.clusters.values()} == {"mall"}


def test_its_addresses_are_loopback_and_its_files_are_its_own(lab: Lab) -> None:
    assert lab.url.startswith("http://127.0.0.1:")
    assert lab.secure_url.startswith("https://127.0.0.1:")
    assert lab.kubeconfig.stat().st_mode & 0o077 == 0
    home = lab.directory
    lab.stop()
    assert not home.exists()


def test_the_same_seed_gives_the_same_world() -> None:
    worlds = []
    for _ in range(2):
        cloud = Cloud(clock=LabClock(held=True))
        clusters = build(load_scenario("dedicated-flannel"), cloud)
        worlds.append([cloud.snapshot(), *(one.api.save() for one in clusters.values())])
    assert worlds[0] == worlds[1]


def test_a_snapshot_brings_everything_back(lab: Lab) -> None:
    saved = lab.snapshot()
    cluster = lab.cluster()
    lab.run(lambda: cluster.addon_changed("v2.14.0"))
    lab.settle()
    assert str(cluster.ccm.version) == "v2.14.0"

    lab.restore(saved)
    lab.settle()

    assert str(cluster.ccm.version).startswith("v1.9.3.239")
    assert "finalizers" not in (cluster.local.get("services", "web", "default") or {})["metadata"]


def test_images_that_broke_meanwhile_stay_broken(lab: Lab) -> None:
    lab.run(lambda: lab.cluster().controllers.broken_images.add("nginx:1.28"))
    with open_saved(lab.snapshot()) as again:
        assert again.cluster().controllers.broken_images == {"nginx:1.28"}
        again.run(again.cluster().controllers.broken_images.clear)
        again.restore(lab.snapshot())
        assert again.cluster().controllers.broken_images == {"nginx:1.28"}


def test_a_saved_lab_opens_again_elsewhere(lab: Lab) -> None:
    lab.run(lambda: lab.cluster().addon_changed("v2.14.0"))
    lab.settle()
    with open_saved(lab.snapshot()) as again:
        assert str(again.cluster().ccm.version) == "v2.14.0"
        assert set(again.clusters) == set(lab.clusters)
    with pytest.raises(InputError):
        open_saved(b"{}")


def test_a_saved_lab_goes_on_with_what_was_under_way() -> None:
    spec = ClusterSpec(name="slow", ready_after_s=30)
    story = Scenario(name="slow", title="Pods take their time", clusters=(spec,))

    def ready(lab: Lab) -> int:
        found = lab.cluster().local.get("daemonsets", "cloud-controller-manager", "kube-system", "apps")
        return int((found or {})["status"]["numberReady"])

    with Lab(story, clock=LabClock(held=True)) as lab:
        lab.run(lambda: lab.cluster().addon_changed("v2.14.0"))
        assert ready(lab) == 0
        saved = lab.snapshot()
    with open_saved(saved, clock=LabClock(held=True)) as again:
        assert ready(again) == 0
        again.run(lambda: again.advance(31))
        assert ready(again) == 1
        assert str(again.cluster().ccm.version) == "v2.14.0"


def test_a_path_without_a_mount_is_the_clusters_whose_token_asks() -> None:
    with Lab(fleet(clusters=2, services=0)) as lab:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for one in lab.clusters.values():
            headers = {"Authorization": f"Bearer {token_of(one.id)}"}
            request = urllib.request.Request(f"{lab.url}/api/v1/nodes", headers=headers)
            with opener.open(request, timeout=30) as answer:
                names = {node["metadata"]["name"] for node in json.load(answer)["items"]}
            assert names == {node["metadata"]["name"] for node in one.local.list("nodes")}
            assert names != {node["metadata"]["name"] for other in lab.clusters.values() if other is not one
                             for node in other.local.list("nodes")}  # fmt: skip


def test_a_fleet_is_mixed_sick_as_asked_and_the_same_for_its_seed() -> None:
    story = fleet(clusters=12, services=2, seed=7, sick_percent=25)
    assert story == fleet(clusters=12, services=2, seed=7, sick_percent=25)
    assert story != fleet(clusters=12, services=2, seed=8, sick_percent=25)
    assert {one.kind for one in story.clusters} == {"managed", "dedicated", "self-managed"}
    sick = [one for one in story.clusters if one.edits or one.ram.missing or one.broken_images
            or one.addon.precheck or one.addon.outcome != "success"]  # fmt: skip
    assert len(sick) == 3
    clusters = build(story, Cloud(clock=LabClock(held=True)))
    assert len(clusters) == 12
    for one in clusters.values():
        served = [s for s in one.ccm.view.services() if s.is_load_balancer]
        assert len(served) == 2
    with pytest.raises(InputError):
        fleet(clusters=0)


def test_switches_answer_on_the_command_line(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def ask(*argv: str) -> str:
        capsys.readouterr()
        assert run(["lab", *argv, "--endpoint", lab.url]) == 0
        return capsys.readouterr().out

    status = json.loads(ask("status", "-o", "json"))
    assert (status["kind"], status["clusters"][0]["services"], status["unhandled"]) == ("LabStatus", 4, [])
    ask("fault", "add", "--action", "CreatePolicyVersion", "--code", "Throttling.User", "--times", "3")
    assert [one.times for one in lab.cloud.faults.waiting()] == [3]
    assert "Throttling.User" in ask("fault", "list")
    ask("fault", "clear")
    assert lab.cloud.faults.waiting() == ()
    before = lab.cloud.clock.now()
    ask("clock", "advance", "3600")
    assert (lab.cloud.clock.now() - before).total_seconds() >= 3600
    ask("save", str(tmp_path / "state.json"))
    ask("load", str(tmp_path / "state.json"))
    lab.cloud.call("slb", "DescribeLoadBalancers", {"RegionId": "cn-hangzhou"})
    asked = json.loads(ask("status", "--requests", "-o", "json"))["requests"][-1]
    assert (asked["product"], asked["action"], asked["caller"]) == ("slb", "DescribeLoadBalancers", "root")


def test_nobody_there_and_strangers_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    for endpoint in ("http://127.0.0.1:9", "http://example.com", ""):
        assert run(["lab", "status", "--endpoint", endpoint]) == 64
    assert "Traceback" not in capsys.readouterr().err


def test_cloud_only_serves_until_it_is_stopped(tmp_path: Path) -> None:
    code = "from upgrader.cli.main import main; main()"
    command = [sys.executable, "-c", code, "lab", "start", "--cloud-only", "--dir", str(tmp_path), "-o", "json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n") or text.count("{") != text.count("}"):
        text += process.stdout.readline()
    started = json.loads(text)
    assert started["clusters"] == []
    assert "KUBECONFIG" not in started["environment"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(started["endpoint"] + "/_lab/stop", data=b"", method="POST")
    assert opener.open(request, timeout=5).status == 200
    assert process.wait(10) == 0
    process.stdout.close()


def test_the_list_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "scenario", "list", "-o", "json"]) == 0
    names = [one["name"] for one in json.loads(capsys.readouterr().out)["scenarios"]]
    assert {"dedicated-flannel", "managed-terway", "self-managed", "demo"} <= set(names)
    for name in names:
        assert run(["lab", "scenario", "show", name]) == 0
