"""Clusters: lists, details, resources, kubeconfigs, checks."""

from __future__ import annotations

import msgspec

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.cs.model import Cluster
from upgrader.lab.cloud.errors import CloudError


def cluster_of(call: Call) -> Cluster:
    """The cluster that the request names."""
    found = call.world.cs.clusters.get(call.params.required("ClusterId"))
    if found is None:
        raise CloudError("ErrorClusterNotFound", "The cluster does not exist.", 404)
    return found


def list_v1(call: Call) -> Answer:
    """The account's clusters, a page of them; by region, name, type or state when asked."""
    params = call.params
    region = params.text("region_id")
    found = [
        one
        for one in call.world.cs.clusters.values()
        if region in ("", one.region)
        and params.text("name") in one.name
        and params.text("cluster_id") in ("", one.id)
        and params.text("cluster_type") in ("", one.type)
        and params.text("cluster_spec") in ("", one.spec)
        and params.text("cluster_state") in ("", one.state)
    ]
    size = params.integer("page_size", 10, low=1, high=100)
    number = params.integer("page_number", 1, low=1)
    page = found[(number - 1) * size : number * size]
    counts = {"page_number": number, "page_size": size, "total_count": len(found)}
    return {"clusters": [_show(one) for one in page], "page_info": counts}


def list_all(call: Call) -> Answer:
    """The old list: all clusters, as a bare array."""
    name = call.params.text("name")
    return {"[]": [_show(one) for one in call.world.cs.clusters.values() if name in one.name]}


def describe(call: Call) -> Answer:
    """One cluster."""
    return _show(cluster_of(call))


def _show(one: Cluster) -> Answer:
    network = "flannel" if "flannel" in one.network else "terway-eniip" if "terway" in one.network else one.network
    addons = [{"name": addon.name, "version": addon.version} for addon in one.addons.values()]
    meta = {"Addons": addons, "Capabilities": {"Network": network}, "KubernetesVersion": one.version}
    return {
        "cluster_id": one.id,
        "name": one.name,
        "region_id": one.region,
        "zone_id": f"{one.region}-h",
        "state": one.state,
        "cluster_type": one.type,
        "cluster_spec": one.spec,
        "profile": "Default",
        "current_version": one.version,
        "init_version": one.version,
        "network_mode": "vpc",
        "vpc_id": one.vpc_id,
        "vswitch_id": ",".join(one.vswitch_ids),
        "vswitch_ids": one.vswitch_ids,
        "security_group_id": one.security_group,
        "resource_group_id": one.resource_group,
        "worker_ram_role_name": one.worker_role,
        "subnet_cidr": "10.0.0.0/16",
        "container_cidr": "10.0.0.0/16",
        "size": one.size,
        "created": one.created,
        "updated": one.created,
        "deletion_protection": one.deletion_protection,
        "tags": [{"key": key, "value": value} for key, value in one.tags.items()],
        "meta_data": msgspec.json.encode(meta).decode(),
        "parameters": {"NetworkPlugin": network},
        "next_version": "",
        "private_zone": False,
    }


def resources(call: Call) -> Answer:
    """What the cluster is made of, as a bare array."""
    one = cluster_of(call)
    parts = [("ALIYUN::ECS::VPC", one.vpc_id), ("ALIYUN::ECS::SecurityGroup", one.security_group)]
    parts += [("ALIYUN::ECS::VSwitch", switch) for switch in one.vswitch_ids]
    parts += [("ALIYUN::RAM::Role", role) for role in (one.worker_role, one.master_role)]
    shown = [
        {
            "cluster_id": one.id,
            "id": number,
            "instance_id": instance,
            "resource_type": kind,
            "state": "CREATE_COMPLETE",
            "resource_info": "",
            "created": one.created,
            "auto_create": 1,
        }
        for number, (kind, instance) in enumerate(parts, 1)
        if instance
    ]
    return {"[]": shown}


def kubeconfig(call: Call) -> Answer:
    """The kubeconfig that was given to the cluster."""
    one = cluster_of(call)
    if not one.kubeconfig:
        raise CloudError("ErrorKubeconfig", "The cluster has no kubeconfig.", 404)
    return {"config": one.kubeconfig, "expiration": "2030-01-01T00:00:00Z"}


def node_pools(call: Call) -> Answer:
    """One default pool."""
    one = cluster_of(call)
    pool = {"nodepool_info": {"nodepool_id": f"np-{one.id[:12]}", "name": "default", "is_default": True}}
    return {"nodepools": [{**pool, "status": {"state": "active", "total_nodes": one.size}}]}


def run_check(call: Call) -> Answer:
    """Start a check of the cluster; in the lab it has ended at once."""
    one = cluster_of(call)
    return {"check_id": f"{one.id}-check-{call.world.count('check')}"}


def get_check(call: Call) -> Answer:
    """A check's result: what an add-on's precheck says."""
    one = cluster_of(call)
    items = {
        "Addon": [
            {"name": addon.name, "level": "error" if addon.precheck else "normal", "message": addon.precheck}
            for addon in one.addons.values()
        ]
    }
    return {
        "check_id": call.params.text("CheckId"),
        "type": "ClusterUpgrade",
        "status": "Succeeded",
        "message": "task succeed",
        "created_at": call.stamp,
        "finished_at": call.stamp,
        "check_items": items,
    }


def list_checks(call: Call) -> Answer:
    """No check is kept."""
    cluster_of(call)
    return {"checks": []}


ACTIONS: Actions = {
    "DescribeClustersV1": list_v1,
    "DescribeClusters": list_all,
    "DescribeClusterDetail": describe,
    "DescribeClusterResources": resources,
    "DescribeClusterUserKubeconfig": kubeconfig,
    "DescribeClusterNodePools": node_pools,
    "RunClusterCheck": run_check,
    "GetClusterCheck": get_check,
    "ListClusterChecks": list_checks,
}
