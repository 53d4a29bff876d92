"""Services that a CCM refuses or has to judge, under a real one and under the simulated one: the same events?

The Services are those of `errors.json` in a folder of observations. Its cloud validated nothing; the lab does as the
cloud is documented to, so that values no cloud takes (`bogus`) are refused here and were not there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from benchmarks.real_ccm.apart import Apart
from benchmarks.real_ccm.place import Object
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import ClusterSpec, Scenario
from upgrader.model.version import parse_version

_OF_THIS_RUN = re.compile(r"\b(lb|nlb)-[a-z0-9]{6,}\b|lb-\d+|[0-9A-F]{8}-[0-9A-F-]{27}")
Told = dict[str, list[list[str]]]


def refusals(binaries: Path, version: str, directory: Path, reference: Path) -> Object:
    """Each Service's events, by all three; `differs` names the Services where they are not the same."""
    seen = json.loads((reference / "errors.json").read_text(encoding="utf-8"))
    cases = next(iter(seen.values()))
    services = [_service(name, case["annotations"] or {}, case["cls"]) for name, case in cases.items()]
    observed: Told = {name: _sorted([[one["type"], one["reason"], one["message"]] for one in case["events"]])
                      for name, case in (seen.get(version) or {}).items()}  # fmt: skip
    real, simulated = _real(binaries, version, directory, services), _simulated(version, services)
    told = {name: {"observed": observed.get(name), "real": real[name], "simulated": simulated[name]} for name in cases}
    return {
        "version": version,
        "real differs from observed": sorted(name for name in observed if observed[name] != real[name]),
        "simulated differs from real": sorted(name for name in cases if real[name] != simulated[name]),
        "told": told,
    }


def _real(binaries: Path, version: str, directory: Path, services: list[Object]) -> Told:
    with Apart(directory) as place:
        place.furnish()
        with place.ccm(binaries, parse_version(version)) as ccm:
            place.write(*services)
            place.quiet(ccm, for_s=20, limit_s=120, first_s=60)
        return _told(place.objects("events"), services)


def _simulated(version: str, services: list[Object]) -> Told:
    spec = ClusterSpec(name="sim", kind="managed", ccm=version, nodes=5)
    with Lab(Scenario(name="sim", title="", clusters=(spec,))) as lab:
        local = lab.cluster().local
        lab.run(lambda: [local.create(one) for one in services])
        lab.settle()
        return _told(lab.run(lambda: list(local.list("events"))), services)


def _told(events: list[Object], services: list[Object]) -> Told:
    names = [one["metadata"]["name"] for one in services]
    return {name: _sorted([[one["type"], one["reason"], one["message"]] for one in events
                           if one["involvedObject"].get("name") == name]) for name in names}  # fmt: skip


def _sorted(events: list[list[str]]) -> list[list[str]]:
    plain = {(kind, reason, _OF_THIS_RUN.sub("<id>", message)) for kind, reason, message in events}
    return [list(one) for one in sorted(plain)]


def _service(name: str, annotations: dict[str, str], class_: str) -> Object:
    spec: Object = {"type": "LoadBalancer", "selector": {"app": name}, "externalTrafficPolicy": "Cluster",
                    "ports": [{"name": "tcp-80", "port": 80, "protocol": "TCP", "targetPort": 80}]}  # fmt: skip
    if name == "e-nopods":
        spec["externalTrafficPolicy"] = "Local"
    if class_:
        spec["loadBalancerClass"] = class_
    metadata = {"name": name, "namespace": "default", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
