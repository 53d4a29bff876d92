"""The cloud as a `CloudReader`: one reader a product, put together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from upgrader.adapters.aliyun.call import Transport
from upgrader.adapters.aliyun.cs import CsReader
from upgrader.adapters.aliyun.fan_out import fan_out
from upgrader.adapters.aliyun.lists import Lists
from upgrader.adapters.aliyun.network import NetworkReader
from upgrader.adapters.aliyun.nlb import NlbReader
from upgrader.adapters.aliyun.ram import RamReader
from upgrader.adapters.aliyun.slb import SlbReader
from upgrader.model.cloud import OWNER_TAG, LbKind, Listener, LoadBalancer, NetworkInterface, SecurityGroup, ServerGroup
from upgrader.model.facts import RamFacts
from upgrader.ports.read import AddonInfo, CloudCluster, TaskInfo

T = TypeVar("T")


class AliyunReader:
    """Questions to the cloud; `region` is where calls go that name none. What is listed of a region goes by `lists`."""

    def __init__(self, transport: Transport, region: str, lists: Lists | None = None) -> None:
        self._transport, self.region, self._lists = transport, region, lists
        self._cs, self._ram = CsReader(transport, region), RamReader(transport, region)
        self._network = NetworkReader(transport, region)

    def clusters(self, region: str = "") -> tuple[CloudCluster, ...]:
        """All clusters of the account (CS DescribeClustersV1), of one region when given."""
        return self._cs.clusters(region)

    def cluster(self, cluster_id: str) -> CloudCluster:
        """One cluster (CS DescribeClusterDetail)."""
        return self._cs.cluster(cluster_id)

    def kubeconfig(self, cluster_id: str) -> str:
        """A kubeconfig for the cluster: a secret, kept in memory only."""
        return self._cs.kubeconfig(cluster_id)

    def addon(self, cluster_id: str, name: str) -> AddonInfo:
        """The add-on as installed, with the versions offered next."""
        return self._cs.addon(cluster_id, name)

    def task(self, task_id: str) -> TaskInfo:
        """One CS task."""
        return self._cs.task(task_id)

    def running_tasks(self, cluster_id: str) -> tuple[TaskInfo, ...]:
        """Tasks of the cluster that have not ended."""
        return self._cs.running_tasks(cluster_id)

    def master_role(self, cluster_id: str) -> str:
        """The RAM role of a dedicated cluster's masters; empty when it is not among the cluster's resources."""
        return self._cs.master_role(cluster_id)

    def instance_role(self, instance_id: str) -> str:
        """The RAM role of an instance; empty when it has none."""
        return self._network.instance_role(instance_id)

    def load_balancers(self, region: str, vpc_id: str, wanted: Iterable[str] | None) -> tuple[LoadBalancer, ...]:
        """Every CLB and NLB of the region, with tags: list calls only, `detailed=False`, but for the `wanted` ids."""
        listed = (*self.clbs(region), *self.nlbs(region, vpc_id))
        ids = None if wanted is None else set(wanted)
        chosen = [lb for lb in listed if ids is None or lb.id in ids]
        full = {lb.id: lb for lb in self.details(region, vpc_id, chosen)}
        return tuple(full.get(lb.id, lb) for lb in listed)

    def clbs(self, region: str) -> tuple[LoadBalancer, ...]:
        """Every CLB of the region with tags, list calls only."""
        return self._listed(("clb", region), SlbReader(self._transport, region).listed)

    def nlbs(self, region: str, vpc_id: str) -> tuple[LoadBalancer, ...]:
        """Every NLB of the region, of the VPC when given, with tags, list calls only."""
        return self._listed(("nlb", region, vpc_id), lambda: NlbReader(self._transport, region).listed(vpc_id))

    def tagged(self, region: str, kind: LbKind, owner: str) -> tuple[LoadBalancer, ...]:
        """The CLBs or NLBs with this value of CCM's owner tag, whatever else an endpoint without filters tells."""
        of_kind = NlbReader(self._transport, region) if kind == "nlb" else SlbReader(self._transport, region)
        return tuple(lb for lb in of_kind.tagged(owner) if lb.tags.get(OWNER_TAG) == owner)

    def nlb_groups(self, region: str) -> tuple[ServerGroup, ...]:
        """Every NLB server group of the region with tags, list calls only."""
        return self._listed(("groups", region), NlbReader(self._transport, region).groups)

    def _listed(self, key: tuple[str, ...], ask: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
        return self._lists.get(key, ask) if self._lists is not None else ask()

    def listeners(self, region: str, listed: Sequence[LoadBalancer]) -> dict[str, tuple[Listener, ...]]:
        """The listeners of listed load balancers by their ids, asked for together; some may be left out."""
        clbs, nlbs = ([lb.id for lb in listed if lb.kind == kind] for kind in ("clb", "nlb"))
        of_clbs = SlbReader(self._transport, region).listeners(clbs)
        return of_clbs | NlbReader(self._transport, region).listeners(nlbs)

    def detail(
        self, region: str, listed: LoadBalancer, groups: Sequence[ServerGroup] = (),
        listeners: tuple[Listener, ...] | None = None,
    ) -> LoadBalancer:  # fmt: skip
        """A listed load balancer in full. `groups` are the region's, for an NLB; `listeners` its own, where known."""
        if listed.kind == "nlb":
            return NlbReader(self._transport, region).detail(listed.id, listed.tags, groups, listeners)
        reader = SlbReader(self._transport, region)
        return reader.detail(listed.id, listed.tags) if listeners is None else reader.completed(listed, listeners)

    def details(self, region: str, vpc_id: str, listed: Sequence[LoadBalancer]) -> list[LoadBalancer]:
        """The listed load balancers in full, a few at a time."""
        groups = self.nlb_groups(region) if any(lb.kind == "nlb" for lb in listed) else ()
        known = self.listeners(region, listed)
        return fan_out(lambda lb: self.detail(region, lb, groups, known.get(lb.id)), listed)

    def load_balancer(self, lb_id: str) -> LoadBalancer:
        """One load balancer in full."""
        if lb_id.startswith("nlb-"):
            of_nlbs = NlbReader(self._transport, self.region)
            return of_nlbs.detail(lb_id, of_nlbs.tags(lb_id), of_nlbs.groups())
        of_clbs = SlbReader(self._transport, self.region)
        return of_clbs.detail(lb_id, of_clbs.tags(lb_id))

    def additional_certificates(self, region: str, listener_id: str) -> tuple[str, ...]:
        """The certificates of an NLB's listener beside its default ones."""
        return NlbReader(self._transport, region).additional_certificates(listener_id)

    def domain_extensions(self, region: str, lb_id: str, port: int) -> tuple[str, ...]:
        """The additional certificates of a CLB's HTTPS listener as `domain:certificate:id`."""
        return SlbReader(self._transport, region).domain_extensions(lb_id, port)

    def orphan_groups(
        self,
        region: str,
        cluster_id: str,
        nlbs: Sequence[LoadBalancer],
        groups: Sequence[ServerGroup],
        named: Collection[str] = (),
    ) -> tuple[ServerGroup, ...]:
        """The `named` NLB server groups, and those with the cluster's tag whose load balancer is not there."""
        return NlbReader(self._transport, region).orphans(cluster_id, nlbs, groups, named)

    def security_groups(self, region: str, vpc_id: str) -> tuple[SecurityGroup, ...]:
        """Security groups of the VPC that carry CCM's tag."""
        return NetworkReader(self._transport, region).security_groups(vpc_id)

    def network_interfaces(self, vpc_id: str, ips: Sequence[str]) -> tuple[NetworkInterface, ...]:
        """The ENIs that hold these IPs."""
        return self._network.network_interfaces(vpc_id, ips)

    def vpc_cidrs(self, vpc_id: str) -> tuple[str, ...]:
        """All CIDR blocks of the VPC."""
        return self._network.vpc_cidrs(vpc_id)

    def ram(self, role: str) -> RamFacts:
        """The role's policies with their default documents."""
        return self._ram.ram(role)

    def ram_of_user(self, user: str) -> RamFacts:
        """A user's policies, those of its groups too, with their default documents; `role` is empty."""
        return self._ram.ram_of_user(user)

    def caller(self) -> dict[str, str]:
        """Who we are (STS GetCallerIdentity)."""
        return self._ram.caller()

    def own_rights(self) -> RamFacts:
        """The policies of whoever asks."""
        return self._ram.own_rights()
