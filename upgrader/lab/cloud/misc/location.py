"""Location: which address serves a product in a region."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call


def describe_endpoints(call: Call) -> Answer:
    """The product's usual public name: a client that was given an address never needs this."""
    code = call.params.text("ServiceCode", "ecs")
    region = call.params.text("Id", call.world.region)
    endpoint = {
        "Endpoint": f"{code}.{region}.aliyuncs.com",
        "Id": region,
        "Namespace": "26842",
        "SerivceCode": code,
        "ServiceCode": code,
        "Type": call.params.text("Type", "openAPI"),
        "Protocols": {"Protocols": ["HTTP", "HTTPS"]},
    }
    return {"Success": True, "Endpoints": {"Endpoint": [endpoint]}}


ACTIONS: Actions = {"DescribeEndpoints": describe_endpoints}
