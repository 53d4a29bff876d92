"""Plan: what will be done, as plain data."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from upgrader.model.facts import ClusterIdentity
from upgrader.model.finding import CheckRun, Coverage, Finding, Verdict
from upgrader.model.forecast import Forecast
from upgrader.model.shadow import Shadow

Reversible = Literal["yes", "partly", "no"]
Impact = Literal["none", "config", "traffic"]


class Step(Struct, frozen=True, kw_only=True):
    """One thing to do. `kind` selects its handler, `params` are its typed arguments (plain JSON).

    `guards` are sentences about the facts that must hold when it starts, `needs` ids of earlier steps.
    `timeout_s` is the total deadline of do and verify together.
    """

    id: str
    kind: str
    summary: str
    params: dict[str, Any]
    reason: str = ""
    reversible: Reversible = "yes"
    why_not: str = ""
    impact: Impact = "config"
    guards: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    timeout_s: int = 600


class RamDelta(Struct, frozen=True, kw_only=True):
    """What the role lacks for the target. `document` is the policy document that would do, None when nothing lacks."""

    role: str = ""
    policy: str = ""
    missing: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    document: dict[str, Any] | None = None


class Touched(Struct, frozen=True, kw_only=True):
    """A change between the two versions that touches something this cluster uses.

    `services` are the first few `namespace/name` it touches, `count` how many there are; `sources` are ids of
    `data/sources.yaml`.
    """

    id: str
    version: str
    area: str
    summary: str
    effect: str
    reversible: Reversible
    count: int = 0
    services: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class Digests(Struct, frozen=True, kw_only=True):
    """What the plan rests on: `facts` without volatile fields, one digest per part, and the knowledge used."""

    facts: str
    matrix: str
    parts: dict[str, str] = {}


class Plan(Struct, frozen=True, kw_only=True):
    """A frozen plan. `id` is the digest of its content; times are UTC, RFC 3339; `expires` ends its life.

    `shadow` is there only where a dry run of the vendor's left its result.
    """

    cluster: ClusterIdentity
    from_version: str = field(name="from")
    to_version: str = field(name="to")
    path: tuple[str, ...]
    verdict: Verdict
    coverage: Coverage
    findings: tuple[Finding, ...]
    checks: tuple[CheckRun, ...]
    forecast: Forecast
    ram: RamDelta
    steps: tuple[Step, ...]
    digests: Digests
    created: str
    expires: str
    nonce: str
    id: str = ""
    tool: str = ""
    changes: tuple[Touched, ...] = ()
    shadow: Shadow | UnsetType = UNSET
    api_version: Literal["ccm-upgrade/v1"] = field(default="ccm-upgrade/v1", name="apiVersion")
    kind: Literal["Plan"] = "Plan"
