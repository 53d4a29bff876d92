"""Kubernetes objects as CCM sees them, in Kubernetes' own JSON shape (camelCase).

One type serves live lists, kubectl dumps and our snapshots: unknown fields are dropped on decode.
"""

from __future__ import annotations

from upgrader.model.kube.endpoints import (
    Endpoint,
    EndpointAddress,
    EndpointConditions,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    TargetRef,
)
from upgrader.model.kube.event import Event, EventMetadata, EventSource, ObjectReference
from upgrader.model.kube.meta import Condition, KubeStruct, Metadata, PortNumber
from upgrader.model.kube.node import Node, NodeAddress, NodeInfo, NodeSpec, NodeStatus, Taint
from upgrader.model.kube.pod import Pod, PodSpec, PodStatus
from upgrader.model.kube.service import (
    ClientIpConfig,
    Ingress,
    LoadBalancerStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
    SessionAffinityConfig,
)

__all__ = [
    "ClientIpConfig",
    "Condition",
    "Endpoint",
    "EndpointAddress",
    "EndpointConditions",
    "EndpointPort",
    "EndpointSlice",
    "EndpointSubset",
    "Endpoints",
    "Event",
    "EventMetadata",
    "EventSource",
    "Ingress",
    "KubeStruct",
    "LoadBalancerStatus",
    "Metadata",
    "Node",
    "NodeAddress",
    "NodeInfo",
    "NodeSpec",
    "NodeStatus",
    "ObjectReference",
    "Pod",
    "PodSpec",
    "PodStatus",
    "PortNumber",
    "Service",
    "ServicePort",
    "ServiceSpec",
    "ServiceStatus",
    "SessionAffinityConfig",
    "Taint",
    "TargetRef",
]
