"""Listeners of the four protocols: create, change, start, stop, show, delete."""

from __future__ import annotations

import functools

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, invalid, not_found
from upgrader.lab.cloud.paging import by_token
from upgrader.lab.cloud.slb import show
from upgrader.lab.cloud.slb.fields import ALIASES, BY_PROTOCOL, COMMON, LIMITS, PROTOCOLS, SCHEDULERS
from upgrader.lab.cloud.slb.lookup import changeable, listener, load_balancer
from upgrader.lab.cloud.slb.model import Listener, LoadBalancer, Setting

_NAMES = {"tcp": "TCP", "udp": "UDP", "http": "HTTP", "https": "HTTPS"}


def create(call: Call, protocol: str) -> Answer:
    """A new listener, stopped. TCP, HTTP and HTTPS exclude each other on a port; UDP may share it with one of them."""
    lb = changeable(call)
    port = call.params.integer("ListenerPort", low=1, high=65535)
    if not port:
        raise CloudError("MissingListenerPort", "ListenerPort is mandatory for this action.")
    for one in lb.listeners.values():
        if one.port == port and (one.protocol == "udp") == (protocol == "udp"):
            raise CloudError("ListenerAlreadyExists", f"There is already a listener on port {port}.")
    if len(lb.listeners) >= 50:
        raise CloudError("OverQuota.ListenersPerLoadBalancer", "The load balancer has 50 listeners already.")
    settings = {**COMMON, **BY_PROTOCOL[protocol], **_sent(call, protocol)}
    _check(call, lb, protocol, settings)
    made = Listener(port=port, protocol=protocol, settings=settings, tags=call.params.tags())
    lb.listeners[f"{protocol}:{port}"] = made
    return {}


def set_attribute(call: Call, protocol: str) -> Answer:
    """Change what was sent, leave the rest. `VServerGroup=on|off` says whether the group counts."""
    lb = changeable(call)
    one = listener(call, lb, protocol)
    sent = _sent(call, protocol)
    if call.params.flag("VServerGroup") is False:
        sent["VServerGroupId"] = ""
    changed = {**one.settings, **sent}
    _check(call, lb, protocol, changed)
    one.settings = changed
    return {}


def describe(call: Call, protocol: str) -> Answer:
    """One listener with all its fields, flat."""
    lb = load_balancer(call)
    one = listener(call, lb, protocol)
    group_id = one.settings.get("VServerGroupId", "")
    return {
        "LoadBalancerId": lb.id,
        "ListenerPort": one.port,
        "Status": one.status,
        "VServerGroup": "on" if group_id else "off",
        **one.settings,
    }


def describe_all(call: Call) -> Answer:
    """Listeners of the load balancers named (all, when none is), a page of them."""
    params = call.params
    wanted = params.values("LoadBalancerId")
    protocol, port = params.text("ListenerProtocol").lower(), params.integer("ListenerPort")
    stores = call.world.slb.load_balancers
    if len(wanted) == 1 and wanted[0] not in stores:
        raise not_found("LoadBalancerId")
    owners = [stores[lb_id] for lb_id in wanted if lb_id in stores] if wanted else list(stores.values())
    found = [
        (lb, one)
        for lb in owners
        for one in sorted(lb.listeners.values(), key=lambda item: (item.port, item.protocol))
        if protocol in ("", one.protocol) and port in (0, one.port)
    ]
    page, token, size = by_token(call, found)
    return {
        "Listeners": [_summary(lb, one) for lb, one in page],
        "NextToken": token,
        "MaxResults": size,
        "TotalCount": len(found),
    }


def _summary(lb: LoadBalancer, one: Listener) -> Answer:
    config = {name: value for name, value in one.settings.items() if name in BY_PROTOCOL[one.protocol]}
    acl = str(one.settings.get("AclId", ""))
    return {
        "LoadBalancerId": lb.id,
        "ListenerPort": one.port,
        "ListenerProtocol": one.protocol,
        "Status": one.status,
        "AclIds": [acl] if acl else [],
        **{name: one.settings[name] for name in COMMON if name in one.settings},
        f"{_NAMES[one.protocol]}ListenerConfig": config,
        "Tags": show.tags(one.tags)["Tag"],
    }


def start(call: Call) -> Answer:
    """Let traffic through."""
    listener(call, changeable(call)).status = "running"
    return {}


def stop(call: Call) -> Answer:
    """Stop traffic."""
    listener(call, changeable(call)).status = "stopped"
    return {}


def delete(call: Call) -> Answer:
    """Delete, with its rules and domain extensions. A listener that others forward to stays."""
    lb = changeable(call)
    one = listener(call, lb)
    for other in lb.listeners.values():
        if other.settings.get("ListenerForward") == "on" and other.settings.get("ForwardPort") == one.port:
            raise CloudError("ListenerForwardPortInUse", f"The listener on port {other.port} forwards to this one.")
    del lb.listeners[f"{one.protocol}:{one.port}"]
    lb.rules = {key: rule for key, rule in lb.rules.items() if (rule.port, rule.protocol) != (one.port, one.protocol)}
    if one.protocol == "https":
        lb.extensions = {key: item for key, item in lb.extensions.items() if item.port != one.port}
    return {}


def _sent(call: Call, protocol: str) -> dict[str, Setting]:
    """The listener's fields that the request carries, numbers as numbers."""
    known = {**COMMON, **BY_PROTOCOL[protocol]}
    sent: dict[str, Setting] = {}
    for raw_name, value in call.params.raw.items():
        name = ALIASES.get(raw_name, raw_name)
        if name not in known or value == "":
            continue
        if isinstance(known[name], int):
            low, high = LIMITS.get(name, (None, None))
            sent[name] = call.params.integer(raw_name, low=low, high=high)
        else:
            sent[name] = value
    if "HealthCheckSwitch" in sent:
        sent["HealthCheck"] = sent["HealthCheckSwitch"]
    elif "HealthCheck" in sent and "HealthCheckSwitch" in known:
        sent["HealthCheckSwitch"] = sent["HealthCheck"]
    return sent


def _check(call: Call, lb: LoadBalancer, protocol: str, settings: dict[str, Setting]) -> None:
    if settings["Scheduler"] not in SCHEDULERS:
        raise invalid("Scheduler")
    group_id = str(settings["VServerGroupId"])
    if group_id:
        group = call.world.slb.groups.get(group_id)
        if group is None or group.load_balancer_id != lb.id:
            raise CloudError(
                "InvalidParameter.VServerGroupId.NotFound", "The specified VServerGroupId does not exist.", 404
            )
    acl_id = str(settings["AclId"])
    if acl_id and settings["AclStatus"] == "on" and acl_id not in call.world.slb.acls:
        raise CloudError("AclNotExist", "The specified access control list does not exist.", 404)
    if protocol == "https":
        certificate = str(settings.get("ServerCertificateId", ""))
        if not certificate:
            raise CloudError("MissingServerCertificateId", "ServerCertificateId is mandatory for this action.")
        if certificate not in call.world.slb.certificates and not call.world.rules.adopt_unknown:
            raise CloudError("CertificateNotExist", "The specified ServerCertificateId does not exist.", 404)


def _actions() -> dict[str, functools.partial[Answer]]:
    table: dict[str, functools.partial[Answer]] = {}
    for protocol in PROTOCOLS:
        name = _NAMES[protocol]
        table[f"CreateLoadBalancer{name}Listener"] = functools.partial(create, protocol=protocol)
        table[f"SetLoadBalancer{name}ListenerAttribute"] = functools.partial(set_attribute, protocol=protocol)
        table[f"DescribeLoadBalancer{name}ListenerAttribute"] = functools.partial(describe, protocol=protocol)
    return table


ACTIONS: Actions = {
    **_actions(),
    "DescribeLoadBalancerListeners": describe_all,
    "StartLoadBalancerListener": start,
    "StopLoadBalancerListener": stop,
    "DeleteLoadBalancerListener": delete,
}
