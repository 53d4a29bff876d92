"""Every document that the command line prints as JSON, gathered once by telling one story on a lab."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.e2e.conftest import quick
from upgrader.cli.main import run
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import load_scenario

STRATEGY = """\
name: one
target: v2.14.0
budget: {failures: 1}
waves: [{name: all, rest: true}]
"""
Document = dict[str, Any]


class Told(NamedTuple):
    """What one command said: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Document:
        """The one document on stdout. Raises where there is none, or more than one."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def tell(*argv: str) -> Told:
    """One command, as a person would type it."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(argv)
    return Told(code, out.getvalue(), err.getvalue())


class Desk:
    """A served lab with a folder, and the commands on it."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.lab = lab
        self.home = home
        self.facts = home / "facts.json"
        self.plan = home / "plan.json"
        self.state = ("--state-dir", str(home / "runs"))

    def json(self, *argv: str) -> Told:
        """The command with `-o json`."""
        return tell(*argv, "-o", "json")


@contextlib.contextmanager
def desk(scenario: str, home: Path) -> Iterator[Desk]:
    """A lab on this scenario, its environment, and nothing of anybody else's."""
    before, folder = dict(os.environ), Path.cwd()
    with Lab(quick(load_scenario(scenario))) as lab:
        for name in [one for one in os.environ if one.startswith(("ALIBABA_CLOUD_", "CCM_UPGRADE_", "KUBE"))]:
            del os.environ[name]
        os.environ.update(lab.environment)
        os.chdir(home)
        try:
            yield Desk(lab, home)
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(before)


def reading(at: Desk) -> dict[str, Told]:
    """Every reading command of the contract, before anything is changed."""
    to = ("--to", "v2.14.0")
    assert tell("discover", "-o", str(at.facts)).code == 0
    assert tell("plan", *to, "-o", str(at.plan)).code == 0
    services = at.home / "services.json"
    services.write_text(json.dumps(_services(at)), encoding="utf-8")
    commands: dict[str, tuple[str, ...]] = {
        "discover": ("discover",),
        "check": ("check", *to),
        "check -f": ("check", *to, "-f", str(at.facts)),
        "plan": ("plan", *to),
        "plan -f": ("plan", *to, "-f", str(at.facts)),
        "plan show": ("plan", "show", str(at.plan)),
        "plan check": ("plan", "check", str(at.plan)),
        "plan diff": ("plan", "diff", str(at.plan)),
        "report diff": ("report", "diff", str(at.plan), str(at.facts), *to),
        "diagnose": ("diagnose",),
        "list": ("list",),
        "ram diff": ("ram", "diff", *to),
        "ram policy": ("ram", "policy", *to),
        "ram policy --all": ("ram", "policy", "--all", *to),
        "tags plan": ("tags", "plan", *to),
        "explain": ("explain",),
        "explain CODE": ("explain", "CCM002"),
        "history": ("history", *at.state),
        "fleet status --all": ("fleet", "status", "--all", *at.state),
        "lab status": ("lab", "status"),
        "lab status --requests": ("lab", "status", "--requests"),
        "lab scenario list": ("lab", "scenario", "list"),
        "lab fault list": ("lab", "fault", "list"),
        "matrix versions": ("matrix", "versions"),
        "matrix annotations": ("matrix", "annotations"),
        "matrix annotations --ccm --lb": ("matrix", "annotations", "--ccm", "v2.10.0", "--lb", "nlb"),
        "matrix events": ("matrix", "events", "--ccm", "v2.14.0"),
        "matrix actions": ("matrix", "actions", "--ccm", "v2.14.0", "--network", "flannel", "--lb", "clb,nlb"),
        "matrix weights": ("matrix", "weights", "--ccm", "v1.9.3.239", "--policy", "Local", "--pods", "1,0,2"),
        "matrix hash": ("matrix", "hash", "--ccm", "v2.14.0", "-f", str(services)),
        "matrix diff": ("matrix", "diff", "v1.9.3.239", "v2.14.0"),
        "matrix path": ("matrix", "path", "v1.9.3.239", "v2.14.0", "--kubernetes", "1.30", "--kind", "dedicated"),
    }  # fmt: skip
    told = {name: at.json(*argv) for name, argv in commands.items()}
    told["report"] = tell("report", str(at.plan), "--format", "json")
    return told


def working(at: Desk) -> dict[str, Told]:
    """The commands that change something, and those that look at what was done."""
    told = {"apply": at.json("apply", str(at.plan), "--yes", *at.state)}
    run_id = told["apply"].document["id"]
    told["apply again"] = at.json("apply", str(at.plan), "--yes", *at.state)
    told["verify the last"] = at.json("verify", *at.state)
    told["status"] = at.json("status", run_id, *at.state)
    told["verify"] = at.json("verify", run_id, *at.state)
    told["report RUN"] = tell("report", run_id, "--format", "json", *at.state)
    told["audit"] = at.json("audit", "verify", run_id, *at.state)
    told["nothing to do"] = at.json("apply", "--to", "v2.14.0", "--yes", *at.state)
    told["rollback"] = at.json("rollback", run_id, *at.state)
    told["history after"] = at.json("history", *at.state)
    return told


def in_waves(at: Desk) -> dict[str, Told]:
    """The fleet's documents, on the lab's clusters."""
    strategy, saved = at.home / "strategy.yaml", at.home / "fleet.json"
    strategy.write_text(STRATEGY, encoding="utf-8")
    inventory = at.home / "inventory.yaml"
    clusters = [{"id": one.id, "name": one.spec.name, "region": "cn-hangzhou", "kubeconfig": str(at.lab.kubeconfig)}
                for one in at.lab.clusters.values()]  # fmt: skip
    inventory.write_text(yaml.safe_dump({"clusters": clusters}), encoding="utf-8")
    where = ("--strategy", str(strategy), "--inventory", str(inventory))
    told = {
        "fleet plan --list": at.json("fleet", "plan", *where, "--list", *at.state),
        "fleet plan": tell("fleet", "plan", *where, "-o", "json", "-o", str(saved), *at.state),
    }
    told["fleet apply"] = at.json("fleet", "apply", str(saved), "--yes", *at.state)
    told["fleet status RUN"] = at.json("fleet", "status", told["fleet apply"].document["id"], *at.state)
    return told


def _services(at: Desk) -> Document:
    """What `kubectl get svc -o json` prints."""
    found = at.lab.run(lambda: at.lab.cluster().local.list("services"))
    return {
        "kind": "List",
        "apiVersion": "v1",
        "items": [{**one, "apiVersion": "v1", "kind": "Service"} for one in found],
    }
