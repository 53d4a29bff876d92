"""Every request that can be built is https, whatever the vendor's class says, unless it stays on this machine."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from upgrader.adapters.aliyun.call import Call
from upgrader.adapters.aliyun.endpoint import parse_endpoint
from upgrader.adapters.aliyun.products import PATHS, PRODUCTS
from upgrader.adapters.aliyun.requests import build
from upgrader.model.errors import InputError


def _actions(product: str) -> list[str]:
    found = PRODUCTS[product]
    package = importlib.import_module(f"{found.package}.request.{found.folder}")
    return [one.name.removesuffix("Request") for one in pkgutil.iter_modules(package.__path__)]


@pytest.mark.parametrize("product", sorted(set(PRODUCTS) - {"cs"}))
def test_each_class_of_each_package_is_sent_encrypted(product: str) -> None:
    actions = _actions(product)
    assert actions
    for action in [*actions, "SomethingThatThePackageLacks"]:
        request = build(Call(product=product, action=action, region="cn-hangzhou"), None)
        assert request.get_protocol_type() == "https", action


@pytest.mark.parametrize("action", sorted(PATHS))
def test_each_call_to_cs_is_sent_encrypted(action: str) -> None:
    call = Call(product="cs", action=action, region="cn-hangzhou", path={"ClusterId": "c", "TaskId": "t", "Name": "n"})
    assert build(call, None).get_protocol_type() == "https"
    elsewhere = parse_endpoint("https://proxy.example.com")
    assert build(call, elsewhere).get_protocol_type() == "https"


def test_plain_http_is_for_loopback_only() -> None:
    call = Call(product="slb", action="DescribeLoadBalancers", region="cn-hangzhou")
    assert build(call, parse_endpoint("http://127.0.0.1:8080")).get_protocol_type() == "http"
    assert build(call, parse_endpoint("https://localhost:8443")).get_protocol_type() == "https"
    assert build(call, parse_endpoint("localhost:8443")).get_protocol_type() == "https"
    for bad in ("http://10.0.0.1:8080", "http://example.com", "ftp://127.0.0.1", "http://", "http://127.0.0.1:x"):
        with pytest.raises(InputError):
            parse_endpoint(bad)
