"""Tags in both generations: AddTags/DescribeTags/RemoveTags, and TagResources/ListTagResources/UntagResources."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, invalid, not_found
from upgrader.lab.cloud.paging import by_number, by_token
from upgrader.lab.cloud.slb.lookup import load_balancer

MOST_TAGS = 20


def add(call: Call) -> Answer:
    """First generation: `Tags` is a JSON list, on one load balancer."""
    lb = load_balancer(call)
    _put(lb.tags, dict(_pairs(call)))
    return {}


def remove(call: Call) -> Answer:
    """First generation: remove by key, and by value where one is given."""
    lb = load_balancer(call)
    for key, value in _pairs(call):
        if not value or lb.tags.get(key) == value:
            lb.tags.pop(key, None)
    return {}


def describe(call: Call) -> Answer:
    """First generation: the tags of one load balancer, or of all of the region with how many carry them."""
    lb_id = call.params.text("LoadBalancerId")
    if lb_id and lb_id not in call.world.slb.load_balancers:
        raise not_found("LoadBalancerId")
    asked = dict(_pairs(call))
    counts: dict[tuple[str, str], int] = {}
    for lb in call.world.slb.load_balancers.values():
        if lb.region == call.region and lb_id in ("", lb.id):
            for key, value in lb.tags.items():
                if not asked or (key in asked and asked[key] in ("", value)):
                    counts[key, value] = counts.get((key, value), 0) + 1
    page, numbers = by_number(call, sorted(counts.items()), default=50, most=50)
    sets = [{"TagKey": key, "TagValue": value, "InstanceCount": count} for (key, value), count in page]
    return {**numbers, "TagSets": {"TagSet": sets}}


def _pairs(call: Call) -> Iterable[tuple[str, str]]:
    for one in call.params.json_list("Tags"):
        if isinstance(one, dict) and one.get("TagKey"):
            yield str(one["TagKey"]), str(one.get("TagValue") or "")


def _put(tags: dict[str, str], new: dict[str, str]) -> None:
    for key in new:
        if key.startswith(("acs:", "aliyun")) or len(key) > 128:
            raise invalid("TagKey", f"The tag key {key} is invalid.")
    if len({**tags, **new}) > MOST_TAGS:
        raise CloudError("QuotaExceeded.TagsPerResource", f"A resource has at most {MOST_TAGS} tags.")
    tags.update(new)


def tag_resources(call: Call) -> Answer:
    """Put tags on resources."""
    new = call.params.tags()
    if not new:
        raise CloudError("MissingParameter.Tag", "Tag is mandatory for this action.")
    for tags in _targets(call).values():
        _put(tags, new)
    return {}


def untag_resources(call: Call) -> Answer:
    """Take tags off resources: by key, or all of them."""
    keys = call.params.values("TagKey")
    for tags in _targets(call).values():
        for key in list(tags) if call.params.flag("All") else keys:
            tags.pop(key, None)
    return {}


def list_tag_resources(call: Call) -> Answer:
    """The tags of resources, by id and by tag, a page of them."""
    kind = call.params.text("ResourceType", "instance")
    ids, wanted = set(call.params.values("ResourceId")), call.params.tags()
    rows = [
        {"ResourceId": resource_id, "ResourceType": kind, "TagKey": key, "TagValue": value}
        for resource_id, tags in _all(call, kind).items()
        if (not ids or resource_id in ids)
        and all(key in tags and value in ("", tags[key]) for key, value in wanted.items())
        for key, value in tags.items()
    ]
    page, token, _ = by_token(call, rows, default=50)
    return {"TagResources": {"TagResource": page}, "NextToken": token}


def _targets(call: Call) -> dict[str, dict[str, str]]:
    ids = call.params.values("ResourceId")
    if not ids:
        raise CloudError("MissingParameter.ResourceId", "ResourceId is mandatory for this action.")
    known = _all(call, call.params.required("ResourceType"))
    for resource_id in ids:
        if resource_id not in known:
            raise CloudError("InvalidResourceId.NotFound", f"The resource {resource_id} does not exist.", 404)
    return {resource_id: known[resource_id] for resource_id in ids}


def _all(call: Call, kind: str) -> dict[str, dict[str, str]]:
    store = call.world.slb
    if kind == "instance":
        return {one.id: one.tags for one in store.load_balancers.values() if one.region == call.region}
    if kind == "vservergroup":
        return {one.id: one.tags for one in store.groups.values()}
    if kind == "acl":
        return {one.id: one.tags for one in store.acls.values()}
    if kind == "listener":
        return {
            f"{lb.id}_{one.protocol}_{one.port}": one.tags
            for lb in store.load_balancers.values()
            for one in lb.listeners.values()
        }
    raise invalid("ResourceType")


ACTIONS: Actions = {
    "AddTags": add,
    "RemoveTags": remove,
    "DescribeTags": describe,
    "TagResources": tag_resources,
    "UntagResources": untag_resources,
    "ListTagResources": list_tag_resources,
}
