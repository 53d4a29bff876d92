"""Hands for dry runs in the lab: an identity that reads, and what stands of one."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.e2e.conftest import Desk
from upgrader.execute.shadow.names import JOB, LEASE, OURS
from upgrader.lab.cloud import seed as plant

KEY, SECRET = "LTAI5tShadowReader00000", "shadow-reader-secret"
READS = ("slb:Describe*", "slb:List*", "vpc:DescribeVSwitches", "vpc:DescribeVpcAttribute", "ecs:Describe*", "nlb:Get*",
         "nlb:List*")  # fmt: skip
RUN = ("plan", "--to", "v2.14.0", "--shadow", "--shadow-secret", "reader", "--yes")


def give_reader(desk: Desk, *actions: str, key: str = KEY, **settings: str) -> None:
    """A RAM user with these actions, and a Secret that holds its key beside the cluster's own cloud-config."""

    def give() -> None:
        world, cluster = desk.lab.cloud.world, desk.lab.cluster()
        plant.add_policy(world, "reads", plant.allow(*(actions or READS)))
        plant.add_user(world, "reader", KEY, SECRET, "reads")
        config = cluster.local.get("configmaps", "cloud-config", "kube-system")
        assert config is not None
        whole = json.loads(config["data"]["cloud-config.conf"])
        whole["Global"] |= {"accessKeyID": _b64(key), "accessKeySecret": _b64(SECRET), **settings}
        data = {"cloud-config.conf": _b64(json.dumps(whole))}
        metadata = {"name": "reader", "namespace": "kube-system"}
        cluster.local.create({"apiVersion": "v1", "kind": "Secret", "data": data, "metadata": metadata})

    desk.lab.run(give)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def standing(desk: Desk) -> list[str]:
    """What of a dry run stands in the cluster."""
    rbac = "rbac.authorization.k8s.io"
    plurals = {"Job": ("jobs", "batch"), "ServiceAccount": ("serviceaccounts", ""),
               "Lease": ("leases", "coordination.k8s.io"), "Role": ("roles", rbac),
               "RoleBinding": ("rolebindings", rbac), "ClusterRole": ("clusterroles", rbac),
               "ClusterRoleBinding": ("clusterrolebindings", rbac)}  # fmt: skip
    local = desk.lab.cluster().local
    found = [ref.kind for ref in (*OURS, LEASE)
             if local.get(plurals[ref.kind][0], ref.name, ref.namespace, plurals[ref.kind][1])]  # fmt: skip
    pods = [one["metadata"]["name"] for one in local.list("pods", "kube-system") if JOB.name in one["metadata"]["name"]]
    return found + pods


def holder(desk: Desk) -> str:
    found = desk.lab.cluster().local.get("leases", "ccm-upgrade", "kube-system", "coordination.k8s.io")
    return str((found.get("spec") or {}).get("holderIdentity") or "") if found else ""


def without_nodes(cluster: Any) -> None:
    for one in cluster.local.list("nodes"):
        cluster.local.delete("nodes", one["metadata"]["name"])
