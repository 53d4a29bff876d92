"""NLB Services as people write them, the NLBs that they bring, and what they do to them in the console."""

from __future__ import annotations

import copy
import random
from typing import Any

from benchmarks.real_ccm.place import REGION, VPC, Object, Place
from upgrader.lab.cloud.nlb.model import Nlb, NlbListener, Server, ServerGroup, Zone
from upgrader.lab.cloud.state import World

REUSED, REUSED_GROUP = "nlb-reuse-", "sgp-reuse-"
_ZONES = (
    "cn-hangzhou-h:vsw-lab-h,cn-hangzhou-i:vsw-lab-i", "cn-hangzhou-i:vsw-lab-i,cn-hangzhou-h:vsw-lab-h",
    "cn-hangzhou-h:vsw-lab-h:192.168.0.77,cn-hangzhou-i:vsw-lab-i:192.168.1.77",
    "cn-hangzhou-h:vsw-lab-h",
)  # fmt: skip
# Groups of annotations that mean something together, each with some of the values that people give.
_NOTES: tuple[dict[str, tuple[str, ...]], ...] = (
    {"address-type": ("intranet", "internet", "Intranet")},
    {"additional-resource-tags": ("a=1,b=2", "team=net", "k1=v1,k2=", "中=文")},
    {"name": ("nlb-24", "中文名")},
    {"cross-zone-enabled": ("off", "on")},
    {"proxy-protocol": ("on", "off", "On")},
    {"proxy-protocol": ("on",), "ppv2-pvl-ep-id-enabled": ("on", "off"), "ppv2-pvl-vpc-id-enabled": ("on",)},
    {"cps": ("100", "0")},
    {"idle-timeout": ("30", "900")},
    {"connection-drain": ("on",), "connection-drain-timeout": ("30",)},
    {"connection-drain": ("off", "On")},
    {"connection-drain-timeout": ("60",)},
    {"preserve-client-ip": ("on", "off")},
    {"health-check-flag": ("on", "off", "On")},
    {"health-check-flag": ("on",), "health-check-type": ("http",), "health-check-uri": ("/healthz",),
     "health-check-method": ("head", "get"), "health-check-httpcode": ("http_2xx,http_3xx",)},
    {"health-check-flag": ("on",), "health-check-type": ("tcp",), "health-check-connect-port": ("8081",),
     "health-check-connect-timeout": ("6",)},
    {"health-check-flag": ("on",), "healthy-threshold": ("4",), "unhealthy-threshold": ("4",),
     "health-check-interval": ("5",)},
    {"health-check-flag": ("on",), "health-check-domain": ("h.example.com",), "health-check-type": ("http",)},
    {"healthy-threshold": ("4",)},
    {"scheduler": ("rr", "wrr", "Wrr", "sch", "tch")},
    {"server-group-type": ("Ip", "ip", "Instance")},
    {"security-group-ids": ("sg-user1,sg-user2", "sg-user1")},
    {"weight": ("60",)},
    {"default-weight": ("10", "0")},
    {"ignore-weight-update": ("on",)},
    {"delete-protection": ("on", "off")},
    {"modification-protection": ("ConsoleProtection", "NonProtection")},
    {"resource-group-id": ("rg-x",)},
    {"ip-version": ("ipv4",)},
    {"ipv6-address-type": ("intranet",)},
    {"bandwidth-package-id": ("cbwp-1", "")},
    {"hostname": ("n.example.com",)},
    {"preserve-lb-on-delete": ("true",)},
    {"remove-unscheduled-backend": ("on",)},
    {"backend-label": ("kubernetes.io/hostname=node1",)},
)  # fmt: skip
_TLS: tuple[dict[str, tuple[str, ...]], ...] = (
    {},
    {"cert-id": ("12345-cn-hangzhou,67890-cn-hangzhou",)},
    {"tls-cipher-policy": ("tls_cipher_policy_1_2",)},
    {"cacert-id": ("ca-1",), "cacert": ("on", "off")},
    {"alpn": ("on",), "alpn-policy": ("HTTP2Only", "HTTP2Preferred")},
    {"alpn": ("off",)},
    {"additional-cert-ids": ("11-cn-hangzhou,22-cn-hangzhou", "11-cn-hangzhou", "")},
)
_BROKEN = (("zone-maps", "cn-hangzhou-h"), ("address-type", "nowhere"), ("cps", "abc"), ("idle-timeout", "x"),
           ("server-group-type", "bogus"), ("weight", "101"), ("protocol-port", "http:80"), ("zone-maps", ""),
           ("default-weight", "300"), ("connection-drain-timeout", "x"), ("health-check-interval", "y"),
           ("protocol-port", "tcp"), ("id", "nlb-nowhere"), ("backend-label", "nonsense"))  # fmt: skip


def nlb_notes(chance: random.Random, number: int, ports: list[Object], eni: bool) -> tuple[dict[str, str], str]:
    """Annotations by their short names, and the id of an NLB that the user must have made."""
    notes = {"zone-maps": chance.choice(_ZONES)}
    for group in chance.sample(_NOTES, chance.choice((0, 0, 1, 2, 3, 4, 5))):
        notes |= {short: chance.choice(values) for short, values in group.items()}
    tcp = [one["port"] for one in ports if one["protocol"] == "TCP"]
    if tcp and chance.random() < 0.35:
        spelled = {port: chance.choice(("tcpssl", "TCPSSL", "tcp")) for port in tcp}
        notes["protocol-port"] = ",".join(f"{protocol}:{port}" for port, protocol in spelled.items())
        if any(one.lower() == "tcpssl" for one in spelled.values()):
            notes["cert-id"] = "12345-cn-hangzhou"
            for group in chance.sample(_TLS, 2):
                notes |= {short: chance.choice(values) for short, values in group.items()}
    if eni and chance.random() < 0.15:
        port = ports[0]["port"]
        notes["listener-port-range"] = f"{20000 + 100 * number}-{20050 + 100 * number}:{port}"
    brought = ""
    if chance.random() < 0.12:
        brought = f"{REUSED}{number:02}"
        notes["id"] = brought
        if chance.random() < 0.5:
            notes["force-override-listeners"] = chance.choice(("true", "false"))
        if chance.random() < 0.4:
            notes["vgroup-port"] = f"{REUSED_GROUP}{number:02}:{ports[0]['port']}"
        if chance.random() < 0.5:
            del notes["zone-maps"]
    if chance.random() < 0.06:
        short, value = chance.choice(_BROKEN)
        notes[short] = value
    return notes, brought


def bring_nlb(world: World, nlb_id: str) -> None:
    """An NLB with a listener and a server group of the user's own."""
    if nlb_id in world.nlb.load_balancers:
        return
    zones = [Zone(zone_id=f"{REGION}-{z}", vswitch_id=f"vsw-lab-{z}", private_ip=f"192.168.{n}.200",
                  public_ip=world.new_public_ip(), eni_id=f"eni-{nlb_id}-{z}") for n, z in enumerate("hi")]  # fmt: skip
    world.nlb.load_balancers[nlb_id] = Nlb(id=nlb_id, name=nlb_id, region=REGION, vpc_id=VPC, zones=zones)
    number = nlb_id.removeprefix(REUSED)
    for name in (f"{REUSED_GROUP}{number}", f"sgp-hand-{number}"):
        world.nlb.groups[name] = ServerGroup(
            id=name, name=name, region=REGION, vpc_id=VPC,
            servers=[Server(server_id="i-node1", port=9000, weight=7, description="by-hand")] if "hand" in name else [],
        )  # fmt: skip
    listener = NlbListener(
        id=f"lsn-{nlb_id}@31000", load_balancer_id=nlb_id, region=REGION, port=31000, protocol="TCP",
        group_id=f"sgp-hand-{number}", settings={"ListenerDescription": "by-hand"},
    )  # fmt: skip
    world.nlb.listeners[listener.id] = listener


NLB_EDITS = ("weight", "server-gone", "server-extra", "server-hand", "servers-gone", "tags-gone", "tag-gone",
             "tag-extra", "name", "cross-zone", "listener-setting", "listener-gone", "listener-stopped",
             "listener-described", "listener-hand", "listener-group", "group-setting", "group-hand", "group-renamed",
             "group-tags-gone", "zones", "address-type", "security-groups", "nlb-gone", "protection")  # fmt: skip


_GROUP_SETTINGS = (("Scheduler", "Tch"), ("ConnectionDrainEnabled", True), ("ConnectionDrainTimeout", 44),
                   ("PreserveClientIpEnabled", False))  # fmt: skip


def edit_nlb(place: Place, seed: int, share: float = 0.7) -> list[str]:
    """Edit so many of the NLBs, each once; returns what was done."""
    chance, done, world = random.Random(f"edit-nlb/{seed}"), [], place.lab.cloud.world

    def act() -> None:
        for nlb in list(world.nlb.load_balancers.values()):
            if chance.random() < share:
                what = chance.choice(NLB_EDITS)
                if _edit(chance, world, what, nlb):
                    done.append(f"{what} {nlb.id}")

    place.lab.run(act)
    return done


def _edit(chance: random.Random, world: World, what: str, nlb: Nlb) -> bool:
    listeners = [one for one in world.nlb.listeners.values() if one.load_balancer_id == nlb.id]
    groups = [world.nlb.groups[one.group_id] for one in listeners if one.group_id in world.nlb.groups]
    if what.startswith("listener"):
        return bool(listeners) and _listener(chance, world, what, chance.choice(listeners), groups)
    if what.startswith(("group", "server", "weight")):
        return bool(groups) and _group(chance, world, what, chance.choice(groups))
    if what == "nlb-gone":
        del world.nlb.load_balancers[nlb.id]
        for one in listeners:
            del world.nlb.listeners[one.id]
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
        "protection": {"deletion_protection": False, "modification_protection": "NonProtection"},
    }
    for field, value in fields[what].items():
        setattr(nlb, field, value)
    return True


def _listener(chance: random.Random, world: World, what: str, one: NlbListener, groups: list[ServerGroup]) -> bool:
    match what:
        case "listener-setting":
            name, value = chance.choice((("IdleTimeout", 33), ("Cps", 7), ("ProxyProtocolEnabled", True)))
            one.settings[name] = value
        case "listener-gone":
            del world.nlb.listeners[one.id]
        case "listener-stopped":
            one.status = "Stopped"
        case "listener-described":
            one.settings["ListenerDescription"] = "by-hand"
        case "listener-group":
            one.group_id = chance.choice(groups).id if groups else one.group_id
        case _:
            made = copy.deepcopy(one)
            made.id, made.port = f"{one.id.partition('@')[0]}@31999", 31999
            made.settings["ListenerDescription"] = "by-hand"
            world.nlb.listeners[made.id] = made
    return True


def _group(chance: random.Random, world: World, what: str, group: ServerGroup) -> bool:
    match what:
        case "group-setting":
            name, value = chance.choice(_GROUP_SETTINGS)
            group.settings[name] = value
        case "group-hand":
            world.nlb.groups[f"{group.id}x"] = ServerGroup(
                id=f"{group.id}x", name="by-hand", region=REGION, vpc_id=VPC, tags=dict(group.tags)
            )
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
        case _:
            extra: dict[str, Any] = {"description": one.description if what == "server-extra" else "by-hand"}
            group.servers.append(Server(server_id="i-node5x", type="Ecs", port=one.port, weight=11, **extra))
    return True
