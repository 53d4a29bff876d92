"""Which Service a write of CCM was for, and which object it wrote, told from the cloud's journal and state."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from upgrader.forecast.world import default_name
from upgrader.lab.cloud.state import World
from upgrader.lab.journal import Request
from upgrader.model.kube import Service


class Sent(NamedTuple):
    """What was written for whom."""

    service: str
    action: str
    object: str


# k8s/<port>/<service>/<namespace>/<cluster>, and with dots for NLB (where the protocol comes before the name).
_CLB_NAME = re.compile(r"k8s/[^/\"]+/([^/\"]+)/([^/\"]+)/")
_NLB_NAME = re.compile(r"k8s\.[^.]+\.[^.]+\.([^\"]+?)\.([^.\"]+)\.c[0-9a-z]{10,}")
_CREATING = ("Create", "AuthorizeSecurityGroup")


class Owners:
    """Learns whose each object is; `learn` again after each phase, so that what is deleted is still known."""

    def __init__(self) -> None:
        self._by_token: dict[str, str] = {}
        self._by_id: dict[str, set[str]] = defaultdict(set)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._existing: frozenset[str] = frozenset()

    def mark(self) -> None:
        """What is known now existed before the new CCM came: only that can be named in a forecast."""
        self._existing = frozenset(self._by_id)

    def learn(self, services: Iterable[Service], world: World) -> None:
        """What the Services and the cloud say now."""
        for service in services:
            self._by_token[default_name(service)] = service.key
            for name, value in service.metadata.annotations.items():
                if name.endswith("loadbalancer-id"):
                    self._by_id[value].add(service.key)
        for lb in (*world.slb.load_balancers.values(), *world.nlb.load_balancers.values()):
            self._by_id[lb.id] |= self._named([*lb.tags.values(), lb.name])
            self._by_name[lb.name] |= self._by_id[lb.id] if self._is_new(lb.id) else set()
        for clb in world.slb.load_balancers.values():
            for extension in clb.extensions:
                self._by_id[extension] |= self._by_id[clb.id]
            for listener in clb.listeners.values():
                self._by_id[f"{clb.id}:{listener.port}"] |= self._named([str(listener.settings.get("Description"))])
        for group in world.slb.groups.values():
            self._by_id[group.id] |= self._named([group.name]) or self._by_id[group.load_balancer_id]
        for sgp in world.nlb.groups.values():
            self._by_id[sgp.id] |= self._named([sgp.name, *sgp.tags.values()])
        for nlb in world.nlb.listeners.values():
            told = str(nlb.settings.get("ListenerDescription"))
            self._by_id[nlb.id] |= self._named([told]) or self._by_id[nlb.load_balancer_id]
        for sg in world.ecs.security_groups.values():
            self._by_id[sg.id] |= self._named([*sg.tags.values(), sg.name])

    def _is_new(self, name: str) -> bool:
        return bool(self._existing) and name not in self._existing

    def of(self, request: Request) -> Sent:
        """The write as the forecast names it; the Service is empty where nothing tells it."""
        object_id, named = object_of(request), self._named(request.params.values())
        if named and object_id.startswith(("sgp-", "rsp-")):
            # What CCM makes and deletes again between two looks is known by what it said of it meanwhile.
            self._by_id[object_id] |= named
        found = named or self._by_id.get(object_id, set())
        if not found:
            for value in request.params.values():
                found = found | self._by_id.get(value, set())
        if not found and request.action == "CreateLoadBalancer":
            # One that its Service names bears no word of it; the tags come later.
            found = self._by_name.get(request.params.get("LoadBalancerName", ""), set())
        action = f"{request.product}:{request.action}"
        key = sorted(found)[0] if found else ""
        known = object_id.partition(":")[0] in self._existing and not request.action.startswith(_CREATING)
        return Sent(key, action, object_id if known else "")

    def _named(self, texts: Iterable[str]) -> set[str]:
        found = set()
        for text in texts:
            for pattern in (_CLB_NAME, _NLB_NAME):
                found |= {f"{namespace}/{name}" for name, namespace in pattern.findall(text)}
            found |= {key for token, key in self._by_token.items() if token in text}
        return found


def told_apart(requests: Sequence[Mapping[str, Any]]) -> list[Sent]:
    """The writes in their order, those to a listener that several Services want each told by what was said beside it.

    A listener is started after it was made, and goes before another is made: these name their Service, the others none.
    """
    found = [Sent(*one["sent"]) for one in requests]
    places = [
        (one["params"].get("LoadBalancerId"), one["params"].get("ListenerPort"), one["params"].get("Description", ""))
        for one in requests
    ]
    for number, (one, (lb_id, port, said)) in enumerate(zip(found, places, strict=True)):
        start, stop = one.action.startswith("slb:StartLoad"), one.action.startswith(("slb:DeleteLoad", "slb:StopLoad"))
        if not port or said or not (start or stop):
            continue
        beside = reversed(places[:number]) if start else iter(places[number + 1 :])
        near = next((words for other, at, words in beside if (other, at) == (lb_id, port) and words), "")
        if named := _CLB_NAME.search(near):
            found[number] = Sent(f"{named[2]}/{named[1]}", one.action, one.object)
    return found


def object_of(request: Request) -> str:
    """The id of what a write changes, as the forecast names objects."""
    # v1.9.3 spells LoadBalancerID where it tags.
    given = {name.replace("LoadBalancerID", "LoadBalancerId"): value for name, value in request.params.items()}
    for name in ("ListenerId", "VServerGroupId", "ServerGroupId", "SecurityGroupId", "DomainExtensionId"):
        # A listener names the group that it forwards to; it is not what is written.
        if given.get(name) and "ListenerPort" not in given and request.action != "CreateListener":
            return given[name]
    if "ListenerPort" in given:
        return f"{given.get('LoadBalancerId', '')}:{given['ListenerPort']}"
    return given.get("LoadBalancerId") or given.get("ResourceId.1") or ""
