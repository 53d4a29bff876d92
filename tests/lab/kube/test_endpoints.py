"""EndpointSlices and Endpoints follow pods, gates and ports; few of them change when one pod does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.kube.hands import Hands, service, template, workload

MANAGED = "endpointslice.kubernetes.io/managed-by"


@pytest.fixture
def hands() -> Hands:
    found = Hands()
    found.create(workload("Deployment", replicas=3))
    return found


def slices(hands: Hands, name: str = "web") -> list[dict[str, Any]]:
    found = hands.list("endpointslices", "discovery.k8s.io")
    return [one for one in found if one["metadata"]["labels"].get("kubernetes.io/service-name") == name]


def subsets(hands: Hands, name: str = "web") -> list[dict[str, Any]]:
    found = hands.local.get("endpoints", name, "default")
    return [] if found is None else found["subsets"]


def test_each_ready_pod_is_an_endpoint(hands: Hands) -> None:
    hands.create(service())
    (one,) = slices(hands)
    assert one["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]
    assert {end["addresses"][0] for end in one["endpoints"]} == {pod["status"]["podIP"] for pod in hands.list("pods")}
    assert {end["targetRef"]["uid"] for end in one["endpoints"]} == {p["metadata"]["uid"] for p in hands.list("pods")}
    assert one["metadata"]["ownerReferences"][0]["kind"] == "Service"
    assert [(len(sub["addresses"]), sub["ports"]) for sub in subsets(hands)] == [
        (3, [{"port": 8080, "protocol": "TCP"}])
    ]


def test_they_go_with_their_pods_and_with_the_service(hands: Hands) -> None:
    hands.create(service())
    hands.patch("deployments", "web", {"spec": {"replicas": 0}})
    (one,) = slices(hands)
    assert (one["endpoints"], one["ports"], subsets(hands)) == (None, None, [])
    hands.delete("services", "web", group="")
    assert slices(hands) == []
    assert hands.local.get("endpoints", "web", "default") is None


def test_a_pod_that_is_not_ready_is_told_apart_unless_it_is_to_be_published(hands: Hands) -> None:
    hands.create(service())
    hands.create(service("early", publishNotReadyAddresses=True))
    hands.controllers.broken_images.add("*")
    hands.patch("deployments", "web", {"spec": {"replicas": 4}})
    ready = sorted(end["conditions"]["ready"] for end in slices(hands)[0]["endpoints"])
    assert ready == [False, True, True, True]
    assert [(len(one["addresses"]), len(one["notReadyAddresses"])) for one in subsets(hands)] == [(3, 1)]
    assert all(end["conditions"]["ready"] for end in slices(hands, "early")[0]["endpoints"])
    assert len(subsets(hands, "early")[0]["addresses"]) == 4


def test_a_readiness_gate_keeps_a_pod_out_until_it_is_met(hands: Hands) -> None:
    gate = "service.readiness.alibabacloud.com/web"
    gated = {**template(labels={"app": "gated"})["spec"], "readinessGates": [{"conditionType": gate}]}
    hands.create({"apiVersion": "v1", "kind": "Pod", "spec": gated,
                  "metadata": {"name": "g", "namespace": "default", "labels": {"app": "gated"}}})  # fmt: skip
    hands.create(service("gated", selector={"app": "gated"}))
    (one,) = slices(hands, "gated")
    assert not one["endpoints"][0]["conditions"]["ready"]
    pod = hands.status("pods", "g", "")
    hands.patch("pods", "g", {"status": {"conditions": [*pod["conditions"], {"type": gate, "status": "True"}]}}, "",
                "status")  # fmt: skip
    assert slices(hands, "gated")[0]["endpoints"][0]["conditions"]["ready"]


def test_a_name_that_means_two_numbers_makes_two_slices_and_one_that_means_none_makes_no_port(hands: Hands) -> None:
    container = {"name": "app", "image": "nginx:1", "ports": [{"name": "http", "containerPort": 9090}]}
    hands.create({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]},
                  "metadata": {"name": "other", "namespace": "default", "labels": {"app": "web"}}})  # fmt: skip
    hands.create(service())
    assert sorted(one["ports"][0]["port"] for one in slices(hands)) == [8080, 9090]
    assert len(subsets(hands)) == 2
    hands.create(service("lost", target="nowhere"))
    assert [one["ports"] for one in slices(hands, "lost")] == [None]


def test_slices_hold_a_hundred_and_a_lost_pod_moves_no_other(hands: Hands) -> None:
    hands.create(service())
    hands.patch("deployments", "web", {"spec": {"replicas": 250}})
    before = {one["metadata"]["name"]: one for one in slices(hands)}
    assert sorted(len(one["endpoints"]) for one in before.values()) == [50, 100, 100]
    hands.patch("deployments", "web", {"spec": {"replicas": 249}})
    changed = [one for one in slices(hands) if one != before[one["metadata"]["name"]]]
    assert len(changed) == 1


def test_a_headless_service_is_marked_and_hand_written_endpoints_are_mirrored(hands: Hands) -> None:
    hands.create(service("headless", clusterIP="None"))
    assert "service.kubernetes.io/headless" in slices(hands, "headless")[0]["metadata"]["labels"]
    hands.create(service("outside", selector=None))
    assert slices(hands, "outside") == []
    subset = {"addresses": [{"ip": "10.9.9.9"}], "ports": [{"port": 80, "protocol": "TCP"}]}
    hands.create({"apiVersion": "v1", "kind": "Endpoints", "subsets": [subset],
                  "metadata": {"name": "outside", "namespace": "default"}})  # fmt: skip
    (one,) = slices(hands, "outside")
    assert one["metadata"]["labels"][MANAGED] == "endpointslicemirroring-controller.k8s.io"
    assert [end["addresses"] for end in one["endpoints"]] == [["10.9.9.9"]]
