"""The smallest change to a policy document."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from upgrader.model.facts import RamPolicy
from upgrader.ram.evaluate import evaluate
from upgrader.ram.minimal import MAX_DOCUMENT_BYTES, candidates, new_document, patch_for, with_actions
from upgrader.ram.model import parse_policy


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "1", "Statement": list(statements)}


NLB = {"Effect": "Allow", "Action": ["nlb:ListListeners", "nlb:CreateListener"], "Resource": "*"}
VPC = {"Effect": "Allow", "Action": "vpc:DescribeVpcs", "Resource": ["*"]}


def custom(name: str, content: dict[str, Any], versions: tuple[str, ...] = ("v1",)) -> RamPolicy:
    return RamPolicy(name=name, type="Custom", default_version=versions[-1], document=content, versions=versions)


def test_each_action_joins_the_statement_of_its_product() -> None:
    merged = with_actions(document(NLB, VPC), ["vpc:CreateRouteEntries", "nlb:ListAsynJobs"])
    assert merged["Statement"] == [
        {**NLB, "Action": [*NLB["Action"], "nlb:ListAsynJobs"]},
        {**VPC, "Action": ["vpc:DescribeVpcs", "vpc:CreateRouteEntries"]},
    ]


def test_a_conditional_narrow_or_denying_statement_is_not_touched() -> None:
    unfit: list[dict[str, Any]] = [
        {**NLB, "Condition": {"Bool": {"acs:SecureTransport": "true"}}},
        {**NLB, "Resource": "acs:nlb:*:*:loadbalancer/nlb-1"},
        {**NLB, "Effect": "Deny"},
        {"Effect": "Allow", "NotAction": "nlb:*", "Resource": "*"},
    ]
    merged = with_actions(document(*unfit), ["nlb:ListAsynJobs"])
    assert merged["Statement"] == [*unfit, {"Effect": "Allow", "Action": ["nlb:ListAsynJobs"], "Resource": "*"}]


def test_the_original_stays_as_it_is() -> None:
    original = document(NLB)
    with_actions(original, ["nlb:ListAsynJobs"])
    assert original == document(
        {"Effect": "Allow", "Action": ["nlb:ListListeners", "nlb:CreateListener"], "Resource": "*"}
    )


def test_ccms_own_policy_is_preferred_over_the_master_roles() -> None:
    master, own = custom("k8sMasterRolePolicy-c1", document(NLB)), custom("k8sMasterRolePolicy-Ccm-c1", document(VPC))
    system = RamPolicy(name="k8sMasterRolePolicy-Ccm-s", type="System", default_version="v1", document=document(NLB))
    other = custom("Unrelated", document(NLB))
    assert [p.name for p in candidates([system, master, other, own])] == [own.name, master.name]


def test_a_policy_without_room_passes_the_actions_on() -> None:
    full = custom("k8sMasterRolePolicy-Ccm-c1", document({**NLB, "Action": ["nlb:" + "x" * MAX_DOCUMENT_BYTES]}))
    roomy = custom("k8sMasterRolePolicy-c1", document(NLB))
    patch = patch_for([full, roomy], ["nlb:ListAsynJobs"])
    assert patch is not None
    assert (patch.policy.name, patch.fits) == (roomy.name, True)
    alone = patch_for([full], ["nlb:ListAsynJobs"])
    assert alone is not None
    assert not alone.fits


def test_nothing_missing_needs_no_patch() -> None:
    assert patch_for([custom("k8sMasterRolePolicy-Ccm-c1", document(NLB))], []) is None


def test_the_oldest_version_that_is_not_the_default_makes_room() -> None:
    versions = ("v1", "v2", "v3", "v4", "v5")
    full = custom("k8sMasterRolePolicy-Ccm-c1", document(NLB), versions)
    patch = patch_for([full], ["nlb:ListAsynJobs"])
    assert patch is not None
    assert patch.delete_version == "v1"
    oldest_is_default = RamPolicy(
        name=full.name, type="Custom", default_version="v1", document=full.document, versions=versions
    )
    patch = patch_for([oldest_is_default], ["nlb:ListAsynJobs"])
    assert patch is not None
    assert patch.delete_version == "v2"


actions = st.lists(
    st.sampled_from(["nlb:ListAsynJobs", "vpc:CreateRouteEntries", "slb:TagResources", "ecs:DescribeInstances"]),
    min_size=1,
    max_size=4,
    unique=True,
)


@given(actions, st.lists(st.sampled_from([NLB, VPC, {**NLB, "Resource": "acs:nlb:*:*:x"}]), max_size=3))
def test_after_the_patch_every_action_is_allowed(missing: list[str], statements: list[dict[str, Any]]) -> None:
    patched = parse_policy("P", with_actions(document(*statements), missing))
    assert all(evaluate([patched], action).allowed for action in missing)
    assert all(evaluate([parse_policy("N", new_document(missing))], action).allowed for action in missing)
