"""core/v1 Pod, as far as its readiness gate and address go."""

from __future__ import annotations

from msgspec import field

from upgrader.model.kube.meta import Condition, KubeStruct, Metadata


class PodSpec(KubeStruct, frozen=True):
    """The part of a Pod's spec that CCM looks at."""

    node_name: str = ""
    readiness_gates: tuple[dict[str, str], ...] = ()


class PodStatus(KubeStruct, frozen=True):
    """The part of a Pod's status that CCM looks at."""

    phase: str = ""
    pod_ip: str = field(default="", name="podIP")
    conditions: tuple[Condition, ...] = ()


class Pod(KubeStruct, frozen=True):
    """A Pod."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()
