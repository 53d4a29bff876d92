"""A stand-in that answers carelessly: what it leaves out is asked for, and what it repeats ends."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from tests.adapters.labcloud import KEY, SECRET
from tests.adapters.sloppy import CLB, GROUP, LISTENERS, NLB, TAGS, Body, Way, clbs, sloppy, without
from upgrader.adapters.aliyun import connect
from upgrader.adapters.aliyun.errors import read_error
from upgrader.model.cloud import LoadBalancer
from upgrader.model.errors import AbsentError, CcmUpgradeError, RefusedError

REGION = "cn-hangzhou"
ALONE = "DescribeLoadBalancerAttribute"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)


def read(url: str) -> dict[str, LoadBalancer]:
    """Everything in full, by id."""
    return {lb.id: lb for lb in connect(REGION, endpoint=url).reader.load_balancers(REGION, "", None)}


def only(**fields: Any) -> Way:
    """A list of `lb-1` alone, told in another way than its own answer tells it."""
    return lambda asked: clbs({**CLB, **fields})


def test_the_usual_carelessness_hides_nothing() -> None:
    with sloppy() as (url, asked):
        found = read(url)
    assert {lb_id: len(lb.listeners) for lb_id, lb in found.items()} == {"lb-1": 2, "lb-2": 1, "nlb-1": 1}
    assert found["lb-1"].attributes["LoadBalancerSpec"] == "slb.s2.small"
    assert [one.id for one in found["nlb-1"].server_groups] == ["sgp-1"]
    assert asked["DescribeLoadBalancers"] == asked["ListLoadBalancers"] == 1


@pytest.mark.parametrize(
    "told",
    [
        {"LoadBalancerSpec": None},
        {"LoadBalancerSpec": ""},
        {"Bandwidth": 0},
        {"MasterZoneId": ""},
        {"DeleteProtection": None},
        {"InternetChargeType": "4"},
        {"Tags": {"Tag": []}},
    ],
)
def test_what_a_list_leaves_blank_is_asked_for_alone(told: dict[str, Any]) -> None:
    whole = {name: str(value) for name, value in CLB.items() if name in ("LoadBalancerSpec", "Bandwidth", *told)}
    with sloppy({"DescribeLoadBalancers": only(**told)}) as (url, asked):
        lb = read(url)["lb-1"]
    assert asked[ALONE] == 1
    assert {name: lb.attributes.get(name) for name in whole if name != "Tags"} == without(whole, "Tags")
    assert lb.tags == TAGS


def test_a_list_that_counts_its_listeners_and_tells_all_needs_nothing_alone() -> None:
    counted: dict[str, Way] = {
        "DescribeLoadBalancers": only(InternetChargeType="4", InternetChargeTypeAlias="paybytraffic"),
        "DescribeLoadBalancerListeners": lambda asked: {"Listeners": LISTENERS, "TotalCount": len(LISTENERS)},
    }
    with sloppy(counted) as (url, asked):
        lb = read(url)["lb-1"]
    assert (len(lb.listeners), lb.attributes["InternetChargeType"]) == (2, "paybytraffic")
    assert asked[ALONE] == 0


def test_listeners_of_several_that_are_cut_short_are_not_believed() -> None:
    def cut(asked: Mapping[str, str]) -> Body:
        several = "LoadBalancerId.2" in asked
        own = [one for one in LISTENERS if one["LoadBalancerId"] in asked.values()]
        return {"Listeners": own[:1] if several else own, "TotalCount": len(own)}

    with sloppy({"DescribeLoadBalancerListeners": cut}) as (url, _):
        assert len(read(url)["lb-1"].listeners) == 2


@pytest.mark.parametrize("more", [{"NextToken": "same"}, {"TotalCount": 10**9}, {"NextToken": "?"}])
def test_a_list_without_end_ends(more: dict[str, Any]) -> None:
    numbers = itertools.count()

    def page(name: str, records: list[Any], wrapped: str = "") -> Way:
        def answer(asked: Mapping[str, str]) -> Body:
            told = {**more, "NextToken": str(next(numbers))} if more.get("NextToken") == "?" else more
            return {name: {wrapped: records} if wrapped else records, **told}

        return answer

    ways = {
        "DescribeLoadBalancers": page("LoadBalancers", [CLB], "LoadBalancer"),
        "DescribeLoadBalancerListeners": page("Listeners", LISTENERS[:2]),
        "ListLoadBalancers": page("LoadBalancers", [NLB]),
        "ListServerGroups": page("ServerGroups", [{**GROUP, "Tags": NLB["Tags"]}]),
    }
    with sloppy(ways) as (url, asked):
        found = read(url)
    assert (len(found["lb-1"].listeners), len(found)) == (2, 2)
    assert max(asked.values()) <= 4


def test_without_a_count_a_full_page_has_a_next_one() -> None:
    ids = [f"lb-{number}" for number in range(150)]

    def page(asked: Mapping[str, str]) -> Body:
        at, size = int(asked["PageNumber"]) - 1, int(asked["PageSize"])
        return clbs(*({**CLB, "LoadBalancerId": one} for one in ids[at * size : (at + 1) * size]))

    with sloppy({"DescribeLoadBalancers": page}) as (url, _):
        assert len(connect(REGION, endpoint=url).reader.clbs(REGION)) == len(ids)


def test_a_listener_has_the_settings_of_its_own_protocol_alone() -> None:
    empty = {f"{other}ListenerConfig": {"HealthyThreshold": 0, "HealthCheckSwitch": ""} for other in ("UDP", "HTTPS")}
    listener = {**LISTENERS[0], **empty}
    with sloppy({"DescribeLoadBalancerListeners": lambda asked: {"Listeners": [listener]}}) as (url, _):
        (found,) = read(url)["lb-1"].listeners
    assert (found.attributes["HealthyThreshold"], found.attributes["HealthCheckSwitch"]) == ("4", "on")


def test_switches_of_an_nlb_are_true_or_false() -> None:
    with sloppy({"GetLoadBalancerAttribute": lambda asked: {**NLB, "CrossZoneEnabled": "on"}}) as (url, _):
        assert read(url)["nlb-1"].attributes["CrossZoneEnabled"] == "true"


def test_groups_that_tell_no_tags_are_found_by_them() -> None:
    def groups(asked: Mapping[str, str]) -> Body:
        theirs = {asked.get(f"Tag.{n}.Key", ""): asked.get(f"Tag.{n}.Value", "") for n in (1, 2)}
        return {"ServerGroups": [GROUP, {"ServerGroupId": "sgp-2"}][: 1 if theirs == TAGS else None]}

    ways: dict[str, Way] = {"ListServerGroups": groups, "ListTagResources": lambda asked: {"TagResources": []}}
    with sloppy(ways) as (url, _):
        assert [(one.id, one.tags) for one in read(url)["nlb-1"].server_groups] == [("sgp-1", TAGS)]


def test_tags_that_nobody_tells_are_not_taken_for_none() -> None:
    untold = without(CLB, "Tags")
    ways: dict[str, Way] = {"DescribeLoadBalancers": lambda asked: clbs(untold), ALONE: lambda asked: untold}
    with sloppy(ways) as (url, _), pytest.raises(RefusedError, match="ListTagResources"):
        read(url)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, b"404 page not found", RefusedError),
        (404, b"", RefusedError),
        (404, b"null", RefusedError),
        (404, b"[]", RefusedError),
        (405, b"", RefusedError),
        (501, b"not implemented", RefusedError),
        (500, {"Code": "NotImplemented"}, RefusedError),
        (400, {"Code": "UnsupportedOperation", "Message": {"no": "text"}}, RefusedError),
        (400, {"Code": 404, "Message": 7}, RefusedError),
        (400, {"Code": "SignatureDoesNotMatch", "Message": "no colon"}, CcmUpgradeError),
        (404, {"code": "ErrorClusterNotFound", "message": "no such cluster"}, AbsentError),
        (400, b"\xff\xfe", RefusedError),
    ],
)
def test_errors_of_any_form_are_ours_and_asked_once(status: int, body: Body, kind: type[CcmUpgradeError]) -> None:
    with sloppy({"DescribeLoadBalancers": lambda asked: (status, body)}) as (url, asked):
        with pytest.raises(kind):
            connect(REGION, endpoint=url).reader.clbs(REGION)
        assert asked["DescribeLoadBalancers"] == 1


@pytest.mark.parametrize("body", [b"null", b"{}", b""])
def test_an_answer_without_any_field_is_none(body: bytes) -> None:
    with (
        sloppy({"DescribeLoadBalancers": lambda asked: body}) as (url, _),
        pytest.raises(RefusedError, match="nothing"),
    ):
        connect(REGION, endpoint=url).reader.clbs(REGION)


@pytest.mark.parametrize("body", [{"RequestId": "R"}, {"LoadBalancers": None}, {"LoadBalancers": {}}])
def test_a_list_that_is_left_out_is_empty(body: Body) -> None:
    with sloppy({"DescribeLoadBalancers": lambda asked: body}) as (url, _):
        assert connect(REGION, endpoint=url).reader.clbs(REGION) == ()


def test_an_error_is_read_in_either_spelling() -> None:
    assert read_error(b'{"code":"A","message":"b","requestId":"r"}') == ("A", "b", "r")
    assert read_error(b'{"Code":"A","Message":"b","RequestId":"r"}') == ("A", "b", "r")


def test_what_an_endpoint_without_filters_tells_of_others_is_left_out() -> None:
    of_nlbs = [{"LoadBalancerId": lb_id, "ListenerId": f"lsn-{port}", "ListenerPort": port, "ListenerProtocol": "TCP"}
               for lb_id, port in (("nlb-1", 80), ("nlb-2", 81))]  # fmt: skip
    servers = [{"ServerGroupId": group, "ServerId": f"i-{group}", "Port": 80} for group in ("sgp-1", "sgp-2")]
    ways: dict[str, Way] = {
        "DescribeLoadBalancerListeners": lambda asked: {"Listeners": LISTENERS},
        "ListListeners": lambda asked: {"Listeners": of_nlbs},
        "ListServerGroupServers": lambda asked: {"Servers": servers},
    }
    with sloppy(ways) as (url, _):
        found = read(url)
    assert {lb_id: [one.port for one in lb.listeners] for lb_id, lb in found.items()} == {
        "lb-1": [80, 443], "lb-2": [80], "nlb-1": [80],
    }  # fmt: skip
    assert [[one.server_id for one in group.backends] for group in found["nlb-1"].server_groups] == [["i-sgp-1"]]


def test_listeners_that_name_no_load_balancer_are_those_of_the_one_that_was_asked_for() -> None:
    bare = [without(one, "LoadBalancerId") for one in LISTENERS[:1]]
    with sloppy({"DescribeLoadBalancerListeners": lambda asked: {"Listeners": bare}}) as (url, _):
        assert len(read(url)["lb-1"].listeners) == 1
