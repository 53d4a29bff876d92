"""Finding SLB's objects, and the refusals when they are not there or may not be changed."""

from __future__ import annotations

from upgrader.lab.cloud.call import Call
from upgrader.lab.cloud.errors import CloudError, not_found
from upgrader.lab.cloud.slb.model import Group, Listener, LoadBalancer

ACTIVE = "active"


def load_balancer(call: Call, name: str = "LoadBalancerId") -> LoadBalancer:
    """The load balancer that the request names."""
    lb_id = call.params.required(name)
    found = call.world.slb.load_balancers.get(lb_id)
    if found is None:
        raise not_found("LoadBalancerId")
    return found


def changeable(call: Call) -> LoadBalancer:
    """The load balancer that the request names, if its state lets it be changed."""
    found = load_balancer(call)
    if found.status == "locked":
        raise CloudError("LoadBalancerLocked", "The specified load balancer is locked: the account is in arrears.")
    if found.status not in (ACTIVE, "inactive"):
        raise CloudError("OperationDenied.LoadBalancerStatus", "The status of the load balancer does not allow this.")
    return found


def group(call: Call) -> Group:
    """The vServer group that the request names."""
    group_id = call.params.required("VServerGroupId")
    found = call.world.slb.groups.get(group_id)
    if found is None:
        raise CloudError(
            "InvalidParameter.VServerGroupId.NotFound", "The specified VServerGroupId does not exist.", 404
        )
    return found


def listener(call: Call, lb: LoadBalancer, protocol: str = "") -> Listener:
    """The listener at the request's port; a protocol is needed only where two share the port."""
    port = call.params.integer("ListenerPort", low=1, high=65535)
    wanted = protocol or call.params.text("ListenerProtocol").lower()
    found = [one for one in lb.listeners.values() if one.port == port and wanted in ("", one.protocol)]
    if not found:
        raise CloudError("ListenerNotFound", "The specified listener does not exist.", 404)
    if len(found) > 1:
        raise CloudError("InvalidParameter.ListenerProtocol", "Two listeners have this port: name the protocol.")
    return found[0]
