"""What CS keeps: clusters with their add-ons, and tasks."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Outcome = Literal["success", "failed", "failed-but-landed", "endless", "success-without-change"]
"""How the next upgrade of an add-on ends."""


class Addon(Struct, kw_only=True):
    """An installed add-on. `next_versions` are offered; `precheck` refuses an upgrade with its text; `outcome` and
    `upgrade_s` say how the next upgrade goes."""

    name: str
    version: str
    config: str = ""
    state: str = "Running"
    next_versions: list[str] = []
    managed: bool = False
    precheck: str = ""
    outcome: Outcome = "success"
    upgrade_s: float = 20.0
    task_id: str = ""


class Cluster(Struct, kw_only=True):
    """An ACK cluster. `type` is ManagedKubernetes or Kubernetes (dedicated)."""

    id: str
    name: str
    region: str
    type: str = "ManagedKubernetes"
    spec: str = "ack.pro.small"
    version: str = "1.28.3-aliyun.1"
    state: str = "running"
    network: str = "terway-eniip"
    vpc_id: str = ""
    vswitch_ids: list[str] = []
    security_group: str = ""
    worker_role: str = ""
    master_role: str = ""
    resource_group: str = "rg-default"
    size: int = 3
    tags: dict[str, str] = {}
    addons: dict[str, Addon] = {}
    kubeconfig: str = ""
    created: str = ""
    deletion_protection: bool = False


class Task(Struct, kw_only=True):
    """A task. Times in seconds of the lab's time; `held_s` is how long it has been paused in all."""

    id: str
    cluster_id: str
    type: str
    addon: str = ""
    version: str = ""
    before: str = ""
    outcome: Outcome = "success"
    started_at: float
    duration_s: float
    paused_at: float | None = None
    held_s: float = 0.0
    state: str = "running"
    landed: bool = False
    message: str = ""
    created: str = ""
    updated: str = ""


class CsStore(Struct, kw_only=True):
    """CS's objects by id."""

    clusters: dict[str, Cluster] = {}
    tasks: dict[str, Task] = {}
