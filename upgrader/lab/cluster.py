"""One cluster of the lab: its Kubernetes API, its controllers, its CCM, and how ACK upgrades it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upgrader.lab.ccm.dry_pods import DryPods
from upgrader.lab.ccm.log import log_of
from upgrader.lab.ccm.manager import Account, Ccm
from upgrader.lab.kube.api import KubeApi
from upgrader.lab.kube.controllers import Controllers
from upgrader.lab.kube.local import Local
from upgrader.matrix.load import load_matrix
from upgrader.model.facts import ClusterIdentity
from upgrader.model.version import parse_version
from upgrader.plan.images import image_of

if TYPE_CHECKING:
    from upgrader.lab.scenario import ClusterSpec

PLACE, WORKLOAD, CONTAINER = "kube-system", "cloud-controller-manager", "cloud-controller-manager"
_PLURALS = {"DaemonSet": "daemonsets", "Deployment": "deployments"}


class LabCluster:
    """The cluster and everything that moves in it."""

    def __init__(
        self, spec: ClusterSpec, identity: ClusterIdentity, api: KubeApi, account: Account, cloud_config: dict[str, str]
    ) -> None:
        self.spec = spec
        self.identity = identity
        self.api = api
        self.controllers = Controllers(api)
        self.ccm = Ccm(api, account, identity, cloud_config)
        dry = DryPods(self.ccm)
        self.controllers.hooks.programs.append(dry.program)
        api.logs += (dry.log, lambda pod: log_of(self.ccm, pod))
        self.local = Local(api, "kubectl")

    @property
    def id(self) -> str:
        """The cluster's id, as CS and CCM's cloud-config name it."""
        return self.identity.id

    def work(self, limit_s: float = 3600.0) -> float | None:
        """Let controllers and CCM do what is due; returns after how many seconds to call again, None for never."""
        self.controllers.settle()
        again = self.ccm.work(limit_s)
        if self.controllers.settle() and self.ccm.pending:
            again = self.ccm.work(limit_s)
        return min((one for one in (again, self.controllers.next_s()) if one is not None), default=None)

    def load(self, state: bytes) -> None:
        """Go back to a saved state of this cluster."""
        self.api.load(state)
        self.ccm.look_again()

    def addon_changed(self, version: str) -> None:
        """ACK has brought a version: in its own control plane, or into the cluster's workload."""
        if self.spec.kind == "managed":
            self.ccm.run_in_control_plane(parse_version(version))
            return
        plural = _PLURALS[self.spec.workload]
        found = self.local.get(plural, WORKLOAD, PLACE, "apps")
        if found is None:
            return
        containers = [
            {**one, "image": image_of(one["image"], parse_version(version), load_matrix())}
            if one["name"] == CONTAINER
            else one
            for one in found["spec"]["template"]["spec"]["containers"]
        ]
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        self.local.merge(plural, WORKLOAD, PLACE, patch, group="apps")
        self.controllers.settle()
