"""The EndpointSlices of one Service: at most 100 endpoints each, changed as little as possible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upgrader.lab.kube.controllers.base import Cluster, going, named, reference
from upgrader.lab.kube.controllers.index import SERVICES
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Object

SLICES = shared("endpointslices", "discovery.k8s.io")
MOST = 100
_MANAGED_BY, _SERVICE_NAME = "endpointslice.kubernetes.io/managed-by", "kubernetes.io/service-name"
_HEADLESS = "service.kubernetes.io/headless"
_Ports = list[dict[str, Any]]
_Endpoints = list[dict[str, Any]]


class Slices:
    """Writes what differs."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def write(self, service: Object, groups: list[tuple[_Ports, _Endpoints]], by: str) -> None:
        """The Service's endpoints, grouped by ports, in the slices of the controller `by`; one stays when all go."""
        mine = [one for one in self._cluster.index.owned(service["metadata"]["uid"], SLICES.key)
                if (one["metadata"].get("labels") or {}).get(_MANAGED_BY) == by and not going(one)]  # fmt: skip
        unused = list(mine)
        for ports, endpoints in groups or [([], [])]:
            here = [one for one in unused if (one.get("ports") or []) == ports]
            if not groups and not here:
                here = unused[:1]
            unused = [one for one in unused if one not in here]
            self._group(service, ports, endpoints, here, by)
        for one in unused:
            self._delete(one)

    def _group(self, service: Object, ports: _Ports, endpoints: _Endpoints, here: list[Object], by: str) -> None:
        left = {one["addresses"][0]: one for one in endpoints}
        filled: list[tuple[Object, _Endpoints]] = []
        for one in here:  # what is in a slice stays there
            known = [left.pop(old["addresses"][0]) for old in one.get("endpoints") or () if old["addresses"][0] in left]
            filled.append((one, known))
        for _, kept in filled:
            while left and len(kept) < MOST:
                kept.append(left.pop(next(iter(left))))
        rest = list(left.values())
        for number, (one, kept) in enumerate(filled):
            if kept or (number == 0 and not endpoints):
                self._update(service, one, ports, kept)
            else:
                self._delete(one)
        for start in range(0, len(rest) or (not filled and 1), MOST):
            self._create(service, ports, rest[start : start + MOST], by)

    def _create(self, service: Object, ports: _Ports, endpoints: _Endpoints, by: str) -> None:
        namespace, name = named(service)
        metadata = {
            "name": f"{name}-{self._cluster.store.new_suffix()}", "generateName": f"{name}-", "namespace": namespace,
            "labels": {**_labels(service), _MANAGED_BY: by}, "ownerReferences": [reference(service, SERVICES)],
        }  # fmt: skip
        self._cluster.local.create({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata,
                                    "addressType": "IPv4", "endpoints": endpoints or None,
                                    "ports": ports or None})  # fmt: skip

    def _update(self, service: Object, one: Object, ports: _Ports, endpoints: _Endpoints) -> None:
        labels = {**_labels(service), _MANAGED_BY: one["metadata"]["labels"][_MANAGED_BY]}
        if (one.get("endpoints") or [], one.get("ports") or [], one["metadata"]["labels"]) != (
            endpoints,
            ports,
            labels,
        ):
            metadata = {k: v for k, v in one["metadata"].items() if k != "resourceVersion"} | {"labels": labels}
            self._cluster.local.update({**one, "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                                        "metadata": metadata, "endpoints": endpoints or None,
                                        "ports": ports or None})  # fmt: skip

    def _delete(self, one: Object) -> None:
        namespace, name = named(one)
        self._cluster.local.delete("endpointslices", name, namespace, group="discovery.k8s.io")


def _labels(service: Object) -> dict[str, str]:
    own = {key: value for key, value in (service["metadata"].get("labels") or {}).items()
           if key not in (_MANAGED_BY, _SERVICE_NAME)}  # fmt: skip
    headless = {_HEADLESS: ""} if service["spec"].get("clusterIP") == "None" else {}
    return {**own, _SERVICE_NAME: service["metadata"]["name"], **headless}


def slice_ports(service: Object, pod: Object) -> _Ports:
    """The ports of a pod that a Service reaches; a name that no container has reaches none."""
    found = []
    for port in service["spec"].get("ports") or ():
        protocol = port.get("protocol", "TCP")
        number = target_port(port, pod)
        if number is not None:
            shown: dict[str, Any] = {"name": port.get("name", ""), "port": number, "protocol": protocol}
            found.append({**shown, **({"appProtocol": port["appProtocol"]} if port.get("appProtocol") else {})})
    return found


def target_port(port: Mapping[str, Any], pod: Object) -> int | None:
    """The number of a Service's port in a pod."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target or int(port["port"])
    for container in pod["spec"].get("containers") or ():
        for one in container.get("ports") or ():
            if one.get("name") == target and one.get("protocol", "TCP") == port.get("protocol", "TCP"):
                return int(one["containerPort"])
    return None
