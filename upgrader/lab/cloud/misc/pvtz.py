"""Private DNS: zones and their records."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.misc.model import ZoneRecord
from upgrader.lab.cloud.paging import by_number


def _show(record: ZoneRecord) -> Answer:
    return {
        "RecordId": record.id,
        "Rr": record.rr,
        "Type": record.type,
        "Value": record.value,
        "Ttl": record.ttl,
        "Status": record.status,
        "Remark": record.remark,
        "Priority": 0,
    }


def zones(call: Call) -> Answer:
    """The account's zones."""
    page, counts = by_number(call, list(call.world.misc.zones.values()), default=20)
    shown = [{"ZoneId": zone.id, "ZoneName": zone.name, "RecordCount": 0} for zone in page]
    return {"TotalItems": counts["TotalCount"], "TotalPages": 1, **counts, "Zones": {"Zone": shown}}


def zone_info(call: Call) -> Answer:
    """One zone with the VPCs that see it."""
    zone = call.world.misc.zones.get(call.params.required("ZoneId"))
    if zone is None:
        raise CloudError("Zone.NotExists", "The specified zone does not exist.", 404)
    vpcs = [{"VpcId": vpc_id, "RegionId": call.world.region} for vpc_id in zone.vpc_ids]
    return {"ZoneId": zone.id, "ZoneName": zone.name, "BindVpcs": {"Vpc": vpcs}}


def records(call: Call) -> Answer:
    """The records of a zone, by host record where one is asked for."""
    params = call.params
    zone, keyword, exact = params.text("ZoneId"), params.text("Keyword"), params.text("SearchMode") == "EXACT"
    found = [
        record
        for record in call.world.misc.records.values()
        if record.zone_id == zone and (record.rr == keyword if exact else keyword in record.rr)
    ]
    page, counts = by_number(call, found, default=20, most=500)
    pages = -(-len(found) // int(counts["PageSize"]))
    return {
        "TotalItems": len(found),
        "TotalPages": pages,
        **counts,
        "Records": {"Record": [_show(one) for one in page]},
    }


def records_by_name(call: Call) -> Answer:
    """The records of one host record."""
    name = call.params.text("Rr")
    found = [
        one for one in call.world.misc.records.values() if one.zone_id == call.params.text("ZoneId") and one.rr == name
    ]
    return {"TotalItems": len(found), "Records": {"Record": [_show(one) for one in found]}}


def add(call: Call) -> Answer:
    """A new record."""
    params = call.params
    number = 100_000 + call.world.count("record")
    call.world.misc.records[number] = ZoneRecord(
        id=number,
        zone_id=params.required("ZoneId"),
        rr=params.required("Rr"),
        type=params.required("Type"),
        value=params.required("Value"),
        ttl=params.integer("Ttl", 60),
        remark=params.text("Remark"),
    )
    return {"RecordId": number, "Success": True}


def update(call: Call) -> Answer:
    """Change a record."""
    record = call.world.misc.records.get(call.params.integer("RecordId"))
    if record is None:
        raise CloudError("Record.NotExists", "The specified record does not exist.", 404)
    record.rr = call.params.text("Rr", record.rr)
    record.type = call.params.text("Type", record.type)
    record.value = call.params.text("Value", record.value)
    record.ttl = call.params.integer("Ttl", record.ttl)
    return {"RecordId": record.id}


def delete(call: Call) -> Answer:
    """Delete a record."""
    call.world.misc.records.pop(call.params.integer("RecordId"), None)
    return {}


def delete_by_name(call: Call) -> Answer:
    """Delete every record of one host record."""
    zone, name = call.params.text("ZoneId"), call.params.text("Rr")
    stored = call.world.misc.records
    for number in [one.id for one in stored.values() if (one.zone_id, one.rr) == (zone, name)]:
        del stored[number]
    return {}


def remark(call: Call) -> Answer:
    """Describe a record."""
    record = call.world.misc.records.get(call.params.integer("RecordId"))
    if record is not None:
        record.remark = call.params.text("Remark")
    return {}


ACTIONS: Actions = {
    "DescribeZones": zones,
    "DescribeZoneInfo": zone_info,
    "DescribeZoneRecords": records,
    "DescribeZoneRecordsByRR": records_by_name,
    "AddZoneRecord": add,
    "UpdateZoneRecord": update,
    "DeleteZoneRecord": delete,
    "DeleteZoneRecordsByRR": delete_by_name,
    "UpdateRecordRemark": remark,
}
