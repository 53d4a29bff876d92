"""Route tables and entries, one by one and in batches."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, not_found
from upgrader.lab.cloud.paging import by_number, by_token
from upgrader.lab.cloud.vpc.model import Route, RouteTable


def _table(call: Call, table_id: str) -> RouteTable:
    found = call.world.vpc.route_tables.get(table_id)
    if found is None and call.world.rules.adopt_unknown and table_id:
        vpc_id = next(iter(call.world.vpc.vpcs), "vpc-lab")
        found = RouteTable(id=table_id, region=call.region, vpc_id=vpc_id, created=call.stamp)
        call.world.vpc.route_tables[table_id] = found
    if found is None:
        raise not_found("RouteTableId")
    return found


def list_tables(call: Call) -> Answer:
    """The route tables of a VPC."""
    params = call.params
    vpc_id = params.text("VpcId")
    if vpc_id and call.world.rules.adopt_unknown and not _of_vpc(call, vpc_id):
        _table(call, f"vtb-{vpc_id.removeprefix('vpc-')}").vpc_id = vpc_id
    found = [
        one
        for one in call.world.vpc.route_tables.values()
        if one.region == call.region
        and vpc_id in ("", one.vpc_id)
        and params.text("RouteTableId") in ("", one.id)
        and params.text("RouteTableName") in ("", one.name)
    ]
    page, counts = by_number(call, found, most=50)
    shown = [
        {
            "RouteTableId": one.id,
            "RouteTableName": one.name,
            "VpcId": one.vpc_id,
            "RouterId": one.router_id,
            "RouterType": "VRouter",
            "RouteTableType": one.type,
            "Status": "Available",
            "CreationTime": one.created,
            "VSwitchIds": {"VSwitchId": []},
        }
        for one in page
    ]
    return {**counts, "RouterTableList": {"RouterTableListType": shown}}


def _of_vpc(call: Call, vpc_id: str) -> list[RouteTable]:
    return [one for one in call.world.vpc.route_tables.values() if one.vpc_id == vpc_id]


def describe_tables(call: Call) -> Answer:
    """First generation: tables with their entries inside."""
    wanted, router = call.params.text("RouteTableId"), call.params.text("VRouterId")
    found = [
        one
        for one in call.world.vpc.route_tables.values()
        if wanted in ("", one.id) and router in ("", one.router_id) and one.region == call.region
    ]
    page, counts = by_number(call, found, most=50)
    shown = [
        {
            "RouteTableId": one.id,
            "VRouterId": one.router_id,
            "RouteTableType": one.type,
            "CreationTime": one.created or "2026-01-01T00:00:00Z",
            "RouteEntrys": {
                "RouteEntry": [
                    {
                        "RouteTableId": one.id,
                        "DestinationCidrBlock": route.cidr,
                        "Type": route.type,
                        "NextHopType": route.next_hop_type,
                        "NextHopId": route.next_hop,
                        "InstanceId": route.next_hop,
                        "Status": "Available",
                    }
                    for route in one.routes
                ]
            },
        }
        for one in page
    ]
    return {**counts, "RouteTables": {"RouteTable": shown}}


def create_table(call: Call) -> Answer:
    """A new custom table."""
    made = RouteTable(
        id=call.world.new_bp1("vtb", 14),
        name=call.params.text("RouteTableName"),
        region=call.region,
        vpc_id=call.params.required("VpcId"),
        type="Custom",
        created=call.stamp,
    )
    call.world.vpc.route_tables[made.id] = made
    return {"RouteTableId": made.id}


def delete_table(call: Call) -> Answer:
    """Delete a custom table."""
    one = _table(call, call.params.required("RouteTableId"))
    if one.type == "System":
        raise CloudError("OperationDenied.SystemRouteTable", "The system route table can't be deleted.")
    del call.world.vpc.route_tables[one.id]
    return {}


def list_entries(call: Call) -> Answer:
    """The entries of a table that meet the filters, a page of them by token."""
    params = call.params
    one = _table(call, params.required("RouteTableId"))
    found = [
        route
        for route in one.routes
        if params.text("RouteEntryType") in ("", route.type)
        and params.text("NextHopType") in ("", route.next_hop_type)
        and params.text("NextHopId") in ("", route.next_hop)
        and params.text("DestinationCidrBlock") in ("", route.cidr)
        and params.text("RouteEntryId") in ("", route.id)
    ]
    page, token, _ = by_token(call, found, default=50, size_name="MaxResult")
    return {"NextToken": token, "RouteEntrys": {"RouteEntry": [_show(route) for route in page]}}


def _show(route: Route) -> Answer:
    hop = {
        "NextHopId": route.next_hop,
        "NextHopType": route.next_hop_type,
        "NextHopRegionId": "",
        "Enabled": 1,
        "Weight": 0,
        "NextHopRelatedInfo": {"RegionId": "", "InstanceId": "", "InstanceType": ""},
    }
    return {
        "RouteEntryId": route.id,
        "RouteEntryName": route.name,
        "RouteTableId": route.table_id,
        "DestinationCidrBlock": route.cidr,
        "IpVersion": "ipv4",
        "Status": "Available",
        "Type": route.type,
        "NextHops": {"NextHop": [hop]},
    }


def create_entry(call: Call) -> Answer:
    """One new entry."""
    params = call.params
    table = _table(call, params.required("RouteTableId"))
    cidr, hop = params.required("DestinationCidrBlock"), params.text("NextHopId")
    made = _create(call, table, cidr, hop, params.text("NextHopType", "Instance"))
    return {"RouteEntryId": made.id}


def delete_entry(call: Call) -> Answer:
    """Delete one entry."""
    params = call.params
    if params.text("RouteEntryId") and not params.text("RouteTableId"):
        _delete_by_id(call, params.text("RouteEntryId"))
        return {}
    table = _table(call, params.required("RouteTableId"))
    _delete(table, params.required("DestinationCidrBlock"), params.text("NextHopId"))
    return {}


def create_entries(call: Call) -> Answer:
    """Up to 50 entries; each succeeds or fails by itself, and the answer tells."""
    ids, failed = [], []
    for record in _records(call):
        cidr, hop = record.get("DstCidrBlock", ""), record.get("NextHop", "")
        try:
            table = _table(call, record.get("RouteTableId", ""))
            ids.append(_create(call, table, cidr, hop, record.get("NextHopType", "Instance")).id)
        except CloudError as error:
            failed.append(_failure(cidr, hop, error))
    return {
        "RouteEntryIds": ids,
        "SuccessCount": len(ids),
        "FailedCount": len(failed),
        "FailedRouteEntries": failed,
    }


def delete_entries(call: Call) -> Answer:
    """Delete up to 50 entries; each succeeds or fails by itself."""
    failed, done = [], 0
    for record in _records(call):
        cidr, hop = record.get("DstCidrBlock", ""), record.get("NextHop", "")
        try:
            if record.get("RouteEntryId"):
                _delete_by_id(call, record["RouteEntryId"])
            else:
                _delete(_table(call, record.get("RouteTableId", "")), cidr, hop)
            done += 1
        except CloudError as error:
            failed.append(_failure(cidr, hop, error))
    return {"SuccessCount": done, "FailedCount": len(failed), "FailedRouteEntries": failed}


def _records(call: Call) -> list[dict[str, str]]:
    records = call.params.records("RouteEntries")
    if not 1 <= len(records) <= 50:
        raise CloudError("InvalidParameter.RouteEntries", "From 1 to 50 route entries in one request.")
    return records


def _failure(cidr: str, hop: str, error: CloudError) -> Answer:
    return {"DstCidrBlock": cidr, "NextHop": hop, "FailedCode": error.code, "FailedMessage": error.message}


def _create(call: Call, table: RouteTable, cidr: str, hop: str, hop_type: str) -> Route:
    if any(route.cidr == cidr for route in table.routes):
        raise CloudError("RouterEntryConflict.Duplicated", f"The route entry {cidr} already exists in the table.")
    if len(table.routes) >= table.quota:
        raise CloudError("QuotaExceeded", "Route entry quota exceeded in this route table.")
    if hop_type == "Instance" and hop not in call.world.ecs.instances and not call.world.rules.adopt_unknown:
        raise CloudError("InvalidNextHopId.NotFound", "The specified NextHopId does not exist.", 404)
    made = Route(
        id=call.world.new_bp1("rte", 14),
        table_id=table.id,
        cidr=cidr,
        next_hop=hop,
        next_hop_type=hop_type,
    )
    table.routes.append(made)
    return made


def _delete(table: RouteTable, cidr: str, hop: str) -> None:
    kept = [route for route in table.routes if not (route.cidr == cidr and hop in ("", route.next_hop))]
    if len(kept) == len(table.routes):
        raise CloudError("InvalidRouteEntry.NotFound", "The specified route entry does not exist.", 404)
    table.routes = kept


def _delete_by_id(call: Call, route_id: str) -> None:
    for table in call.world.vpc.route_tables.values():
        for route in table.routes:
            if route.id == route_id:
                table.routes.remove(route)
                return
    raise CloudError("InvalidRouteEntry.NotFound", "The specified route entry does not exist.", 404)


ACTIONS: Actions = {
    "DescribeRouteTableList": list_tables,
    "DescribeRouteTables": describe_tables,
    "CreateRouteTable": create_table,
    "DeleteRouteTable": delete_table,
    "DescribeRouteEntryList": list_entries,
    "CreateRouteEntry": create_entry,
    "CreateRouteEntries": create_entries,
    "DeleteRouteEntry": delete_entry,
    "DeleteRouteEntries": delete_entries,
}
