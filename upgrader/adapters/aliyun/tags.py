"""Tags of many resources, by pages of ids: never one request a load balancer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from upgrader.adapters.aliyun.answers import token_pages
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.fan_out import fan_out

IDS_A_REQUEST = 20
"""What ListTagResources takes at once in every product that has it."""


def tags_of(
    transport: Transport, product: Literal["slb", "nlb"], region: str, kind: str, ids: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Tags by resource id; a resource without tags has an empty mapping. `kind` is the API's ResourceType."""
    found: dict[str, dict[str, str]] = {one: {} for one in ids}

    def ask(batch: Sequence[str]) -> list[tuple[str, str, str]]:
        params = {"RegionId": region, "ResourceType": kind}
        params |= {f"ResourceId.{place}": one for place, one in enumerate(batch, 1)}
        call = Call(product=product, action="ListTagResources", region=region, params=params)
        records = token_pages(transport, call, "TagResources", "TagResource", sized=product == "nlb")
        return [(str(r.get("ResourceId", "")), str(r.get("TagKey", "")), str(r.get("TagValue") or "")) for r in records]

    batches = [ids[start : start + IDS_A_REQUEST] for start in range(0, len(ids), IDS_A_REQUEST)]
    for answer in fan_out(ask, batches):
        for resource, key, value in answer:
            if resource in found and key:
                found[resource][key] = value
    return found
