"""Questions to a cluster and to its cloud, in our words. Nothing behind these protocols may write.

Each call raises only our own errors: `DeniedError` (names the permission), `AbsentError`, `TransientError`.
Lists are complete (all pages). No call is made per Service.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from upgrader.codec import Unreadable
from upgrader.model.cloud import LbKind, Listener, LoadBalancer, NetworkInterface, SecurityGroup, ServerGroup
from upgrader.model.facts import ClusterKind, Network, RamFacts
from upgrader.model.kube import Endpoints, EndpointSlice, Event, Node, Pod, Service
from upgrader.ports.clock import Clock


class Ref(Struct, frozen=True, kw_only=True):
    """A Kubernetes object by name: `Ref(api_version="apps/v1", kind="DaemonSet", namespace=…, name=…)`.

    An empty namespace means a cluster-scoped object, an empty name all of that kind.
    """

    api_version: str
    kind: str
    namespace: str = ""
    name: str = ""


class Right(Struct, frozen=True, kw_only=True):
    """A right in the cluster, in RBAC's words. Who has all of `instead` needs it not."""

    verb: str
    group: str = ""
    resource: str
    namespace: str = ""
    name: str = ""
    instead: tuple[Right, ...] = ()

    @property
    def words(self) -> str:
        """`patch daemonsets.apps kube-system/ccm`."""
        what = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {what} {'/'.join(part for part in (self.namespace, self.name) if part)}".rstrip()

    def to(self, verb: str) -> Right:
        """The right to another verb on the same; a create can't be limited by name."""
        return replace(self, verb=verb, name="" if verb == "create" else self.name)


class ClusterReader(Protocol):
    """What one asks the Kubernetes API. Objects whose shape is not judged stay plain JSON."""

    def kubernetes_version(self) -> str:
        """`v1.28.3-aliyun.1`, as /version says."""

    def services(self) -> tuple[Service, ...]:
        """All Services of all namespaces."""

    def endpoint_slices(self) -> tuple[EndpointSlice, ...]:
        """All EndpointSlices."""

    def endpoints(self) -> tuple[Endpoints, ...]:
        """All Endpoints."""

    def nodes(self) -> tuple[Node, ...]:
        """All Nodes."""

    def pods(self, label_selector: str = "", namespace: str = "") -> tuple[Pod, ...]:
        """Pods by selector; all when both are empty."""

    def events(self, namespace: str = "", field_selector: str = "") -> tuple[Event, ...]:
        """Events, of all namespaces when `namespace` is empty."""

    def get(self, ref: Ref) -> dict[str, Any]:
        """One object as JSON. Raises `AbsentError` when it is not there."""

    def list(self, ref: Ref, label_selector: str = "") -> tuple[dict[str, Any], ...]:
        """All objects of a kind as JSON."""

    def watch(
        self, ref: Ref, *, resource_version: str = "", timeout_s: float = 60.0
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """(ADDED | MODIFIED | DELETED, object) until `timeout_s` passes; ends silently then."""

    def may(self, right: Right) -> bool:
        """Whether this caller may (SelfSubjectAccessReview: a question, though it is a POST)."""


class AddonInfo(Struct, frozen=True, kw_only=True):
    """The CCM add-on of an ACK cluster: installed version, state, versions ACK offers next, config text."""

    version: str
    state: str = ""
    next_versions: tuple[str, ...] = ()
    config: str = ""
    managed: bool | None = None


class TaskInfo(Struct, frozen=True, kw_only=True):
    """A CS task. `state` and `type` as CS says them (`running`, …; `cluster_addon_upgrade`, …).

    `message` is its error or last event.
    """

    id: str
    state: str
    type: str = ""
    stage: str = ""
    message: str = ""
    finished: bool = False


class CloudCluster(Struct, frozen=True, kw_only=True):
    """A cluster as CS describes it."""

    id: str
    name: str
    region: str
    kind: ClusterKind | None
    kubernetes: str
    network: Network | None = None
    vpc_id: str = ""
    state: str = ""
    ram_role: str = ""
    tags: dict[str, str] = {}


class CloudReader(Protocol):
    """What one asks the cloud. Load balancers come whole: listeners, groups, backends, tags."""

    def clusters(self, region: str = "") -> tuple[CloudCluster, ...]:
        """All clusters of the account (CS DescribeClustersV1), of one region when given."""

    def cluster(self, cluster_id: str) -> CloudCluster:
        """One cluster (CS DescribeClusterDetail)."""

    def kubeconfig(self, cluster_id: str) -> str:
        """A kubeconfig for the cluster: a secret, kept in memory only."""

    def addon(self, cluster_id: str, name: str) -> AddonInfo:
        """The add-on as installed, with the versions offered next."""

    def task(self, task_id: str) -> TaskInfo:
        """One CS task."""

    def running_tasks(self, cluster_id: str) -> tuple[TaskInfo, ...]:
        """Tasks of the cluster that have not ended."""

    def load_balancers(self, region: str, vpc_id: str, wanted: Iterable[str] | None) -> tuple[LoadBalancer, ...]:
        """Every CLB and NLB of the region, with tags: list calls only, `detailed=False`, but for the `wanted` ids.

        `wanted` None means all in full.
        """

    def load_balancer(self, lb_id: str) -> LoadBalancer:
        """One load balancer in full."""

    def orphan_groups(
        self,
        region: str,
        cluster_id: str,
        nlbs: Sequence[LoadBalancer],
        groups: Sequence[ServerGroup],
        named: Collection[str] = (),
    ) -> tuple[ServerGroup, ...]:
        """The `named` NLB server groups, and those with the cluster's tag whose load balancer is not there, in full.

        `nlbs` and `groups` are all of the region, as its lists tell them.
        """

    def security_groups(self, region: str, vpc_id: str) -> tuple[SecurityGroup, ...]:
        """Security groups of the VPC that carry CCM's tag."""

    def network_interfaces(self, vpc_id: str, ips: Sequence[str]) -> tuple[NetworkInterface, ...]:
        """The ENIs that hold these IPs (ECS DescribeNetworkInterfaces, 100 IPs a request)."""

    def vpc_cidrs(self, vpc_id: str) -> tuple[str, ...]:
        """All CIDR blocks of the VPC."""

    def ram(self, role: str) -> RamFacts:
        """The role's policies with their default documents."""

    def own_rights(self) -> RamFacts:
        """The policies of whoever asks: a user with its groups, or a role; the account itself may everything."""


class CloudSurvey(CloudReader, Protocol):
    """What discovering asks in addition: lists and details apart, so that one broken object hides only itself."""

    def master_role(self, cluster_id: str) -> str:
        """The RAM role of a dedicated cluster's masters; empty when it is not among the cluster's resources."""

    def instance_role(self, instance_id: str) -> str:
        """The RAM role of an instance; empty when it has none."""

    def clbs(self, region: str) -> tuple[LoadBalancer, ...]:
        """Every CLB of the region with tags, list calls only."""

    def nlbs(self, region: str, vpc_id: str) -> tuple[LoadBalancer, ...]:
        """Every NLB of the region, of the VPC when given, with tags, list calls only."""

    def tagged(self, region: str, kind: LbKind, owner: str) -> tuple[LoadBalancer, ...]:
        """The CLBs or NLBs with this value of CCM's owner tag, as far as the list with that filter tells them."""

    def nlb_groups(self, region: str) -> tuple[ServerGroup, ...]:
        """Every NLB server group of the region with tags, list calls only."""

    def listeners(self, region: str, listed: Sequence[LoadBalancer]) -> Mapping[str, tuple[Listener, ...]]:
        """The listeners of listed load balancers by their ids, list calls only; some may be left out."""

    def detail(
        self,
        region: str,
        listed: LoadBalancer,
        groups: Sequence[ServerGroup] = (),
        listeners: tuple[Listener, ...] | None = None,
    ) -> LoadBalancer:
        """A listed load balancer in full. `groups` are the region's, for an NLB; `listeners` its own, where known."""

    def additional_certificates(self, region: str, listener_id: str) -> tuple[str, ...]:
        """The certificates of an NLB's listener beside its default ones."""

    def domain_extensions(self, region: str, lb_id: str, port: int) -> tuple[str, ...]:
        """The additional certificates of a CLB's HTTPS listener as `domain:certificate:id`."""


class ClusterSurvey(ClusterReader, Protocol):
    """What discovering asks in addition: which objects a list held that could not be decoded."""

    @property
    def unreadable(self) -> Unreadable:
        """Objects of the lists read so far; the others of those lists were given."""


class ClusterLogs(ClusterReader, Protocol):
    """What a run that starts pods of its own asks in addition."""

    def log(self, namespace: str, pod: str, *, lines: int = 20) -> str:
        """The last lines of the log of a pod with one container. Raises `AbsentError` when it is gone."""


class Identities(Protocol):
    """Who somebody is in the cloud, and what they may."""

    def ram_of_user(self, user: str) -> RamFacts:
        """A user's policies, those of its groups too, with their default documents; `role` is empty."""

    def caller(self) -> dict[str, str]:
        """Who we are: `Arn`, `AccountId`, `IdentityType` (STS GetCallerIdentity)."""


class ClusterConnection(Protocol):
    """An open connection to a cluster, for those who only read."""

    @property
    def reader(self) -> ClusterSurvey:
        """Questions."""

    @property
    def clock(self) -> Clock:
        """The time that the API server keeps."""


class CloudConnection(Protocol):
    """An open connection to the cloud, for those who only read."""

    @property
    def reader(self) -> CloudSurvey:
        """Questions; what names no region is asked in the connection's own."""

    def in_region(self, region: str) -> CloudConnection:
        """The same connection with another region as its own."""
