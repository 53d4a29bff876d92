"""The same life under the lab's simulated CCM, held against what a real one was seen to ask in `walk`."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.real_ccm.place import Object
from benchmarks.real_ccm.walk import life
from upgrader.adapters.aliyun import connect
from upgrader.execute.lock import NoFence
from upgrader.lab.cloud.seed import ROOT_KEY, ROOT_SECRET
from upgrader.lab.furnish import node_name
from upgrader.lab.journal import Request
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import ClusterSpec, Scenario

_WEIGHT = re.compile(r'"[Ww]eight": ?"?(\d+)')
_TAG = re.compile(r'"TagKey": ?"([^"]+)"')
# Shapes that are the run's own: ids, machines, ports of nodes, and the list of backends, whose weights are compared.
_IDENTITY = ("Id", "Name", "Description", "Value", "Servers", "ClientToken", "RegionId", "ZoneMappings")


class Simulated:
    """A served lab with one cluster under the simulated CCM; the hands of a walk."""

    def __init__(self, lab: Lab) -> None:
        self._lab, self._cluster = lab, lab.cluster()

    def write(self, *objects: Object) -> None:
        """Create Services and pods; Endpoints follow the pods by themselves."""

        def act() -> None:
            for one in objects:
                metadata = one["metadata"]
                if one["kind"] == "Pod" and self._local.get("pods", metadata["name"], "default") is None:
                    place = int(one["spec"]["nodeName"].removeprefix("node"))
                    self._local.create({**one, "spec": {**one["spec"], "nodeName": node_name(self._cluster, place)}})
                elif one["kind"] == "Service":
                    notes = {key: value.replace("vsw-lab", f"vsw-{self._cluster.identity.vpc_id[4:]}")
                             for key, value in metadata["annotations"].items()}  # fmt: skip
                    self._local.create({**one, "metadata": {**metadata, "annotations": notes}})

        self._move(act)

    def patch(self, plural: str, namespace: str, name: str, patch: Object) -> None:
        """A merge patch."""
        self._move(lambda: self._local.merge(plural, name, namespace, patch))

    def delete(self, plural: str, namespace: str, name: str) -> None:
        """Delete one object."""
        self._move(lambda: self._local.delete(plural, name, namespace))

    def objects(self, plural: str, group: str = "") -> list[Object]:
        """What is there."""
        return list(self._lab.run(lambda: self._local.list(plural, group=group)))

    def requests(self, since: int = 0) -> tuple[Request, ...]:
        """The cloud's journal."""
        return self._lab.cloud.journal.requests(since=since)

    def console(self, action: str, params: dict[str, str]) -> None:
        """One request of the account's owner."""
        cloud = connect(region="cn-hangzhou", endpoint=self._lab.url, key=(ROOT_KEY, ROOT_SECRET))
        params = {key: value.replace("i-node1", f"i-{self._cluster.id[1:9]}-1") for key, value in params.items()}
        cloud.writer(NoFence()).send(action, "cn-hangzhou", params)

    @property
    def _local(self) -> Any:
        return self._cluster.local

    def _move(self, act: Any) -> None:
        self._lab.run(act)
        self._lab.settle()


def beside(walked: Path) -> list[str]:
    """What the simulated CCM asks otherwise in the life that `walked` tells; empty where it does the same."""
    told = json.loads(walked.read_text(encoding="utf-8"))
    spec = ClusterSpec(name="sim", kind="managed", ccm=told["version"], nodes=5)
    differs = []
    with Lab(Scenario(name="sim", title="", clusters=(spec,))) as lab:
        hands = Simulated(lab)
        steps = {one["step"]: one for one in told["steps"]}
        for name, act in life(hands, told["lb"]):
            real = steps.get(name, {"writes": []})
            mark = lab.cloud.journal.last_seq
            act()
            lab.settle()
            asked = [one for one in hands.requests(mark) if one.write and not one.code and one.caller != "root"]
            ours = Counter(_shape(f"{one.product}:{one.action}", one.params) for one in asked)
            theirs = Counter(_shape(action, params) for action, params in real["writes"])
            if name == "console edits":
                # What the owner asked stands in the cloud's journal too, and is nobody's sync.
                theirs = Counter({})
            differs += [f"{name}: only simulated {one}" for one in ours - theirs]
            differs += [f"{name}: only real {one}" for one in theirs - ours]
    return differs


def _shape(action: str, params: dict[str, str]) -> str:
    """A request by what CCM decides in it."""
    kept = {key: value for key, value in sorted(params.items()) if not any(part in key for part in _IDENTITY)}
    weights = sorted(_WEIGHT.findall(params.get("BackendServers", "")))
    weights += sorted(value for key, value in params.items() if key.endswith(".Weight"))
    kept.pop("BackendServers", None)
    if "Tags" in kept:
        kept["Tags"] = ",".join(_TAG.findall(kept["Tags"]))
    return f"{action} {json.dumps(kept)} {weights}" if weights else f"{action} {json.dumps(kept)}"
