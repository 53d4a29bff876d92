"""Many load balancers are read by lists; whatever the lists keep back, each comes as whole as if asked for alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.adapters.labcloud import KEY, REGION, SECRET, VPC, asked, served, world
from upgrader.adapters.aliyun.answers import listed
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.client import SdkTransport
from upgrader.adapters.aliyun.endpoint import parse_endpoint
from upgrader.adapters.aliyun.reader import AliyunReader
from upgrader.model.cloud import LoadBalancer
from upgrader.model.errors import RefusedError

Answer = dict[str, Any] | list[Any]
LISTENERS, DETAIL = "slb:DescribeLoadBalancerListeners", "slb:DescribeLoadBalancerAttribute"
MANY = 25


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")


class Odd:
    """An endpoint that takes or answers one thing in its own way."""

    def __init__(self, transport: Transport, way: Callable[[Transport, Call], Answer]) -> None:
        self._transport, self._way = transport, way

    def send(self, call: Call) -> Answer:
        return self._way(self._transport, call)


def as_it_is(transport: Transport, call: Call) -> Answer:
    """Nothing odd."""
    return transport.send(call)


def first_alone(transport: Transport, call: Call) -> Answer:
    """Of the load balancers that are named only the first one counts."""
    kept = {name: value for name, value in call.params.items() if not name.startswith("LoadBalancerId") or
            name.endswith((".1", "Id"))}  # fmt: skip
    return transport.send(replace(call, params=kept))


def no_listeners(transport: Transport, call: Call) -> Answer:
    """The call is not there, as on an endpoint of older days."""
    if call.name == LISTENERS:
        raise RefusedError(
            what="refused", code="InvalidAction.NotFound", where=call.name, next_command="ask the vendor"
        )
    return transport.send(call)


def short_lists(transport: Transport, call: Call) -> Answer:
    """Lists of load balancers tell names alone."""
    answer = transport.send(call)
    for one in listed(answer if isinstance(answer, dict) else {}, "LoadBalancers", "LoadBalancer"):
        one.pop("LoadBalancerSpec", None)
    return answer


def _read(way: Callable[[Transport, Call], Answer]) -> tuple[list[LoadBalancer], Counter[str]]:
    with served(world(MANY)) as (cloud, url):
        reader = AliyunReader(Odd(SdkTransport(endpoint=parse_endpoint(url)), way), REGION)
        found = list(reader.load_balancers(REGION, VPC, None))
        return found, Counter(asked(cloud))


def _alone() -> list[LoadBalancer]:
    with served(world(MANY)) as (_, url):
        reader = AliyunReader(SdkTransport(endpoint=parse_endpoint(url)), REGION)
        return [reader.load_balancer(lb.id) for lb in reader.load_balancers(REGION, VPC, ())]


@pytest.mark.parametrize(("way", "lists", "details"), [
    (as_it_is, 3, 0), (first_alone, 3 + MANY - 3, MANY - 3), (no_listeners, 0, MANY), (short_lists, 3 + MANY, MANY),
])  # fmt: skip
def test_each_comes_as_whole_as_if_it_was_asked_for_alone(
    way: Callable[[Transport, Call], Answer], lists: int, details: int
) -> None:
    found, count = _read(way)
    assert (count[LISTENERS], count[DETAIL]) == (lists, details)
    assert count["nlb:ListListeners"] == 1
    for one, alone in zip(found, _alone(), strict=True):
        assert one.detailed
        assert one.attributes.items() <= alone.attributes.items()
        assert _bare(one) == _bare(alone)
        # The older calls tell each listener in their own words.
        assert way is no_listeners or one.listeners == alone.listeners


def _bare(lb: LoadBalancer) -> LoadBalancer:
    return replace(lb, attributes={}, listeners=tuple(replace(one, attributes={}) for one in lb.listeners))
