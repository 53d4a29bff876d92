"""Finding NLB's objects, their tags, and reading nested settings."""

from __future__ import annotations

import msgspec

from upgrader.lab.cloud.call import Call
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.nlb.model import Nlb, NlbListener, ServerGroup


def gone(kind: str) -> CloudError:
    """`ResourceNotFound.loadBalancer`: the spelling that CCM looks for."""
    return CloudError(f"ResourceNotFound.{kind}", f"The specified resource of {kind} is not found.", 404)


def load_balancer(call: Call) -> Nlb:
    """The load balancer that the request names, its state brought up to now."""
    found = call.world.nlb.load_balancers.get(call.params.required("LoadBalancerId"))
    if found is None:
        raise gone("loadBalancer")
    return settled(call, found)


def settled(call: Call, one: Nlb) -> Nlb:
    """The load balancer, Active once its time has come."""
    if one.status == "Provisioning" and call.elapsed_s >= one.ready_at:
        one.status = "Active"
    return one


def active(call: Call) -> Nlb:
    """The load balancer that the request names, if it can be changed now."""
    found = load_balancer(call)
    if found.status != "Active":
        raise CloudError("IncorrectStatus.loadBalancer", "The status of loadBalancer is incorrect.", 409)
    return found


def listener(call: Call) -> NlbListener:
    """The listener that the request names."""
    found = call.world.nlb.listeners.get(call.params.required("ListenerId"))
    if found is None:
        raise gone("listener")
    return found


def group(call: Call, name: str = "ServerGroupId") -> ServerGroup:
    """The server group that the request names."""
    found = call.world.nlb.groups.get(call.params.required(name))
    if found is None:
        raise gone("serverGroup")
    return found


def nested(call: Call, name: str) -> dict[str, str]:
    """`name.Field` parameters as `Field`; or `name` as a JSON object."""
    prefix = f"{name}."
    found = {key[len(prefix) :]: value for key, value in call.params.raw.items() if key.startswith(prefix)}
    whole = call.params.text(name)
    if whole.startswith("{"):
        decoded = msgspec.json.decode(whole)
        found |= {str(key): _text(value) for key, value in decoded.items() if value is not None}
    return found


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def meets(tags: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether tags hold every wanted one; an empty value asks for the key alone."""
    return all(key in tags and value in ("", tags[key]) for key, value in wanted.items())
