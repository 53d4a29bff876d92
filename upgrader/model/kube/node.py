"""core/v1 Node, as far as it decides whether a node is a backend."""

from __future__ import annotations

from msgspec import field

from upgrader.model.kube.meta import Condition, KubeStruct, Metadata


class Taint(KubeStruct, frozen=True):
    """A node's taint."""

    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(KubeStruct, frozen=True):
    """The part of a Node's spec that decides whether it is a backend."""

    provider_id: str = field(default="", name="providerID")
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()
    pod_cidr: str = field(default="", name="podCIDR")
    pod_cid_rs: tuple[str, ...] = field(default=(), name="podCIDRs")


class NodeAddress(KubeStruct, frozen=True):
    """One address of a Node; `type` is InternalIP, ExternalIP or Hostname."""

    type: str = ""
    address: str = ""


class NodeInfo(KubeStruct, frozen=True):
    """status.nodeInfo."""

    kubelet_version: str = ""
    kernel_version: str = ""
    os_image: str = ""


class NodeStatus(KubeStruct, frozen=True):
    """status of a Node."""

    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()
    node_info: NodeInfo = NodeInfo()


class Node(KubeStruct, frozen=True):
    """A Node."""

    metadata: Metadata = Metadata()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def instance_id(self) -> str:
        """The ECS instance behind the node: the last part of `region.i-…` or `alicloud://region.i-…`."""
        return self.spec.provider_id.removeprefix("alicloud://").partition(".")[2]

    @property
    def internal_ip(self) -> str:
        """The first InternalIP; empty when the node has none."""
        return next((a.address for a in self.status.addresses if a.type == "InternalIP"), "")
