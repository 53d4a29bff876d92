"""What people do to NLBs in the console, and to NLB Services in the cluster: random, seeded."""

from __future__ import annotations

import copy
import random
from typing import Any

from msgspec import structs

from benchmarks.real_ccm.nlb import REUSED
from benchmarks.real_ccm.place import ELSEWHERE, REGION, VPC, Object, Place
from upgrader.lab.cloud.nlb.model import Nlb, NlbListener, ServerGroup, Zone
from upgrader.lab.cloud.state import World

NLB_EDITS = ("weight", "server-gone", "server-extra", "server-hand", "servers-gone", "tags-gone", "tag-gone",
             "tag-extra", "name", "cross-zone", "listener-setting", "listener-gone", "listener-stopped",
             "listener-described", "listener-hand", "listener-group", "group-setting", "group-hand", "group-renamed",
             "group-tags-gone", "zones", "address-type", "security-groups", "nlb-gone", "protection",
             "nlb-copied", "zone-address", "zone-eip", "bandwidth-package", "resource-group", "ipv6",
             "listener-protocol", "listener-certificates", "listener-like-ccm", "group-gone", "group-copied",
             "group-tag-gone", "server-port", "servers-described", "sg-gone", "sg-rules", "sg-named", "sg-left",
             "sg-copied", "server-eni-lost", "sg-untagged", "sg-rule-extra", "tag-changed", "zone-more", "group-health",
             "listener-setting", "group-setting", "server-extra", "weight")  # fmt: skip


_LISTENER_SETTINGS = (("IdleTimeout", 33), ("Cps", 7), ("ProxyProtocolEnabled", True), ("AlpnEnabled", True),
                      ("CaEnabled", True), ("SecurityPolicyId", "tls_cipher_policy_1_0"))  # fmt: skip
_GROUP_SETTINGS = (("Scheduler", "Tch"), ("ConnectionDrainEnabled", True), ("ConnectionDrainTimeout", 44),
                   ("PreserveClientIpEnabled", False))  # fmt: skip


def edit_nlb(place: Place, seed: int, share: float = 0.7) -> list[str]:
    """Edit so many of the NLBs, each once or twice; returns what was done."""
    chance, done, world = random.Random(f"edit-nlb/{seed}"), [], place.lab.cloud.world

    def act() -> None:
        for nlb in list(world.nlb.load_balancers.values()):
            for what in chance.sample(NLB_EDITS, chance.choice((1, 1, 2)) if chance.random() < share else 0):
                if nlb.id in world.nlb.load_balancers and _edit(chance, world, what, nlb):
                    done.append(f"{what} {nlb.id}")

    place.lab.run(act)
    return done


def _edit(chance: random.Random, world: World, what: str, nlb: Nlb) -> bool:
    listeners = [one for one in world.nlb.listeners.values() if one.load_balancer_id == nlb.id]
    groups = [world.nlb.groups[one.group_id] for one in listeners if one.group_id in world.nlb.groups]
    if what.startswith("listener"):
        return bool(listeners) and _listener(chance, world, what, chance.choice(listeners), groups)
    if what == "server-eni-lost":
        return _lose_eni(chance, world, groups)
    if what.startswith(("group", "server", "weight")):
        return bool(groups) and _group(chance, world, what, chance.choice(groups))
    if what.startswith("sg-"):
        return _security_group(world, what, nlb)
    if what == "nlb-gone":
        del world.nlb.load_balancers[nlb.id]
        for one in listeners:
            del world.nlb.listeners[one.id]
        return True
    if what == "nlb-copied":
        twin = copy.deepcopy(nlb)
        twin.id = f"{nlb.id}x"
        world.nlb.load_balancers[twin.id] = twin
        return True
    other = "Intranet" if nlb.address_type == "Internet" else "Internet"
    fields: dict[str, dict[str, Any]] = {
        "tags-gone": {"tags": {}},
        "tag-gone": {"tags": {key: value for key, value in nlb.tags.items() if key != "kubernetes.do.not.delete"}},
        "tag-extra": {"tags": {**nlb.tags, "by": "hand"}},
        "name": {"name": "by-hand"},
        "cross-zone": {"cross_zone": not nlb.cross_zone},
        "zones": {"zones": nlb.zones[:1]},
        "address-type": {"address_type": other},
        "security-groups": {"security_groups": [] if nlb.security_groups else ["sg-hand"]},
        "zone-address": {"zones": [_zone(one, private_ip="192.168.0.222") for one in nlb.zones]},
        "zone-eip": {"zones": [_zone(one, allocation_id="eip-by-hand") for one in nlb.zones]},
        "bandwidth-package": {"bandwidth_package": "" if nlb.bandwidth_package else "cbwp-by-hand"},
        "resource-group": {"resource_group": "rg-by-hand"},
        "tag-changed": {"tags": {**nlb.tags, "kubernetes.do.not.delete": "by-hand"}},
        "zone-more": {"zones": [*nlb.zones, Zone(zone_id=f"{REGION}-j", vswitch_id="vsw-lab-j")]},
        "ipv6": {"ip_version": "dualstack", "ipv6_address_type": "Internet"},
        "protection": {"deletion_protection": False, "modification_protection": "NonProtection"},
    }
    for field, value in fields[what].items():
        setattr(nlb, field, value)
    return True


def _zone(one: Zone, **changed: str) -> Zone:
    return structs.replace(one, **changed)


def _lose_eni(chance: random.Random, world: World, groups: list[ServerGroup]) -> bool:
    """The interface of a pod goes while its endpoint is still there."""
    ids = sorted(one.server_id for group in groups for one in group.servers if one.type == "Eni")
    for eni in ids and [world.ecs.interfaces.get(chance.choice(ids))]:
        if eni is not None:
            eni.vpc_id = ELSEWHERE
    return bool(ids)


def _security_group(world: World, what: str, nlb: Nlb) -> bool:
    """The group that CCM made for source ranges, where there is one."""
    own = nlb.tags.get("kubernetes.do.not.delete")
    found = [one for one in world.ecs.security_groups.values() if own and own in one.tags.values()]
    if not found:
        return False
    if what in ("sg-gone", "sg-left"):
        nlb.security_groups = [one for one in nlb.security_groups if one != found[0].id]
    match what:
        case "sg-gone":
            del world.ecs.security_groups[found[0].id]
        case "sg-left":
            pass
        case "sg-copied":
            twin = structs.replace(copy.deepcopy(found[0]), id=f"{found[0].id}x")
            world.ecs.security_groups[twin.id] = twin
        case "sg-untagged":
            found[0].tags = {}
        case "sg-rules":
            found[0].rules = [{**one, "Priority": "7"} for one in found[0].rules[:1]]
        case "sg-rule-extra":
            # One of a person's own, and one that says that it is CCM's.
            for cidr, said in (("10.9.0.0/16", "by-hand"), ("10.8.0.0/16", found[0].description)):
                found[0].rules = [*found[0].rules, {
                    "SecurityGroupRuleId": f"sgr-{cidr[:4]}", "Policy": "Accept", "Priority": "1", "IpProtocol": "ALL",
                    "PortRange": "-1/-1", "SourceCidrIp": cidr, "Description": said,
                }]  # fmt: skip
        case _:
            found[0].name = "by-hand"
    return True


def _listener(chance: random.Random, world: World, what: str, one: NlbListener, groups: list[ServerGroup]) -> bool:
    match what:
        case "listener-setting":
            one.settings |= dict(chance.sample(_LISTENER_SETTINGS, chance.choice((1, 2))))
        case "listener-gone":
            del world.nlb.listeners[one.id]
        case "listener-stopped":
            one.status = "Stopped"
        case "listener-described":
            one.settings["ListenerDescription"] = "by-hand"
        case "listener-protocol":
            place = (one.load_balancer_id, one.port)
            if sum((each.load_balancer_id, each.port) == place for each in world.nlb.listeners.values()) > 1:
                return False  # The other transport's listener is there already.
            one.protocol = "UDP" if one.protocol != "UDP" else "TCP"
        case "listener-certificates":
            one.settings["CertificateIds"], one.certificates = ["99-cn-hangzhou"], ["98-cn-hangzhou"]
        case "listener-group":
            one.group_id = chance.choice(groups).id if groups else one.group_id
        case _:
            made = copy.deepcopy(one)
            made.id, made.port = f"{one.id.partition('@')[0]}@31999", 31999
            if what == "listener-hand":
                made.settings["ListenerDescription"] = "by-hand"
            world.nlb.listeners[made.id] = made
    return True


def _group(chance: random.Random, world: World, what: str, group: ServerGroup) -> bool:
    match what:
        case "group-setting":
            group.settings |= dict(chance.sample(_GROUP_SETTINGS, chance.choice((1, 1, 3))))
        case "group-health":
            health = group.settings.get("HealthCheck")
            changed = {"HealthCheckInterval": 44, "HealthyThreshold": 9, "HealthCheckEnabled": False}
            group.settings["HealthCheck"] = {**(health if isinstance(health, dict) else {}), **changed}
        case "group-hand":
            world.nlb.groups[f"{group.id}x"] = ServerGroup(
                id=f"{group.id}x", name="by-hand", region=REGION, vpc_id=VPC, tags=dict(group.tags)
            )
        case "group-gone":
            del world.nlb.groups[group.id]
        case "group-copied":
            world.nlb.groups[f"{group.id}y"] = structs.replace(copy.deepcopy(group), id=f"{group.id}y")
        case "group-tag-gone":
            group.tags = {key: value for key, value in group.tags.items() if key != "ack.aliyun.com"}
        case "group-renamed":
            group.name = "by-hand"
        case "group-tags-gone":
            group.tags = {}
        case _:
            return _servers(chance, what, group)
    return True


def _servers(chance: random.Random, what: str, group: ServerGroup) -> bool:
    if not group.servers:
        return False
    one = chance.choice(group.servers)
    match what:
        case "weight":
            one.weight = 33
        case "server-gone":
            group.servers.remove(one)
        case "servers-gone":
            group.servers = []
        case "server-port":
            one.port += 1
        case "servers-described":
            for each in group.servers:
                each.description = "by-hand"
        case _:
            ip = "" if one.type == "Ecs" else "192.168.0.99"
            said = one.description if what == "server-extra" else "by-hand"
            name = ip if one.type == "Ip" else "i-node5x"
            group.servers.append(structs.replace(one, server_id=name, server_ip=ip, weight=11, description=said))
    return True


CHANGES = ("id-given", "id-taken", "zones", "group-type", "protocol", "certificates", "tags", "ranges", "switches",
           "finalizer-clb", "finalizer-left", "ended", "port-reused")  # fmt: skip
_LEAD = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
_FINALIZERS = {"clb": "service.k8s.alibaba/resources", "nlb": "service.k8s.alibaba/nlb"}


def change_nlb_service(chance: random.Random, service: Object) -> tuple[str, Object]:
    """What somebody changes in a Service of an NLB, and the patch that does it."""
    what, notes = chance.choice(CHANGES), service["metadata"].get("annotations") or {}
    spec, ports = service["spec"], service["spec"]["ports"]
    given: dict[str, dict[str, str | None]] = {
        "id-given": {"id": f"{REUSED}shared"},
        "id-taken": {"id": None},
        "zones": {"zone-maps": "cn-hangzhou-i:vsw-lab-i,cn-hangzhou-h:vsw-lab-h:192.168.0.99"},
        "group-type": {"server-group-type": chance.choice(("Ip", "Instance"))},
        "protocol": {"protocol-port": f"tcpssl:{ports[0]['port']}", "cert-id": "12345-cn-hangzhou"},
        "certificates": {"cert-id": "55-cn-hangzhou", "additional-cert-ids": "33-cn-hangzhou,22-cn-hangzhou"},
        "tags": {"additional-resource-tags": "b=3,team=web"},
        "switches": {"proxy-protocol": "on", "cross-zone-enabled": "off", "connection-drain": "on", "cps": "77"},
        "port-reused": {"vgroup-port": f"sgp-nowhere:{ports[0]['port']}"},
    }
    if what in given:
        return what, {"metadata": {"annotations": {_LEAD + key: value for key, value in given[what].items()}}}
    held = list(service["metadata"].get("finalizers") or ())
    match what:
        case "ranges":
            now = None if spec.get("loadBalancerSourceRanges") else ["10.2.0.0/16"]
            return what, {"spec": {"loadBalancerSourceRanges": now}}
        case "finalizer-clb":
            return what, {"metadata": {"finalizers": [*held, _FINALIZERS["clb"]]}}
    only = ("externalTrafficPolicy", "loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "loadBalancerClass",
            "healthCheckNodePort")  # fmt: skip
    ended: Object = {"spec": {"type": "ClusterIP", **dict.fromkeys(only)}}
    if what == "finalizer-left":
        ended["metadata"] = {"finalizers": list(_FINALIZERS.values())}
    elif chance.random() < 0.5 and (_LEAD + "id") in notes:
        ended["metadata"] = {"annotations": {_LEAD + "id": "nlb-nowhere"}}
    return what, ended
