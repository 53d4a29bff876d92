"""Tags of many resources, by pages of ids: never one request a load balancer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from upgrader.adapters.aliyun.answers import tag_map, token_pages
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.fan_out import fan_out
from upgrader.adapters.aliyun.together import batches, numbered
from upgrader.model.errors import AbsentError, RefusedError

IDS_A_REQUEST = 20
"""What ListTagResources takes at once in every product that has it."""

Product = Literal["slb", "nlb"]


def tags_of_listed(
    transport: Transport, product: Product, region: str, kind: str, records: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, str]]:
    """Tags by resource id of records from a list: as the list tells them, asked for where it tells none.

    CCM itself takes a load balancer's tags from the list (`loadResponse` in pkg/provider/alibaba/slb and nlb). Where
    they can't be asked for, a list that has tags among its fields is believed.
    """
    told = {one: tag_map(record.get("Tags")) for one, record in records.items()}
    try:
        return told | tags_of(transport, product, region, kind, [one for one, tags in told.items() if not tags])
    except (RefusedError, AbsentError):
        if not any("Tags" in record for record in records.values()):
            raise
        return told


def tags_of(
    transport: Transport, product: Product, region: str, kind: str, ids: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Tags by resource id; a resource without tags has an empty mapping. `kind` is the API's ResourceType."""
    found: dict[str, dict[str, str]] = {one: {} for one in ids}

    def ask(batch: Sequence[str]) -> list[tuple[str, str, str]]:
        params = {"RegionId": region, "ResourceType": kind, **numbered("ResourceId", batch)}
        call = Call(product=product, action="ListTagResources", region=region, params=params)
        records = token_pages(transport, call, "TagResources", "TagResource", sized=product == "nlb")
        return [(str(r.get("ResourceId", "")), str(r.get("TagKey", "")), str(r.get("TagValue") or "")) for r in records]

    for answer in fan_out(ask, batches(ids, IDS_A_REQUEST)):
        for resource, key, value in answer:
            if resource in found and key:
                found[resource][key] = value
    return found
