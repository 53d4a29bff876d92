"""Two reports of one cluster side by side: what is new, fixed, still there, suppressed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from upgrader.model.finding import Finding
from upgrader.model.plan import Plan
from upgrader.report.paper import Paper
from upgrader.report.words import plural


class Side(Struct, frozen=True, kw_only=True):
    """What is compared: the id of the plan, its versions and its verdict."""

    id: str
    cluster: str
    cluster_id: str
    from_version: str
    to_version: str
    verdict: str


class Difference(Struct, frozen=True, kw_only=True):
    """Findings by what became of them, each worst first. A finding is the same by its code and its subject.

    `changed` are there in both with another outcome; `suppressed` are accepted in the second; `unjudged` are not in the
    second, whose check could not be judged: not known is not fixed.
    """

    old: Side
    new: Side
    appeared: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    changed: tuple[tuple[Finding, Finding], ...]
    still: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    unjudged: tuple[Finding, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything is new, fixed, of another outcome, or not known any more."""
        return bool(self.appeared or self.fixed or self.changed or self.unjudged)


def difference(old: Plan, new: Plan) -> Difference:
    """What became of the findings of `old` in `new`."""
    before = _by_fingerprint(finding for finding in old.findings if not finding.waived)
    appeared, changed, still, suppressed = [], [], [], []
    for finding in sorted(new.findings, key=lambda one: one.sort_key):
        known = before.get(finding.fingerprint)
        was = known.pop(0) if known else None
        if finding.waived:
            suppressed.append(finding)
        elif was is None:
            appeared.append(finding)
        elif was.outcome != finding.outcome:
            changed.append((was, finding))
        else:
            still.append(finding)
    left = sorted((one for found in before.values() for one in found), key=lambda one: one.sort_key)
    silent = {run.code for run in new.checks if run.state in ("unknown", "broken")}
    return Difference(
        old=_side(old), new=_side(new), appeared=tuple(appeared), changed=tuple(changed), still=tuple(still),
        fixed=tuple(one for one in left if one.code not in silent), suppressed=tuple(suppressed),
        unjudged=tuple(one for one in left if one.code in silent),
    )  # fmt: skip


def _by_fingerprint(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Two findings of a check may share their subject: they are matched in their order."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=lambda one: one.sort_key):
        found[finding.fingerprint].append(finding)
    return found


def _side(plan: Plan) -> Side:
    return Side(
        id=plan.id, cluster=plan.cluster.name or plan.cluster.id, cluster_id=plan.cluster.id,
        from_version=plan.from_version, to_version=plan.to_version, verdict=plan.verdict,
    )  # fmt: skip


def render_difference(found: Difference, paper: Paper | None = None) -> str:
    """The difference for a person: the tally first, then what moved; what is still there is only counted."""
    paper = paper or Paper.of()
    for side in (found.old, found.new):
        paper.line(f"{paper.mark(side.verdict)}  {side.cluster or 'cluster'}  CCM {side.from_version} {paper.arrow} "
                   f"{side.to_version}")  # fmt: skip
    paper.line(
        f"  {len(found.appeared)} new, {len(found.fixed)} fixed, {len(found.changed)} changed, "
        f"{len(found.still)} still, {len(found.suppressed)} suppressed"
        + (f", {len(found.unjudged)} not judged any more" if found.unjudged else "")
    )
    if (found.old.cluster, found.old.cluster_id) != (found.new.cluster, found.new.cluster_id):
        paper.line("  these are reports of two clusters")
    told = (("New", found.appeared), ("Fixed", found.fixed), ("Not judged any more", found.unjudged))
    for title, members in told:
        if members:
            paper.heading(title)
        for one in members:
            paper.para(f"{one.code} {one.subject}: {one.message}", 4, f"{paper.mark(one.outcome)} ")
    if found.changed:
        paper.heading("Changed")
    for was, one in found.changed:
        paper.para(f"{was.outcome} {paper.arrow} {one.outcome} {one.code} {one.subject}: {one.message}", 4)
    if found.suppressed:
        paper.heading("Suppressed")
    for one in found.suppressed:
        paper.para(f"{one.code} {one.subject}: {one.waived}", 4)
    if found.still:
        paper.line()
        paper.line(f"  {plural(len(found.still), 'finding')} still there (-o json has all)")
    return paper.text()
