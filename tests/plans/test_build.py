"""The plan: steps in order, what mends what, the verdict, and the digest that freezes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from tests.cases.world import Case, context_of
from upgrader import codec
from upgrader.assess.assess import judge
from upgrader.migrations.context import Context
from upgrader.model.errors import InputError, StaleError
from upgrader.model.params import (
    AddonParams,
    PolicyVersionParams,
    RbacRulesParams,
    TagParams,
    WorkloadParams,
    decode_params,
)
from upgrader.model.plan import Plan
from upgrader.plan.build import build
from upgrader.plan.freshness import check_time, check_whole, check_world
from upgrader.plan.waivers import parse_waiver, waived

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
POLICY = "k8sMasterRolePolicy-Ccm-c-healthy"


def context(*, source: str = "", to: str = "v2.14.0", **facts: Any) -> Context:
    return context_of(Case(name="plan", source=source, to=to, facts=facts))


def plan(*waivers: str, source: str = "", to: str = "v2.14.0", **facts: Any) -> Plan:
    world = context(source=source, to=to, **facts)
    assessment = waived(judge(world), [parse_waiver(text, "because") for text in waivers])
    return build(world, assessment, now=NOW, nonce="n")


def narrow(*actions: str, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"policies": {POLICY: {"document": {"Version": "1", "Statement": [statement]}, **more}}}


def test_a_healthy_world_needs_one_step() -> None:
    made = plan()
    assert (made.verdict, made.path, [step.id for step in made.steps]) == ("READY", ("v2.14.0",), ["ccm-v2.14.0"])
    params = decode_params(made.steps[0], WorkloadParams)
    assert params.image == "registry.example/acs/cloud-controller-manager:v2.14.0"
    assert params.expected_image.endswith(":v2.12.4")
    assert params.args == params.expected_args
    assert not params.stopped
    assert made.steps[0].reversible == "yes"


def test_ack_upgrades_its_add_on_and_keeps_its_config() -> None:
    made = plan(ccm={"managed_by": "ack", "addon_config": '{"a":1}'})
    step = made.steps[-1]
    params = decode_params(step, AddonParams)
    assert (step.kind, params.cluster_id, params.config) == ("ccm.addon", "c-healthy", '{"a":1}')
    assert (params.from_version, params.to_version) == ("v2.12.4", "v2.14.0")
    assert step.reversible == "partly"
    assert "no downgrade" in step.why_not


def test_all_missing_actions_go_into_one_version_of_one_policy() -> None:
    made = plan(source="v2.10.0", ram=narrow("slb:*", "ecs:Describe*", "vpc:CreateRouteEntry"))
    ram = [step for step in made.steps if step.kind == "ram.policy-version"]
    assert len(ram) == 1
    params = decode_params(ram[0], PolicyVersionParams)
    assert {"nlb:ListAsynJobs", "vpc:CreateRouteEntries", "vpc:DeleteRouteEntries"} <= set(params.adds)
    assert "ecs:ModifyNetworkInterfaceAttribute" in params.adds
    assert params.expected_default == "v1"
    assert ram[0].id in made.steps[-1].needs
    mended = {finding.code for finding in made.findings if finding.fixed_by == ram[0].id}
    assert mended == {"CCM030", "CCM031", "CCM032"}
    assert made.ram.missing == params.adds
    assert made.ram.document == params.document


def test_what_a_step_mends_warns_and_no_longer_blocks() -> None:
    made = plan(source="v2.10.0", ram=narrow("slb:*", "ecs:*", "vpc:*"))
    assert any(finding.outcome == "FAIL" for finding in made.findings)
    assert made.verdict == "WARNINGS"


def test_a_fifth_version_says_which_old_one_goes() -> None:
    versions = ["v3", "v4", "v5", "v6", "v7"]
    made = plan(ram=narrow("slb:*", "ecs:*", "vpc:*", versions=versions, default_version="v7"))
    step = next(step for step in made.steps if step.kind == "ram.policy-version")
    assert decode_params(step, PolicyVersionParams).delete_version == "v3"
    assert (step.reversible, "v3" in step.why_not) == ("partly", True)


def test_a_full_policy_blocks_and_the_document_is_handed_over() -> None:
    made = plan(ram=narrow("slb:" + "x" * 6100, "slb:*", "ecs:*", "vpc:*"))
    assert [step.kind for step in made.steps] == ["ccm.workload"]
    assert made.verdict == "BLOCKED"
    assert made.ram.policy == ""
    assert made.ram.document == {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": ["nlb:ListAsynJobs"], "Resource": "*"}],
    }


def test_a_missing_tag_is_added_before_the_upgrade() -> None:
    made = plan(load_balancers={"lb-web": {"tags": {"kubernetes.do.not.delete": None}}})
    assert [step.id for step in made.steps] == ["tag-lb-web", "ccm-v2.14.0"]
    params = decode_params(made.steps[0], TagParams)
    assert (params.region, params.expected_address) == ("cn-hangzhou", "47.0.0.1")
    assert params.tags == {"kubernetes.do.not.delete": "a1111111122223333444455555555555"}


def test_flags_and_rights_are_mended_and_the_old_pods_stop_first() -> None:
    rules = [{"apiGroups": [""], "resources": ["services"], "verbs": ["*"]}]
    args = ["/cloud-controller-manager", "--port", "10253", "--cloud-config=/c", "--configure-cloud-routes=false"]
    made = plan(source="v1.9.3.372", ccm={"args": args, "rbac_rules": rules})
    rights = decode_params(made.steps[0], RbacRulesParams)
    assert "endpointslices" in {resource for rule in rights.rules for resource in rule.resources}
    stop, image, start = made.steps[-3:]
    assert [step.kind for step in (stop, image, start)] == ["ccm.stop", "ccm.workload", "ccm.start"]
    params = decode_params(image, WorkloadParams)
    assert params.args == ("/cloud-controller-manager", "--cloud-config=/c", "--configure-cloud-routes=false")
    assert params.expected_args == tuple(args)
    assert params.stopped
    assert (params.expected_locks, params.locks) == (("endpoints",), ("leases",))
    assert next(f for f in made.findings if f.code == "CCM072").fixed_by == image.id
    assert next(f for f in made.findings if f.code == "CCM073").fixed_by == stop.id
    assert stop.id in image.needs
    assert image.id in start.needs


def test_a_lock_that_the_arguments_name_is_the_one_that_counts() -> None:
    args = ["/ccm", "--leader-elect-resource-lock=leases", "--cloud-config=/c", "--configure-cloud-routes=false"]
    made = plan(source="v1.9.3.372", ccm={"args": args})
    assert "ccm.stop" not in {step.kind for step in made.steps}


def test_a_stop_on_the_way_gets_a_step_of_its_own() -> None:
    made = plan(source="v1.9.3.164", ccm={"args": []})
    steps = [step for step in made.steps if step.kind == "ccm.workload"]
    first, second = (decode_params(step, WorkloadParams) for step in steps)
    assert len(made.path) == 2
    assert first.to_version == made.path[0]
    assert (second.from_version, second.expected_image) == (first.to_version, first.image)
    assert steps[0].id in steps[1].needs


def test_nothing_to_do_is_no_step() -> None:
    assert plan(source="v2.14.0").steps == ()


def test_a_waiver_is_kept_with_its_reason_and_does_not_hide_the_finding() -> None:
    made = plan("CCM086", ccm={"managed_by": "helm"})
    finding = next(finding for finding in made.findings if finding.code == "CCM086")
    assert (finding.outcome, finding.waived, made.verdict) == ("FAIL", "because", "WARNINGS")


def test_a_waiver_for_another_subject_waives_nothing() -> None:
    assert plan("CCM086@default/web", ccm={"managed_by": "helm"}).verdict == "BLOCKED"


def test_some_findings_cannot_be_waived() -> None:
    with pytest.raises(InputError, match="can't be waived"):
        plan("CCM083", ccm={"addon_state": "upgrading"})


@pytest.mark.parametrize("text", ["", "CCM", "CCM001@", "CCM001@a/b/c", "CCM001 x"])
def test_a_waiver_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a waiver"):
        parse_waiver(text, "because")


def test_a_waiver_needs_a_reason() -> None:
    with pytest.raises(InputError, match="no reason"):
        parse_waiver("CCM001", " ")


def test_the_same_world_gives_the_same_bytes() -> None:
    assert codec.encode(plan()) == codec.encode(plan())


def test_an_edited_plan_is_found_out() -> None:
    made = plan()
    check_whole(made)
    with pytest.raises(InputError, match="does not match its id"):
        check_whole(replace(made, to_version="v2.13.0"))


def test_a_plan_survives_its_file() -> None:
    made = plan(source="v2.10.0", ram=narrow("slb:*"), load_balancers={"lb-web": {"tags": {}}})
    again = codec.decode(codec.encode(made), Plan, where="plan.json")
    assert codec.encode(again) == codec.encode(made)
    check_whole(again)


def test_a_plan_expires() -> None:
    made = plan()
    check_time(made, NOW)
    with pytest.raises(StaleError, match="expired"):
        check_time(made, datetime(2026, 11, 25, 12, 0, tzinfo=UTC))


def test_a_plan_fits_its_own_world_and_no_other() -> None:
    made = plan()
    check_world(made, made.digests.parts, "c-healthy", made.digests.matrix)
    with pytest.raises(StaleError, match="another cluster"):
        check_world(made, made.digests.parts, "c-other", made.digests.matrix)
    with pytest.raises(StaleError, match="other knowledge"):
        check_world(made, made.digests.parts, "c-healthy", "sha256:0")
    parts = {name: digest for name, digest in made.digests.parts.items() if name != "lb/lb-web"}
    with pytest.raises(StaleError, match="the load balancer lb-web is gone"):
        check_world(made, parts, "c-healthy", made.digests.matrix)


def test_a_stop_that_ack_does_not_offer_is_left_out() -> None:
    made = plan(source="v1.9.3.164", ccm={"managed_by": "ack", "addon_next": ["v2.14.0"]})
    assert made.path == ("v2.14.0",)
    assert [step.kind for step in made.steps if step.kind.startswith("ccm.")] == ["ccm.addon"]
