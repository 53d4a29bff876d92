"""What people do in the console between two CCMs: random, seeded, on the lab's own state."""

from __future__ import annotations

import copy
import random
from typing import Any

from benchmarks.real_ccm.place import Place
from upgrader.lab.cloud.slb.model import Backend, DomainExtension, Group, Listener, LoadBalancer

_SETTINGS: dict[str, str | int] = {
    "Scheduler": "wlc", "Bandwidth": 12, "HealthCheckConnectTimeout": 44, "PersistenceTimeout": 77,
    "StickySession": "off", "HealthCheck": "off", "IdleTimeout": 21, "EstablishedTimeout": 77, "AclStatus": "off",
    "AclId": "acl-1", "ConnectionDrain": "off", "ConnectionDrainTimeout": 99, "HealthCheckType": "http",
    "HealthCheckURI": "/by-hand", "HealthCheckInterval": 9, "HealthyThreshold": 9, "HealthCheckConnectPort": 9,
    "HealthCheckSwitch": "off", "HealthCheckDomain": "hand.example.com", "HealthCheckMethod": "head",
    "ServerCertificateId": "cert-2", "EnableHttp2": "off", "TLSCipherPolicy": "tls_cipher_policy_1_1",
    "XForwardedFor_proto": "on", "Cookie": "hand", "CookieTimeout": 9, "RequestTimeout": 9, "ForwardPort": 9443,
}  # fmt: skip
CONSOLE = ("weight", "backend-missing", "backend-extra", "backends-gone", "backend-port", "backend-described",
           "tags-gone", "tag-gone", "tag-extra", "spec", "bandwidth", "name", "charge", "internet-charge",
           "delete-protection", "modification-protection", "resource-group", "listener-setting", "listener-setting",
           "listener-gone", "listener-stopped", "listener-described", "listener-by-hand", "listener-like-ccm",
           "listener-group", "listener-hand-group", "listener-protocol", "domain", "group-by-hand",
           "group-renamed", "lb-gone", "lb-copied")  # fmt: skip


def edit_console(place: Place, seed: int, share: float = 0.6) -> list[str]:
    """Edit so many of the CLBs, each once or twice; returns what was done."""
    chance, done = random.Random(f"edit/{seed}"), []
    world = place.lab.cloud.world

    def act() -> None:
        for lb in list(world.slb.load_balancers.values()):
            for what in chance.sample(CONSOLE, chance.choice((1, 1, 2)) if chance.random() < share else 0):
                if lb.id not in world.slb.load_balancers:
                    break
                groups = [one for one in world.slb.groups.values() if one.load_balancer_id == lb.id]
                if what == "lb-gone":
                    del world.slb.load_balancers[lb.id]
                    for group in groups:
                        del world.slb.groups[group.id]
                    done.append(f"{what} {lb.id}")
                elif what == "lb-copied":
                    twin = copy.deepcopy(lb)
                    twin.id, twin.listeners, twin.address = world.new_bp1("lb"), {}, world.new_public_ip()
                    world.slb.load_balancers[twin.id] = twin
                    done.append(f"{what} {lb.id}")
                elif _clb(chance, what, lb, groups) and _group(chance, place, what, groups):
                    done.append(f"{what} {lb.id}")

    place.lab.run(act)
    return done


def _clb(chance: random.Random, what: str, lb: LoadBalancer, groups: list[Group]) -> bool:
    if what == "domain":
        return _domain(chance, lb)
    if what.startswith("listener"):
        return _listener(chance, what, lb, groups)
    for field, value in _attributes(what, lb).items():
        setattr(lb, field, value)
    return True


def _listener(chance: random.Random, what: str, lb: LoadBalancer, groups: list[Group]) -> bool:
    if not lb.listeners:
        return False
    listener = chance.choice(list(lb.listeners.values()))
    match what:
        case "listener-setting":
            known = sorted(name for name in _SETTINGS if name in listener.settings)
            for name in known and [chance.choice(known)]:
                listener.settings[name] = _SETTINGS[name]
        case "listener-gone":
            del lb.listeners[f"{listener.protocol}:{listener.port}"]
        case "listener-stopped":
            listener.status = "stopped"
        case "listener-described":
            listener.settings["Description"] = "by-hand"
        case "listener-group":
            listener.settings["VServerGroupId"] = chance.choice(groups).id if groups else ""
        case "listener-hand-group":
            listener.settings["VServerGroupId"] = f"rsp-hand-{lb.id}"
        case "listener-protocol":
            del lb.listeners[f"{listener.protocol}:{listener.port}"]
            other = "udp" if listener.protocol != "udp" else "tcp"
            lb.listeners[f"{other}:{listener.port}"] = Listener(
                port=listener.port, protocol=other, status="running", settings=dict(listener.settings)
            )
        case _:
            settings = copy.deepcopy(listener.settings)
            if what == "listener-by-hand":
                settings["Description"] = "by-hand"
            lb.listeners["tcp:31999"] = Listener(port=31999, protocol="tcp", status="running", settings=settings)
    return True


def _domain(chance: random.Random, lb: LoadBalancer) -> bool:
    """One more certificate of an HTTPS listener, another one for a domain that is there, or one less."""
    secure = [one for one in lb.listeners.values() if one.protocol == "https"]
    if not secure:
        return False
    if lb.extensions and chance.random() < 0.6:
        name, one = chance.choice(list(lb.extensions.items()))
        one.certificate_id = "cert-2"
        if chance.random() < 0.5:
            del lb.extensions[name]
        return True
    made = DomainExtension(
        id=f"de-hand-{lb.id}", port=secure[0].port, domain="hand.example.com", certificate_id="cert-1"
    )
    lb.extensions[made.id] = made
    return True


def _attributes(what: str, lb: LoadBalancer) -> dict[str, Any]:
    """The fields of a CLB that an edit sets."""
    own = "kubernetes.do.not.delete"
    flipped = {
        "charge": ("charge_type", "PayBySpec", "PayByCLCU"),
        "internet-charge": ("internet_charge_type", "paybytraffic", "paybybandwidth"),
        "delete-protection": ("delete_protection", "on", "off"),
        "modification-protection": ("modification_protection", "ConsoleProtection", "NonProtection"),
    }
    fixed: dict[str, dict[str, Any]] = {
        "tags-gone": {"tags": {}},
        "tag-gone": {"tags": {key: value for key, value in lb.tags.items() if key != own}},
        "tag-extra": {"tags": {**lb.tags, "by": "hand"}},
        "spec": {"spec": "slb.s3.medium"},
        "bandwidth": {"bandwidth": 77},
        "name": {"name": "by-hand"},
        "resource-group": {"resource_group": "rg-hand"},
    }
    if what in flipped:
        field, one, other = flipped[what]
        return {field: other if getattr(lb, field) == one else one}
    return fixed.get(what, {})


def _group(chance: random.Random, place: Place, what: str, groups: list[Group]) -> bool:
    with_backends = [one for one in groups if one.backends]
    if what in ("group-by-hand", "listener-hand-group") and groups:
        world, lb_id = place.lab.cloud.world, groups[0].load_balancer_id
        made_id = world.new_bp1("rsp") if what == "group-by-hand" else f"rsp-hand-{lb_id}"
        made = Group(id=made_id, name="by-hand", load_balancer_id=lb_id)
        world.slb.groups[made.id] = made
    if what == "group-renamed" and groups:
        chance.choice(groups).name = "by-hand"
    if not what.startswith(("weight", "backend")):
        return True
    if not with_backends:
        return False
    group = chance.choice(with_backends)
    if what == "weight":
        chance.choice(group.backends).weight = chance.choice((0, 7, 100))
    elif what == "backend-port":
        chance.choice(group.backends).port += 1
    elif what == "backend-described":
        chance.choice(group.backends).description = chance.choice(("", "by-hand"))
    elif what == "backend-missing":
        group.backends.remove(chance.choice(group.backends))
    elif what == "backend-extra":
        like = group.backends[0]
        described = chance.choice((like.description, "by-hand", ""))
        group.backends.append(Backend(server_id="i-extra9", port=like.port, weight=10, description=described))
    else:
        group.backends.clear()
    return True


def touch(place: Place) -> None:
    """A harmless annotation on every Service: the next CCM syncs each in full."""
    for service in place.objects("services"):
        metadata = service["metadata"]
        place.patch("services", metadata["namespace"], metadata["name"],
                    {"metadata": {"annotations": {"example.com/touched": "1"}}})  # fmt: skip
