"""What stands on a Service beside what CCM is told: tools' annotations, the API's less used fields, wrong words."""

from __future__ import annotations

import json
import random
from typing import Any

from benchmarks.real_ccm.words import BROKEN, ODD, OF_NLB

_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_LONGEST = 63


def long_name(chance: random.Random, name: str) -> str:
    """The name, one in twelve as long as the API allows."""
    if chance.random() > 1 / 12:
        return name
    return f"{name}-{'x'.join(chance.choices('abcdefghijklmnopqrstuvwxyz', k=40))}"[: _LONGEST - 1] + "e"


def wrong_words(chance: random.Random, *, nlb: bool) -> dict[str, str]:
    """By short names: a value that is none, and for a CLB an annotation that only an NLB has."""
    found = dict([chance.choice(BROKEN)]) if chance.random() < 0.07 else {}
    if not nlb and chance.random() < 0.08:
        found |= dict([chance.choice(OF_NLB)])
    return found


def tool_notes(chance: random.Random, name: str, spec: dict[str, Any]) -> dict[str, str]:
    """Annotations that are nothing to CCM, some of texts that are hard to print as YAML."""
    found = {}
    if chance.random() < 0.3:
        found |= {
            f"example.com/t{chance.randrange(60):02}": chance.choice(ODD) for _ in range(chance.choice((1, 2, 3)))
        }
    if chance.random() < 0.15:
        found["argocd.argoproj.io/tracking-id"] = f"{name}:/Service:{name}"
    if chance.random() < 0.15:
        found["external-dns.alpha.kubernetes.io/hostname"] = f"{name}.example.com"
    if chance.random() < 0.1:
        found[_APPLIED] = json.dumps({"kind": "Service", "spec": spec}, ensure_ascii=False) + "\n"
    return found


def seldom_fields(chance: random.Random, spec: dict[str, Any]) -> None:
    """Set one of the spec's fields that CCM does not look at, but that may go into its hash."""
    if chance.random() > 0.25:
        return
    match chance.choice(("external", "address", "early", "session", "app")):
        case "external":
            spec["externalIPs"] = ["203.0.113.9"]
        case "address":
            spec["loadBalancerIP"] = "47.8.8.8"
        case "early":
            spec["publishNotReadyAddresses"] = True
        case "session":
            seconds = chance.choice((60, 10800))
            spec |= {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": seconds}}}
        case _:
            for one in spec["ports"]:
                one["appProtocol"] = chance.choice(("http", "https", "kubernetes.io/h2c"))
