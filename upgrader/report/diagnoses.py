"""Diagnoses as text: one block a trouble, the same trouble of many Services together."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from upgrader.diagnose.model import Diagnosis, StepKind
from upgrader.model.facts import ClusterFacts
from upgrader.model.finding import OUTCOME_ORDER
from upgrader.report.inert import clean
from upgrader.report.paper import Paper
from upgrader.report.words import plural

SHOWN = 3
"""Subjects of one trouble that are shown in full; of the others the names."""

OFFER: dict[StepKind, str] = {
    "clb.tag": "a plan adds the tag: ccm-upgrade plan -o plan.json",
    "ram.policy-version": "a plan adds the permission: ccm-upgrade plan -o plan.json",
    "rbac.rules": "a plan adds the rules: ccm-upgrade plan -o plan.json",
    "ccm": "the upgrade mends it: ccm-upgrade plan -o plan.json",
}


def render_diagnoses(
    facts: ClusterFacts,
    found: tuple[Diagnosis, ...],
    unseen: tuple[str, ...],
    paper: Paper | None = None,
    *,
    show_all: bool = False,
) -> str:
    """Verdict and coverage, then what stands; with `show_all` also notes and what is settled."""
    paper = paper or Paper.of()
    identity = facts.identity
    name = identity.name or identity.id or "this cluster"
    paper.line(f"{paper.bold(clean(name))}  CCM {clean(facts.ccm.version) or 'unknown'}")
    paper.stated(identity)
    standing = [one for one in found if not one.settled]
    counts = Counter(one.outcome for one in standing)
    worst = min(counts, key=lambda o: OUTCOME_ORDER[o], default="NOTE")
    tally = " · ".join(f"{counts[o]} {o}" for o in OUTCOME_ORDER if counts[o]) or paper.say("nothing is wrong")
    paper.line(f"{paper.mark(worst if worst != 'NOTE' else 'PASS')}   {tally}")
    paper.line(
        f"  {plural(len(facts.load_balancer_services), 'LoadBalancer Service')} and "
        f"{plural(len(facts.events), 'event')} read" + ("" if unseen else ", nothing hidden")
    )
    for gap in unseen:
        paper.para(gap, 4, "not seen: ")
    shown = [one for one in standing if show_all or one.outcome != "NOTE"]
    for _, group in groupby(sorted(shown, key=_together), key=lambda one: (one.outcome, one.id)):
        _block(paper, list(group))
    settled = [one for one in found if one.settled]
    if show_all:
        for one in settled:
            paper.line()
            paper.line(f"{paper.mark('PASS')} {paper.bold(one.id)}  {clean(str(one.subject))}")
            paper.para(one.settled, 4, "settled: ")
            if one.seen:
                paper.para(one.seen, 4, "said: ")
    hidden = len(standing) - len(shown)
    if not show_all and (hidden or settled):
        paper.line()
        paper.line(f"  {plural(hidden, 'note')} and {len(settled)} settled: --all shows them")
    return paper.text()


def _together(one: Diagnosis) -> tuple[int, str, object]:
    return (OUTCOME_ORDER[one.outcome], one.id, one.subject)


def _block(paper: Paper, members: list[Diagnosis]) -> None:
    for number, one in enumerate(members[:SHOWN]):
        paper.line()
        seen = f"  {one.reason} ×{one.count}" if one.reason else ""
        if not paper.unicode:
            seen = seen.replace("×", "x")
        if number == 0 or one.meaning != members[0].meaning:
            paper.line(f"{paper.mark(one.outcome)} {paper.bold(one.id)}  {clean(str(one.subject))}{seen}")
            paper.para(one.meaning, 4, "meaning: ")
        else:
            paper.line(f"{paper.mark(one.outcome)} {paper.bold(one.id)}  {clean(str(one.subject))}{seen}")
        if one.seen:
            paper.para(one.seen, 4, "said: ")
        for text in one.evidence:
            paper.para(text, 4, "here: ")
        for text in one.fix:
            paper.para(text, 4, "fix: ")
        if one.step:
            paper.para(OFFER[one.step], 4, "plan: ")
    rest = members[SHOWN:]
    if rest:
        names = ", ".join(clean(str(one.subject)) for one in rest[:10])
        more = f" and {len(rest) - 10} more (-o json has all)" if len(rest) > 10 else ""
        paper.line()
        paper.para(f"the same of {names}{more}", 4)
