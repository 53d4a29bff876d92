"""What people do in the console between CCM's visits."""

from __future__ import annotations

import copy
from typing import Any

from upgrader.forecast.annotations import PREFIX
from upgrader.forecast.world import default_name
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.nlb.model import Nlb
from upgrader.lab.cloud.slb.model import Listener, LoadBalancer
from upgrader.lab.cluster import LabCluster
from upgrader.lab.furnish import port_of
from upgrader.lab.scenario import CloudEdit
from upgrader.model.cloud import OWNER_TAG
from upgrader.model.errors import InputError
from upgrader.model.kube import Service


def edit(cluster: LabCluster, cloud: Cloud, change: CloudEdit) -> None:
    """Carry one edit out. Raises `InputError` for a Service that has no load balancer."""
    namespace, _, name = change.service.rpartition("/")
    service = cluster.ccm.view.service(namespace or "default", name)
    if service is not None and change.do in ("unlabel", "annotate", "ports"):
        _service(cluster, service, change)
        return
    lb = None if service is None else _load_balancer(cloud, service)
    if service is None or lb is None:
        raise InputError(what=f"no load balancer of a Service {change.service!r} to edit", where=cluster.spec.name,
                         next_command="name one of the scenario's Services that has one")  # fmt: skip
    if change.do == "untag":
        lb.tags.clear()
    elif change.do == "rename":
        lb.name = change.value
    elif change.do == "foreign-tag":
        lb.tags[OWNER_TAG] = change.value
    elif change.do == "weight":
        _weigh(cloud, lb, int(change.value))
    elif isinstance(lb, LoadBalancer):
        _clb(cloud, lb, change)


def _service(cluster: LabCluster, service: Service, change: CloudEdit) -> None:
    patch: dict[str, Any] = {"metadata": {"labels": {change.value: None}}}
    if change.do == "annotate":
        name, _, value = change.value.partition("=")
        patch = {"metadata": {"annotations": {name if "/" in name else PREFIX + name: value}}}
    elif change.do == "ports":
        patch = {"spec": {"ports": [port_of(text) for text in change.value.split(",")]}}
    cluster.local.merge("services", service.metadata.name, service.metadata.namespace, patch)


def _clb(cloud: Cloud, lb: LoadBalancer, change: CloudEdit) -> None:
    if change.do == "listener":
        _use_group(lb, int(change.value))
    elif change.do == "delete":
        del cloud.world.slb.load_balancers[lb.id]
        for group in [one for one in cloud.world.slb.groups.values() if one.load_balancer_id == lb.id]:
            del cloud.world.slb.groups[group.id]
    else:
        twin = copy.deepcopy(lb)
        twin.id, twin.address, twin.listeners = cloud.world.new_bp1("lb"), cloud.world.new_public_ip(), {}
        cloud.world.slb.load_balancers[twin.id] = twin


def _use_group(lb: LoadBalancer, port: int) -> None:
    """A listener made by hand that forwards to the last of CCM's groups."""
    settings = dict(list(lb.listeners.values())[-1].settings) | {"Description": "by-hand"}
    lb.listeners[f"tcp:{port}"] = Listener(port=port, protocol="tcp", status="running", settings=settings)


def _weigh(cloud: Cloud, lb: LoadBalancer | Nlb, weight: int) -> None:
    if isinstance(lb, LoadBalancer):
        for group in cloud.world.slb.groups.values():
            if group.load_balancer_id == lb.id:
                for backend in group.backends:
                    backend.weight = weight
        return
    for listener in cloud.world.nlb.listeners.values():
        if listener.load_balancer_id == lb.id and listener.group_id in cloud.world.nlb.groups:
            for server in cloud.world.nlb.groups[listener.group_id].servers:
                server.weight = weight


def _load_balancer(cloud: Cloud, service: Service) -> LoadBalancer | Nlb | None:
    owner, address = default_name(service), service.address
    for clb in cloud.world.slb.load_balancers.values():
        if clb.tags.get(OWNER_TAG) == owner or (address and clb.address == address):
            return clb
    for nlb in cloud.world.nlb.load_balancers.values():
        if nlb.tags.get(OWNER_TAG) == owner or (address and nlb.dns_name == address):
            return nlb
    return None
