"""What the small products keep."""

from __future__ import annotations

from msgspec import Struct


class ZoneRecord(Struct, kw_only=True):
    """A record of a private DNS zone."""

    id: int
    zone_id: str
    rr: str
    type: str
    value: str
    ttl: int = 60
    status: str = "ENABLE"
    remark: str = ""


class PrivateZone(Struct, kw_only=True):
    """A private DNS zone."""

    id: str
    name: str
    vpc_ids: list[str] = []


class MiscStore(Struct, kw_only=True):
    """Private DNS zones and records."""

    zones: dict[str, PrivateZone] = {}
    records: dict[int, ZoneRecord] = {}
