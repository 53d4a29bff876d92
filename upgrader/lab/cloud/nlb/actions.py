"""NLB's actions by name, and its tags."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import invalid
from upgrader.lab.cloud.nlb import groups, jobs, listeners, load_balancers
from upgrader.lab.cloud.nlb.lookup import gone, meets
from upgrader.lab.cloud.paging import by_token


def _tags(call: Call) -> dict[str, dict[str, str]]:
    store = call.world.nlb
    kind = call.params.required("ResourceType").lower()
    if kind == "loadbalancer":
        return {one.id: one.tags for one in store.load_balancers.values()}
    if kind == "servergroup":
        return {one.id: one.tags for one in store.groups.values()}
    if kind == "listener":
        return {one.id: one.tags for one in store.listeners.values()}
    raise invalid("ResourceType")


def _targets(call: Call) -> list[dict[str, str]]:
    known = _tags(call)
    ids = call.params.values("ResourceId")
    if any(resource_id not in known for resource_id in ids):
        raise gone("resource")
    return [known[resource_id] for resource_id in ids]


def tag_resources(call: Call) -> Answer:
    """Put tags on resources."""
    for tags in _targets(call):
        tags.update(call.params.tags())
    return {"JobId": jobs.start(call, "TagResources")}


def untag_resources(call: Call) -> Answer:
    """Take tags off resources: by key, or all of them."""
    keys = call.params.values("TagKey")
    for tags in _targets(call):
        for key in list(tags) if call.params.flag("All") else keys:
            tags.pop(key, None)
    return {"JobId": jobs.start(call, "UntagResources")}


def list_tag_resources(call: Call) -> Answer:
    """The tags of resources, by id and by tag, a page of them."""
    ids, wanted = set(call.params.values("ResourceId")), call.params.tags()
    rows = [
        {
            "ResourceId": resource_id,
            "ResourceType": call.params.text("ResourceType"),
            "TagKey": key,
            "TagValue": value,
            "AliUid": int(call.world.account_id),
            "Category": "Custom",
            "RegionNo": call.region,
        }
        for resource_id, tags in _tags(call).items()
        if (not ids or resource_id in ids) and meets(tags, wanted)
        for key, value in tags.items()
    ]
    page, token, size = by_token(call, rows, default=50)
    return {"TagResources": page, "NextToken": token, "MaxResults": size, "TotalCount": len(rows)}


ACTIONS: Actions = {
    **load_balancers.ACTIONS,
    **listeners.ACTIONS,
    **groups.ACTIONS,
    "GetJobStatus": jobs.status,
    "ListAsynJobs": jobs.list_jobs,
    "TagResources": tag_resources,
    "UntagResources": untag_resources,
    "ListTagResources": list_tag_resources,
}
