"""An annotation that takes no effect: nobody reads it, or not what runs, or not on this type of Service."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis
from upgrader.migrations.context import LEGACY_PREFIX, PREFIX, about, kind_of
from upgrader.model.kube import Service
from upgrader.model.version import CcmVersion, parse_version

ID = "annotation-without-effect"
TITLE = "An annotation takes no effect"


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One warning for each Service with annotations that nobody reads, with the reason for each."""
    running = look.running
    if running is None or look.matrix.is_beyond(running):
        return
    known: dict[str, list[str]] = {}
    for one in look.matrix.annotations:
        if one.name.startswith(PREFIX):
            known.setdefault(one.name.removeprefix(PREFIX), []).append(one.name)
    spoken: dict[tuple[str, str], str] = {}
    for service in look.facts.services:
        names = [name for name in service.metadata.annotations if name.startswith((PREFIX, LEGACY_PREFIX))]
        if not names:
            continue
        if not service.is_load_balancer:
            yield _told(service, [f"spec.type is {service.spec.type or 'ClusterIP'}: only a LoadBalancer has one"],
                        "CCM makes load balancers for Services of type LoadBalancer alone.", running)  # fmt: skip
            continue
        kind = kind_of(service)
        for name in names:
            if (name, kind) not in spoken:
                spoken[name, kind] = _why(name, kind, known, look, running)
        why = [text for name in sorted(names) if (text := spoken[name, kind])]
        if why:
            yield _told(service, why, f"CCM {running} does not read all of its annotations.", running)


def _why(name: str, kind: str, known: dict[str, list[str]], look: Look, running: CcmVersion) -> str:
    """Why it takes no effect; empty where it does."""
    short = name.removeprefix(PREFIX).removeprefix(LEGACY_PREFIX)
    if short not in known:
        near = difflib.get_close_matches(short, known, n=1, cutoff=0.75)
        return f"{name}: no CCM reads it; did you mean {PREFIX}{near[0]}?" if near else f"{name}: no CCM reads it"
    here = [one for one in look.matrix.annotations if one.name == PREFIX + short and kind in one.lb]
    if not here:
        return f"{name}: it is not for an NLB" if kind == "nlb" else f"{name}: it is not for a CLB"
    if any(one.read_by(running) for one in here):
        return ""
    later = [one.since for one in here if parse_version(one.since) > running]
    return f"{name}: it is read from {later[0]} on" if later else f"{name}: {here[-1].until} and later do not read it"


def _told(service: Service, why: list[str], meaning: str, running: CcmVersion) -> Diagnosis:
    return Diagnosis(
        id=ID, outcome="WARN", subject=about(service), meaning=meaning, evidence=tuple(why),
        fix=(f"correct the name, or upgrade CCM; what it reads: ccm-upgrade matrix annotations --ccm {running}",),
        sources=("service-faq",),
    )  # fmt: skip
