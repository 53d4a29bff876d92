"""NLB listeners and their certificates."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, invalid
from upgrader.lab.cloud.nlb import jobs
from upgrader.lab.cloud.nlb.lookup import active, gone, listener, nested
from upgrader.lab.cloud.nlb.model import NlbListener, Setting
from upgrader.lab.cloud.paging import by_token

PROTOCOLS = ("TCP", "UDP", "TCPSSL")
SETTINGS: dict[str, Setting] = {
    "ListenerDescription": "",
    "IdleTimeout": 900,
    "Cps": 0,
    "Mss": 0,
    "StartPort": "",
    "EndPort": "",
    "ProxyProtocolEnabled": False,
    "SecSensorEnabled": False,
    "AlpnEnabled": False,
    "AlpnPolicy": "",
    "CaEnabled": False,
    "SecurityPolicyId": "",
}
PROXY = "ProxyProtocolV2Config"


def _settings(call: Call, have: dict[str, Setting]) -> dict[str, Setting]:
    result = dict(have)
    for name, default in SETTINGS.items():
        value = call.params.text(name)
        if not value:
            continue
        if isinstance(default, bool):
            result[name] = value.lower() == "true"
        elif isinstance(default, int):
            result[name] = call.params.integer(name)
        else:
            result[name] = value
    proxy = {name: value.lower() == "true" for name, value in nested(call, PROXY).items()}
    if proxy:
        before = result.get(PROXY)
        result[PROXY] = {**(before if isinstance(before, dict) else {}), **proxy}
    for name in ("CertificateIds", "CaCertificateIds"):
        values = call.params.values(name)
        if values:
            result[name] = values
    return result


def create(call: Call) -> Answer:
    """A new listener, running. A port holds one listener of each of TCP and UDP."""
    params = call.params
    lb = active(call)
    protocol = params.required("ListenerProtocol").upper()
    if protocol not in PROTOCOLS:
        raise invalid("ListenerProtocol")
    port = params.integer("ListenerPort", low=0, high=65535)
    # One that listens to a range of ports says 0; its range is what it holds.
    place = (port, params.text("StartPort"), params.text("EndPort"))
    for one in call.world.nlb.listeners.values():
        held = (one.port, str(one.settings.get("StartPort", "")), str(one.settings.get("EndPort", "")))
        if one.load_balancer_id == lb.id and held == place and (one.protocol == "UDP") == (protocol == "UDP"):
            raise CloudError("ResourceAlreadyExist.listener", "The specified resource of listener already exists.", 409)
    group_id = params.text("ServerGroupId")
    if group_id and group_id not in call.world.nlb.groups:
        raise gone("serverGroup")
    made = NlbListener(
        id=f"{call.world.new_id('lsn', 18)}@{port}",
        load_balancer_id=lb.id,
        region=call.region,
        port=port,
        protocol=protocol,
        group_id=group_id,
        tags=params.tags(),
    )
    made.settings = _settings(call, {**SETTINGS, "CertificateIds": [], "CaCertificateIds": []})
    if protocol == "TCPSSL" and not made.settings["CertificateIds"]:
        raise CloudError("MissingCertificateIds", "CertificateIds is mandatory for a TCPSSL listener.")
    call.world.nlb.listeners[made.id] = made
    return {"ListenerId": made.id, "JobId": jobs.start(call, "CreateListener")}


def describe_all(call: Call) -> Answer:
    """Listeners by load balancer, id or protocol, a page of them."""
    params = call.params
    owners, ids = set(params.values("LoadBalancerIds")), set(params.values("ListenerIds"))
    found = [
        one
        for one in call.world.nlb.listeners.values()
        if one.region == call.region
        and (not owners or one.load_balancer_id in owners)
        and (not ids or one.id in ids)
        and params.text("ListenerProtocol") in ("", one.protocol)
    ]
    page, token, size = by_token(call, found)
    shown = [_show(one) for one in page]
    return {"Listeners": shown, "NextToken": token, "MaxResults": size, "TotalCount": len(found)}


def describe(call: Call) -> Answer:
    """One listener."""
    return _show(listener(call))


def _show(one: NlbListener) -> Answer:
    # A listener of one port has no range at all: clients take an empty text for a broken number.
    settings = {key: value for key, value in one.settings.items() if value or key not in ("StartPort", "EndPort")}
    return {
        "ListenerId": one.id,
        "LoadBalancerId": one.load_balancer_id,
        "ListenerPort": one.port,
        "ListenerProtocol": one.protocol,
        "ListenerStatus": one.status,
        "RegionId": one.region,
        "ServerGroupId": one.group_id,
        "Tags": [{"Key": key, "Value": value} for key, value in one.tags.items()],
        **settings,
    }


def update(call: Call) -> Answer:
    """Change what was sent, the server group among it."""
    one = listener(call)
    group_id = call.params.text("ServerGroupId", one.group_id)
    if group_id and group_id not in call.world.nlb.groups:
        raise gone("serverGroup")
    one.group_id = group_id
    one.settings = _settings(call, one.settings)
    return {"JobId": jobs.start(call, "UpdateListenerAttribute")}


def start(call: Call) -> Answer:
    """Let traffic through."""
    listener(call).status = "Running"
    return {"JobId": jobs.start(call, "StartListener")}


def stop(call: Call) -> Answer:
    """Stop traffic."""
    listener(call).status = "Stopped"
    return {"JobId": jobs.start(call, "StopListener")}


def delete(call: Call) -> Answer:
    """Delete a listener."""
    one = listener(call)
    del call.world.nlb.listeners[one.id]
    return {"JobId": jobs.start(call, "DeleteListener")}


def list_certificates(call: Call) -> Answer:
    """The listener's default and additional certificates, a page of them."""
    one = listener(call)
    default = one.settings.get("CertificateIds")
    held = [(certificate, True) for certificate in (default if isinstance(default, list) else [])]
    held += [(certificate, False) for certificate in one.certificates]
    page, token, size = by_token(call, held)
    shown = [
        {"CertificateId": certificate, "CertificateType": "Server", "IsDefault": is_default, "Status": "Associated"}
        for certificate, is_default in page
    ]
    ids = [certificate for certificate, _ in page]
    return {
        "Certificates": shown,
        "CertificateIds": ids,
        "NextToken": token,
        "MaxResults": size,
        "TotalCount": len(held),
    }


def associate(call: Call) -> Answer:
    """Add additional certificates."""
    one = listener(call)
    one.certificates = list(dict.fromkeys([*one.certificates, *call.params.values("AdditionalCertificateIds")]))
    return {"JobId": jobs.start(call, "AssociateAdditionalCertificatesWithListener")}


def disassociate(call: Call) -> Answer:
    """Take additional certificates off."""
    one = listener(call)
    gone_ids = set(call.params.values("AdditionalCertificateIds"))
    one.certificates = [certificate for certificate in one.certificates if certificate not in gone_ids]
    return {"JobId": jobs.start(call, "DisassociateAdditionalCertificatesWithListener")}


ACTIONS: Actions = {
    "CreateListener": create,
    "ListListeners": describe_all,
    "GetListenerAttribute": describe,
    "UpdateListenerAttribute": update,
    "StartListener": start,
    "StopListener": stop,
    "DeleteListener": delete,
    "ListListenerCertificates": list_certificates,
    "AssociateAdditionalCertificatesWithListener": associate,
    "DisassociateAdditionalCertificatesWithListener": disassociate,
}
