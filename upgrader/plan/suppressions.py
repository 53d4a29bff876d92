"""Suppressions are in force and in use.

What it checks
    Each entry of the suppressions file (`.ccm-upgrade.yaml`): it has not expired, it matches a finding, and what it
    matches may be suppressed.
Why it matters
    A suppression that nobody looks at again hides the next trouble of the same name. One that matches nothing is a
    typo, or stands for something that is mended.
How it is decided
    By the date in UTC: an entry holds through the day that it names. WARN for one that has expired (its findings are
    back), that matches nothing, or that names a finding which can't be suppressed.
What to do
    Renew the entry with its owner, or remove it. An entry names a code, whom it matches, a reason, an owner and the
    day it expires, 180 days ahead at most.
Sources
    contract
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from upgrader.checking import Mistakes
from upgrader.migrations.context import CLUSTER
from upgrader.model.described import described
from upgrader.model.errors import InputError
from upgrader.model.facts import ClusterIdentity
from upgrader.model.finding import Assessment, CheckRun, Finding

CODE = "CCM095"
TITLE = "Suppressions are in force and in use"
FILE = ".ccm-upgrade.yaml"
MOST_DAYS = 180


class Match(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom an entry is about; shell patterns, everything where a key is left out. `name` is of any kind of subject."""

    cluster: str = "*"
    namespace: str = "*"
    service: str = ""
    name: str = "*"


class Suppression(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry: a code, whom it matches, why, who answers for it, and the last day on which it holds."""

    code: str
    reason: str
    owner: str
    expires: date
    match: Match = Match()

    def __post_init__(self) -> None:
        for name in ("code", "reason", "owner"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty")

    def covers(self, finding: Finding, cluster: ClusterIdentity) -> bool:
        """Whether it speaks of the finding."""
        subject, match = finding.subject, self.match
        return (
            finding.code == self.code.upper()
            and (fnmatchcase(cluster.id, match.cluster) or fnmatchcase(cluster.name, match.cluster))
            and fnmatchcase(subject.namespace, match.namespace)
            and fnmatchcase(subject.name, match.name)
            and (not match.service or (subject.kind == "Service" and fnmatchcase(subject.name, match.service)))
        )

    @property
    def told(self) -> str:
        """The reason as reports show it."""
        return f"{self.reason} ({self.owner}, until {self.expires})"


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be suppressed. `non_suppressible` are codes that stay whatever an entry says."""

    non_suppressible: tuple[str, ...] = msgspec.field(default=(), name="non-suppressible")


class Suppressions(Struct, frozen=True, kw_only=True):
    """The file's entries and policy, looked at on one day."""

    entries: tuple[Suppression, ...] = ()
    policy: Policy = Policy()
    today: date
    where: str = FILE


def read_suppressions(path: Path, today: date) -> Suppressions:
    """The suppressions in `path`. Raises `InputError` with every mistake, each by its line."""
    # Here, because most clusters have none, and whoever has none needs no YAML.
    from upgrader.matrix.yaml_text import Lines, convert_entries, parse_text

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(what="can't read the suppressions", where=str(path), why=why,
                         next_command=f"ccm-upgrade explain {CODE} shows what the file holds") from error  # fmt: skip
    found = parse_text(text, str(path))
    mistakes = Mistakes(str(path))
    if not isinstance(found, Lines):
        raise InputError(
            what="expected a mapping with `suppress`", where=str(path),
            next_command=f"ccm-upgrade explain {CODE} shows what the file holds",
        )  # fmt: skip
    for key in found.keys() - {"suppress", "policy"}:
        mistakes.add(f"{path.name}:{found.lines[key]}", f"unknown key {key!r}; known: suppress, policy")
    listed = found.get("suppress")
    placed = convert_entries([] if listed in (None, "") else listed, path.name, Suppression, mistakes)
    policy = _policy(found.get("policy"), path.name, mistakes)
    for place, entry in placed:
        if entry.expires - today > timedelta(days=MOST_DAYS):
            mistakes.add(place, f"expires {entry.expires} is more than {MOST_DAYS} days ahead")
    mistakes.raise_if_any("ccm-upgrade explain CCM095 shows what an entry needs")
    return Suppressions(entries=tuple(e for _, e in placed), policy=policy, today=today, where=path.name)


def _policy(value: Any, name: str, mistakes: Mistakes) -> Policy:
    if value is None or value == "":
        return Policy()
    try:
        return msgspec.convert(value, described(Policy), strict=False)
    except msgspec.ValidationError as error:
        mistakes.add(f"{name}:{getattr(value, 'line', '')}", f"policy: {error}")
        return Policy()


def suppressed(assessment: Assessment, suppressions: Suppressions, cluster: ClusterIdentity) -> Assessment:
    """The assessment with the covered findings marked, and what is wrong with the suppressions among the findings."""
    held = tuple(entry for entry in suppressions.entries if entry.expires >= suppressions.today)
    used: set[Suppression] = set()
    refused: dict[Suppression, Finding] = {}
    findings = []
    for finding in assessment.findings:
        entry = next((one for one in held if one.covers(finding, cluster)), None)
        if entry is None or finding.waived:
            findings.append(finding)
        elif not finding.waivable or finding.code in suppressions.policy.non_suppressible:
            refused[entry] = finding
            findings.append(finding)
        else:
            used.add(entry)
            findings.append(replace(finding, waived=entry.told))
    notices = tuple(_notices(assessment, suppressions, cluster, used, refused))
    run = CheckRun(code=CODE, title=TITLE, state="found" if notices else "pass", found=len(notices))
    ordered = sorted((*findings, *notices), key=lambda one: one.sort_key)
    return replace(assessment, findings=tuple(ordered), checks=(*assessment.checks, run))


def _notices(
    assessment: Assessment,
    suppressions: Suppressions,
    cluster: ClusterIdentity,
    used: set[Suppression],
    refused: dict[Suppression, Finding],
) -> Iterable[Finding]:
    for entry in suppressions.entries:
        what = f"{suppressions.where}: {entry.code} of {entry.owner}"
        if entry.expires < suppressions.today:
            back = sum(1 for finding in assessment.findings if entry.covers(finding, cluster))
            told = "1 finding of it is back" if back == 1 else f"{back} findings of it are back"
            yield _notice(f"{what} expired on {entry.expires}: {told}", entry, "renew it with its owner, or remove it")
        elif entry in refused:
            finding = refused[entry]
            yield _notice(f"{what} names what can't be suppressed: {finding.subject}", entry,
                          finding.remedy or f"mend it: ccm-upgrade explain {finding.code}")  # fmt: skip
        elif entry not in used:
            yield _notice(f"{what} matches no finding", entry, "correct it, or remove it")
    strange = {*suppressions.policy.non_suppressible} - {run.code for run in assessment.checks} - {CODE}
    for code in sorted(strange):
        yield _notice(f"{suppressions.where}: non-suppressible names {code}, which no check has", None, "correct it")


def _notice(message: str, entry: Suppression | None, remedy: str) -> Finding:
    evidence = {"code": entry.code, "owner": entry.owner, "expires": str(entry.expires)} if entry else {}
    return Finding(
        code=CODE, outcome="WARN", effect="NONE", subject=CLUSTER, message=message, evidence=evidence, remedy=remedy,
        waivable=False,
    )  # fmt: skip
