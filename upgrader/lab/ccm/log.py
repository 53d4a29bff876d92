"""The log of a pod that runs CCM: what the simulated one told in events since the pod began, in klog's lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from upgrader.lab.ccm.leadership import ccm_version
from upgrader.lab.kube.store import Object
from upgrader.lab.kube.tables.columns import read_time

if TYPE_CHECKING:
    from upgrader.lab.ccm.manager import Ccm

COMPONENTS = ("service-controller", "nlb-controller")


def log_of(ccm: Ccm, pod: Object) -> str | None:
    """The log; None for a pod that runs no CCM. One that does not lead says that it waits."""
    version = ccm_version(pod)
    began = (pod.get("status") or {}).get("startTime")
    if version is None or not began:
        return None
    lines = [line("I", began, f"Version: {version}")]
    lines.append(line("I", began, "attempting to acquire leader lease kube-system/ccm..."))
    leads = ccm.leader is not None and ccm.leader.name.endswith(pod["metadata"]["uid"])
    if leads:
        lines.append(line("I", began, "successfully acquired lease kube-system/ccm"))
        lines += _told(ccm.api.store.list(("", "events")), began)
    return "\n".join(lines) + "\n"


def line(level: str, moment: str, said: str) -> str:
    """One line as klog writes it."""
    return f"{level}{read_time(moment):%m%d %H:%M:%S}.000000       1 main.go:1] {said}"


def _told(events: Iterable[Object], since: str) -> list[str]:
    ours = [one for one in events if (one.get("source") or {}).get("component") in COMPONENTS
            and (one.get("lastTimestamp") or "") >= since]  # fmt: skip
    ours.sort(key=lambda one: (one["lastTimestamp"], one["metadata"]["name"]))
    return [
        line("E" if one["type"] == "Warning" else "I", one["lastTimestamp"],
             f"{one['source']['component']} {one['reason']} {one['involvedObject'].get('namespace', '')}/"
             f"{one['involvedObject']['name']}: {one['message']}")
        for one in ours
    ]  # fmt: skip
