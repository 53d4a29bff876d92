"""A cluster and a cloud in memory: healthy at the start, made sick in one place, every write counted.

`crash_at` raises `Crash` just before or just after the n-th write, as a kill would: the effect is there or it is not,
and no Python of ours runs afterwards but the test's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from upgrader.execute.engine import Engine
from upgrader.execute.journal import FileStore
from upgrader.execute.session import Session
from upgrader.model.cloud import LoadBalancer
from upgrader.model.errors import AbsentError, CcmUpgradeError, RefusedError, StaleError
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity, RamFacts, RamPolicy, WorkloadRef
from upgrader.model.finding import Coverage
from upgrader.model.forecast import Forecast
from upgrader.model.params import PolicyVersionParams, TagParams, WorkloadParams, encode_params
from upgrader.model.plan import Digests, Plan, RamDelta, Step
from upgrader.model.run import Entry, RunVerdict
from upgrader.ports.read import Ref, Right
from upgrader.ports.write import Fence

OLD, NEW = "v2.10.0", "v2.14.0"
IMAGE = "registry.example/acs/cloud-controller-manager:"
WORKLOAD = WorkloadRef(kind="DaemonSet", namespace="kube-system", name="ccm", container="ccm")


class Crash(BaseException):
    """The process dies here."""


class HeldClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class World:
    def __init__(self) -> None:
        self.clock = HeldClock()
        self.objects: dict[str, dict[str, Any]] = {}
        self.versions = {"v1": {"Version": "1", "Statement": []}}
        self.default = "v1"
        self.lb = LoadBalancer(kind="clb", id="lb-1", address="1.2.3.4")
        self.writes: list[str] = []
        self.crash_at: tuple[int, str] | None = None
        self.sick: dict[str, list[CcmUpgradeError]] = {}
        self.verdict = RunVerdict(outcome="PASS")
        self.image_breaks = False
        self.forbidden: set[str] = set()
        self.put_workload(IMAGE + OLD)

    def judged(self, version: str) -> RunVerdict:
        """`verdict` for the new version; the old one serves as it did while its image is back."""
        return self.verdict if version == NEW else RunVerdict(outcome="PASS")

    # -- the world --

    def put_workload(self, image: str) -> None:
        self.objects["DaemonSet/kube-system/ccm"] = {
            "kind": "DaemonSet",
            "metadata": {"name": "ccm", "namespace": "kube-system", "generation": 1, "resourceVersion": "1"},
            "spec": {"selector": {"matchLabels": {"app": "ccm"}},
                     "template": {"spec": {"containers": [{"name": "ccm", "image": image, "args": ["--a"]}]}}},
            "status": {"observedGeneration": 1, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1,
                       "numberReady": 1},
        }  # fmt: skip

    def image(self) -> str:
        return str(self.objects["DaemonSet/kube-system/ccm"]["spec"]["template"]["spec"]["containers"][0]["image"])

    def fingerprint(self) -> Any:
        """Everything that a run may change, without its own lock."""
        return (self.image(), self.lb.tags, self.versions[self.default])

    def act(self, name: str, effect: Any) -> Any:
        """One write: counted, made sick or crashed where the test says so."""
        waiting = self.sick.get(name)
        if waiting:
            raise waiting.pop(0)
        number = len([w for w in self.writes if not w.startswith("lock")])
        mine = not name.startswith("lock")
        if mine and self.crash_at == (number, "before"):
            self.crash_at = None
            raise Crash
        found = effect()
        self.writes.append(name)
        if mine and self.crash_at == (number, "after"):
            self.crash_at = None
            raise Crash
        return found


class Cluster:
    """Reader and writer of the in-memory cluster."""

    def __init__(self, world: World, fence: Fence | None = None) -> None:
        self.world, self.fence = world, fence

    def _key(self, ref: Ref) -> str:
        return f"{ref.kind}/{ref.namespace}/{ref.name}"

    def get(self, ref: Ref) -> dict[str, Any]:
        found = self.world.objects.get(self._key(ref))
        if found is None:
            raise AbsentError(f"no {ref.kind} {ref.name}")
        return copy.deepcopy(found)

    def list(self, ref: Ref, label_selector: str = "") -> tuple[dict[str, Any], ...]:
        if ref.kind != "Pod":
            return ()
        image = self.world.image()
        state = {"waiting": {"reason": "ImagePullBackOff"}} if self.world.image_breaks and image.endswith(NEW) else {}
        status = {"containerStatuses": [{"state": state, "ready": not state}]}
        return ({"metadata": {"name": "ccm-x"}, "spec": {"containers": [{"image": image}]}, "status": status},)

    def may(self, right: Right) -> bool:
        return right.words not in self.world.forbidden

    def create(self, ref: Ref, body: dict[str, Any]) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            if self._key(ref) in self.world.objects:
                raise RefusedError("there", code="AlreadyExists")
            self.world.objects[self._key(ref)] = body | {"metadata": {**body["metadata"], "resourceVersion": "1"}}
            return copy.deepcopy(self.world.objects[self._key(ref)])

        found: dict[str, Any] = self._write(ref, "create", effect)
        return found

    def replace(self, ref: Ref, body: dict[str, Any]) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            old = self.world.objects[self._key(ref)]["metadata"]["resourceVersion"]
            if body["metadata"].get("resourceVersion") != old:
                raise RefusedError("moved", code="Conflict")
            new = copy.deepcopy(body)
            new["metadata"]["resourceVersion"] = str(int(old) + 1)
            self.world.objects[self._key(ref)] = new
            return copy.deepcopy(new)

        found: dict[str, Any] = self._write(ref, "replace", effect)
        return found

    def patch(self, ref: Ref, patch: Any, *, style: str = "merge") -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            found = self.world.objects[self._key(ref)]
            wanted = patch["spec"]["template"]["spec"]["containers"][0]
            container = found["spec"]["template"]["spec"]["containers"][0]
            container.update({k: v for k, v in wanted.items() if v is not None})
            return found

        found: dict[str, Any] = self._write(ref, "patch", effect)
        return found

    def delete(self, ref: Ref, *, dependents_first: bool = False) -> None:
        self._write(ref, "delete", lambda: self.world.objects.pop(self._key(ref), None))

    def _write(self, ref: Ref, verb: str, effect: Any) -> Any:
        if self.fence is not None:
            self.fence.check()
        name = "lock" if ref.kind == "Lease" else f"{verb} {ref.kind}"
        return self.world.act(name, effect)

    def watch(
        self, ref: Ref, *, resource_version: str = "", timeout_s: float = 60.0
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from ()


class Cloud:
    """Reader and writer of the in-memory cloud."""

    def __init__(self, world: World, fence: Fence | None = None) -> None:
        self.world, self.fence = world, fence

    def load_balancer(self, lb_id: str) -> LoadBalancer:
        return self.world.lb

    def ram(self, role: str) -> RamFacts:
        w = self.world
        policy = RamPolicy(
            name="p",
            type="Custom",
            default_version=w.default,
            document=w.versions[w.default],
            versions=tuple(w.versions),
        )
        return RamFacts(role=role, policies=(policy,))

    def own_rights(self) -> RamFacts:
        allow = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        deny = {"Effect": "Deny", "Action": sorted(self.world.forbidden), "Resource": "*"}
        allow["Statement"] += [deny] if self.world.forbidden else []  # type: ignore[operator]
        return RamFacts(policies=(RamPolicy(name="own", type="Custom", default_version="v1", document=allow),))

    def tag(self, lb_id: str, tags: dict[str, str]) -> str:
        def effect() -> str:
            self.world.lb = replace(self.world.lb, tags={**self.world.lb.tags, **tags})
            return "req-tag"

        return str(self._write("tag", effect))

    def untag(self, lb_id: str, keys: tuple[str, ...]) -> str:
        left = {k: v for k, v in self.world.lb.tags.items() if k not in keys}

        def effect() -> str:
            self.world.lb = replace(self.world.lb, tags=left)
            return "req-untag"

        return str(self._write("untag", effect))

    def create_policy_version(self, policy: str, document: dict[str, Any]) -> tuple[str, str]:
        def effect() -> tuple[str, str]:
            name = f"v{max(int(v[1:]) for v in self.world.versions) + 1}"
            self.world.versions[name] = document
            self.world.default = name
            return name, "req-version"

        found: tuple[str, str] = self._write("create version", effect)
        return found

    def delete_policy_version(self, policy: str, version: str) -> str:
        return str(self._write("delete version", lambda: (self.world.versions.pop(version), "req")[1]))

    def set_default_policy_version(self, policy: str, version: str) -> str:
        def effect() -> str:
            self.world.default = version
            return "req"

        return str(self._write("set default", effect))

    def _write(self, name: str, effect: Any) -> Any:
        if self.fence is not None:
            self.fence.check()
        return self.world.act(name, effect)


DOCUMENT = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["nlb:ListAsynJobs"], "Resource": ["*"]}]}


def make_plan(nonce: str = "n1") -> Plan:
    from upgrader import codec

    steps = (
        Step(id="ram", kind="ram.policy-version", summary="policy", params=encode_params(PolicyVersionParams(
            role="r", policy="p", document=DOCUMENT, adds=("nlb:ListAsynJobs",), expected_default="v1",
            expected_digest=codec.digest({"Version": "1", "Statement": []})))),
        Step(id="tag", kind="clb.tag", summary="tag", params=encode_params(TagParams(
            load_balancer_id="lb-1", region="r", tags={"k": "v"}, service="a/b", expected_address="1.2.3.4"))),
        Step(id="ccm", kind="ccm.workload", summary="image", timeout_s=30, params=encode_params(WorkloadParams(
            workload=WORKLOAD, from_version=OLD, to_version=NEW, expected_image=IMAGE + OLD, image=IMAGE + NEW,
            expected_args=("--a",), args=("--a",)))),
    )  # fmt: skip
    return Plan(
        cluster=ClusterIdentity(id="c1"), from_version=OLD, to_version=NEW, path=(NEW,), verdict="READY",
        coverage=Coverage(), findings=(), checks=(), forecast=Forecast(), ram=RamDelta(), steps=steps,
        digests=Digests(facts="f", matrix="m"), created="2026-11-24T11:00:00Z", expires="2026-11-25T11:00:00Z",
        nonce=nonce, id=f"sha256:{nonce}",
    )  # fmt: skip


def session(
    world: World, tmp_path: Path, *, run: str = "run-1", create: bool = True, nonce: str = "n1", **more: Any
) -> Session:
    def check_fresh(plan: Plan, facts: ClusterFacts) -> None:
        if facts.ccm.image != IMAGE + OLD:
            raise StaleError("the world moved", why="the image changed")

    return Session(
        plan=make_plan(nonce),
        cluster=Cluster(world),  # type: ignore[arg-type]
        cloud=Cloud(world),  # type: ignore[arg-type]
        cluster_writer=lambda fence: Cluster(world, fence),
        cloud_writer=lambda fence: Cloud(world, fence),  # type: ignore[arg-type,return-value]
        clock=world.clock,
        store=FileStore(tmp_path, run, create=create),
        look=lambda: ClusterFacts(
            identity=ClusterIdentity(id="c1"), ccm=CcmInstall(image=world.image(), workload=WORKLOAD)
        ),
        judge=lambda before, version, since: world.judged(version),
        check_fresh=check_fresh,
        verify_timeout_s=10,
        **more,
    )


def engine(world: World, tmp_path: Path, **more: Any) -> Engine:
    return Engine(session(world, tmp_path, **more))


def entries(tmp_path: Path, run: str = "run-1") -> tuple[Entry, ...]:
    return FileStore(tmp_path, run).entries()
