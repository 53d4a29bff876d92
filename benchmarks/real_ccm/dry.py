"""`plan --shadow` with a real CCM as the program of its pod, beside the lab's simulated one, on the same world.

The binary gets the flags that the Job gives it, the identity of the Secret (a RAM user that only reads) and the token
of the Job's service account under enforced RBAC; only where files lie differs. Compared are findings and events; told
is what either side was refused.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import yaml

from benchmarks.real_ccm.binary import find_binary
from benchmarks.real_ccm.door import Door
from benchmarks.real_ccm.place import REGION
from upgrader.execute.shadow.names import CONFIG_DIRECTORY, NAME
from upgrader.forecast.shadow import NAME as RESULT
from upgrader.forecast.shadow import PLACE
from upgrader.lab.ccm.dry_run import arguments, is_dry
from upgrader.lab.cloud import seed as plant
from upgrader.lab.edit import edit
from upgrader.lab.kube.controllers.program import Program
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import CloudEdit, ClusterSpec, Scenario, ServiceSpec
from upgrader.model.version import parse_version

Object = dict[str, Any]
KEY, SECRET, TOKEN = "LTAI5tRealReader00000", "real-reader-secret", "shadow-account-token"
READS = ("slb:Describe*", "slb:List*", "ecs:Describe*", "vpc:Describe*")
_PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
_SERVICES = (
    *(ServiceSpec(name=name, local=True, pods=(2, 1, 0)) for name in
      ("ok", "notags", "renamed", "heavy", "gone", "byhand", "two-ports")),
    ServiceSpec(name="spec", annotations={f"{_PREFIX}spec": "slb.s2.small"}),
    ServiceSpec(name="pending", late=True),
    ServiceSpec(name="edge", class_="alibabacloud.com/nlb", annotations={
        f"{_PREFIX}zone-maps": "cn-hangzhou-h:$switch-h,cn-hangzhou-i:$switch-i"}),
)  # fmt: skip
_DRY = "DryRun:"
_EDITS = (
    CloudEdit(service="notags", do="untag"), CloudEdit(service="renamed", do="rename", value="other"),
    CloudEdit(service="heavy", do="weight", value="7"), CloudEdit(service="gone", do="delete"),
    CloudEdit(service="byhand", do="listener", value="81"), CloudEdit(service="two-ports", do="ports", value="80,443"),
)  # fmt: skip


def dry(binaries: Path, version: str, directory: Path, running: str = "v2.10.0") -> Object:
    """Both dry runs of one version over one world: what each found, what each was refused, what either wrote."""
    directory.mkdir(parents=True, exist_ok=True)
    spec = ClusterSpec(name="dry", kind="self-managed", ccm=running, services=_SERVICES)
    with Lab(Scenario(name="dry", title="", clusters=(spec,)), directory=directory) as lab:
        lab.run(lambda: _prepare(lab))
        cluster = lab.cluster()
        real = _RealPod(lab, binaries, version, directory)
        try:
            simulated = _told(lab, version)
            hooks = cluster.controllers.hooks
            lab.run(lambda: (hooks.programs.clear(), hooks.programs.append(real.program)))
            found = _told(lab, version)
        finally:
            real.close()
        return {"version": version, "same": simulated["items"] == found["items"], "simulated": simulated, "real": found,
                "left": [one["metadata"]["name"] for one in cluster.local.list("pods", PLACE)
                         if NAME in one["metadata"]["name"]]}  # fmt: skip


def _prepare(lab: Lab) -> None:
    cluster, world = lab.cluster(), lab.cloud.world
    # What is edited stays edited: the running CCM looks at nothing any more.
    cluster.ccm.paused = True
    for change in _EDITS:
        edit(cluster, lab.cloud, change)
    clb = next(one for one in world.slb.load_balancers.values() if one.spec == "slb.s2.small")
    clb.spec = "slb.s1.small"
    plant.add_policy(world, "reads", plant.allow(*READS))
    plant.add_user(world, "reader", KEY, SECRET, "reads")
    config = cluster.local.get("configmaps", "cloud-config", PLACE)
    assert config is not None
    whole = json.loads(config["data"]["cloud-config.conf"])
    whole["Global"] |= {"accessKeyID": _b64(KEY), "accessKeySecret": _b64(SECRET)}
    cluster.local.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "reader", "namespace": PLACE},
                          "data": {"cloud-config.conf": _b64(json.dumps(whole))}})  # fmt: skip
    cluster.api.users[TOKEN] = (
        f"system:serviceaccount:{PLACE}:{NAME}", ("system:serviceaccounts", f"system:serviceaccounts:{PLACE}"),
    )  # fmt: skip


def _told(lab: Lab, version: str) -> Object:
    """Run our own tool as a user does; what the dry run found and what anybody was refused."""
    cluster, mark = lab.cluster(), lab.cloud.journal.last_seq
    asked = cluster.api.journal.last_seq
    lab.run(lambda: [cluster.local.delete("events", one["metadata"]["name"], one["metadata"]["namespace"])
                     for one in cluster.local.list("events") if one["message"].startswith(_DRY)])  # fmt: skip
    argv = [str(Path(sys.executable).with_name("ccm-upgrade")), "plan", "--to", version, "--shadow", "--shadow-secret",
            "reader", "--yes", "--kind", "self-managed", "-o", "json"]  # fmt: skip
    done = subprocess.run(argv, env={**os.environ, **lab.environment}, capture_output=True, text=True, check=False)
    event = cluster.local.get("events", RESULT, PLACE) or {"message": "{}"}
    checks = json.loads(event["message"]).get("CheckResults") or []
    requests = lab.cloud.journal.requests(since=mark)
    of_reader = [one for one in requests if one.caller == "user/reader"]
    agreements = (
        {
            f"{one['namespace']}/{one['name']}": one["agreement"]
            for one in (json.loads(done.stdout).get("shadow") or {}).get("services") or ()
        }
        if done.stdout
        else {}
    )
    return {
        "exit": done.returncode, "error": done.stderr[-600:] if done.returncode not in (0, 3) else "",
        "items": {key: one["MessageCode"] for check in checks for key, one in sorted(check["instanceResults"].items())},
        "failed": sum(check["FailedCount"] for check in checks),
        "events": sorted(said for one in cluster.local.list("events") if (said := one["message"]).startswith(_DRY)),
        "agreements": agreements,
        "writes": sorted({f"{one.product}:{one.action}" for one in requests if one.write}),
        "asked": sorted({f"{one.product}:{one.action}" for one in of_reader}),
        "refused": sorted({f"{one.product}:{one.action} {one.code}" for one in of_reader if one.code}),
        "forbidden": sorted({f"{one.action} {one.product}" for one in cluster.api.journal.requests(since=asked)
                             if one.status == 403}),
        "unhandled": sorted({f"{one.product}:{one.action}" for one in lab.cloud.journal.unhandled()}),
    }  # fmt: skip


class _RealPod:
    """Starts the binary for the pod of a dry run, and lets the pod end when it does."""

    def __init__(self, lab: Lab, binaries: Path, version: str, directory: Path) -> None:
        ports = [int(url.rpartition(":")[2]) for url in (lab.secure_url, lab.url)]
        self._door = Door(*ports, {"region-id": REGION, "instance-id": "i-node1"})
        self._lab, self._directory = lab, directory
        self._binary = find_binary(binaries, parse_version(version))
        self._ended: dict[str, Program] = {}

    def close(self) -> None:
        """No way out any more."""
        self._door.close()

    def program(self, pod: Object) -> Program | None:
        """Runs as long as the process does."""
        if not is_dry(pod):
            return None
        uid = pod["metadata"]["uid"]
        if uid not in self._ended:
            self._ended[uid] = Program(None)
            threading.Thread(target=self._run, args=(pod,), daemon=True).start()
        return self._ended[uid]

    def _run(self, pod: Object) -> None:
        container = pod["spec"]["containers"][0]
        secret = self._lab.cluster().local.get("secrets", pod["spec"]["volumes"][0]["secret"]["secretName"], PLACE)
        assert secret is not None
        (self._directory / "cloud-config.conf").write_bytes(base64.b64decode(secret["data"]["cloud-config.conf"]))
        words = [str(word).replace(CONFIG_DIRECTORY, str(self._directory)) for word in arguments(container)]
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self._directory), "SSL_CERT_FILE": str(self._lab.ca_file),
            "KUBECONFIG": str(self._kubeconfig()), "HTTPS_PROXY": self._door.url, "HTTP_PROXY": self._door.url,
            "NO_PROXY": "127.0.0.1,localhost",
        }  # fmt: skip
        log = (self._directory / "dry-run.log").open("wb")
        argv = ["nice", str(self._binary), *(word for word in words if word.startswith("-"))]
        done = subprocess.run(argv, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=280)
        metadata = pod["metadata"]
        self._ended[metadata["uid"]] = Program(0.0, done.returncode)
        # The kubelet looks again when something of the pod moves.
        cluster = self._lab.cluster()
        self._lab.run(lambda: (cluster.local.merge("pods", metadata["name"], PLACE, {"metadata": {"annotations": {
            "ended": "yes"}}}), cluster.work()))  # fmt: skip

    def _kubeconfig(self) -> Path:
        found = yaml.safe_load(self._lab.kubeconfig.read_text(encoding="utf-8"))
        for user in found["users"]:
            user["user"] = {"token": TOKEN}
        path = self._directory / "account.kubeconfig"
        path.write_text(yaml.safe_dump(found), encoding="utf-8")
        return path


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
