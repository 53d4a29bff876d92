"""A cluster without a server, its time held, and hands to move it."""

from __future__ import annotations

from typing import Any

from upgrader.lab.clock import LabClock
from upgrader.lab.kube.api import KubeApi
from upgrader.lab.kube.controllers import Controllers
from upgrader.lab.kube.local import Local
from upgrader.lab.kube.store import Object


class Hands:
    """Each change is followed by what the controllers make of it."""

    def __init__(self, nodes: int = 3) -> None:
        self.api = KubeApi("seed", LabClock(held=True))
        self.controllers = Controllers(self.api)
        self.local = Local(self.api, "kubectl")
        for number in range(1, nodes + 1):
            self.controllers.add_node(f"n{number}", f"192.168.0.{number}", podCIDR=f"10.0.{number}.0/24")

    def create(self, found: Object) -> Object:
        made = self.local.create(found)
        self.controllers.settle()
        return made

    def patch(self, plural: str, name: str, patch: Object, group: str = "apps", subresource: str = "") -> None:
        namespace = "" if plural == "nodes" else "default"
        self.local.merge(plural, name, namespace, patch, group=group, subresource=subresource)
        self.controllers.settle()

    def delete(self, plural: str, name: str, group: str = "apps", **how: str) -> None:
        self.local.delete(plural, name, "" if plural == "nodes" else "default", group=group, **how)
        self.controllers.settle()

    def wait(self, seconds: float) -> None:
        self.api.clock.advance(seconds)
        self.controllers.settle()

    def list(self, plural: str, group: str = "") -> list[Object]:
        return self.local.list(plural, "default", group)

    def status(self, plural: str, name: str, group: str = "apps") -> dict[str, Any]:
        found = self.local.get(plural, name, "default", group)
        assert found is not None
        status: dict[str, Any] = found["status"]
        return status

    def pods(self) -> dict[str, str]:
        """Each pod with the image of its first container."""
        return {one["metadata"]["name"]: one["spec"]["containers"][0]["image"] for one in self.list("pods")}

    def condition(self, plural: str, name: str, kind: str, group: str = "apps") -> str:
        """`True MinimumReplicasAvailable`, empty where there is no such condition."""
        for one in self.status(plural, name, group).get("conditions", ()):
            if one["type"] == kind:
                return f"{one['status']} {one.get('reason', '')}".strip()
        return ""

    def reasons(self, name: str) -> set[str]:
        """The reasons of what was told about an object."""
        return {one["reason"] for one in self.list("events") if one["involvedObject"]["name"] == name}


def template(image: str = "nginx:1", labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "app", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}
    return {"metadata": {"labels": labels or {"app": "web"}}, "spec": {"containers": [container], **spec}}


def workload(kind: str, image: str = "nginx:1", name: str = "web", **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(image, {"app": name}), **spec},
    }  # fmt: skip


def image(value: str) -> Object:
    """A patch of a workload's image; the list of containers is replaced by a merge patch."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": value}]}}}}


def service(name: str = "web", target: Any = "http", **spec: Any) -> Object:
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": target}], **spec},
    }  # fmt: skip


def job(command: list[str], **spec: Any) -> Object:
    container = {"name": "app", "image": "busybox:1", "command": command}
    pod = {"containers": [container], "restartPolicy": "Never"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": "default"},
            "spec": {"template": {"spec": pod}, **spec}}  # fmt: skip
