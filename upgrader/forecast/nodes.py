"""Which nodes CCM considers for a Service, and which of them it never makes a backend.

Sources: `reconcile/backend/backend.go` (GetNodes, needExcludeFromLB) and `helper/node_utils.go`
(IsNodeExcludeFromLoadBalancer), each tag; before v2.5 `controller/service/{vgroups,helper}.go`.
"""

from __future__ import annotations

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import World
from upgrader.model.kube import Node, Service

MASTER_LABEL = "node-role.kubernetes.io/master"
VIRTUAL_NODE = "virtual-kubelet"
DEPRECATED_EXCLUDE_LABEL = "alpha.service-controller.kubernetes.io/exclude-balancer"
EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
_BETA, _OWN = "service.beta.kubernetes.io/exclude-node", "service.alibabacloud.com/exclude-node"
EXCLUDE_NODE_LABELS = {"none": (), "beta": (_BETA,), "both": (_BETA, _OWN)}
HYBRID_PROVIDER = "ack-hybrid://"
AUTOSCALER_TAINT = "ToBeDeletedByClusterAutoscaler"


def candidate_nodes(world: World, service: Service) -> dict[str, Node]:
    """Nodes that may be backends, by name. Raises `ValueError` with CCM's text for a broken backend-label."""
    notes, ways = Annotations(service), world.ways
    pairs = notes.get("backend-label").split(",") if notes.get("backend-label") else []
    drop_unscheduled = notes.get("remove-unscheduled-backend") == "on"
    return {
        name: node
        for name, node in world.nodes.items()
        if _labelled(node, pairs) and not _left_out(node, drop_unscheduled, autoscaler=ways.autoscaler_taint)
    }


def _labelled(node: Node, pairs: list[str]) -> bool:
    """Whether a node has every label. CCM reads a pair only where the node has all before it."""
    for pair in pairs:
        key, *values = pair.split("=")
        if not values:
            text = f"parse backend label: {pair}, [k1=v1,k2=v2]"
            raise ValueError(f"get nodes error: filter nodes by label error: {text}")
        if node.metadata.labels.get(key) != values[0]:
            return False
    return True


def is_virtual(node: Node) -> bool:
    """Whether the node stands for ECI pods, which are backends in its place."""
    return node.metadata.labels.get("type") == VIRTUAL_NODE


def is_excluded(world: World, node: Node) -> bool:
    """Whether a label keeps the node itself from being a backend; it stays a candidate for its virtual pods' sake."""
    labels, ways = node.metadata.labels, world.ways
    return (
        DEPRECATED_EXCLUDE_LABEL in labels
        or (ways.exclude_lb_label and EXCLUDE_LABEL in labels)
        or any(label in labels for label in EXCLUDE_NODE_LABELS[ways.exclude_node_labels])
        or (not ways.hybrid_nodes and node.spec.provider_id.startswith(HYBRID_PROVIDER))
    )


def provider_id_error(lead: str, node: Node) -> str:
    """CCM's words for a node whose provider id names no instance."""
    return (
        f"{lead}parse providerid: {node.spec.provider_id}. expected: ${{regionid}}.${{nodeid}}, "
        f"alicloud: unable to split instanceid and region from providerID, error unexpected providerID="
        f"{node.spec.provider_id}"
    )


def internal_ip_error(node: Node) -> str:
    """CCM's words for a node that a group of type Ip can't hold."""
    if not node.status.addresses:
        return f"get node address err: node {node.metadata.name} do not contains addresses"
    return f"get node address err: node {node.metadata.name} can not find InternalIP in node addresses"


def _left_out(node: Node, drop_unscheduled: bool, *, autoscaler: bool) -> bool:
    labels = node.metadata.labels
    if MASTER_LABEL in labels:
        return True
    if autoscaler and any(taint.key == AUTOSCALER_TAINT for taint in node.spec.taints):
        return True
    if node.spec.unschedulable and drop_unscheduled:
        return True
    if labels.get("type") == VIRTUAL_NODE:
        return False
    conditions = node.status.conditions
    return not conditions or any(c.type == "Ready" and c.status != "True" for c in conditions)
