"""EndpointSlices and Endpoints: they follow the pods that Services select, and Endpoints that are written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from upgrader.lab.kube.controllers.base import NODES, PODS, Cluster, condition, going, named
from upgrader.lab.kube.controllers.index import SERVICES
from upgrader.lab.kube.controllers.slices import SLICES, Slices, slice_ports
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Change, Name, Object

ENDPOINTS = shared("endpoints")
SERVICE_NAME = "kubernetes.io/service-name"
HEADLESS = "service.kubernetes.io/headless"
_SKIP = "endpointslice.kubernetes.io/skip-mirror"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_MOST = 1000
_OVER = "endpoints.kubernetes.io/over-capacity"
_CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")


class EndpointsOfServices:
    """Follows `pkg/controller/endpointslice`, `endpoint` and `endpointslicemirroring`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._slices = Slices(cluster)

    def concerns(self, change: Change) -> Iterable[Name]:
        """The Services that a pod was or is selected by; the Service whose endpoints somebody changed."""
        if change.key == SERVICES.key:
            return (named(change.object),)
        if change.key == PODS.key:
            index = self._cluster.index
            if (
                change.before is not None
                and _matters(change.before) == _matters(change.object)
                and change.kind != "DELETED"
            ):
                return ()
            return {*index.selecting(change.object), *(index.selecting(change.before) if change.before else ())}
        if change.key == ENDPOINTS.key:
            return (named(change.object),)
        if change.key == SLICES.key and change.kind == "DELETED":
            return (
                (
                    change.object["metadata"]["namespace"],
                    (change.object["metadata"].get("labels") or {}).get(SERVICE_NAME, ""),
                ),
            )
        return ()

    def look(self, name: Name) -> None:
        """Bring one Service's endpoints in order; without the Service nothing of it stays."""
        service = self._cluster.store.get(SERVICES.key, *name)
        own = self._cluster.store.get(ENDPOINTS.key, *name)
        if service is None:
            if own is not None and not _by_hand(own):
                self._cluster.local.delete("endpoints", name[1], name[0])
            return
        if going(service) or service["spec"].get("type") == "ExternalName":
            return
        if service["spec"].get("selector"):
            groups = self._groups(service)
            self._slices.write(service, groups, _CONTROLLERS[0])
            self._write(service, own, groups)
        elif own is not None and not _skipped(own):
            self._slices.write(service, _mirrored(own), _CONTROLLERS[1])

    def _groups(self, service: Object) -> list[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
        """The endpoints of the selected pods, by the ports that they have: names may stand for different numbers."""
        groups: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
        unready = bool(service["spec"].get("publishNotReadyAddresses"))
        for pod in self._cluster.index.bearing(PODS.key, named(service)[0], service["spec"]["selector"]):
            status = pod.get("status") or {}
            if not status.get("podIP") or status.get("phase") in ("Failed", "Succeeded"):
                continue
            ports = slice_ports(service, pod)
            groups.setdefault(repr(ports), (ports, []))[1].append(self._endpoint(pod, unready))
        return list(groups.values())

    def _endpoint(self, pod: Object, unready: bool) -> dict[str, Any]:
        serving = condition(pod, "Ready").get("status") == "True"
        ready = unready or (serving and not going(pod))
        namespace, name = named(pod)
        found: dict[str, Any] = {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": ready, "serving": serving or unready, "terminating": going(pod)},
            "nodeName": pod["spec"].get("nodeName"),
            "targetRef": {"kind": "Pod", "name": name, "namespace": namespace, "uid": pod["metadata"]["uid"]},
        }  # fmt: skip
        if pod["spec"].get("hostname") and pod["spec"].get("subdomain"):
            found["hostname"] = pod["spec"]["hostname"]
        node = self._cluster.store.get(NODES.key, "", pod["spec"].get("nodeName") or "")
        zone = ((node or {"metadata": {}})["metadata"].get("labels") or {}).get("topology.kubernetes.io/zone")
        return {**found, "zone": zone} if zone else found

    def _write(self, service: Object, own: Object | None, groups: Iterable[tuple[list[Any], list[Any]]]) -> None:
        namespace, name = named(service)
        subsets = [one for ports, endpoints in groups if (one := _subset(ports, endpoints))]
        labels = dict(service["metadata"].get("labels") or {})
        if service["spec"].get("clusterIP") == "None":
            labels[HEADLESS] = ""
        notes = {key: value for key, value in ((own or {"metadata": {}})["metadata"].get("annotations") or {}).items()
                 if key != _OVER}  # fmt: skip
        if sum(len(one.get("addresses", ())) + len(one.get("notReadyAddresses", ())) for one in subsets) > _MOST:
            subsets, notes[_OVER] = _cut(subsets), "truncated"
        if own is not None and (own.get("subsets") or [], own["metadata"].get("labels") or {}) == (subsets, labels):
            return
        metadata = {"name": name, "namespace": namespace, "labels": labels, "annotations": notes}
        self._cluster.local.put({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets})


def _subset(ports: list[Any], endpoints: list[Mapping[str, Any]]) -> dict[str, Any]:
    """One subset of Endpoints; pods that end are in none."""
    found: dict[str, Any] = {"addresses": [], "notReadyAddresses": []}
    for one in endpoints:
        if one["conditions"]["terminating"] and not one["conditions"]["ready"]:
            continue
        address = {"ip": one["addresses"][0], "nodeName": one["nodeName"], "targetRef": one["targetRef"]}
        if "hostname" in one:
            address["hostname"] = one["hostname"]
        found["addresses" if one["conditions"]["ready"] else "notReadyAddresses"].append(address)
    has = {key: value for key, value in found.items() if value}
    return {**has, "ports": [{k: v for k, v in port.items() if v != ""} for port in ports]} if has and ports else has


def _cut(subsets: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    room, kept = _MOST, []
    for one in subsets:
        addresses = one.get("addresses", [])[:room]
        room -= len(addresses)
        if addresses:
            kept.append({"addresses": addresses, "ports": one.get("ports", [])})
    return kept


def _mirrored(own: Object) -> list[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Endpoints that were written by hand, as slices show them."""
    return [(list(subset.get("ports") or ()), list(_addresses(subset))) for subset in own.get("subsets") or ()]


def _addresses(subset: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for field, ready in (("addresses", True), ("notReadyAddresses", False)):
        for one in subset.get(field) or ():
            found: dict[str, Any] = {"addresses": [one["ip"]], "conditions": {"ready": ready}}
            yield {**found, **{key: one[key] for key in ("hostname", "nodeName", "targetRef") if one.get(key)}}


def _by_hand(own: Object) -> bool:
    return _LEADER in (own["metadata"].get("annotations") or {})


def _skipped(own: Object) -> bool:
    return _by_hand(own) or (own["metadata"].get("labels") or {}).get(_SKIP) == "true"


def _matters(pod: Object) -> tuple[Any, ...]:
    """What of a pod its endpoints show."""
    status = pod.get("status") or {}
    return (status.get("podIP"), status.get("phase"), condition(pod, "Ready").get("status"), going(pod),
            pod["metadata"].get("labels"), pod["spec"].get("nodeName"))  # fmt: skip
