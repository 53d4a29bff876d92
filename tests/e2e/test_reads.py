"""Every command but those that say they write leaves cluster and cloud as they are; no output holds a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from upgrader.cli.main import COMMANDS
from upgrader.lab.cloud.seed import ROOT_SECRET
from upgrader.lab.kubeconfig import TOKEN

WRITERS = {"apply", "resume", "rollback", "unlock", "fleet", "lab", "demo"}
TARGET = ("--to", "v2.14.0")
PLANTED = ("planted-env-secret", "planted-last-applied", "planted-cloud-config", "LTAI5tPlantedPlanted1")


@pytest.mark.parametrize("name", ["dedicated-flannel", "demo"])
def test_what_only_reads_writes_nothing_and_nothing_tells_a_secret(start: Start, name: str, tmp_path: Path) -> None:
    desk = start(name)
    cluster = desk.lab.cluster()

    def plant() -> None:
        secret = [{"name": "ACCESS_KEY_SECRET", "value": PLANTED[0]}, {"name": "ACCESS_KEY_ID", "value": PLANTED[3]}]
        found = cluster.local.get("daemonsets", "cloud-controller-manager", "kube-system", "apps")
        assert found is not None
        containers = [{**one, "env": secret} for one in found["spec"]["template"]["spec"]["containers"]]
        patch = {
            "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": PLANTED[1]}},
            "spec": {"template": {"spec": {"containers": containers}}},
        }
        cluster.local.merge("daemonsets", "cloud-controller-manager", "kube-system", patch, group="apps")
        config = cluster.local.get("configmaps", "cloud-config", "kube-system")
        assert config is not None
        key, text = next(iter(config["data"].items()))
        whole = json.loads(text)
        whole["Global"]["accessKeySecret"] = PLANTED[2]
        cluster.local.merge("configmaps", "cloud-config", "kube-system", {"data": {key: json.dumps(whole)}})

    desk.lab.run(plant)
    desk.lab.settle()
    said: list[str] = []

    def tell(*argv: str, live: bool = True) -> None:
        code, out = desk.cli(*argv, live=live)
        assert code in (0, 2, 3, 4, 5, 6, 8), (argv, code, desk.err)
        said.extend((out, desk.err))

    state = ("--state-dir", str(desk.home))
    plan, facts = str(tmp_path / "plan.json"), str(tmp_path / "facts.json")
    tell("plan", *TARGET, "-o", plan)
    run = desk.apply(*TARGET)["id"]
    said.append(desk.err)
    seq, asked = desk.lab.cloud.journal.last_seq, cluster.api.journal.last_seq
    revision = cluster.api.store.revision

    reads: dict[str, tuple[tuple[str, ...], ...]] = {
        "discover": (("discover", "-o", facts),),
        "check": (("check", "--to", "v2.14.0"), ("check", "--to", "v2.12.4", "-o", "json")),
        "plan": (("plan", "--to", "v2.12.4", "-o", "json"), ("plan", "check", plan), ("plan", "diff", plan, plan)),
        "verify": (("verify", run, *state),),
        "list": (("list",), ("list", "-o", "json")),
        "diagnose": (("diagnose", "--all"), ("diagnose", "-o", "json")),
        "ram": (("ram", "diff", "--to", "v2.14.0"), ("ram", "policy", "--to", "v2.14.0", "--all")),
        "tags": (("tags", "plan", "--to", "v2.14.0"),),
    }
    offline: dict[str, tuple[tuple[str, ...], ...]] = {
        "status": (("status", run, *state), ("status", run, "-o", "json", *state)),
        "history": (("history", *state),),
        "audit": (("audit", "verify", run, *state),),
        "report": (("report", run, *state, "--format", "json"), ("report", plan, "--format", "md"),
                   ("report", run, *state, "--out", f"html={tmp_path}/r.html", "--out", f"sarif={tmp_path}/r.sarif")),
        "explain": (("explain", "CCM073"), ("explain", "EXIT8")),
        "matrix": (("matrix", "path", "v1.9.3.239", "v2.14.0"),),
        "completion": (("completion", "bash"),),
    }  # fmt: skip
    assert {*reads, *offline} == set(COMMANDS) - WRITERS
    for lines, live in ((reads, True), (offline, False)):
        for one in (argv for group in lines.values() for argv in group):
            tell(*one, live=live and one[:2] not in (("plan", "check"), ("plan", "diff")))

    assert desk.writes_since(seq) == []
    assert [r.action for r in cluster.api.journal.requests(since=asked, writes=True)] == []
    assert cluster.api.store.revision == revision

    back, out = desk.cli("rollback", run, *state)
    assert back in (0, 8), desk.err
    said.extend((out, desk.err))
    files = [path for root in (desk.home, tmp_path) for path in root.rglob("*") if path.is_file()]
    said.extend(path.read_text(encoding="utf-8", errors="replace") for path in files)
    assert len(files) > 5
    for secret in (*PLANTED, ROOT_SECRET, TOKEN, "PRIVATE KEY"):
        assert not any(secret in text for text in said), secret
