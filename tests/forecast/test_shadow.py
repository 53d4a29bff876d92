"""The vendor's dry run as a second opinion: real results of v2.12.4 (`dry_runs.json`), held against forecasts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.forecast import shadow
from upgrader.forecast.shadow import NAME, PLACE, second_opinion
from upgrader.matrix.load import load_matrix
from upgrader.model.forecast import Forecast, Refusal, ServiceForecast, Write
from upgrader.model.kube import Event, ObjectReference
from upgrader.model.shadow import Shadow
from upgrader.model.version import parse_version

TARGET = parse_version("v2.14.0")
OBSERVED = json.loads((Path(__file__).parent / "dry_runs.json").read_text())


def _events(name: str) -> tuple[Event, ...]:
    return msgspec.convert(OBSERVED[name], tuple[Event, ...])


def _one(name: str, *actions: str, **more: Any) -> ServiceForecast:
    writes = tuple(Write(action=action, object="x") for action in actions)
    return ServiceForecast(namespace="default", name=name, **{"lb": "clb", "writes": writes, **more})


def _shadow(events: tuple[Event, ...], *services: ServiceForecast) -> Shadow:
    found = second_opinion(events, Forecast(services=services), load_matrix(), TARGET)
    assert found is not None
    return found


def _result(failed: int, items: dict[str, Any], state: str = "Success") -> tuple[Event, ...]:
    message = {"State": state, "CheckResults": [{"Name": "ccmSLB", "instanceResults": items, "FailedCount": failed}]}
    return (msgspec.convert({"metadata": {"name": NAME, "namespace": PLACE}, "message": json.dumps(message)}, Event),)


def test_without_a_result_there_is_no_opinion() -> None:
    assert second_opinion((), Forecast(services=(_one("web"),)), load_matrix(), TARGET) is None
    elsewhere = msgspec.convert({"metadata": {"name": NAME, "namespace": "default"}, "message": "{}"}, Event)
    assert second_opinion((elsewhere,), Forecast(), load_matrix(), TARGET) is None


def test_a_dry_run_without_findings_agrees_with_a_forecast_without_writes() -> None:
    found = _shadow(
        _events("all_ok"), _one("web"), _one("weights", "slb:SetVServerGroupAttribute"), _one("n", lb="nlb")
    )
    assert (found.failed, found.silent, found.apart, found.services, found.complete) == (0, 2, 1, (), True)


def test_each_change_that_a_real_dry_run_saw_is_held_against_the_forecast() -> None:
    found = _shadow(
        _events("mutated"),
        _one("d-beextra", "slb:RemoveVServerGroupBackendServers"),
        _one("d-begone", "slb:RemoveVServerGroupBackendServers"),
        _one("d-gone", refusal=Refusal(code="gone", message="can not find loadbalancer")),
        _one("d-lisextra", "slb:DeleteLoadBalancerListener", "slb:SetVServerGroupAttribute"),
        _one("d-lisgone"),
        _one("d-notags", "slb:AddTags"),
        _one("d-spec", unknown=("not read",)),
        _one("ours", "slb:SetLoadBalancerName"),
    )
    assert {one.name: one.agreement for one in found.services} == {
        "d-beextra": "agree", "d-begone": "differ", "d-gone": "agree", "d-lisextra": "agree",
        "d-lisgone": "dry-run-only", "d-notags": "agree", "d-spec": "unknown", "ours": "forecast-only",
    }  # fmt: skip
    by_name = {one.name: one for one in found.services}
    assert by_name["d-spec"].codes == ("ModifySLBSpec",)
    assert "can not find loadbalancer" in by_name["d-gone"].refusals[0]
    assert (found.failed, found.told, found.complete, found.taken_at) == (6, 6, True, "2026-11-24T04:22:50Z")


def test_the_count_speaks_and_never_the_state() -> None:
    items = {"default/web": {"MessageLevel": "error", "MessageCode": "SetSLBName"}}
    found = _shadow(_result(25, items), _one("web"), _one("other", "slb:SetLoadBalancerName"))
    assert not found.complete
    assert [one.agreement for one in found.services] == ["unknown", "dry-run-only"]


def test_an_unknown_code_and_a_service_that_is_gone_are_told() -> None:
    items = {"default/gone/80": {"MessageLevel": "error", "MessageCode": "SomethingNew"}}
    one = _shadow(_result(1, items), _one("web")).services[0]
    assert (one.key, one.agreement, one.codes, one.dry_run) == ("default/gone", "unknown", ("SomethingNew",), ())


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"CheckResults": 7}', '{"a":' * 5000])
def test_a_result_that_is_none_is_told_as_one(text: str) -> None:
    event = msgspec.convert({"metadata": {"name": NAME, "namespace": PLACE}, "message": text}, Event)
    assert "holds no result" in _shadow((event,), _one("web")).problem


ACTIONS = st.sampled_from(["slb:SetLoadBalancerName", "slb:SetVServerGroupAttribute", "nlb:UpdateListenerAttribute"])


@given(st.lists(st.tuples(st.lists(ACTIONS, max_size=2), st.booleans()), max_size=8))
def test_law_every_clb_service_is_counted_once(worlds: list[tuple[list[str], bool]]) -> None:
    services = [_one(f"s{n}", *actions) for n, (actions, _) in enumerate(worlds)]
    finding = {"MessageLevel": "error", "MessageCode": "SetSLBName"}
    items = {f"default/s{n}": finding for n, (_, told) in enumerate(worlds) if told}
    found = _shadow(_result(len(items), items), *services)
    assert len(found.services) + found.silent == len(services)
    for one in found.services:
        assert one.agreement == ("agree" if one.dry_run and one.forecast else "dry-run-only" if one.dry_run else
                                 "forecast-only")  # fmt: skip


def test_a_tag_that_is_added_is_no_tag_that_is_removed() -> None:
    text = 'DryRun: Error: OpenAPI: UntagResources, Message: loadbalancer lb-1 tags "a=b" should be added'
    assert _meant_in(text) == ["TagResources"]
    assert _meant_in(text.replace("added", "deleted")) == ["UntagResources"]
    both = f"[{text}, OpenAPI: DeleteLoadBalancerListener, Message: loadbalancer lb-1 listener 81 should be deleted]"
    assert _meant_in(both) == ["TagResources", "DeleteLoadBalancerListener"]


def _meant_in(text: str) -> list[str]:
    return [shadow._meant(one[1], one[2]) for one in shadow._ACTION.finditer(text)]


# v2.6.0 names no action in its events.
@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("loadbalancer lb-1 spec should be slb.s2.small", "ModifyLoadBalancerInstanceSpec"),
        ("loadbalancer lb-1 vgroup k8s/1/web/default/c should be created", "CreateVServerGroup"),
        ("loadbalancer  vgroup rsp-1 backends [{}] should be added", "AddVServerGroupBackendServers"),
        ("loadbalancer lb-1 listener 81 should be deleted", "DeleteLoadBalancerListener"),
        ("need to create loadbalancer", "CreateLoadBalancer"),
    ],
)
def test_texts_without_an_action_are_understood(text: str, action: str) -> None:
    about = ObjectReference(kind="Service", namespace="default", name="web")
    event = Event(message=f"DryRun: Error syncing load balancer [lb-1]: Message: {text}", involved_object=about)
    told = shadow._told((), (event,), load_matrix())["default/web"]
    assert action in told.actions
    assert told.refusals == []


def test_a_request_without_a_code_in_that_version_is_not_missed() -> None:
    ours = _one("web", "slb:AddTags")
    for version, agreement in (("v2.9.1", None), ("v2.10.0", "forecast-only")):
        found = second_opinion(_result(0, {}), Forecast(services=(ours,)), load_matrix(), parse_version(version))
        assert found is not None
        assert next((one.agreement for one in found.services), None) == agreement
