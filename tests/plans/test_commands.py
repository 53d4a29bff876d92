"""check, plan, ram, tags and explain as a user runs them: one document, the contract's exit codes, no traceback."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cases.world import facts_of
from upgrader import codec
from upgrader.cli.exit_codes import Exit
from upgrader.cli.main import run


class Shell:
    """Runs commands on a facts file."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def facts(self, name: str = "facts.json", **changes: Any) -> str:
        path = self.folder / name
        path.write_bytes(codec.encode(facts_of(changes)))
        return str(path)

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = run(words)
        captured = self.capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    def json(self, *words: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = self(*words, "-o", "json")
        document = json.loads(out)
        assert isinstance(document, dict)
        return code, document


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


LEGACY = {"lb-web": {"tags": {"kubernetes.do.not.delete": None}}}
RENAMED = {"lb-web": {"name": "shop", "tags": {"kubernetes.do.not.delete": None}}}
NO_NLB = {
    "policies": {
        "k8sMasterRolePolicy-Ccm-c-healthy": {
            "document": {"Version": "1", "Statement": [
                {"Effect": "Allow", "Action": ["slb:*", "vpc:*", "ecs:*"], "Resource": "*"}]},
        }
    }
}  # fmt: skip
CLOUD_UNREAD = [{"area": "clb", "call": "DescribeLoadBalancers", "why": "denied"}]


@pytest.mark.parametrize(
    ("changes", "words", "code"),
    [
        ({}, (), Exit.DONE),
        ({"load_balancers": LEGACY}, (), Exit.DONE),
        ({"load_balancers": LEGACY}, ("--fail-on", "warn"), Exit.WARNED),
        ({"load_balancers": RENAMED}, (), Exit.BLOCKED),
        ({"ram": NO_NLB}, (), Exit.BLOCKED),
        ({"ram": NO_NLB}, ("--waive", "CCM030", "--reason", "no NLB will ever come"), Exit.DONE),
        ({"gaps": CLOUD_UNREAD}, (), Exit.UNKNOWN),
        ({"gaps": CLOUD_UNREAD}, ("--accept-unknown",), Exit.DONE),
    ],
)
def test_check_says_by_its_exit_code_what_stands(
    shell: Shell, changes: dict[str, Any], words: tuple[str, ...], code: Exit
) -> None:
    exit_code, document = shell.json("check", "-f", shell.facts(**changes), "--to", "v2.14.0", *words)
    assert exit_code == code
    assert (document["apiVersion"], document["kind"], document["to"]) == ("ccm-upgrade/v1", "Assessment", "v2.14.0")
    assert {check["state"] for check in document["checks"]} <= {"pass", "found", "skipped", "unknown"}


def test_check_runs_only_what_is_asked_for(shell: Shell) -> None:
    code, document = shell.json(
        "check", "-f", shell.facts(load_balancers=RENAMED), "--to", "v2.14.0", "--only", "ccm001"
    )
    assert (code, [check["code"] for check in document["checks"]]) == (Exit.DONE, ["CCM001"])
    assert shell("check", "-f", shell.facts(), "--only", "CCM999")[0] == Exit.USAGE


def test_check_reads_well(shell: Shell) -> None:
    _, out, _ = shell("check", "-f", shell.facts(load_balancers=RENAMED), "--to", "v2.14.0")
    assert "CCM002" in out
    assert "lb-web lacks the tag" in out
    assert "ccm-upgrade explain CCM002" in out


@pytest.mark.parametrize(
    "words",
    [
        ("check", "-f", "FACTS", "--to", "2.x"),
        ("check", "-f", "FACTS", "--waive", "CCM001"),
        ("check", "-f", "FACTS", "--waive", "CCM999", "--reason", "x"),
        ("check", "-f", "FACTS", "--waive", "nonsense", "--reason", "x"),
        ("check", "-f", "/no/such/file"),
        ("plan", "show", "/no/such/plan"),
        ("plan", "show", "FACTS"),
        ("plan", "-f", "FACTS", "-o", "/no/such/folder/plan.json"),
        ("explain", "no such thing at all"),
    ],
)
def test_bad_input_is_a_sentence_and_64(shell: Shell, words: tuple[str, ...]) -> None:
    facts = shell.facts()
    code, out, err = shell(*(facts if word == "FACTS" else word for word in words))
    assert (code, out) == (Exit.USAGE, "")
    assert err.startswith("error: ")


def test_a_plan_is_saved_for_its_owner_alone_and_shown_again(shell: Shell) -> None:
    path = shell.folder / "plan.json"
    code, document = shell.json("plan", "-f", shell.facts(ram=NO_NLB), "--to", "v2.14.0", "-o", str(path))
    assert code == Exit.DONE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == document
    for key in (
        "cluster",
        "from",
        "to",
        "path",
        "verdict",
        "coverage",
        "findings",
        "forecast",
        "ram",
        "steps",
        "digests",
    ):
        assert key in document
    assert document["kind"] == "Plan"
    assert shell.json("plan", "show", str(path)) == (Exit.DONE, document)
    assert "ram-k8sMasterRolePolicy-Ccm-c-healthy" in shell("plan", "show", str(path))[1]


def test_plan_exit_codes(shell: Shell) -> None:
    facts = shell.facts()
    assert shell("plan", "-f", facts, "--to", "v2.14.0")[0] == Exit.DONE
    assert shell("plan", "-f", facts, "--to", "v2.14.0", "--detailed-exitcode")[0] == Exit.CHANGES
    assert shell("plan", "-f", facts, "--to", "v2.12.4", "--detailed-exitcode")[0] == Exit.DONE
    assert shell("plan", "-f", shell.facts(load_balancers={"lb-web": None}), "--to", "v2.14.0")[0] == Exit.BLOCKED


def test_a_plan_is_checked_against_the_world_and_compared(shell: Shell) -> None:
    plan = str(shell.folder / "plan.json")
    before, after = shell.facts("before.json"), shell.facts("after.json", load_balancers=LEGACY)
    shell("plan", "-f", before, "--to", "v2.14.0", "-o", plan)
    assert shell("plan", "check", plan, "-f", before)[0] == Exit.DONE
    code, _, err = shell("plan", "check", plan, "-f", after)
    assert code == Exit.STALE
    assert "the load balancer lb-web changed" in err
    assert shell("plan", "diff", plan, "-f", before)[0] == Exit.DONE
    code, document = shell.json("plan", "diff", plan, "-f", after)
    assert code == Exit.CHANGES
    (step,) = document["difference"]["steps_new"]
    assert step.startswith("step tag-lb-web: Add the tag kubernetes.do.not.delete=")
    assert any("CCM002" in text for text in document["difference"]["findings_new"])


def test_an_edited_plan_is_refused(shell: Shell) -> None:
    path = shell.folder / "plan.json"
    shell("plan", "-f", shell.facts(), "--to", "v2.14.0", "-o", str(path))
    path.write_text(path.read_text().replace("v2.14.0", "v2.13.0"))
    code, _, err = shell("plan", "show", str(path))
    assert code == Exit.USAGE
    assert "does not match its id" in err


def test_ram_diff_and_policy(shell: Shell) -> None:
    sick, healthy = shell.facts("sick.json", ram=NO_NLB), shell.facts("healthy.json")
    code, document = shell.json("ram", "diff", "-f", sick, "--to", "v2.14.0")
    assert (code, document["delta"]["missing"]) == (Exit.CHANGES, ["nlb:ListAsynJobs"])
    assert shell("ram", "diff", "-f", healthy, "--to", "v2.14.0")[0] == Exit.DONE
    code, policy = shell.json("ram", "policy", "-f", sick, "--to", "v2.14.0")
    assert "nlb:ListAsynJobs" in {action for one in policy["Statement"] for action in one["Action"]}
    code, out, err = shell("ram", "policy", "-f", healthy, "--to", "v2.14.0")
    assert (code, out, "nothing is missing" in err) == (Exit.DONE, "", True)


def test_tags_plan(shell: Shell) -> None:
    code, document = shell.json("tags", "plan", "-f", shell.facts(load_balancers=LEGACY), "--to", "v2.14.0")
    assert code == Exit.CHANGES
    assert [(row["load_balancer_id"], row["add"]) for row in document["tags"]] == [("lb-web", True)]
    assert shell("tags", "plan", "-f", shell.facts(), "--to", "v2.14.0")[0] == Exit.DONE
    twin = {"lb-twin": {"kind": "clb", "id": "lb-twin", "address": "47.0.0.1"}, **LEGACY}
    assert shell("tags", "plan", "-f", shell.facts(load_balancers=twin), "--to", "v2.14.0")[0] == Exit.BLOCKED
    assert shell("tags", "plan", "-f", shell.facts(gaps=CLOUD_UNREAD), "--to", "v2.14.0")[0] == Exit.UNKNOWN


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("CCM002", "Why it matters"),
        ("ccm002", "Why it matters"),
        ("legacy-clb-tag", "kubernetes.do.not.delete"),
        ("clb.tag", "Undone by removing"),
        ("EXIT7", "put back"),
        ("7", "put back"),
        ("v2.12.1", "PayByCLCU"),
        ("default-weight", "v2.14.0"),
        ("EnsuredLoadBalancer", "Normal event"),
        ("can not change ResourceGroupId once created", "resource-group-id"),
    ],
)
def test_explain_answers_offline(shell: Shell, code: str, says: str) -> None:
    exit_code, out, _ = shell("explain", code)
    assert exit_code == Exit.DONE
    assert says in out


def test_explain_lists_everything(shell: Shell) -> None:
    _, document = shell.json("explain")
    codes = [topic["code"] for topic in document["topics"]]
    assert {"CCM001", "ram.policy-version", "EXIT3"} <= set(codes)
