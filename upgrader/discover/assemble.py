"""Parts that were read, from wherever, put together into `ClusterFacts`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from upgrader.discover.install import find_install, find_network
from upgrader.discover.said import Said, with_said
from upgrader.model.facts import CcmInstall, ClusterFacts
from upgrader.model.kube import Event, Node
from upgrader.redact import redacted_text

_REGION_LABELS = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
_PORT_RANGE = re.compile(r"--service-node-port-range=(\d+)-(\d+)")


def assemble(facts: ClusterFacts, objects: Iterable[Mapping[str, Any]], said: Said) -> ClusterFacts:
    """`facts` (with the typed lists filled in) completed by what workloads, nodes and the user tell."""
    plain = list(objects)
    install = _merged(facts.ccm, find_install(plain))
    identity = facts.identity
    identity = replace(
        identity,
        id=identity.id or install.cluster_id,
        region=identity.region or _region(facts.nodes),
        kubernetes=identity.kubernetes or _kubernetes(facts.nodes),
        network=identity.network or find_network(plain),
        kind=identity.kind or ("self-managed" if install.managed_by in ("helm", "gitops", "manifest") else None),
    )
    identity, install = with_said(identity, install, said)
    return replace(
        facts, identity=identity, ccm=install, events=tuple(map(_redacted, facts.events)),
        node_port_range=facts.node_port_range or _node_ports(plain),
    )  # fmt: skip


def _redacted(event: Event) -> Event:
    """CCM quotes what the cloud answers, and the cloud may quote a key."""
    message = redacted_text(event.message)
    return event if message == event.message else replace(event, message=message)


def _merged(known: CcmInstall, found: CcmInstall) -> CcmInstall:
    """What the add-on API told, completed by what runs in the cluster; what runs is what counts."""
    if not found.image and not known.version:
        return replace(found, addon_version=known.addon_version)
    return replace(
        found,
        version=found.version or known.version,
        managed_by=known.managed_by or found.managed_by,
        addon_version=known.addon_version,
        addon_next=known.addon_next,
        addon_state=known.addon_state,
        addon_config=known.addon_config,
        disagreements=known.disagreements + found.disagreements,
    )


def _region(nodes: Iterable[Node]) -> str:
    for node in nodes:
        for label in _REGION_LABELS:
            if node.metadata.labels.get(label):
                return node.metadata.labels[label]
        if node.instance_id:
            return node.spec.provider_id.removeprefix("alicloud://").partition(".")[0]
    return ""


def _kubernetes(nodes: Iterable[Node]) -> str:
    return next((n.status.node_info.kubelet_version for n in nodes if n.status.node_info.kubelet_version), "")


def _node_ports(objects: Iterable[Mapping[str, Any]]) -> tuple[int, int] | None:
    """The API server's NodePort range, where its static pod is visible."""
    for found in objects:
        if found.get("kind") != "Pod" or "kube-apiserver" not in str((found.get("metadata") or {}).get("name", "")):
            continue
        for container in (found.get("spec") or {}).get("containers") or ():
            words = " ".join([*(container.get("command") or ()), *(container.get("args") or ())])
            match = _PORT_RANGE.search(words)
            return (int(match[1]), int(match[2])) if match else (30000, 32767)
    return None
