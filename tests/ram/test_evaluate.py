"""RAM evaluation, case by case; its laws are in test_laws."""

from __future__ import annotations

from typing import Any

import pytest

from upgrader.ram.evaluate import Decision, evaluate
from upgrader.ram.model import Policy, parse_policy


def policy(*statements: dict[str, Any], name: str = "P") -> Policy:
    return parse_policy(name, {"Version": "1", "Statement": list(statements)})


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def deny(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*", **more}


def ask(action: str, *policies: Policy, **more: Any) -> Decision:
    return evaluate(policies, action, **more)


@pytest.mark.parametrize(
    "pattern", ["nlb:ListAsynJobs", "nlb:listasynjobs", "nlb:*", "*", "NLB:List*", "nlb:ListAsynJob?"]
)
def test_an_action_is_allowed_by_any_pattern_that_names_it(pattern: str) -> None:
    assert ask("nlb:ListAsynJobs", policy(allow(pattern))).answer == "allow"


@pytest.mark.parametrize("pattern", ["slb:*", "nlb:ListAsynJob", "nlb:ListAsynJobs?", "nlb:Get*"])
def test_other_patterns_leave_the_implicit_deny(pattern: str) -> None:
    decision = ask("nlb:ListAsynJobs", policy(allow(pattern)))
    assert (decision.answer, decision.statement) == ("deny", None)


def test_an_explicit_deny_wins_and_is_named() -> None:
    decision = ask("slb:TagResources", policy(allow("*")), policy(deny("slb:Tag*"), name="Guard"))
    assert (decision.answer, decision.policy) == ("deny", "Guard")
    assert decision.statement is not None
    assert decision.statement.actions == ("slb:Tag*",)


def test_not_action_allows_everything_else() -> None:
    everything_but_ram = policy({"Effect": "Allow", "NotAction": "ram:*", "Resource": "*"})
    assert ask("slb:TagResources", everything_but_ram).answer == "allow"
    assert ask("ram:GetRole", everything_but_ram).answer == "deny"


def test_a_condition_that_nobody_can_decide_is_unknown() -> None:
    inside = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
    conditional = policy(allow("slb:*", Condition=inside))
    assert ask("slb:TagResources", conditional).answer == "unknown"
    assert ask("slb:TagResources", conditional, context={"acs:sourceip": "10.1.2.3"}).answer == "allow"
    assert ask("slb:TagResources", conditional, context={"acs:SourceIp": "192.168.0.1"}).answer == "deny"


def test_a_conditional_deny_makes_an_allow_unknown_and_a_deny_stays_a_deny() -> None:
    guard = policy(deny("slb:*", Condition={"Bool": {"acs:SecureTransport": "false"}}))
    assert ask("slb:TagResources", policy(allow("*")), guard).answer == "unknown"
    assert ask("slb:TagResources", guard).answer == "deny"
    assert ask("slb:TagResources", policy(allow("*")), guard, context={"acs:SecureTransport": "true"}).answer == "allow"


@pytest.mark.parametrize(
    ("resource", "answer"),
    [
        ("*", "allow"),
        ("acs:slb:*:*:*", "allow"),
        ("acs:*:*:*:*", "allow"),
        ("acs:slb:cn-hangzhou:*:*", "unknown"),
        ("acs:slb:*:*:loadbalancer/lb-1", "unknown"),
        ("acs:nlb:*:*:*", "deny"),
    ],
)
def test_a_resource_narrower_than_all_is_unknown(resource: str, answer: str) -> None:
    assert ask("slb:TagResources", policy(allow("slb:*", Resource=resource))).answer == answer


def test_a_resource_is_judged_against_the_one_that_is_needed() -> None:
    only_beijing = policy(allow("slb:*", Resource="acs:slb:cn-beijing:*:*"))
    assert ask("slb:TagResources", only_beijing, resource="acs:slb:cn-beijing:1:loadbalancer/lb-1").answer == "allow"
    assert ask("slb:TagResources", only_beijing, resource="acs:slb:cn-hangzhou:*:*").answer == "deny"


def test_not_resource_excludes() -> None:
    but_one = policy({"Effect": "Allow", "Action": "slb:*", "NotResource": "acs:slb:*:*:loadbalancer/lb-1"})
    assert ask("slb:TagResources", but_one).answer == "unknown"
    assert ask("slb:TagResources", but_one, resource="acs:slb:cn-hangzhou:1:loadbalancer/lb-2").answer == "allow"
    assert ask("slb:TagResources", but_one, resource="acs:slb:cn-hangzhou:1:loadbalancer/lb-1").answer == "deny"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"Version": "1"},
        {"Statement": ["Allow"]},
        {"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "*", "NotAction": "ram:*", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": [1], "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": "x"}}]},
    ],
)
def test_a_document_that_makes_no_sense_is_unknown_never_allow(document: object) -> None:
    broken = parse_policy("Broken", document)
    assert broken.unreadable
    assert ask("slb:TagResources", broken).answer == "unknown"
    assert ask("slb:TagResources", broken, policy(allow("*"))).answer == "unknown"
    assert ask("slb:TagResources", broken, policy(deny("slb:*"))).answer == "deny"


def test_a_single_statement_need_not_be_a_list() -> None:
    assert ask("slb:TagResources", parse_policy("P", {"Statement": allow("slb:*")})).answer == "allow"
