"""Whole worlds that a real CCM made and another took over, as our facts and as a set of writes to compare with.

The worlds lie beside the project, not in it; where they are missing the tests say so and skip. The stand-in stores
attributes under their request names, a few of which differ from the response names that our facts use.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from upgrader.discover.files import read_files
from upgrader.discover.said import Said
from upgrader.model.cloud import Backend, Listener, LoadBalancer, SecurityGroup, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts

OBSERVED = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "observed"
WORLDS = sorted(p for p in (OBSERVED / "corpus").glob("*") if (p / "writes.json").exists()) if OBSERVED.exists() else []

# Requests whose object the cloud names only when it makes it: compared without it.
CREATING = ("Create", "AuthorizeSecurityGroup")


def load_world(directory: Path, when: str = "before") -> ClusterFacts:
    """The facts before (or after) the take-over."""
    meta = json.loads((directory / "meta.json").read_text())
    facts = read_files((directory / f"k8s_{when}.json",), Said(version=meta["old"], cluster_id=meta["cluster_id"]))
    lbs, security_groups = load_cloud(json.loads((directory / f"cloud_{when}.json").read_text()))
    gaps = tuple(g for g in facts.gaps if g.area not in ("clb", "nlb", "security-groups"))
    return replace(
        facts,
        ccm=CcmInstall(version=meta["old"], cluster_id=meta["cluster_id"]),
        load_balancers=lbs,
        security_groups=security_groups,
        gaps=gaps,
    )


def load_cloud(cloud: dict[str, Any]) -> tuple[tuple[LoadBalancer, ...], tuple[SecurityGroup, ...]]:
    """The stand-in's dump as load balancers and security groups."""
    clb, nlb = cloud["clb"], cloud["nlb"]
    lbs = [_clb(lb, clb) for lb in clb["loadBalancers"]] + [_nlb(lb, nlb) for lb in nlb["loadBalancers"]]
    groups = [
        SecurityGroup(id=g["SecurityGroupId"], name=g.get("SecurityGroupName", ""), tags=g.get("tags", {}))
        for g in cloud["securityGroups"]
    ]
    return tuple(lbs), tuple(groups)


def _clb(lb: dict[str, Any], clb: dict[str, Any]) -> LoadBalancer:
    groups = defaultdict(list)
    for group in clb["vServerGroups"]:
        groups[group["LoadBalancerId"]].append(_group(group, "VServerGroup", group["BackendServers"]))
    listeners = [
        Listener(
            port=int(item["ListenerPort"]),
            protocol=item["ListenerProtocol"],
            description=item.get("Description", ""),
            server_group_id=item.get("VServerGroupId", ""),
            status=item.get("Status", ""),
            attributes=_texts(item),
        )
        for item in clb["listeners"]
        if item["LoadBalancerId"] == lb["LoadBalancerId"]
    ]
    return LoadBalancer(
        kind="clb",
        id=lb["LoadBalancerId"],
        name=lb["LoadBalancerName"],
        address=lb["Address"],
        address_type=lb["AddressType"],
        vpc_id=lb["VpcId"],
        tags=lb["tags"],
        attributes=_texts(lb),
        listeners=tuple(listeners),
        server_groups=tuple(groups[lb["LoadBalancerId"]]),
    )


def _group(group: dict[str, Any], prefix: str, backends: list[dict[str, Any]]) -> ServerGroup:
    return ServerGroup(
        id=group[f"{prefix}Id"],
        name=group[f"{prefix}Name"],
        load_balancer_id=group.get("LoadBalancerId", ""),
        tags=group.get("tags", {}),
        attributes=_texts(group),
        backends=tuple(
            Backend(
                server_id=b["ServerId"],
                port=int(b["Port"]),
                weight=int(b["Weight"]),
                type=b.get("Type") or b.get("ServerType") or "ecs",
                server_ip=b.get("ServerIp", ""),
                description=b.get("Description", ""),
            )
            for b in backends
        ),
    )


def _nlb(lb: dict[str, Any], nlb: dict[str, Any]) -> LoadBalancer:
    own = lb["tags"].get("kubernetes.do.not.delete")
    mine = {item["ServerGroupId"] for item in nlb["listeners"] if item["LoadBalancerId"] == lb["LoadBalancerId"]}
    groups = [
        _group(g, "ServerGroup", g["servers"])
        for g in nlb["serverGroups"]
        if g["ServerGroupId"] in mine or (own and g["tags"].get("kubernetes.do.not.delete") == own)
    ]
    listeners = [
        Listener(
            id=item["ListenerId"],
            port=int(item.get("ListenerPort") or 0),
            protocol=item["ListenerProtocol"],
            description=item.get("ListenerDescription", ""),
            server_group_id=item["ServerGroupId"],
            status=item["ListenerStatus"],
            attributes=_texts(item),
        )
        for item in nlb["listeners"]
        if item["LoadBalancerId"] == lb["LoadBalancerId"]
    ]
    return LoadBalancer(
        kind="nlb",
        id=lb["LoadBalancerId"],
        name=lb["LoadBalancerName"],
        address=lb["DNSName"],
        address_type=lb["AddressType"],
        vpc_id=lb["VpcId"],
        tags=lb["tags"],
        attributes=_texts(lb) | {"ZoneMappings": ",".join(map(_zone, lb["ZoneMappings"]))},
        listeners=tuple(listeners),
        server_groups=tuple(groups),
    )


def _zone(zone: dict[str, Any]) -> str:
    held = (zone.get("LoadBalancerAddresses") or [{}])[0]
    parts = zone["ZoneId"], zone["VSwitchId"], held.get("PrivateIPv4Address"), held.get("AllocationId")
    return ":".join(part or "" for part in parts).rstrip(":")


def _texts(item: dict[str, Any], lead: str = "") -> dict[str, str]:
    """Scalars as text, nested mappings flattened with dots, lists of scalars joined."""
    found: dict[str, str] = {}
    for key, value in item.items():
        if isinstance(value, dict) and key != "tags":
            found |= _texts(value, f"{lead}{key}.")
        elif isinstance(value, list):
            if all(not isinstance(v, dict | list) for v in value):
                found[lead + key] = ",".join(map(str, value))
        elif isinstance(value, bool):
            found[lead + key] = "true" if value else "false"
        elif value is not None and not isinstance(value, dict):
            found[lead + key] = str(value)
    return found


def observed_writes(directory: Path) -> set[tuple[str, str, str]]:
    """(Service, action, object) of every write that the new CCM sent."""
    found = set()
    for write in json.loads((directory / "writes.json").read_text()):
        action = f"{write['product']}:{write['action']}"
        found.add((write["service"], action, comparable(action, write["object"])))
    return found


def comparable(action: str, name: str) -> str:
    """The object, empty where only the cloud could name it."""
    return "" if action.split(":")[1].startswith(CREATING) else name
