"""`demo`: the main job from start to end, by the very commands that do it in production, on the embedded lab."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from upgrader.cli.exit_codes import Exit
from upgrader.model.errors import BugError
from upgrader.ports.clock import SystemClock

if TYPE_CHECKING:
    from upgrader.lab.lab import Lab

TARGET = "v2.14.0"
_LIVE = ("--kind", "self-managed")
Document = dict[str, Any]


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=None,
    help="Keep plan, journal and report in this directory.  [default: a temporary one, removed at the end]",
)  # fmt: skip
def demo(out: Path | None) -> None:
    """Plan, apply, verify, roll back and report on a cluster of the embedded lab. Touches nothing of yours.

    The lab serves a cloud and a Kubernetes API on loopback; the commands talk to it as they talk to the real ones.
    """
    from upgrader.lab.lab import Lab
    from upgrader.lab.scenario import load_scenario

    began = SystemClock().monotonic()
    with tempfile.TemporaryDirectory(prefix="ccm-upgrade-demo-") as temporary:
        home = out or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        with Lab(load_scenario("demo")) as lab, _only(lab.environment):
            _Story(lab, home, kept=out is not None).tell()
    click.echo(f"\nThe whole story took {SystemClock().monotonic() - began:.0f} s.")
    click.echo("Next, on a cluster of yours, read-only:  ccm-upgrade check")


class _Story:
    """The acts, in order; each shows the commands that a person would type, and what came of them."""

    def __init__(self, lab: Lab, home: Path, *, kept: bool) -> None:
        self.lab = lab
        self.home = home
        self.kept = kept
        self.plan_file = home / "plan.json"
        self.state = ("--state-dir", str(home / "runs"))

    def tell(self) -> None:
        """All acts. Raises `BugError` where one does not end as it must."""
        self._scene()
        before = self._world()
        plan = self._plan("1. Plan: look, judge, foretell. Nothing is written")
        self._failure(before)
        run = self._success()
        self._look_again(run)
        self._back(run, plan, before)
        self._report(run)

    def _scene(self) -> None:
        cluster = self.lab.cluster()
        spec = cluster.spec
        click.secho("ccm-upgrade demo", bold=True)
        _say(f"A lab is up on loopback: a cloud at {self.lab.url}, a Kubernetes API at {self.lab.secure_url}.")
        _say(
            f"In it the cluster {spec.name!r}: {spec.kind}, {spec.network}, CCM {spec.ccm}, "
            f"{len(spec.services)} Services. {self.lab.scenario.story.partition('. ')[2]}"
        )

    def _plan(self, title: str) -> Document:
        _act(title)
        plan = self._run(Exit.DONE, "plan", "--to", TARGET, *_LIVE, file=self.plan_file)
        for finding in _by_weight(plan["findings"]):
            fixed = f"  → step {_short(finding['fixed_by'])}" if finding.get("fixed_by") else ""
            _say(f"{finding['outcome']:4} {finding['code']}  {_first_sentence(finding['message'])}{fixed}")
        _say("")
        for service in plan["forecast"]["services"]:
            for shift in service.get("traffic") or ():
                _say(f"{service['namespace']}/{service['name']}  {shift['backend']}: weight {_arrow(shift['weight'])}, "
                     f"share of traffic {_arrow(shift['share'], '%')}")  # fmt: skip
        _say(f"Verdict {plan['verdict']}. Steps:")
        for number, step in enumerate(plan["steps"], 1):
            _say(f"  {number}. {_short(step['summary'])}  ({step['kind']}; can be undone: {step['reversible']})")
        return plan

    def _failure(self, before: Document) -> None:
        _act("2. Apply, and something breaks: the new image can't be pulled")
        broken = f"registry-cn-hangzhou-vpc.ack.aliyuncs.com/acs/cloud-controller-manager:{TARGET}"
        self.lab.run(lambda: self.lab.cluster().controllers.broken_images.add(broken))
        run = self._run(Exit.ROLLED_BACK, "apply", str(self.plan_file), "--yes", *_LIVE, *self.state)
        self.lab.run(lambda: self.lab.cluster().controllers.broken_images.discard(broken))
        self._steps(run)
        _say(f"{run['state']}, because {_first_sentence(run['cause'])}")
        self._same(before, "Image, RBAC, tags, weights and the policy's default version are what they were before.")

    def _success(self) -> str:
        self._plan_again()
        run = self._run(Exit.DONE, "apply", str(self.plan_file), "--yes", *_LIVE, *self.state)
        self._steps(run)
        _say(f"{run['state']}: {self.lab.cluster().ccm.version} leads now.")
        return str(run["id"])

    def _plan_again(self) -> None:
        _act("3. The image is there now: plan again, apply again")
        self._run(Exit.DONE, "plan", "--to", TARGET, *_LIVE, file=self.plan_file)

    def _look_again(self, run: str) -> None:
        _act("4. Verify: look again, from outside")
        verdict = self._run(Exit.DONE, "verify", run, *_LIVE, *self.state)
        for service in verdict["services"]:
            weights = ", ".join(f"{w['backend']} {w['observed']}" for w in service.get("weights") or ())
            events = ", ".join((service.get("events") or {}).get("seen") or ()) or "none"
            _say(f"{service['namespace']}/{service['name']}: events {events}; weights {weights or 'as wanted'}")
        _say(f"{verdict['outcome']}: same load balancers, same addresses, same listeners.")

    def _back(self, run: str, plan: Document, before: Document) -> None:
        _act("5. And back again: rollback on request")
        result = self._run(Exit.DONE, "rollback", run, *_LIVE, *self.state)
        self._steps(result)
        _say(f"{result['state']}: {self.lab.cluster().ccm.version} leads again, as {plan['from']} did before.")
        self._same(
            before,
            "Nothing of the upgrade is left in the cloud or in CCM's objects; Services keep the label and the "
            "finalizer that the new CCM gave them, as the plan said.",
        )

    def _report(self, run: str) -> None:
        _act("6. Report: one file that needs no network")
        page = self.home / "report.html"
        self._command("report", run, "--out", f"html={page}", *self.state)
        size = page.stat().st_size // 1024
        _say(
            f"{page} ({size} kB)"
            if self.kept
            else f"report.html, {size} kB; keep it, the plan and the journal with --out DIR"
        )
        asked = self.lab.cloud.journal.requests()
        writes = [one for one in asked if one.write and not one.caller.startswith("role/")]
        _say(f"The cloud was asked {len(asked)} times; {len(writes)} of these requests were writes of ours.")

    # -- how it is done --------------------------------------------------------------------------------------------

    def _run(self, expected: Exit, *argv: str, file: Path | None = None) -> Document:
        """One command as a person would type it; its JSON result."""
        shown = [one for one in argv if one not in (*self.state, *_LIVE)]
        text = self._command(*argv, *(("-o", str(file)) if file else ("-o", "json")), expected=expected, shown=shown)
        data = file.read_bytes() if file else text.encode()
        return msgspec.json.decode(data, type=Document)

    def _command(self, *argv: str, expected: Exit = Exit.DONE, shown: list[str] | None = None) -> str:
        from upgrader.cli.main import run

        words = [Path(one).name if one.startswith(str(self.home)) else one for one in shown or argv[:2]]
        click.secho(f"\n  $ ccm-upgrade {' '.join(words)}", fg="cyan")
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(argv)
        if code != expected:
            raise BugError(
                f"`ccm-upgrade {' '.join(words)}` ended with {code} where the demo expects {int(expected)}",
                why=err.getvalue().strip()[-600:],
            )
        return out.getvalue()

    def _steps(self, run: Document) -> None:
        # As they happened: what was done last is undone first.
        for step in reversed(run["steps"]) if run["state"] == "ROLLED_BACK" else run["steps"]:
            _say(f"{step['state']:8} {_short(step['id'])}")

    def _world(self) -> Document:
        """What a rollback must bring back."""
        cluster, cloud = self.lab.cluster(), self.lab.cloud.world

        def look() -> Document:
            workload = cluster.local.get("daemonsets", "cloud-controller-manager", "kube-system", "apps")
            return {
                "template": workload["spec"]["template"] if workload else None,
                "tags": {lb.id: dict(lb.tags) for lb in cloud.slb.load_balancers.values()},
                "weights": {g.id: [b.weight for b in g.backends] for g in cloud.slb.groups.values()},
                "policies": {p.name: p.versions[p.default].document for p in cloud.ram.policies.values()},
                "roles": [
                    one["metadata"]["name"]
                    for one in cluster.local.list("clusterroles", group="rbac.authorization.k8s.io")
                ],
            }

        return msgspec.json.decode(msgspec.json.encode(self.lab.run(look)), type=Document)

    def _same(self, before: Document, words: str) -> None:
        after = self._world()
        changed = [name for name in before if before[name] != after[name]]
        if changed:
            raise BugError(f"the rollback left something behind: {', '.join(changed)}")
        _say(words)


@contextlib.contextmanager
def _only(environment: Mapping[str, str]) -> Iterator[None]:
    """The lab's environment and nothing of the user's own cloud or cluster."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("ALIBABA_CLOUD_", "CCM_UPGRADE_", "KUBE")):
            del os.environ[name]
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _act(title: str) -> None:
    click.secho(f"\n{title}", bold=True)


def _say(text: str) -> None:
    click.echo(click.wrap_text(text, width=100, initial_indent="  ", subsequent_indent="      ") if text else "")


def _by_weight(findings: list[Document]) -> list[Document]:
    order = {"FAIL": 0, "UNKNOWN": 1, "WARN": 2}
    return sorted(
        (one for one in findings if one["outcome"] in order), key=lambda one: (order[one["outcome"]], one["code"])
    )


def _first_sentence(text: str) -> str:
    return text if len(text) <= 150 else f"{text[:147].rsplit(' ', 1)[0]} …"


def _short(text: str) -> str:
    """Long ids say little in a story."""
    shortened = re.sub(r"c?[0-9a-f]{31,33}", "…", text)
    return _first_sentence(shortened)


def _arrow(pair: list[Any], unit: str = "") -> str:
    before, after = (("none" if one is None else f"{one:g}{unit}") for one in pair)
    return f"{before} → {after}"
