"""The dry run's objects: nothing of the running CCM's rights and keys is taken over, and it can write nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.execute.shadow.objects import Wanted, arguments, cluster_rules, local_rules, objects
from upgrader.matrix.behaviour import behaviour
from upgrader.matrix.load import load_matrix
from upgrader.matrix.startup import load_startup
from upgrader.migrations.startup_flags import flag_name, flag_values, unknown_flags
from upgrader.model.version import CcmVersion, parse_version

RUNNABLE = [one.version for one in load_matrix().releases if behaviour(one.version).dry_run in ("in-turn", "at-once")]
FIXED = {
    "dry-run": "true",
    "controllers": "service",
    "configure-cloud-routes": "false",
    "metrics-bind-addr": "0",
    "leader-elect-resource-name": "ccm-upgrade-shadow",
    "cloud-config": "/etc/ccm-upgrade/cloud-config.conf",
}


def pod_of(version: str, **container: Any) -> dict[str, Any]:
    spec = {
        "serviceAccountName": "cloud-controller-manager",
        "hostNetwork": True,
        "nodeSelector": {"master": ""},
        "tolerations": [{"operator": "Exists"}],
        "volumes": [{"name": "k8s", "hostPath": {"path": "/etc/kubernetes"}}],
        "containers": [{"name": "ccm", "image": "r/ccm:v2.9.1", "command": ["/cloud-controller-manager"], **container}],
    }
    found = objects(
        Wanted(
            version=parse_version(version), image="r/ccm:new", template={"spec": spec}, container="ccm", secret="reader"
        )
    )
    job = dict(found)[next(ref for ref, _ in found if ref.kind == "Job")]
    spec_of_job: dict[str, Any] = job["spec"]
    assert (spec_of_job["backoffLimit"], spec_of_job["template"]["spec"]["restartPolicy"]) == (0, "Never")
    return dict(spec_of_job["template"]["spec"])


def test_versions_that_may_run() -> None:
    assert min(RUNNABLE) == parse_version("v2.6.0")
    assert not any(parse_version(one) in RUNNABLE for one in ("v2.1.0", "v2.4.4", "v2.5.1", "v2.0.1", "v1.9.3.376"))


@given(
    st.sampled_from(RUNNABLE),
    st.lists(
        st.sampled_from(
            [
                "--dry-run=false",
                "--controllers=node,route,service,nlb",
                "--configure-cloud-routes=true",
                "--leader-elect=false",
                "--leader-elect-resource-name=ccm",
                "--kubeconfig=/etc/k",
                "--kubeconfig",
                "/etc/k",
                "--cloud-config=/x",
                "-v=5",
                "--metrics-bind-addr=:8080",
                "--network",
                "vpc",
                "--feature-gates=X=true",
                "--sg-batch-size=20",
                "/ccm",
            ]
        )
    ),
)
def test_whatever_the_running_ccm_is_started_with_the_dry_run_is_dry(version: CcmVersion, present: list[str]) -> None:
    found = arguments(present, version)
    for name, value in FIXED.items():
        assert flag_values(found, name) == (value,)
    assert unknown_flags(found, version) == ()
    assert "kubeconfig" not in {flag_name(one) for one in found}


def test_flags_that_shape_what_ccm_wants_stay() -> None:
    args = arguments(("/ccm", "--network", "private", "--sg-batch-size=20", "--unheard-of=1"), parse_version("v2.14.0"))
    assert args[:2] == ("--network=private", "--sg-batch-size=20")
    assert not any("unheard-of" in one for one in args)


@pytest.mark.parametrize("version", RUNNABLE)
def test_it_may_write_events_and_its_own_lease_alone(version: CcmVersion) -> None:
    for rule in (*cluster_rules(version), *local_rules()):
        writes = set(rule["verbs"]) - {"get", "list", "watch"}
        assert not writes or rule["resources"] in (["events"], ["leases"])
        assert not writes - {"create"} or rule.get("resourceNames") or rule["resources"] == ["events"]
    needed = {
        (one.group, one.resource)
        for one in load_startup().rights
        if one.in_force(version) and not one.feature and "list" in one.verbs
    }
    assert needed <= {(rule["apiGroups"][0], rule["resources"][0]) for rule in cluster_rules(version)}


def test_keys_and_volumes_stay_behind_and_the_place_is_kept() -> None:
    env = [
        {"name": "ACCESS_KEY_ID", "value": "LTAI"},
        {"name": "HTTPS_PROXY", "value": "http://p"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]
    pod = pod_of("v2.14.0", env=env, args=["--access-key-secret=x"])
    assert pod["containers"][0]["env"] == [{"name": "HTTPS_PROXY", "value": "http://p"}]
    assert pod["serviceAccountName"] == "ccm-upgrade-shadow"
    assert (pod["hostNetwork"], pod["nodeSelector"]) == (True, {"master": ""})
    assert [list(one) for one in pod["volumes"]] == [["name", "secret"]]
    assert "LTAI" not in json.dumps(pod)
    assert "access-key" not in json.dumps(pod)
