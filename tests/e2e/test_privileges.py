"""With exactly the documented permissions everything works; without any single one, the output names it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.crash.grid import Grid
from upgrader.cli.exit_codes import Exit
from upgrader.cli.origins import Connections, Origin, look
from upgrader.execute.steps import handler_of
from upgrader.lab.cloud import seed
from upgrader.lab.kubeconfig import token_of
from upgrader.model.facts import ClusterFacts
from upgrader.ram.ours import ASKS, READS, WRITES, document, writes_of

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
@pytest.mark.parametrize("name", ["dedicated-flannel", "demo", "upgrade-rbac"])
def test_a_run_that_lacks_a_right_is_refused_before_its_first_write(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = Grid(name, tmp_path)
    try:
        caller = Caller(grid, monkeypatch)
        every = {*READS, *ASKS, *WRITES}
        caller.given(every, caller.objects)
        grid.lab.cloud.journal.clear()
        assert caller.apply()["state"] == "SUCCEEDED"
        wrote = {
            f"{r.product}:{r.action}"
            for r in grid.lab.cloud.journal.requests(writes=True)
            if not r.caller.startswith("role/")
        }
        assert wrote <= set(WRITES)
        needed = {action for step in grid.plan.steps for action in writes_of(step.kind)}
        assert wrote <= needed
        for action in sorted(needed):
            refused(grid, caller, every - {action}, caller.objects, action)
        for right, names, less in without_each_right(caller.objects, "ccm-upgrade"):
            if right in needed_rights(grid, names):
                refused(grid, caller, every, less, right)
        # A watch only shortens the wait; and where nobody tells a RAM right beforehand, it shows at its step and what
        # was done is put back.
        less = next(less for right, _, less in without_each_right(caller.objects, "ccm-upgrade") if "watch" in right)
        grid.reset_fresh()
        caller.given(every, less)
        assert caller.apply()["state"] == "SUCCEEDED"
        for action in sorted(wrote):
            grid.reset_fresh()
            caller.given({*READS, *WRITES} - {action}, caller.objects)
            ended = caller.apply()
            assert ended["state"] == "ROLLED_BACK", (action, ended)
            assert action in ended["cause"]
    finally:
        grid.close()


def refused(grid: Grid, caller: Caller, actions: set[str], objects: Objects, right: str) -> None:
    """Without this one right the run ends with its name, and nothing was written: neither lock nor step."""
    grid.reset_fresh()
    caller.given(actions, objects)
    grid.lab.cluster().api.journal.clear()
    ended = caller.apply()
    assert (ended["state"], ended["exit"]) == ("DeniedError", Exit.USAGE), (right, ended)
    assert right in ended["cause"]
    assert grid.writes() == Counter()
    assert [r.action for r in grid.lab.cluster().api.journal.requests(writes=True)] == []


def needed_rights(grid: Grid, names: list[str]) -> set[str]:
    """`verb resource` of what this scenario's plan needs of the rules limited to these names; watching never is."""
    found = {
        right.words.partition(".")[0]
        for step in grid.plan.steps
        for right in handler_of(step).rights(step)
        if not right.name or not names or right.name in names
    }
    lock = {f"{verb} leases" for verb in ("get", "update")} if names == ["ccm-upgrade"] else set()
    return found | lock | ({"create leases"} if not names else set())
