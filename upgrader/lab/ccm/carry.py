"""Carries a forecast's requests out as CCM's role: RAM, faults and the journal treat it as they treat a real CCM."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from upgrader.lab.cloud.call import Answer, Caller
from upgrader.lab.cloud.cloud import Cloud
from upgrader.model.forecast import Write
from upgrader.model.version import CcmVersion, parse_version

_ASKS_FOR_JOBS_SINCE = parse_version("v2.12.1")
_OF_GROUPS = ("VServerGroup", "ServerGroup", "ServersTo", "ServersFrom")
_OF_LISTENERS = ("Listener", "DomainExtension")
_STARTS = ("StartLoadBalancerListener", "StartListener")
_MAKERS = ("CreateLoadBalancer", "CreateVServerGroup", "CreateServerGroup", "CreateSecurityGroup")
_IDS = ("LoadBalancerId", "VServerGroupId", "ServerGroupId", "SecurityGroupId", "ResourceId.1", "ListenerId")
_NEW = "(new)"
_NAMED_READ = {"clb": ("slb", "DescribeLoadBalancerAttribute"), "nlb": ("nlb", "GetLoadBalancerAttribute")}
_FIRST_READ = {"clb": ("slb", "DescribeLoadBalancers"), "nlb": ("nlb", "ListLoadBalancers")}


class Made(Struct):
    """The ids of what one round of requests has made."""

    load_balancer: str = ""
    group: str = ""
    security_group: str = ""

    def note(self, action: str, answer: Answer) -> None:
        """Remember what a request has made."""
        if action == "CreateLoadBalancer":
            self.load_balancer = str(answer.get("LoadBalancerId") or answer.get("LoadbalancerId") or "")
        elif action in ("CreateVServerGroup", "CreateServerGroup"):
            self.group = str(answer.get("VServerGroupId") or answer.get("ServerGroupId") or "")
        elif action == "CreateSecurityGroup":
            self.security_group = str(answer.get("SecurityGroupId") or "")

    def ids(self, name: str, *, of_group: bool = False) -> tuple[tuple[str, str], ...]:
        """The parameters that name what a request works on, with what they are if nothing is said."""
        product, _, action = name.partition(":")
        if action in _MAKERS:
            return (("LoadBalancerId", self.load_balancer),) if action == "CreateVServerGroup" else ()
        if action in ("TagResources", "UntagResources"):
            return (("ResourceId.1", self.group if of_group else self.load_balancer),)
        if product == "ecs":
            return (("SecurityGroupId", self.security_group),)
        group = "VServerGroupId" if product == "slb" else "ServerGroupId"
        if any(part in action for part in _OF_GROUPS) and "Security" not in action:
            return ((group, self.group),)
        if action.startswith(("CreateLoadBalancer", "CreateListener")):
            # Listeners follow their groups: which of several is theirs, only a new look tells.
            return (("LoadBalancerId", ""), (group, ""))
        if product == "nlb" and "Listener" in action:
            return (("ListenerId", ""),)
        return (("LoadBalancerId", self.load_balancer),) if "Job" not in action else ()


class Hands(Struct, kw_only=True):
    """One sync's way to the cloud. `sent` are the requests so far: none is sent twice in one sync."""

    cloud: Cloud
    caller: Caller
    region: str
    version: CcmVersion
    vswitch_id: str = ""
    sent: set[tuple[str, str, str]] = field(default_factory=set)

    def look_for(self, kind: str, owner: str, wanted: str) -> None:
        """The request with which every sync begins, for the load balancer that the user named or that has the owner's
        tag. Raises `CloudError` where the role may not, or the named one is not there."""
        if wanted:
            product, action = _NAMED_READ[kind]
            self._call(product, action, {"LoadBalancerId": wanted})
            return
        product, action = _FIRST_READ[kind]
        tag = {"Tag.1.Key": "kubernetes.do.not.delete", "Tag.1.Value": owner}
        self._call(product, action, tag if product == "nlb" else {})

    def carry(self, writes: Iterable[Write]) -> int:
        """Send what can be sent now and was not yet, in CCM's order; returns how many requests went out."""
        count, made, waits = 0, Made(), False
        for write in sorted(writes, key=_phase):
            product, _, action = write.action.partition(":")
            params = _params(write, made)
            if params is None or (made.load_balancer and _phase(write) > 0) or (waits and action in _STARTS):
                waits = True
                continue  # It hangs on what this round makes: the next look knows its id.
            key = (write.action, write.object, repr(sorted(params.items())))
            if key in self.sent:
                continue
            self.sent.add(key)
            answer = self._write(product, action, params)
            count += 1
            made.note(action, answer)
        return count

    def write(self, name: str, params: dict[str, str]) -> Answer:
        """One request by its name."""
        product, _, action = name.partition(":")
        return self._write(product, action, params)

    def _write(self, product: str, action: str, params: dict[str, str]) -> Answer:
        if action == "CreateLoadBalancer" and product == "slb" and params.get("AddressType") == "intranet":
            params = {"VSwitchId": self.vswitch_id, **params}
        answer = self._call(product, action, params)
        if answer.get("JobId"):
            self._call("nlb", "GetJobStatus", {"JobId": str(answer["JobId"])})
            if self.version >= _ASKS_FOR_JOBS_SINCE:
                self._call("nlb", "ListAsynJobs", {"JobIds.1": str(answer["JobId"])})
        return answer

    def _call(self, product: str, action: str, params: dict[str, str]) -> Answer:
        return self.cloud.call(product, action, {"RegionId": self.region, **params}, self.caller)


def _phase(write: Write) -> int:
    """The load balancer first, then groups, then listeners; what is no longer wanted goes last."""
    action = write.action.partition(":")[2]
    if action in ("DeleteVServerGroup", "DeleteServerGroup", "DeleteSecurityGroup"):
        return 3
    if any(part in action for part in _OF_LISTENERS):
        return 2
    if write.params.get("ResourceType") == "servergroup":
        return 1
    return 1 if any(part in action for part in _OF_GROUPS) and "Security" not in action else 0


def _params(write: Write, made: Made) -> dict[str, str] | None:
    """The request's parameters with the ids of what was just made; None where one is not known yet."""
    params, action = dict(write.params), write.action.partition(":")[2]
    if not params and action in ("AddTags", "TagResources") and made.load_balancer:
        params = _tags(write, made.load_balancer)
    wanted = made.ids(write.action, of_group=params.get("ResourceType") == "servergroup")
    for name, known in wanted:
        if not params.get(name):
            params[name] = known
    for name, value in params.items():
        if value == _NEW:
            params[name] = made.security_group
    complete = all(params.get(name) for name, _ in wanted) and _NEW not in params.values()
    return params if complete and all(params.get(name, "x") for name in _IDS) and params else None


def _tags(write: Write, lb_id: str) -> dict[str, str]:
    """Tags that are told as changes only."""
    tags = {key.removeprefix("tag "): value or "" for key, (_, value) in write.changes.items()}
    if write.action.endswith("AddTags"):
        listed = ",".join(f'{{"TagKey":"{key}","TagValue":"{value}"}}' for key, value in tags.items())
        return {"LoadBalancerId": lb_id, "Tags": f"[{listed}]"}
    found = {"ResourceType": "instance", "ResourceId.1": lb_id}
    for number, (key, value) in enumerate(tags.items(), 1):
        found |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    return found
