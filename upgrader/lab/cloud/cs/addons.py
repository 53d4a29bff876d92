"""Add-ons: what is installed, what is offered, and upgrades."""

from __future__ import annotations

from typing import Any

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.cs import tasks
from upgrader.lab.cloud.cs.clusters import cluster_of
from upgrader.lab.cloud.cs.model import Addon, Cluster
from upgrader.lab.cloud.errors import CloudError

STATES = {"Running": "active", "Upgrading": "upgrading"}


def _addon(call: Call) -> tuple[Cluster, Addon]:
    cluster = cluster_of(call)
    tasks.settle_all(call, cluster.id)
    name = call.params.required("Name")
    if name not in cluster.addons:
        raise CloudError("AddonNotFound", f"The add-on {name} is not installed.", 404)
    return cluster, cluster.addons[name]


def list_instances(call: Call) -> Answer:
    """Every installed add-on."""
    cluster = cluster_of(call)
    tasks.settle_all(call, cluster.id)
    return {"addons": [_instance(one) for one in cluster.addons.values()]}


def get_instance(call: Call) -> Answer:
    """One installed add-on with its configuration."""
    return {**_instance(_addon(call)[1]), "logging": {"capable": False, "enabled": False}}


def _instance(one: Addon) -> Answer:
    return {"name": one.name, "version": one.version, "state": STATES.get(one.state, one.state), "config": one.config}


def describe_addon(call: Call) -> Answer:
    """What an add-on is, and the newer versions that are offered (for a cluster, when one is named)."""
    name = call.params.required("Name")
    wanted = call.params.text("cluster_id")
    holders = [
        cluster.addons[name]
        for cluster in call.world.cs.clusters.values()
        if name in cluster.addons and wanted in ("", cluster.id)
    ]
    if not holders:
        raise CloudError("AddonNotFound", f"The add-on {name} does not exist.", 404)
    one = holders[0]
    newer = [{"version": version, "minimum_cluster_version": "", "upgradable": True} for version in one.next_versions]
    return {
        "name": one.name,
        "version": one.version,
        "newer_versions": newer,
        "supported_actions": ["Upgrade", "Modify"],
        "managed": one.managed,
        "category": "core",
        "install_by_default": True,
        "architecture": ["amd64", "arm64"],
        "config_schema": "{}",
    }


def versions(call: Call) -> Answer:
    """Installed and next version of every add-on, by name (deprecated)."""
    cluster = cluster_of(call)
    tasks.settle_all(call, cluster.id)
    return {
        one.name: {
            "component_name": one.name,
            "version": one.version,
            "next_version": one.next_versions[-1] if one.next_versions else one.version,
            "can_upgrade": bool(one.next_versions),
            "changed": "",
            "exist": True,
            "required": True,
            "ready_to_upgrade": one.precheck or "ok",
            "policy": "overwrite",
            "message": one.precheck,
            "value": one.config or "{}",
        }
        for one in cluster.addons.values()
    }


def upgrade(call: Call) -> Answer:
    """Start upgrades: the body is an array. The same version again succeeds and changes nothing."""
    cluster = cluster_of(call)
    tasks.settle_all(call, cluster.id)
    wanted = _wanted(call.params.body)
    for entry in wanted:
        _check(cluster, entry)
    started = ""
    for entry in wanted:
        addon = cluster.addons[str(entry["component_name"])]
        version = str(entry["next_version"])
        task = tasks.start_upgrade(call, cluster.id, addon, version)
        if version == addon.version:
            task.outcome = "success-without-change"
        if entry.get("config"):
            addon.config = str(entry["config"])
        started = task.id
    return {"cluster_id": cluster.id, "task_id": started}


def _wanted(body: Any) -> list[dict[str, Any]]:
    entries = body.get("body") if isinstance(body, dict) else body
    if not isinstance(entries, list) or not entries or not all(isinstance(one, dict) for one in entries):
        raise CloudError("ErrorParamsInvalid", "The request body is an array of components.")
    for entry in entries:
        for name in ("component_name", "next_version"):
            if not entry.get(name):
                raise CloudError("ErrorParamsInvalid", f"{name} is required for every component.")
    return entries


def _check(cluster: Cluster, entry: dict[str, Any]) -> None:
    name, version = str(entry["component_name"]), str(entry["next_version"])
    addon = cluster.addons.get(name)
    if addon is None:
        raise CloudError("AddonNotFound", f"The add-on {name} is not installed.", 404)
    if cluster.state != "running":
        raise CloudError("ErrorClusterState", f"The cluster is {cluster.state}.")
    if addon.task_id:
        raise CloudError("AddonOperationNotAllowed", f"The add-on {name} is being upgraded.", 409)
    if addon.precheck:
        raise CloudError("AddonPrecheckFailed", addon.precheck)
    if version != addon.version and version not in addon.next_versions:
        raise CloudError("AddonVersionNotSupported", f"The version {version} of {name} is not offered.")


def upgrade_status(call: Call) -> Answer:
    """How an add-on's last upgrade goes (deprecated)."""
    cluster, addon = _addon(call)
    return _status(call, cluster, addon)


def upgrade_statuses(call: Call) -> Answer:
    """The same for several add-ons, by name (deprecated)."""
    cluster = cluster_of(call)
    tasks.settle_all(call, cluster.id)
    names = [one for one in call.params.text("componentIds").split(",") if one] or list(cluster.addons)
    return {name: _status(call, cluster, cluster.addons[name]) for name in names if name in cluster.addons}


_OLD_STATES = {
    "running": "Running",
    "paused": "Paused",
    "success": "Success",
    "failed": "Failed",
    "canceled": "Canceled",
}


def _status(call: Call, cluster: Cluster, addon: Addon) -> Answer:
    mine = [one for one in call.world.cs.tasks.values() if (one.cluster_id, one.addon) == (cluster.id, addon.name)]
    shown: Answer = {}
    if mine:
        last = mine[-1]
        shown = {
            "status": _OLD_STATES[last.state],
            "message": last.message,
            "is_canceled": last.state == "canceled",
            "created_at": last.created,
            "finished_at": last.updated,
        }
    info = {"component_name": addon.name, "version": addon.version, "ready_to_upgrade": addon.precheck or "ok"}
    return {"addon_info": info, "tasks": shown, "can_upgrade": bool(addon.next_versions)}


def control(call: Call, how: str) -> Answer:
    """Pause, resume or cancel by the add-on's name (deprecated)."""
    addon = _addon(call)[1]
    if not addon.task_id:
        raise CloudError("ErrorTaskNotFound", f"No upgrade of {addon.name} is under way.", 404)
    call.params.raw = {**call.params.raw, "TaskId": addon.task_id}
    return tasks.ACTIONS[f"{how}Task"](call)


ACTIONS: Actions = {
    "ListClusterAddonInstances": list_instances,
    "GetClusterAddonInstance": get_instance,
    "DescribeAddon": describe_addon,
    "DescribeClusterAddonsVersion": versions,
    "UpgradeClusterAddons": upgrade,
    "DescribeClusterAddonUpgradeStatus": upgrade_status,
    "DescribeClusterAddonsUpgradeStatus": upgrade_statuses,
    "PauseComponentUpgrade": lambda call: control(call, "Pause"),
    "ResumeComponentUpgrade": lambda call: control(call, "Resume"),
    "CancelComponentUpgrade": lambda call: control(call, "Cancel"),
}
