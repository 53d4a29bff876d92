"""The FAQ's query and what stands beside it."""

from __future__ import annotations

import pytest

from tests.diagnose.test_conditions import clb, facts, service
from upgrader.diagnose.listing import listed, made_by
from upgrader.matrix.load import load_matrix
from upgrader.migrations.context import PREFIX
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer


def test_a_row_says_what_the_faq_asks_and_more() -> None:
    lb = clb(
        address_type="internet", attributes={"LoadBalancerSpec": "slb.s1.small", "InstanceChargeType": "PayBySpec"}
    )
    (row,) = listed(facts(lbs=(lb,)), load_matrix())
    assert (row.namespace, row.name, row.ip, row.lb_type) == ("prod", "web", "47.0.0.1", "internet")
    assert (row.kind, row.load_balancer_id, row.spec, row.charge_type) == ("clb", "lb-1", "slb.s1.small", "PayBySpec")
    assert row.on_delete == "deleted"


def test_without_the_cloud_the_row_says_what_the_service_knows() -> None:
    (row,) = listed(facts(service({PREFIX + "address-type": "intranet"}), lbs=None), load_matrix())
    assert (row.lb_type, row.spec, row.made_by, row.load_balancer_id) == ("intranet", None, "", "")


@pytest.mark.parametrize(
    ("annotations", "version", "fate"),
    [
        ({}, "v2.10.0", "deleted"),
        ({PREFIX + "id": "lb-1"}, "v2.10.0", "kept"),
        ({PREFIX + "preserve-lb-on-delete": "true"}, "v2.14.0", "kept"),
        ({PREFIX + "preserve-lb-on-delete": "true"}, "v2.1.0", "deleted"),
    ],
)
def test_what_becomes_of_the_load_balancer(annotations: dict[str, str], version: str, fate: str) -> None:
    (row,) = listed(facts(service(annotations), version=version), load_matrix())
    assert row.on_delete == fate


def test_a_pending_service_has_nothing_to_delete() -> None:
    (row,) = listed(facts(service(address=""), lbs=()), load_matrix())
    assert row.on_delete == "none"


OWN = {OWNER_TAG: "a0"}
BOTH = {OWNER_TAG: "a0", CLUSTER_TAG: "c1"}


@pytest.mark.parametrize(
    ("lb", "versions"),
    [
        (clb(tags={}), "before v1.9.3.10, or untagged by hand"),
        (clb(tags=OWN), "v1.9.3.10 or later, before v1.9.3.299"),
        (clb(tags=BOTH, attributes={"InstanceChargeType": "PayBySpec"}), "v1.9.3.299 or later, before v2.12.1"),
        (clb(tags=BOTH, attributes={"InstanceChargeType": "PayByCLCU"}), "v2.12.1 or later"),
        (clb(tags=BOTH), "v1.9.3.299 or later"),
        (clb(kind="nlb"), "v2.5.0 or later"),
        (None, ""),
    ],
)
def test_who_can_have_made_it(lb: LoadBalancer | None, versions: str) -> None:
    assert made_by(service(), lb) == versions


def test_a_reused_one_was_made_by_you() -> None:
    assert made_by(service({PREFIX + "id": "lb-1"}), clb(tags={})) == "you"


def test_one_namespace_can_be_asked_for() -> None:
    assert listed(facts(), load_matrix(), "other") == ()
