"""CS, read: clusters, the add-on, tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from upgrader.adapters.aliyun.answers import ask, listed, number, tag_map
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.model.errors import AbsentError, RefusedError
from upgrader.model.facts import ClusterKind, Network
from upgrader.ports.read import AddonInfo, CloudCluster, TaskInfo

PAGE = 50
_KINDS: dict[str, ClusterKind] = {"ManagedKubernetes": "managed", "Kubernetes": "dedicated"}
_ENDED = frozenset({"success", "succeeded", "fail", "failed", "canceled", "cancelled"})


class CsReader:
    """Questions to CS."""

    def __init__(self, transport: Transport, region: str) -> None:
        self._transport, self._region = transport, region

    def clusters(self, region: str = "") -> tuple[CloudCluster, ...]:
        """All clusters of the account, of one region when given."""
        found: list[CloudCluster] = []
        for page in range(1, 10_000):
            params = {"page_number": str(page), "page_size": str(PAGE)} | ({"region_id": region} if region else {})
            answer = ask(self._transport, self._call("DescribeClustersV1", params=params))
            records = listed(answer, "clusters")
            found += [_cluster(record) for record in records]
            total = number((answer.get("page_info") or {}).get("total_count"))
            if not records or page * PAGE >= total:
                break
        return tuple(sorted((one for one in found if not region or one.region == region), key=lambda one: one.id))

    def cluster(self, cluster_id: str) -> CloudCluster:
        """One cluster."""
        return _cluster(ask(self._transport, self._call("DescribeClusterDetail", ClusterId=cluster_id)))

    def master_role(self, cluster_id: str) -> str:
        """The RAM role of a dedicated cluster's masters, among its resources; empty when there is none."""
        answer = ask(self._transport, self._call("DescribeClusterResources", ClusterId=cluster_id))
        names = [str(one.get("instance_id") or "") for one in listed(answer, "items")]
        return next((name for name in names if name.startswith("KubernetesMasterRole")), "")

    def kubeconfig(self, cluster_id: str) -> str:
        """A kubeconfig for the cluster: a secret."""
        return str(
            ask(self._transport, self._call("DescribeClusterUserKubeconfig", ClusterId=cluster_id)).get("config") or ""
        )

    def addon(self, cluster_id: str, name: str) -> AddonInfo:
        """The add-on as installed, with the versions offered next."""
        try:
            return self._addon(cluster_id, name)
        except RefusedError:
            # An endpoint without the newer calls: the deprecated one still tells version and next version.
            return self._addon_of_old(cluster_id, name)

    def task(self, task_id: str) -> TaskInfo:
        """One task."""
        return _task(ask(self._transport, self._call("DescribeTaskInfo", TaskId=task_id)), task_id)

    def running_tasks(self, cluster_id: str) -> tuple[TaskInfo, ...]:
        """Tasks of the cluster that have not ended."""
        answer = ask(self._transport, self._call("DescribeClusterTasks", ClusterId=cluster_id))
        tasks = [_task(one, str(one.get("task_id") or "")) for one in listed(answer, "tasks")]
        return tuple(sorted((one for one in tasks if not one.finished), key=lambda one: one.id))

    def _addon(self, cluster_id: str, name: str) -> AddonInfo:
        here = ask(self._transport, self._call("GetClusterAddonInstance", ClusterId=cluster_id, Name=name))
        offer = ask(self._transport, self._call("DescribeAddon", Name=name, params={"cluster_id": cluster_id}))
        newer = [one for one in listed(offer, "newer_versions") if one.get("upgradable", True)]
        return AddonInfo(
            version=str(here.get("version") or ""),
            state=str(here.get("state") or ""),
            next_versions=tuple(str(one.get("version") or "") for one in newer),
            config=_text(here.get("config")),
            managed=offer.get("managed") if isinstance(offer.get("managed"), bool) else None,
        )

    def _addon_of_old(self, cluster_id: str, name: str) -> AddonInfo:
        answer = ask(self._transport, self._call("DescribeClusterAddonsVersion", ClusterId=cluster_id))
        found = answer.get(name)
        if not isinstance(found, dict):
            found = next((one for one in listed(answer, "items") if one.get("component_name") == name), None)
        if found is None:
            raise AbsentError(what=f"no add-on {name}", where=cluster_id,
                              next_command="say --kind self-managed where ACK does not run CCM")  # fmt: skip
        following = str(found.get("next_version") or "")
        offered = (following,) if following and found.get("can_upgrade", True) else ()
        return AddonInfo(version=str(found.get("version") or ""), next_versions=offered)

    def _call(self, action: str, *, params: dict[str, str] | None = None, **path: str) -> Call:
        return Call(product="cs", action=action, region=self._region, params=params or {}, path=path)


def _cluster(record: Mapping[str, Any]) -> CloudCluster:
    return CloudCluster(
        id=str(record.get("cluster_id") or ""),
        name=str(record.get("name") or ""),
        region=str(record.get("region_id") or ""),
        kind=_KINDS.get(str(record.get("cluster_type") or "")),
        kubernetes=str(record.get("current_version") or record.get("init_version") or ""),
        network=_network(record),
        vpc_id=str(record.get("vpc_id") or ""),
        state=str(record.get("state") or ""),
        ram_role=str(record.get("worker_ram_role_name") or ""),
        tags=tag_map(record.get("tags")),
    )


def _network(record: Mapping[str, Any]) -> Network | None:
    """From the capabilities or the add-ons in the cluster's metadata, which is JSON inside the JSON."""
    try:
        metadata = json.loads(record.get("meta_data") or "{}")
    except (TypeError, ValueError):
        return None
    if not isinstance(metadata, dict):
        return None
    capability = str((metadata.get("Capabilities") or {}).get("Network") or "")
    names = [capability, *(str(one.get("name") or "") for one in listed(metadata, "Addons"))]
    for name in names:
        if "terway" in name.lower():
            return "terway"
        if "flannel" in name.lower():
            return "flannel"
    return None


def _task(record: Mapping[str, Any], task_id: str) -> TaskInfo:
    state = str(record.get("state") or "")
    error = record.get("error") or {}
    events = listed(record, "events")
    message = str(error.get("message") or "") if isinstance(error, dict) else ""
    return TaskInfo(
        id=str(record.get("task_id") or task_id),
        state=state,
        type=str(record.get("task_type") or ""),
        stage=str(record.get("current_stage") or ""),
        message=message or (str(events[-1].get("message") or "") if events else ""),
        finished=state.lower() in _ENDED,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True) if value else ""
