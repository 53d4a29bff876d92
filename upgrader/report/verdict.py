"""A verdict as text: one line when all is well, each problem when it is not."""

from __future__ import annotations

from upgrader.model.run import RunVerdict
from upgrader.report.inert import clean
from upgrader.report.paper import Paper
from upgrader.report.words import plural


def render_verdict(verdict: RunVerdict, paper: Paper | None = None) -> str:
    """The outcome and coverage first, then problems and what stayed open, Service by Service."""
    paper = paper or Paper.of()
    weights = [w for s in verdict.services for w in s.weights]
    right = sum(w.expected == w.observed for w in weights)
    paper.line(f"{paper.mark(verdict.outcome)}   {plural(len(verdict.services), 'Service')} looked at, "
               f"{right} of {plural(len(weights), 'backend weight')} as computed")  # fmt: skip
    for problem in verdict.problems:
        paper.para(problem, 2)
    for service in verdict.services:
        for text in service.problems:
            paper.para(text, 2, f"{paper.mark('FAIL')} {clean(service.namespace)}/{clean(service.name)}: ")
        for text in service.inconclusive:
            paper.para(text, 2, f"{paper.mark('UNKNOWN')} {clean(service.namespace)}/{clean(service.name)}: ")
    return paper.text()
