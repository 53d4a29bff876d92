"""What real CCMs were seen to do in the life of a Service, done by the simulated one: requests, events, finalizers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.lab.ccm.rig import Rig
from upgrader.lab.furnish import add_service
from upgrader.lab.scenario import ClusterSpec, ServiceSpec

SEEN: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(
    (Path(__file__).parent / "lifecycle.json").read_text(encoding="utf-8")
)
ANNOTATION = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
EDITS = {
    "annotate spec=slb.s2.small": ("spec", "slb.s2.small"),
    "annotate charge-type (instance-charge-type) PayBySpec": ("instance-charge-type", "PayBySpec"),
    "annotate additional-resource-tags a=1": ("additional-resource-tags", "a=1"),
    "annotate bandwidth=50": ("bandwidth", "50"),
}
SPEC = ServiceSpec(name="c1", pods=(2, 1, 0), local=True)
ZONES = "cn-hangzhou-h:$switch-h,cn-hangzhou-i:$switch-i"


def service_of(kind: str) -> ServiceSpec:
    if kind == "clb":
        return SPEC
    return replace(SPEC, class_="alibabacloud.com/nlb", annotations={f"{ANNOTATION}zone-maps": ZONES})


def port(number: int) -> dict[str, Any]:
    return {"name": f"tcp-{number}", "port": number, "protocol": "TCP", "targetPort": number}


def act(rig: Rig, step: str, kind: str) -> None:
    """One step of the observation. An edit by `kubectl apply` changes an annotation of kubectl's too."""
    applied = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": step}}
    if step.startswith("create"):
        add_service(rig.cluster, service_of(kind))
    elif step.startswith("endpoints"):
        pod = next(p for p in rig.cluster.local.list("pods", "default") if p["metadata"]["name"] == "c1-2-1")
        rig.cluster.local.create(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c1-2-2", "namespace": "default",
                                                             "labels": pod["metadata"]["labels"]},
             "spec": {"containers": pod["spec"]["containers"], "nodeName": pod["spec"]["nodeName"]}}
        )  # fmt: skip
    elif step == "add port 443":
        rig.patch("c1", metadata=applied, spec={"ports": [port(80), port(443)]})
    elif step == "remove port 443":
        rig.patch("c1", metadata=applied, spec={"ports": [port(80)]})
    elif step in EDITS:
        short, value = EDITS[step]
        rig.patch("c1", metadata={"annotations": {ANNOTATION + short: value}})
    elif step.startswith("policy"):
        rig.patch("c1", spec={"externalTrafficPolicy": "Cluster"})
    elif step == "delete":
        rig.cluster.local.delete("services", "c1", "default")
    rig.work()


@pytest.mark.parametrize("kind", ["clb", "nlb"])
@pytest.mark.parametrize("version", sorted(SEEN))
def test_a_service_lives_as_it_was_seen_to(version: str, kind: str) -> None:
    rig = Rig(ClusterSpec(name="life", kind="managed", ccm=version))
    for seen in SEEN[version][kind]:
        rig.mark()
        act(rig, seen["step"], kind)

        assert sorted(rig.writes()) == sorted(seen["writes"]), seen["step"]
        asked = rig.params("CreateLoadBalancer")
        assert {name: asked.get(name) for name in seen["create"]} == seen["create"], seen["step"]
        found = rig.service("c1")
        if seen["step"] == "delete":
            assert found is None
        else:
            assert found is not None
            assert rig.reasons("c1") == seen["events"], seen["step"]
            assert found["metadata"].get("finalizers", []) == seen["finalizers"], seen["step"]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        *((version, "clb") for version in ("v1.9.3.239", "v2.1.0", "v2.3.0", "v2.5.1", "v2.10.0", "v2.14.0")),
        *((version, "nlb") for version in ("v2.5.1", "v2.9.1", "v2.10.0", "v2.14.0")),
    ],
)
def test_nothing_is_asked_of_a_cluster_at_rest(version: str, kind: str) -> None:
    rig = Rig(ClusterSpec(name="rest", kind="managed", ccm=version, services=(service_of(kind),)))
    rig.cluster.ccm.look_again()
    rig.work()
    assert rig.writes() == []
