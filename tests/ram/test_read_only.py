"""What is not surely reading counts as writing."""

from __future__ import annotations

from typing import Any

import pytest

from upgrader.ram.model import parse_policy
from upgrader.ram.read_only import beyond_reading


def of(*statements: dict[str, Any]) -> tuple[str, ...]:
    return beyond_reading([parse_policy("p", {"Version": "1", "Statement": list(statements)})])


def allow(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


@pytest.mark.parametrize(
    "action",
    [
        "slb:Describe*",
        "slb:DescribeLoadBalancers",
        "nlb:List*",
        "nlb:Get?oadBalancer",
        "ecs:describe*",
        "sts:GetCallerIdentity",
        "slb:Query*",
    ],
)
def test_reading(action: str) -> None:
    assert of(allow(action)) == ()


@pytest.mark.parametrize(
    "action",
    [
        "*",
        "slb:*",
        "slb:D*",
        "slb:TagResources",
        "sts:AssumeRole",
        "*:*",
        "slb:*Describe",
        "slb:?escribe",
        "Describe*",
        "slb:SetVServerGroupAttribute",
    ],
)
def test_not_surely_reading(action: str) -> None:
    assert of(allow("slb:Describe*", action)) == (f"p: {action}",)


def test_a_deny_proves_nothing_and_a_not_action_allows_the_rest() -> None:
    deny = {"Effect": "Deny", "Action": "slb:*", "Resource": "*"}
    assert of(allow("slb:*"), deny) == ("p: slb:*",)
    assert of(deny) == ()
    assert of({"Effect": "Allow", "NotAction": ["ram:*"], "Resource": "*"}) == ("p: all actions but ram:*",)


def test_what_cannot_be_read_may_be_anything() -> None:
    (said,) = beyond_reading([parse_policy("p", {"Statement": 7})])
    assert "can't be read" in said
