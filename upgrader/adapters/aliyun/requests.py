"""Requests of the vendor's SDK, built from ours: the one place where they are made, so that each is https."""

from __future__ import annotations

import importlib
import json
from functools import cache
from typing import Any

from aliyunsdkcore.request import CommonRequest

from upgrader.adapters.aliyun.call import Call
from upgrader.adapters.aliyun.endpoint import Endpoint
from upgrader.adapters.aliyun.products import CENTRAL, PATHS, PRODUCTS
from upgrader.model.errors import BugError

LONG = 1500
"""Longer values travel in the body: addresses have a limit of some thousand characters."""


def build(call: Call, endpoint: Endpoint | None) -> Any:
    """The SDK's request for `call`: of the product's package, or a CommonRequest where the package lacks the action.

    The packages would send most of their requests by plain http; here every one is https but for loopback.
    """
    if call.product not in PRODUCTS:
        raise BugError(what=f"no such product: {call.product}", where=call.name)
    request = _packaged(call) or _common(call)
    if call.product == "cs":
        _fill_roa(request, call)
    else:
        request.set_method("POST")
        for key, value in call.params.items():
            (request.add_body_params if len(value) > LONG else request.add_query_param)(key, value)
    request.set_accept_format("JSON")
    request.set_protocol_type(endpoint.scheme if endpoint is not None and endpoint.loopback else "https")
    if endpoint is not None:
        request.set_endpoint(endpoint.host)
    return request


def _packaged(call: Call) -> Any:
    made = _class_of(call.product, call.action)
    return made() if made is not None else None


@cache
def _class_of(product: str, action: str) -> Any:
    """The package's class for an action; None where it lacks it, looked for on disk only once."""
    where = PRODUCTS[product]
    try:
        module = importlib.import_module(f"{where.package}.request.{where.folder}.{action}Request")
    except ModuleNotFoundError:
        return None
    return getattr(module, f"{action}Request")


def _common(call: Call) -> Any:
    product = PRODUCTS[call.product]
    domain = CENTRAL.get(call.product, f"{call.product}.{call.region}.aliyuncs.com")
    if call.product == "cs":
        request = CommonRequest(domain=domain, version=product.version, uri_pattern=PATHS[call.action][1])
    else:
        request = CommonRequest(domain=domain, version=product.version, action_name=call.action, product=product.name)
    request.endpoint = domain
    return request


def _fill_roa(request: Any, call: Call) -> None:
    request.set_method(PATHS[call.action][0])
    request.set_uri_pattern(PATHS[call.action][1])
    for key, value in call.path.items():
        request.add_path_param(key, value)
    for key, value in call.params.items():
        request.add_query_param(key, value)
    if call.body is not None:
        # add_body_params would form-encode; the API wants JSON, a list at the top for UpgradeClusterAddons.
        request.set_content_type("application/json")
        request.set_content(json.dumps(call.body).encode())
