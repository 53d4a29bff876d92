"""The main job, live: plan, apply, verify, roll back, report, for the three kinds of cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from upgrader.cli.exit_codes import Exit

TARGET = ("--to", "v2.14.0")


@pytest.mark.parametrize("name", ["dedicated-flannel", "managed-terway", "self-managed"])
def test_the_main_job(start: Start, name: str, tmp_path: Path) -> None:
    desk = start(name)
    cluster = desk.lab.cluster()
    plan = desk.json("plan", *TARGET)
    foretold = {
        w["action"] for s in plan["forecast"]["services"] for w in s.get("writes") or () if w["effect"] == "IMMEDIATE"
    }
    seq = desk.lab.cloud.journal.last_seq

    run = desk.apply(*TARGET)

    assert run["state"] == "SUCCEEDED"
    assert {step["state"] for step in run["steps"]} == {"done"}
    assert str(cluster.ccm.version) == "v2.14.0"
    by_ccm = {
        f"{r.product}:{r.action}"
        for r in desk.lab.cloud.journal.requests(since=seq, writes=True)
        if r.caller.startswith("role/")
    }
    assert by_ccm == foretold
    verdict = desk.json("verify", run["id"], "--state-dir", str(desk.home))
    assert verdict["outcome"] == "PASS"
    assert len(verdict["services"]) == len(cluster.spec.services)
    page = tmp_path / "report.html"
    assert (
        desk.cli("report", run["id"], "--out", f"html={page}", "--state-dir", str(desk.home), live=False)[0]
        == Exit.DONE
    )
    assert "v2.14.0" in page.read_text(encoding="utf-8")
    assert desk.cli("plan", *TARGET)[0] == Exit.DONE


def test_what_the_faq_case_needs_is_planned_and_done(start: Start) -> None:
    desk = start("dedicated-flannel")
    plan = desk.json("plan", *TARGET)
    assert set(plan["ram"]["missing"]) == {"nlb:ListAsynJobs", "vpc:CreateRouteEntries", "vpc:DeleteRouteEntries"}
    assert [step["kind"] for step in plan["steps"]] == ["ram.policy-version", "clb.tag", "ccm.addon"]
    assert plan["coverage"]["judged"] == plan["coverage"]["services"] == 4
    assert not plan["coverage"].get("gaps")

    desk.apply(*TARGET)

    world = desk.lab.cloud.world
    renamed = next(lb for lb in world.slb.load_balancers.values() if lb.name == "shop-frontend")
    assert renamed.tags["kubernetes.do.not.delete"].startswith("a")
    assert not desk.lab.cloud.journal.unhandled()
    told = {
        one["reason"] for one in desk.lab.cluster().local.list("events") if one["involvedObject"]["kind"] == "Service"
    }
    assert "EnsuredLoadBalancer" in told


@pytest.mark.parametrize("name", ["dedicated-flannel", "managed-terway", "self-managed"])
def test_what_only_reads_writes_nothing(start: Start, name: str, tmp_path: Path) -> None:
    desk = start(name)
    api, seq = desk.lab.cluster().api, desk.lab.cloud.journal.last_seq
    revision = api.store.revision

    for argv in (("discover",), ("check", *TARGET), ("plan", *TARGET), ("ram", "diff", *TARGET), ("tags", "plan")):
        assert desk.cli(*argv)[0] in (Exit.DONE, Exit.BLOCKED, Exit.CHANGES, Exit.UNKNOWN), (argv, desk.err)

    assert desk.writes_since(seq) == []
    assert api.store.revision == revision
    assert not desk.home.exists()


def test_a_denied_question_is_a_gap_with_its_action(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    from upgrader.lab.cloud import seed

    desk = start("dedicated-flannel")
    world = desk.lab.cloud.world
    document = seed.allow("*")
    document["Statement"].append({"Effect": "Deny", "Action": ["ram:ListPoliciesForRole"], "Resource": "*"})
    seed.add_policy(world, "ops", document)
    seed.add_user(world, "ops", "LTAI5tOps", "ops-secret", "ops")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tOps")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ops-secret")

    plan = desk.json("plan", *TARGET)

    assert plan["verdict"] == "UNKNOWN"
    assert "ram:ListPoliciesForRole" in str(plan["coverage"]["gaps"])


def test_a_downgrade_that_leaves_an_nlb_is_refused(start: Start) -> None:
    desk = start("upgrade-downgrade")
    plan = desk.json("plan", "--to", "v2.3.0", expect=Exit.BLOCKED)
    assert {"CCM060", "CCM061"} <= {finding["code"] for finding in plan["findings"]}


def test_a_self_managed_cluster_can_go_down_again(start: Start) -> None:
    desk = start("self-managed")
    desk.apply(*TARGET)
    plan = desk.json("plan", "--to", "v2.12.4")
    assert (plan["from"], plan["to"]) == ("v2.14.0", "v2.12.4")

    assert desk.apply("--to", "v2.12.4")["state"] == "SUCCEEDED"

    assert str(desk.lab.cluster().ccm.version) == "v2.12.4"
    assert desk.cli("history", "--state-dir", str(desk.home), live=False)[0] == Exit.DONE
