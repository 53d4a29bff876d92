"""Server groups and their servers."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, invalid, missing
from upgrader.lab.cloud.nlb import jobs
from upgrader.lab.cloud.nlb.lookup import gone, group, meets, nested
from upgrader.lab.cloud.nlb.model import Server, ServerGroup, Setting
from upgrader.lab.cloud.paging import by_token

MOST_SERVERS_PER_REQUEST = 200
HEALTH: dict[str, Setting] = {
    "HealthCheckEnabled": True,
    "HealthCheckType": "TCP",
    "HealthCheckConnectPort": 0,
    "HealthyThreshold": 2,
    "UnhealthyThreshold": 2,
    "HealthCheckConnectTimeout": 5,
    "HealthCheckInterval": 10,
    "HealthCheckDomain": "",
    "HealthCheckUrl": "",
    "HttpCheckMethod": "",
    "HealthCheckReq": "",
    "HealthCheckExp": "",
    "HealthCheckHttpCode": [],
}
SETTINGS: dict[str, Setting] = {
    "AddressIPVersion": "ipv4",
    "Scheduler": "Wrr",
    "ConnectionDrainEnabled": False,
    "ConnectionDrainTimeout": 300,
    "PreserveClientIpEnabled": True,
    "AnyPortEnabled": False,
    "IpVersionAffinityMode": "",
}


def _settings(call: Call, have: dict[str, Setting]) -> dict[str, Setting]:
    """The settings with what was sent, each in the type that it has."""
    result = dict(have)
    for name, before in have.items():
        value = call.params.text(name)
        if value:
            result[name] = _typed(value, before, name)
    health = result.get("HealthCheck")
    assert isinstance(health, dict)
    changed = dict(health)
    codes = []
    for name, value in nested(call, "HealthCheckConfig").items():
        if name.startswith("HealthCheckHttpCode"):
            codes.append(value)
        elif name in HEALTH and value:
            changed[name] = _plain(_typed(value, HEALTH[name], name))
    if codes:
        changed["HealthCheckHttpCode"] = codes
    result["HealthCheck"] = changed
    return result


def _typed(value: str, like: Setting, name: str) -> Setting:
    if isinstance(like, bool):
        return value.lower() == "true"
    if isinstance(like, int):
        try:
            return int(value)
        except ValueError as error:
            raise invalid(name) from error
    return value


def _plain(value: Setting) -> str | int | bool | list[str]:
    assert not isinstance(value, dict)
    return value


def create(call: Call) -> Answer:
    """A new server group; its name is unique in the region."""
    params = call.params
    name = params.required("ServerGroupName")
    kind = params.text("ServerGroupType", "Instance")
    if kind not in ("Instance", "Ip"):
        raise invalid("ServerGroupType")
    health = {key: _plain(value) for key, value in HEALTH.items()}
    made = ServerGroup(
        id=call.world.new_id("sgp", 18),
        name=name,
        region=call.region,
        vpc_id=params.required("VpcId"),
        type=kind,
        protocol=params.text("Protocol", "TCP"),
        resource_group=params.text("ResourceGroupId", "rg-default"),
        tags=params.tags(),
        created=call.stamp,
    )
    made.settings = _settings(call, {**SETTINGS, "HealthCheck": health})
    call.world.nlb.groups[made.id] = made
    return {"ServerGroupId": made.id, "JobId": jobs.start(call, "CreateServerGroup")}


def describe_all(call: Call) -> Answer:
    """Server groups by id, name, VPC and tag, a page of them."""
    params, tags = call.params, call.params.tags()
    ids, names = set(params.values("ServerGroupIds")), set(params.values("ServerGroupNames"))
    found = [
        one
        for one in call.world.nlb.groups.values()
        if one.region == call.region
        and (not ids or one.id in ids)
        and (not names or one.name in names)
        and params.text("VpcId") in ("", one.vpc_id)
        and params.text("ServerGroupType") in ("", one.type)
        and meets(one.tags, tags)
    ]
    page, token, size = by_token(call, found)
    shown = [_show(call, one) for one in page]
    return {"ServerGroups": shown, "NextToken": token, "MaxResults": size, "TotalCount": len(found)}


def _show(call: Call, one: ServerGroup) -> Answer:
    users = sorted({item.load_balancer_id for item in call.world.nlb.listeners.values() if item.group_id == one.id})
    return {
        "ServerGroupId": one.id,
        "ServerGroupName": one.name,
        "ServerGroupType": one.type,
        "ServerGroupStatus": "Available",
        "Protocol": one.protocol,
        "RegionId": one.region,
        "VpcId": one.vpc_id,
        "ResourceGroupId": one.resource_group,
        "ServerCount": len(one.servers),
        "RelatedLoadBalancerIds": users,
        "Tags": [{"Key": key, "Value": value} for key, value in one.tags.items()],
        **one.settings,
    }


def update(call: Call) -> Answer:
    """Rename, and change what was sent."""
    one = group(call)
    one.name = call.params.text("ServerGroupName", one.name)
    one.settings = _settings(call, one.settings)
    return {"ServerGroupId": one.id, "JobId": jobs.start(call, "UpdateServerGroupAttribute")}


def delete(call: Call) -> Answer:
    """Delete a group that no listener uses."""
    one = group(call)
    if any(item.group_id == one.id for item in call.world.nlb.listeners.values()):
        raise CloudError("ResourceInUse.serverGroup", "The specified resource of serverGroup is in use.", 409)
    del call.world.nlb.groups[one.id]
    return {"ServerGroupId": one.id, "JobId": jobs.start(call, "DeleteServerGroup")}


def list_servers(call: Call) -> Answer:
    """The servers of a group, or of all, a page of them."""
    wanted = call.params.text("ServerGroupId")
    if wanted and wanted not in call.world.nlb.groups:
        raise gone("serverGroup")
    ids = set(call.params.values("ServerIds"))
    found = [
        (one, server)
        for one in call.world.nlb.groups.values()
        if wanted in ("", one.id)
        for server in one.servers
        if not ids or server.server_id in ids
    ]
    page, token, size = by_token(call, found)
    shown = [
        {
            "ServerGroupId": one.id,
            "ServerId": server.server_id,
            "ServerIp": server.server_ip,
            "ServerType": server.type,
            "Port": server.port,
            "Weight": server.weight,
            "Description": server.description,
            "ZoneId": server.zone,
            "Status": "Available",
        }
        for one, server in page
    ]
    return {"Servers": shown, "NextToken": token, "MaxResults": size, "TotalCount": len(found)}


def _sent(call: Call) -> list[Server]:
    records = call.params.records("Servers")
    if not records:
        raise missing("Servers")
    if len(records) > MOST_SERVERS_PER_REQUEST:
        raise CloudError("QuotaExceeded.ServersPerRequest", "Too many servers in one request.")
    return [_server(call, record) for record in records]


def _server(call: Call, record: dict[str, str]) -> Server:
    try:
        port, weight = (
            int(record.get("Port") or 0),
            int(record.get("Weight") or 100 if record.get("Weight") != "0" else 0),
        )
    except ValueError as error:
        raise invalid("Servers", "Port and Weight of a server are numbers.") from error
    if weight < 0 or (weight > 100 and call.world.rules.weights_to_100):
        raise invalid("Servers.Weight", "The weight of a server is a number from 0 to 100.")
    kind = record.get("ServerType", "Ecs")
    if kind not in ("Ecs", "Eni", "Eci", "Ip"):
        raise invalid("Servers.ServerType")
    return Server(
        server_id=record.get("ServerId", ""),
        type=kind,
        # A machine is told by its id alone; v2.5 sends a pod's address beside it.
        server_ip="" if kind == "Ecs" else record.get("ServerIp", ""),
        port=port,
        weight=weight,
        description=record.get("Description", ""),
    )


def add_servers(call: Call) -> Answer:
    """Add servers; one that is there already is refused, as the whole request then is."""
    one = group(call)
    sent = _sent(call)
    have = {server.key for server in one.servers}
    for server in sent:
        if server.key in have:
            raise CloudError("Conflict.BackendServer", f"The server {server.server_id} is in the group already.", 409)
        _check(call, one, server)
    one.servers = [*one.servers, *sent]
    return {"ServerGroupId": one.id, "JobId": jobs.start(call, "AddServersToServerGroup")}


def _check(call: Call, one: ServerGroup, server: Server) -> None:
    if call.world.rules.adopt_unknown or server.type == "Ip":
        return
    held = call.world.ecs.instances if server.type == "Ecs" else call.world.ecs.interfaces
    machine = held.get(server.server_id)
    if machine is None:
        raise gone("backendServer")
    if machine.vpc_id != one.vpc_id:
        raise CloudError("NetworkConflict", f"The server {server.server_id} is in another VPC than the group.")


def remove_servers(call: Call) -> Answer:
    """Remove servers; one that is gone already is no matter."""
    one = group(call)
    sent = {(server.server_id, server.port, server.server_ip) for server in _sent(call)}
    one.servers = [
        server
        for server in one.servers
        if (server.server_id, server.port, server.server_ip) not in sent
        and (server.server_id, server.port, "") not in sent
    ]
    return {"ServerGroupId": one.id, "JobId": jobs.start(call, "RemoveServersFromServerGroup")}


def update_servers(call: Call) -> Answer:
    """New weights and descriptions for servers that are in the group."""
    one = group(call)
    for sent in _sent(call):
        for have in one.servers:
            if (have.server_id, have.port) == (sent.server_id, sent.port) and sent.server_ip in ("", have.server_ip):
                have.weight, have.description = sent.weight, sent.description or have.description
    return {"ServerGroupId": one.id, "JobId": jobs.start(call, "UpdateServerGroupServersAttribute")}


ACTIONS: Actions = {
    "CreateServerGroup": create,
    "ListServerGroups": describe_all,
    "UpdateServerGroupAttribute": update,
    "DeleteServerGroup": delete,
    "ListServerGroupServers": list_servers,
    "AddServersToServerGroup": add_servers,
    "RemoveServersFromServerGroup": remove_servers,
    "UpdateServerGroupServersAttribute": update_servers,
}
