"""NLB Services as people write them, and the NLBs that they bring."""

from __future__ import annotations

import random

from benchmarks.real_ccm.place import REGION, VPC, Object
from upgrader.lab.cloud.nlb.model import Nlb, NlbListener, Server, ServerGroup, Zone
from upgrader.lab.cloud.state import World

REUSED, REUSED_GROUP = "nlb-reuse-", "sgp-reuse-"
_ZONES = (
    "cn-hangzhou-h:vsw-lab-h,cn-hangzhou-i:vsw-lab-i", "cn-hangzhou-i:vsw-lab-i,cn-hangzhou-h:vsw-lab-h",
    "cn-hangzhou-h:vsw-lab-h:192.168.0.77,cn-hangzhou-i:vsw-lab-i:192.168.1.77",
    "cn-hangzhou-h:vsw-lab-h", "cn-hangzhou-h:vsw-lab-h:192.168.0.77,cn-hangzhou-i:vsw-lab-i",
    "cn-hangzhou-h:vsw-lab-h::eip-1,cn-hangzhou-i:vsw-lab-i::eip-2",
)  # fmt: skip
SOURCE_RANGES = (("1.2.3.4/32", "192.168.0.0/16"), ("10.0.0.0/8",), ("0.0.0.0/0",),
                 ("192.168.0.0/16", "192.168.0.0/16"))  # fmt: skip
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
    {"ip-version": ("DualStack",), "ipv6-address-type": ("internet", "Intranet")},
    {"bandwidth-package-id": ("cbwp-1", "")},
    {"hostname": ("n.example.com",)},
    {"preserve-lb-on-delete": ("true",)},
    {"remove-unscheduled-backend": ("on",)},
    {"backend-label": ("kubernetes.io/hostname=node1",)},
    # Of CLBs alone: to an NLB they say nothing.
    {"established-timeout": ("60",), "persistence-timeout": ("0", "1800")},
    {"spec": ("slb.s2.small",), "instance-charge-type": ("PayByCLCU",), "bandwidth": ("10", "abc")},
    # A group of one's own on an NLB of CCM's.
    {"vgroup-port": ("sgp-nowhere:80", "sgp-nowhere")},
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
_BROKEN = (("zone-maps", "bogus"), ("zone-maps", "cn-hangzhou-h"), ("address-type", "nowhere"), ("cps", "abc"),
           ("idle-timeout", "x"),
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
        if len(ports) > 1 and chance.random() < 0.5:
            notes["listener-port-range"] += f",{21000 + 100 * number}-{21050 + 100 * number}:{ports[1]['port']}"
    brought = ""
    if chance.random() < 0.15:
        brought = chance.choice((f"{REUSED}{number:02}", f"{REUSED}{number:02}", f"{REUSED}shared"))
        notes["id"] = brought
        if chance.random() < 0.5:
            notes["force-override-listeners"] = chance.choice(("true", "false"))
        if chance.random() < 0.4:
            group = brought.replace(REUSED, REUSED_GROUP)
            notes["vgroup-port"] = chance.choice((
                f"{group}:{ports[0]['port']}", f"{group}:{ports[0]['port']}", f"sgp-nowhere:{ports[0]['port']}",
                ",".join(f"{group}:{one['port']}" for one in ports), f"{group}:9999", group,
            ))  # fmt: skip
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
