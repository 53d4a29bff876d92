"""Findings and assessments: what judgement says about the facts."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from upgrader.model.shadow import Shadow

Outcome = Literal["FAIL", "WARN", "NOTE", "UNKNOWN"]
Effect = Literal["IMMEDIATE", "LATENT", "NONE"]
Verdict = Literal["READY", "WARNINGS", "BLOCKED", "UNKNOWN"]


class Subject(Struct, frozen=True, kw_only=True, order=True):
    """What a finding is about. `kind` is Service, Cluster, Node, LoadBalancer, RamPolicy or Workload."""

    kind: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}".rstrip()


class Finding(Struct, frozen=True, kw_only=True):
    """One judgement about one subject.

    `effect`: IMMEDIATE at the new CCM's first reconcile, LATENT at the Service's next edit, NONE otherwise.
    `evidence` holds the facts it rests on, `fixed_by` the id of the plan's step that mends it. `waivable` is False
    where going on would break a promise of ours. `waived` is the reason a person gave for going on all the same.
    """

    code: str
    outcome: Outcome
    effect: Effect
    subject: Subject
    message: str
    evidence: dict[str, Any] = {}
    remedy: str = ""
    fixed_by: str | None = None
    sources: tuple[str, ...] = ()
    waivable: bool = True
    waived: str = ""

    @property
    def open(self) -> bool:
        """True while nobody waived it and no step of the plan mends it."""
        return not self.waived and self.fixed_by is None

    @property
    def fingerprint(self) -> str:
        """Stable across runs and wording: code, outcome's subject, and nothing that a clock or an order touches."""
        return hashlib.sha256(f"{self.code}\0{self.subject}".encode()).hexdigest()[:16]

    @property
    def sort_key(self) -> tuple[int, str, Subject]:
        """Worst first, then by code and subject."""
        return (OUTCOME_ORDER[self.outcome], self.code, self.subject)


OUTCOME_ORDER: dict[Outcome, int] = {"FAIL": 0, "UNKNOWN": 1, "WARN": 2, "NOTE": 3}


class CheckRun(Struct, frozen=True, kw_only=True):
    """How one check ended: nothing is silently green. `reason` says why it was skipped or broke."""

    code: str
    title: str
    state: Literal["pass", "found", "skipped", "unknown", "broken"]
    reason: str = ""
    found: int = 0


class Coverage(Struct, frozen=True, kw_only=True):
    """How many LoadBalancer Services were judged; `gaps` in words."""

    services: int = 0
    judged: int = 0
    unreadable: int = 0
    skipped: int = 0
    gaps: tuple[str, ...] = ()


class Assessment(Struct, frozen=True, kw_only=True):
    """All findings (sorted) and how each check ended; `shadow` where a dry run of the vendor's left its result."""

    findings: tuple[Finding, ...]
    checks: tuple[CheckRun, ...]
    coverage: Coverage
    shadow: Shadow | UnsetType = UNSET

    @property
    def verdict(self) -> Verdict:
        """BLOCKED by any open FAIL, else UNKNOWN by any unknown or broken check, else WARNINGS, else READY.

        What is waived, or mended by a step of the plan, still warns. A check that could not answer speaks through
        its UNKNOWN finding, so that waiving the finding settles it; a broken check can't be waived.
        """
        still_open = {f.outcome for f in self.findings if f.open}
        if "FAIL" in still_open:
            return "BLOCKED"
        if "UNKNOWN" in still_open or any(c.state == "broken" for c in self.checks):
            return "UNKNOWN"
        settled = any(not f.open and f.outcome != "NOTE" for f in self.findings)
        return "WARNINGS" if settled or "WARN" in still_open else "READY"
