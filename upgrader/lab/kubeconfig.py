"""How clusters of a lab are reached: the kubeconfig, and the administrators' tokens in it."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import yaml

from upgrader.lab.cluster import LabCluster

TOKEN = "lab-admin-token"


def token_of(cluster_id: str) -> str:
    """The administrator's token of one cluster; `TOKEN` opens them all."""
    return f"{TOKEN}.{cluster_id}"


def kubeconfig(server: str, authority: bytes, clusters: Sequence[LabCluster]) -> str:
    """A kubeconfig with one context a cluster of the lab at `server`; the first one is the current."""
    ca = base64.b64encode(authority).decode()
    return yaml.safe_dump(
        {
            "apiVersion": "v1", "kind": "Config", "current-context": clusters[0].spec.name,
            "clusters": [
                {"name": one.spec.name, "cluster": {"server": f"{server}/k8s/{one.id}",
                                                    "certificate-authority-data": ca}}
                for one in clusters
            ],
            "users": [{"name": one.spec.name, "user": {"token": token_of(one.id)}} for one in clusters],
            "contexts": [{"name": one.spec.name, "context": {"cluster": one.spec.name, "user": one.spec.name}}
                         for one in clusters],
        },
        sort_keys=False,
    )  # fmt: skip
