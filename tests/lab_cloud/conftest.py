"""A lab cloud of one account, in process and on the wire, and the vendor's SDK pointed at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.gateway import Gateway
from upgrader.lab.cloud.seed import ROOT_KEY, ROOT_SECRET, add_instance, fresh_world
from upgrader.lab.server import LabServer

Send = Callable[..., dict[str, Any]]


@pytest.fixture
def cloud() -> Cloud:
    """An account with a network and two machines, its time held."""
    world = fresh_world()
    for number in (1, 2):
        add_instance(world, f"i-node{number}", f"192.168.0.{200 + number}")
    return Cloud(world, clock=LabClock(held=True))


@pytest.fixture
def server(cloud: Cloud) -> Iterator[LabServer]:
    """The same account on loopback, signatures checked."""
    with LabServer(Gateway(cloud)) as running:
        yield running


def client(key: str = ROOT_KEY, secret: str = ROOT_SECRET) -> AcsClient:
    """The vendor's client; proxies of the environment are none of its business here."""
    return AcsClient(key, secret, "cn-hangzhou", proxy={"http": None, "https": None}, timeout=5)


@pytest.fixture
def send(server: LabServer) -> Send:
    """Send a packaged request of the vendor's SDK to the lab; the decoded answer."""

    def act(request: Any, *, by: AcsClient | None = None) -> dict[str, Any]:
        request.set_endpoint(server.url.removeprefix("http://"))
        request.set_protocol_type("http")
        request.set_accept_format("JSON")
        answer: dict[str, Any] = json.loads((by or client()).do_action_with_exception(request))
        return answer

    return act


VERSIONS = {
    "slb": "2014-05-15",
    "nlb": "2022-04-30",
    "ecs": "2014-05-26",
    "vpc": "2016-04-28",
    "ram": "2015-05-01",
    "sts": "2015-04-01",
}


def common(product: str, action: str, **params: str) -> CommonRequest:
    """A request by name; `Tag_1_Key` stands for `Tag.1.Key`."""
    request = CommonRequest(version=VERSIONS[product], action_name=action)
    for key, value in params.items():
        request.add_query_param(key.replace("_", "."), value)
    return request
