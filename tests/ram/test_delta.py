"""What a role lacks, and what would give it that."""

from __future__ import annotations

from typing import Any

from upgrader.model.facts import RamFacts, RamPolicy
from upgrader.ram.delta import delta, judge

ACTIONS = ("slb:TagResources", "nlb:ListAsynJobs", "ecs:DescribeInstances", "vpc:CreateRouteEntries")


def role(*statements: dict[str, Any], name: str = "k8sMasterRolePolicy-Ccm-c1") -> RamFacts:
    document = {"Version": "1", "Statement": list(statements)}
    return RamFacts(
        role="KubernetesMasterRole-c1",
        policies=(RamPolicy(name=name, type="Custom", default_version="v1", document=document, versions=("v1",)),),
    )


def allow(action: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_each_action_is_missing_denied_unknown_or_there() -> None:
    ram = role(
        allow("slb:*"), {"Effect": "Deny", "Action": "nlb:*", "Resource": "*"},
        {**allow("ecs:*"), "Condition": {"StringEquals": {"acs:ResourceTag/team": "shop"}}},
    )  # fmt: skip
    found = delta(ram, judge(ram, ACTIONS))
    assert (found.missing, found.denied, found.unknown) == (
        ("vpc:CreateRouteEntries",), ("nlb:ListAsynJobs",), ("ecs:DescribeInstances",),
    )  # fmt: skip
    assert found.policy == "k8sMasterRolePolicy-Ccm-c1"
    assert found.document is not None
    assert found.document["Statement"][-1] == {
        "Effect": "Allow", "Action": ["vpc:CreateRouteEntries"], "Resource": "*",
    }  # fmt: skip


def test_a_policy_for_the_clusters_region_is_enough() -> None:
    ram = role(allow("slb:*", "acs:slb:cn-hangzhou:*:*"))
    assert judge(ram, ["slb:TagResources"], "cn-hangzhou").missing == ()
    assert judge(ram, ["slb:TagResources"], "cn-beijing").missing == ("slb:TagResources",)
    assert judge(ram, ["slb:TagResources"]).unknown == ("slb:TagResources",)


def test_a_role_without_a_policy_of_ours_gets_a_document_of_its_own() -> None:
    ram = role(allow("slb:*"), name="TeamPolicy")
    found = delta(ram, judge(ram, ["nlb:ListAsynJobs"]))
    assert found.policy == ""
    assert found.document == {"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": ["nlb:ListAsynJobs"], "Resource": "*"}]}  # fmt: skip


def test_policies_that_were_not_read_answer_unknown() -> None:
    assert judge(RamFacts(role="r"), ACTIONS).unknown == tuple(sorted(ACTIONS))


def test_nothing_lacks_where_everything_is_allowed() -> None:
    ram = role(allow("*"))
    found = delta(ram, judge(ram, ACTIONS))
    assert (found.missing, found.document) == ((), None)
