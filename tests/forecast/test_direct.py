"""Whether pods are backends themselves: the Service's word, else CCM's variable, else its cloud-config.

Source: `controller/helper/service_utils.go` (IsENIBackendType), each tag; v1.9.3 `utils/const.go`.
"""

from __future__ import annotations

import pytest

from upgrader.discover.install import find_install
from upgrader.discover.related import asks_for_eni
from upgrader.forecast.direct import is_direct
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.kube import Metadata, Node, Service

VARIABLE = "SERVICE_FORCE_BACKEND_ENI"


@pytest.mark.parametrize(
    ("said", "forced", "configured", "v1", "direct"),
    [
        ("", "", "", False, False),
        ("", "", "eni", False, True),
        ("", "", "ENI", False, False),
        ("", "", "eni", True, False),
        ("", "true", "", False, True),
        ("", "true", "", True, True),
        ("", "false", "eni", False, False),
        ("ecs", "true", "eni", False, False),
        ("eni", "", "", True, True),
    ],
)
def test_who_says_so(said: str, forced: str, configured: str, v1: bool, direct: bool) -> None:
    notes = {"service.beta.kubernetes.io/backend-type": said} if said else {}
    config = {"ServiceBackendType": configured} if configured else {}
    ccm = CcmInstall(force_eni=forced, cloud_config=config)
    assert is_direct(ccm, Service(metadata=Metadata(name="web", annotations=notes)), v1=v1) is direct


def test_the_variable_is_read_from_the_workload() -> None:
    container = {"name": "ccm", "image": "x/cloud-controller-manager-amd64:v2.10.0",
                 "env": [{"name": "POD_NAME", "valueFrom": {}}, {"name": VARIABLE, "value": "true"}]}  # fmt: skip
    spec = {"template": {"spec": {"containers": [container]}}}
    found = find_install([{"kind": "DaemonSet", "metadata": {"name": "cloud-controller-manager"}, "spec": spec}])
    assert found.force_eni == "true"


@pytest.mark.parametrize(
    ("ccm", "labels", "network", "asked"),
    [
        (CcmInstall(), {}, "flannel", False),
        (CcmInstall(), {}, "terway", True),
        (CcmInstall(force_eni="true"), {}, "flannel", True),
        (CcmInstall(cloud_config={"serviceBackendType": "eni"}), {}, None, True),
        (CcmInstall(), {"type": "virtual-kubelet"}, "flannel", True),
    ],
)
def test_interfaces_are_looked_up_where_pods_may_be_backends(
    ccm: CcmInstall, labels: dict[str, str], network: str | None, asked: bool
) -> None:
    identity = ClusterIdentity(network=network)  # type: ignore[arg-type]
    facts = ClusterFacts(identity=identity, ccm=ccm, nodes=(Node(metadata=Metadata(name="n1", labels=labels)),))
    assert asks_for_eni(facts) is asked
