"""With exactly the documented permissions everything works; without any single one, the output names it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.crash.grid import Grid
from upgrader.cli.origins import Connections, Origin, look
from upgrader.lab.cloud import seed
from upgrader.lab.kubeconfig import token_of
from upgrader.model.facts import ClusterFacts
from upgrader.ram.ours import READS, WRITES, document

MANIFEST = Path(__file__).parents[2] / "deploy" / "rbac.yaml"
ACCOUNT = ("system:serviceaccount:ccm-upgrade:ccm-upgrade", ("system:serviceaccounts",))
Objects = list[dict[str, Any]]
pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context():
        yield


class Caller:
    """Who runs the tool in one grid: a RAM user and a service account, with what they are given."""

    def __init__(self, grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
        self.grid, self.objects = grid, list(yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8")))
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tOps")
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ops-secret")
        file = grid.lab.kubeconfig
        file.write_text(
            file.read_text(encoding="utf-8").replace(token_of(grid.lab.cluster().id), "ops-token"), encoding="utf-8"
        )
        grid.lab.cluster().api.users["ops-token"] = ACCOUNT
        self.environment = {
            **grid.lab.environment,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI5tOps",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "ops-secret",
        }

    def given(self, actions: set[str], objects: Objects) -> None:
        """Just these: the world is fresh otherwise."""

        def give() -> None:
            world = self.grid.lab.cloud.world
            seed.add_policy(world, "ops", document(actions))
            if "ops" not in world.ram.users:
                seed.add_user(world, "ops", "LTAI5tOps", "ops-secret", "ops")
            for one in objects:
                self.grid.lab.cluster().local.put(copy.deepcopy(one))

        self.grid.lab.run(give)

    def look(self) -> ClusterFacts:
        """What discover finds."""
        from upgrader.adapters.aliyun import connect as connect_cloud
        from upgrader.adapters.kube import connect as connect_cluster

        cloud = connect_cloud(endpoint=self.grid.lab.url)
        origin = Origin(kind=self.grid.kind if self.grid.kind == "self-managed" else None)
        return look(origin, Connections(cluster=connect_cluster(), cloud=cloud))

    def apply(self) -> dict[str, Any]:
        """How an apply ends."""
        import json

        from tests.crash.attempt import carry_out

        attempt = self.grid.attempt("apply", environment=self.environment)
        carry_out(attempt)
        found: dict[str, Any] = json.loads(Path(attempt.out).read_text(encoding="utf-8"))
        return found


def reading(objects: Objects) -> Objects:
    return [one for one in objects if one["metadata"]["name"] != "ccm-upgrade" or one["kind"] == "Namespace"]


def without_each_right(objects: Objects, role: str) -> Iterator[tuple[str, list[str], Objects]]:
    """`verb resource`, the names it is limited to, and the objects without that one right of the roles of this name."""
    for place, one in enumerate(objects):
        if one["kind"] not in ("Role", "ClusterRole") or one["metadata"]["name"] != role:
            continue
        for number, rule in enumerate(one["rules"]):
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    less = copy.deepcopy(objects)
                    rest = [
                        {**rule, "resources": [r for r in rule["resources"] if r != resource]},
                        {**rule, "resources": [resource], "verbs": [v for v in rule["verbs"] if v != verb]},
                    ]
                    less[place]["rules"][number : number + 1] = rest
                    yield f"{verb} {resource}", rule.get("resourceNames", []), less


@pytest.mark.parametrize("name", ["dedicated-flannel", "managed-terway", "self-managed"])
def test_reading_needs_what_is_documented_and_names_what_is_missing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = Grid(name, tmp_path)
    try:
        caller = Caller(grid, monkeypatch)
        objects = reading(caller.objects)
        caller.given(set(READS), objects)
        grid.lab.cloud.journal.clear()
        assert caller.look().gaps == ()
        asked = {
            f"{r.product}:{r.action}" for r in grid.lab.cloud.journal.requests() if not r.caller.startswith("role/")
        }
        assert asked <= set(READS)
        for action in sorted(asked):
            caller.given(set(READS) - {action}, objects)
            gaps = caller.look().gaps
            assert any(gap.why == "denied" and action in gap.detail for gap in gaps), (action, gaps)
        caller.given(set(READS), objects)
        for right, _, less in without_each_right(objects, "ccm-upgrade-read"):
            caller.given(set(READS), less)
            gaps = caller.look().gaps
            assert any(gap.why == "denied" and right in gap.detail for gap in gaps), (right, gaps)
    finally:
        grid.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dedicated-flannel", "demo"])
def test_writing_needs_what_is_documented_and_names_what_is_missing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = Grid(name, tmp_path)
    try:
        caller = Caller(grid, monkeypatch)
        every = {*READS, *WRITES}
        caller.given(every, caller.objects)
        fresh = grid.fresh = grid.lab.snapshot()
        grid.lab.cloud.journal.clear()
        assert caller.apply()["state"] == "SUCCEEDED"
        wrote = {
            f"{r.product}:{r.action}"
            for r in grid.lab.cloud.journal.requests(writes=True)
            if not r.caller.startswith("role/")
        }
        assert wrote <= set(WRITES)
        for action in sorted(wrote):
            grid.fresh = fresh
            grid.reset_fresh()
            caller.given(every - {action}, caller.objects)
            ended = caller.apply()
            assert ended["state"] == "ROLLED_BACK", (action, ended)
            assert action in ended["cause"]
        for right, names, less in without_each_right(caller.objects, "ccm-upgrade"):
            verb, resource = right.split()
            if not needed(grid, verb, resource, names):
                continue
            grid.reset_fresh()
            caller.given(every, less)
            ended = caller.apply()
            assert ended["state"] != "SUCCEEDED", right
            assert right in ended["cause"], (right, ended)
    finally:
        grid.close()


def needed(grid: Grid, verb: str, resource: str, names: list[str]) -> bool:
    """What this scenario's apply can't do without: undoing and granting are tried where they happen."""
    if verb in ("delete", "bind", "escalate", "watch"):
        return False
    if resource in ("deployments", "clusterroles", "clusterrolebindings"):
        return False
    return (resource == "leases" and names != ["ccm"]) or grid.kind == "self-managed"
