"""What the simulated CCM sees when it looks at one Service: the cluster's objects and the cloud's, as facts."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from upgrader import codec
from upgrader.adapters.aliyun.call import Call
from upgrader.adapters.aliyun.network import NetworkReader
from upgrader.adapters.aliyun.nlb import NlbReader
from upgrader.adapters.aliyun.slb import SlbReader
from upgrader.discover.related import asks_for_eni, named_groups, pod_ips_of
from upgrader.forecast.annotations import Annotations
from upgrader.forecast.select import NLB_CLASS
from upgrader.forecast.world import default_name
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.kube.api import KubeApi
from upgrader.lab.kube.store import Change, Key, Object
from upgrader.model.cloud import OWNER_TAG, LoadBalancer
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.kube import Endpoints, EndpointSlice, Node, Pod, Service
from upgrader.model.version import CcmVersion

SERVICES: Key = ("", "services")
NODES: Key = ("", "nodes")
PODS: Key = ("", "pods")
ENDPOINTS: Key = ("", "endpoints")
SLICES: Key = ("discovery.k8s.io", "endpointslices")
_SERVICE_LABEL = "kubernetes.io/service-name"

Shape = TypeVar("Shape", bound=Struct)


class InProcess:
    """The adapters' transport without a wire: reads of the lab itself, which leave no trace in its journal."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def send(self, call: Call) -> dict[str, Any] | list[Any]:
        """The answer to a read."""
        return self._cloud.look(call.product, call.action, call.params)


class View:
    """One cluster and its account. Objects are decoded once for each of their versions."""

    def __init__(self, api: KubeApi, cloud: Cloud, identity: ClusterIdentity, cloud_config: dict[str, str]) -> None:
        self._store = api.store
        self._cloud = cloud
        self._identity = identity
        self._config = cloud_config
        transport = InProcess(cloud)
        self._slb = SlbReader(transport, identity.region)
        self._nlb = NlbReader(transport, identity.region)
        self._network = NetworkReader(transport, identity.region)
        self._decoded: dict[tuple[Key, str, str], tuple[str, Any]] = {}
        self._slices: dict[str, list[EndpointSlice]] | None = None
        self._store.listeners.append(self._changed)

    def service(self, namespace: str, name: str) -> Service | None:
        """A Service, None when it is gone."""
        found = self._store.get(SERVICES, namespace, name)
        return None if found is None else self._as(Service, SERVICES, found)

    def decoded(self, found: Object) -> Service:
        """A Service that may not be there any more."""
        return self._as(Service, SERVICES, found)

    def services(self) -> list[Service]:
        """All Services."""
        return self._all(Service, SERVICES)

    def forget(self) -> None:
        """The store was loaded anew."""
        self._slices = None
        self._decoded.clear()

    def facts(self, service: Service, version: CcmVersion) -> ClusterFacts:
        """Everything that decides what `version` does with this one Service; other Services are left out."""
        key = service.key
        endpoints = self._store.get(ENDPOINTS, service.metadata.namespace, service.metadata.name)
        slices = tuple(self._by_service().get(key, ()))
        facts = ClusterFacts(
            identity=self._identity,
            ccm=CcmInstall(
                version=str(version), cloud_config=self._config,
                cluster_id=self._config.get("clusterID", "") or self._identity.id,
            ),
            services=(service,),
            endpoint_slices=slices,
            endpoints=() if endpoints is None else (self._as(Endpoints, ENDPOINTS, endpoints),),
            nodes=tuple(self._all(Node, NODES)),
            pods=tuple(self._pods_of(slices)),
        )  # fmt: skip
        return self._with_cloud(facts, service)

    def _with_cloud(self, facts: ClusterFacts, service: Service) -> ClusterFacts:
        ips = pod_ips_of(facts) if asks_for_eni(facts) else ()
        enis = self._network.network_interfaces(self._identity.vpc_id, ips) if ips else ()
        if service.spec.load_balancer_class != NLB_CLASS:
            return replace(facts, load_balancers=tuple(self._clbs(service)), network_interfaces=enis)
        owner = default_name(service)
        groups = self._nlb.groups()
        nlbs = tuple(self._nlbs(service, groups))
        below = {group.id for lb in nlbs for group in lb.server_groups}
        named = named_groups(facts)
        own = [one for one in groups if (one.tags.get(OWNER_TAG) == owner or one.id in named) and one.id not in below]
        return replace(
            facts,
            load_balancers=nlbs,
            orphan_groups=tuple(self._nlb.with_backends(own)),
            security_groups=self._network.security_groups(self._identity.vpc_id),
            network_interfaces=enis,
        )

    def _clbs(self, service: Service) -> list[LoadBalancer]:
        wanted, region = _wanted(service), self._identity.region
        return [
            self._slb.detail(lb.id, dict(lb.tags))
            for lb in tuple(self._cloud.world.slb.load_balancers.values())
            if lb.region == region
            and (lb.name in wanted or lb.address in wanted or lb.id in wanted or lb.tags.get(OWNER_TAG) in wanted)
        ]

    def _nlbs(self, service: Service, groups: Any) -> list[LoadBalancer]:
        wanted, region = _wanted(service), self._identity.region
        return [
            self._nlb.detail(lb.id, dict(lb.tags), groups)
            for lb in tuple(self._cloud.world.nlb.load_balancers.values())
            if lb.region == region
            and (lb.name in wanted or lb.dns_name in wanted or lb.id in wanted or lb.tags.get(OWNER_TAG) in wanted)
        ]

    def _pods_of(self, slices: tuple[EndpointSlice, ...]) -> list[Pod]:
        named = {
            (piece.metadata.namespace, endpoint.target_ref.name)
            for piece in slices
            for endpoint in piece.endpoints
            if endpoint.target_ref is not None
        }
        found = (self._store.get(PODS, *name) for name in sorted(named))
        return [self._as(Pod, PODS, one) for one in found if one is not None]

    def _by_service(self) -> dict[str, list[EndpointSlice]]:
        if self._slices is None:
            index: dict[str, list[EndpointSlice]] = {}
            for piece in self._all(EndpointSlice, SLICES):
                index.setdefault(piece.service_key, []).append(piece)
            self._slices = index
        return self._slices

    def _changed(self, change: Change) -> None:
        if change.key == SLICES:
            self._slices = None

    def _all(self, shape: type[Shape], key: Key) -> list[Shape]:
        return [self._as(shape, key, one) for one in self._store.list(key)]

    def _as(self, shape: type[Shape], key: Key, found: Object) -> Shape:
        metadata = found["metadata"]
        place = (key, metadata.get("namespace", ""), metadata["name"])
        version, known = self._decoded.get(place, ("", None))
        if version != metadata["resourceVersion"]:
            try:
                known = msgspec.convert(found, shape)
            except msgspec.ValidationError:
                known = codec.decode_object(msgspec.json.encode(found), msgspec.json.Decoder(shape))
            self._decoded[place] = (metadata["resourceVersion"], known)
        return known  # type: ignore[no-any-return]


def service_of_slice(found: Object) -> tuple[str, str]:
    """Namespace and name of the Service that an EndpointSlice belongs to."""
    metadata = found["metadata"]
    return metadata.get("namespace", ""), (metadata.get("labels") or {}).get(_SERVICE_LABEL, "")


def _wanted(service: Service) -> set[str | None]:
    """Everything by which a CCM might know the Service's load balancer."""
    notes = Annotations(service)
    return {one for one in (notes.get("id"), notes.get("name"), default_name(service), service.address) if one}
