"""Secrets planted wherever a cluster, an account and their user keep some; and the outputs that they must not reach."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import Desk
from upgrader.lab.cloud import seed
from upgrader.lab.cloud.ram.model import Token
from upgrader.lab.cloud.seed import ROOT_SECRET
from upgrader.lab.kubeconfig import TOKEN

# By the place where it is planted.
PLANTED = {
    "environment of CCM": "planted-env-secret",
    "last-applied-configuration": "planted-last-applied",
    "cloud-config": "planted-cloud-config",
    "Secret": "cGxhbnRlZC1zZWNyZXQtb2JqZWN0",
    "access key id": "LTAI5tPlantedPlanted1",
    "argument of CCM": "planted-argument-secret",
    "event": "LTAI5tPlantedInEvent1",
    "session secret": "planted-session-secret",
    "session token": "planted-session-token",
    "session key id": "STS.PlantedPlanted1",
    "client key": "planted-client-key",
    "password in a URL": "planted-url-password",
    "account's secret": ROOT_SECRET,
    "kubeconfig's token": TOKEN,
    "wrong secret": "planted-wrong-secret",
}
# What no planted text spells: a key in PEM, a signed address.
SHAPES = re.compile(r"PRIVATE KEY|[?&\s](?:Signature|SecurityToken|AccessKeySecret)=[^&\s]", re.IGNORECASE)


def plant(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in CCM's workload, its configuration, Secrets, events, the caller's session and its kubeconfig."""
    desk.lab.run(lambda: _in_the_cluster(desk))
    desk.lab.run(lambda: _session(desk))
    for name, value in (("KEY_ID", "session key id"), ("KEY_SECRET", "session secret")):
        monkeypatch.setenv(f"ALIBABA_CLOUD_ACCESS_{name}", PLANTED[value])
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", PLANTED["session token"])
    monkeypatch.setenv("CCM_UPGRADE_DEBUG", "1")
    monkeypatch.setenv("CLIENT_KEY", PLANTED["client key"])
    file = desk.lab.kubeconfig
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    config["users"].append({"name": "other", "user": {"password": PLANTED["client key"], "username": "x"}})
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    desk.lab.settle()


def _in_the_cluster(desk: Desk) -> None:
    cluster = desk.lab.cluster()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cloud-config", "namespace": "kube-system"},
              "data": {"cloud-config.conf": PLANTED["Secret"]}}  # fmt: skip
    cluster.local.create(secret)
    for config in cluster.local.list("configmaps", "kube-system"):
        if config["metadata"]["name"] == "cloud-config":
            key, text = next(iter(config["data"].items()))
            whole = json.loads(text)
            whole["Global"]["accessKeySecret"] = PLANTED["cloud-config"]
            cluster.local.merge("configmaps", "cloud-config", "kube-system", {"data": {key: json.dumps(whole)}})
    for number, service in enumerate(cluster.local.list("services")):
        if service["spec"].get("type") == "LoadBalancer":
            cluster.local.create(_event(service, number))
    plural = f"{cluster.spec.workload.lower()}s"
    found = cluster.local.get(plural, "cloud-controller-manager", "kube-system", "apps")
    if found is None:
        return
    environment = [
        {"name": "ACCESS_KEY_SECRET", "value": PLANTED["environment of CCM"]},
        {"name": "ACCESS_KEY_ID", "value": PLANTED["access key id"]},
        {"name": "HTTPS_PROXY", "value": f"http://user:{PLANTED['password in a URL']}@proxy:3128"},
    ]
    containers = [
        {**one, "env": environment,
         "args": [*one.get("args", ()), f"--access-key-secret={PLANTED['argument of CCM']}"]}
        for one in found["spec"]["template"]["spec"]["containers"]
    ]  # fmt: skip
    said = {"kubectl.kubernetes.io/last-applied-configuration": PLANTED["last-applied-configuration"]}
    patch = {"metadata": {"annotations": said}, "spec": {"template": {"spec": {"containers": containers}}}}
    cluster.local.merge(plural, "cloud-controller-manager", "kube-system", patch, group="apps")


def _event(service: dict[str, Any], number: int) -> dict[str, Any]:
    about = {"kind": "Service", "namespace": service["metadata"]["namespace"], "name": service["metadata"]["name"]}
    when = "2020-01-01T00:00:00Z"
    message = f"the key {PLANTED['event']} is inactive, see https://u:{PLANTED['password in a URL']}@x"
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"planted.{number}", "namespace": about["namespace"]},
        "involvedObject": about, "type": "Warning", "reason": "SyncLoadBalancerFailed", "message": message,
        "firstTimestamp": when, "lastTimestamp": when,
    }  # fmt: skip


def _session(desk: Desk) -> None:
    world = desk.lab.cloud.world
    seed.add_policy(world, "everything", seed.allow("*"))
    seed.add_role(world, "operator", "everything")
    world.ram.tokens[PLANTED["session key id"]] = Token(
        key_id=PLANTED["session key id"], secret=PLANTED["session secret"], token=PLANTED["session token"],
        role="operator", session="planted", expires_at=float("inf"),
    )  # fmt: skip


def outputs(desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """(where from, text) of all that a user's day with this cluster leaves behind: each command's stdout and stderr,
    and every file."""
    state, to = ("--state-dir", str(desk.home)), ("--to", "v2.14.0")
    plan, facts = str(folder / "plan.json"), str(folder / "facts.json")

    def tell(*argv: str, live: bool = True) -> Iterator[tuple[str, str]]:
        _, out = desk.cli(*argv, live=live)
        yield " ".join(argv), f"{out}\n{desk.err}"

    for argv in (("discover", "-o", facts), ("check", *to), ("check", *to, "-o", "json"), ("plan", *to, "-o", plan),
                 ("list", "-o", "json"), ("diagnose", "--all", "-o", "json"), ("ram", "diff", *to, "-o", "json"),
                 ("tags", "plan", *to), ("apply", plan, "--yes", "--accept-unknown", *state)):  # fmt: skip
        yield from tell(*argv)
    for run in sorted(one.name for one in desk.home.glob("*") if one.is_dir()):
        yield from tell("verify", run, *state)
        for argv in (("status", run, "-o", "json", *state), ("audit", "verify", run, *state)):
            yield from tell(*argv, live=False)
        yield from _reports(tell, run, folder / f"{run}", state)
        yield from tell("rollback", run, *state)
    yield from tell("history", *state, live=False)
    for source in (plan, facts):
        if Path(source).exists():
            yield from _reports(tell, source, Path(source), ())
    yield from _trouble(tell, desk, monkeypatch)
    for file in (path for root in (desk.home, folder) for path in root.rglob("*") if path.is_file()):
        yield str(file), file.read_text(encoding="utf-8", errors="replace")


def _reports(tell: Any, source: str, place: Path, state: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    formats = ("html", "md", "json", "csv", "sarif", "junit")
    wanted = [part for name in formats for part in ("--out", f"{name}={place}.{name}")]
    yield from tell("report", source, *wanted, *state, live=False)


def _trouble(tell: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Errors quote what they were about: a signature that does not match, a server that is not there."""
    with monkeypatch.context() as patch:
        patch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", PLANTED["wrong secret"])
        yield from tell("discover")
        yield from tell("ram", "diff", "--to", "v2.14.0")
    with monkeypatch.context() as patch:
        patch.setenv("CCM_UPGRADE_ENDPOINT", "http://127.0.0.1:9")
        yield from tell("discover")
    kind = desk.lab.cluster().spec.kind
    broken = desk.home.parent / "broken-kubeconfig"
    broken.write_text(desk.lab.kubeconfig.read_text(encoding="utf-8").replace("https://", "https://u:p@"), "utf-8")
    yield from tell("discover", "--kubeconfig", str(broken), "--kind", kind, live=False)
    broken.unlink()


def leaks(told: Iterable[tuple[str, str]]) -> list[str]:
    """`where: what` for each secret that reached an output."""
    found = []
    for where, text in told:
        found += [f"{where}: {place}" for place, secret in PLANTED.items() if secret in text]
        found += [f"{where}: {shape[0]}" for shape in SHAPES.finditer(text)]
    return found
