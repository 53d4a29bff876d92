"""Every annotation has a value that the target accepts.

What it checks
    Values of annotations that the target reads: numbers within their bounds, and words out of their list.
Why it matters
    v1.9.3 ignored what is no number; v2 refuses the whole Service: "SyncLoadBalancerFailed". A value that the cloud
    does not take fails the same way, as soon as it is sent.
How it is decided
    FAIL for what is no number where one is wanted, on v2.1.0 and later. WARN for a number outside its bounds and a
    word outside its list: the cloud may refuse it.
What to do
    Correct the value.
Sources
    ccm-source, ack-annotations-clb, ack-annotations-nlb, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.matrix.model import Annotation
from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding, Outcome
from upgrader.model.version import CcmVersion, parse_version

CODE = "CCM014"
TITLE = "Every annotation has a value that the target accepts"
NEEDS: tuple[str, ...] = ("services",)

STRICT_SINCE = parse_version("v2.1.0")


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """One finding for each Service and annotation with a value that does not fit."""
    for annotation in context.matrix.annotations:
        if annotation.kind == "text" or not annotation.read_by(context.target):
            continue
        judged = {value: judge(annotation, value, context.target) for value in context.values(annotation)}
        if not any(judged.values()):
            continue
        for service, value in context.users(annotation):
            wrong = judged[value]
            if wrong is not None:
                yield Finding(
                    code=CODE,
                    outcome=wrong[0],
                    effect=context.effect_on(service),
                    subject=about(service),
                    message=f"{annotation.name}={value!r}: {wrong[1]}",
                    evidence={"annotation": annotation.name, "value": value},
                    remedy="correct the value, or remove the annotation",
                    sources=annotation.sources,
                )


def judge(annotation: Annotation, value: str, version: CcmVersion) -> tuple[Outcome, str] | None:
    """What is wrong with the value, and how bad that is; None when nothing is."""
    problem = annotation.problem_with(value)
    if not problem:
        return None
    if annotation.kind != "int" or _is_number(value):
        return "WARN", problem
    if version < STRICT_SINCE:
        return "NOTE", f"{problem}; {version} ignores it"
    return "FAIL", f"{problem}; {version} refuses the Service"


def _is_number(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True
