"""Who runs CCM, who owns it, who leads: from plain objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from upgrader.codec import encode
from upgrader.discover.install import find_install, find_network

IMAGE = "registry-vpc.cn-hangzhou.aliyuncs.com/acs/cloud-controller-manager-amd64"


def _workload(kind: str = "DaemonSet", tag: str = "v2.10.0", ready: int = 1, **metadata: Any) -> dict[str, Any]:
    container = {"name": "ccm", "image": f"{IMAGE}:{tag}", "command": ["/cloud-controller-manager"],
                 "args": ["--v=5", "--access-key-secret=very-secret", "--token=/var/addon/token"]}  # fmt: skip
    return {"kind": kind, "metadata": {"name": "cloud-controller-manager", "namespace": "kube-system", **metadata},
            "spec": {"template": {"spec": {"serviceAccountName": "ccm-sa", "containers": [container]}}},
            "status": {"numberReady": ready, "desiredNumberScheduled": 3}}  # fmt: skip


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment"])
def test_a_workload_tells_version_arguments_and_account(kind: str) -> None:
    found = find_install([{"kind": "DaemonSet", "metadata": {"name": "other"}}, _workload(kind)])
    assert (found.version, found.managed_by, found.service_account) == ("v2.10.0", "manifest", "ccm-sa")
    assert found.workload is not None
    assert (found.workload.kind, found.workload.container) == (kind, "ccm")
    assert found.args[:2] == ("/cloud-controller-manager", "--v=5")
    assert "--token=/var/addon/token" in found.args
    assert b"very-secret" not in encode(found)


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "helm"),
        ({"annotations": {"meta.helm.sh/release-name": "ccm"}}, "helm"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, "gitops"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "x", "app.kubernetes.io/managed-by": "Helm"}}, "gitops"),
        ({}, "manifest"),
    ],
)
def test_owners_by_their_marks(metadata: dict[str, Any], owner: str) -> None:
    assert find_install([_workload(**metadata)]).managed_by == owner


def test_two_workloads_that_disagree_are_both_told_and_the_ready_one_counts() -> None:
    found = find_install([_workload("DaemonSet", "v2.9.1", ready=0), _workload("Deployment", "v2.10.0", ready=2)])
    assert found.version == "v2.10.0"
    assert len(found.disagreements[0].values) == 2


def test_a_static_pod_is_seen_by_its_mirror() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "ccm-n1", "namespace": "kube-system",
                                       "annotations": {"kubernetes.io/config.mirror": "x"}},
           "spec": {"containers": [{"name": "ccm", "image": f"{IMAGE}:v2.1.0"}]}}  # fmt: skip
    found = find_install([pod])
    assert found.workload is not None
    assert (found.workload.kind, found.version) == ("StaticPod", "v2.1.0")


@pytest.mark.parametrize(
    "lock",
    [
        {"kind": "Lease", "metadata": {"name": "ccm"}, "spec": {"holderIdentity": "n1_x"}},
        {"kind": "Endpoints", "metadata": {"name": "ccm", "annotations": {
            "control-plane.alpha.kubernetes.io/leader": json.dumps({"holderIdentity": "n1_x"})}}},
    ],
)  # fmt: skip
def test_the_leader_by_either_lock(lock: dict[str, Any]) -> None:
    assert find_install([_workload(), lock]).leader == "n1_x"


def test_the_cloud_config_without_its_secrets() -> None:
    text = json.dumps({"Global": {"clusterID": "c1", "accessKeyID": "LTAIaaaaaaaaaaaaaa", "accessKeySecret": "s3cret"}})
    found = find_install([{"kind": "ConfigMap", "metadata": {"name": "cloud-config"}, "data": {"c": text}}])
    assert found.cluster_id == "c1"
    assert b"s3cret" not in encode(found)
    assert b"LTAI" not in encode(found)


def test_the_network_by_its_daemonset() -> None:
    assert find_network([{"kind": "DaemonSet", "metadata": {"name": "terway-eniip"}}]) == "terway"
    assert find_network([{"kind": "DaemonSet", "metadata": {"name": "kube-flannel-ds"}}]) == "flannel"
    assert find_network([]) is None
