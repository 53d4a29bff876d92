"""A cluster of the lab without a server, and the hands of its user."""

from __future__ import annotations

from typing import Any

from upgrader.lab.build import build
from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cluster import LabCluster
from upgrader.lab.scenario import ClusterSpec, Scenario


class Rig:
    """One cluster; `requests` and `reasons` tell what came of the last edit."""

    def __init__(self, spec: ClusterSpec) -> None:
        self.cloud = Cloud(clock=LabClock(held=True))
        built = build(Scenario(name="test", title="", clusters=(spec,)), self.cloud)
        self.cluster: LabCluster = next(iter(built.values()))
        self._seq = 0
        self._told: dict[tuple[str, str], int] = {}
        self.mark()

    def mark(self) -> None:
        """What follows is the next step."""
        self._seq = self.cloud.journal.last_seq
        self._told = self._events()

    def work(self) -> None:
        """Let controllers and CCM come to rest."""
        self.cluster.controllers.settle()
        self.cluster.work()

    def writes(self) -> list[str]:
        """The requests that changed something since the mark."""
        return [f"{one.product}:{one.action}" for one in self.cloud.journal.requests(since=self._seq, writes=True)]

    def params(self, action: str) -> dict[str, str]:
        """The parameters of the last such request since the mark."""
        found = self.cloud.journal.requests(since=self._seq, actions=[action])
        return found[-1].params if found else {}

    def reasons(self, name: str) -> list[str]:
        """The reasons of the events on a Service since the mark."""
        now = self._events()
        return sorted({reason for (about, reason), count in now.items()
                       if about == name and count > self._told.get((about, reason), 0)})  # fmt: skip

    def messages(self, name: str) -> list[str]:
        """The texts of all events on a Service."""
        return [one["message"] for one in self.cluster.local.list("events") if one["involvedObject"]["name"] == name]

    def service(self, name: str) -> dict[str, Any] | None:
        """The Service as it stands."""
        return self.cluster.local.get("services", name, "default")

    def patch(self, name: str, **patch: Any) -> None:
        """Merge into the Service, then let it work."""
        self.cluster.local.merge("services", name, "default", patch)
        self.work()

    def _events(self) -> dict[tuple[str, str], int]:
        counts: dict[tuple[str, str], int] = {}
        for one in self.cluster.local.list("events"):
            key = (one["involvedObject"]["name"], one["reason"])
            counts[key] = counts.get(key, 0) + int(one.get("count") or 1)
        return counts
