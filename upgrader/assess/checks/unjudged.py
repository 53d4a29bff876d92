"""The forecast is complete for every Service.

What it checks
    Whether something about a Service could not be known: a load balancer that was not read, an ENI without an id, a
    value that the API does not give.
Why it matters
    What is not known may be a write.
How it is decided
    The forecast names what it lacks, per Service. Where many Services lack the same, they are told together.
What to do
    Let it be read (permissions, --endpoint, --live-cloud), or accept it by name.
Sources
    ccm-source
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from upgrader.assess.tally import NAMED, Holders, Tally
from upgrader.migrations.context import CLUSTER, Context, services, some
from upgrader.model.finding import Finding, Subject

CODE = "CCM059"
TITLE = "The forecast is complete for every Service"
NEEDS: tuple[str, ...] = ("services", "ccm")

TOGETHER = 20
"""From so many Services on, one finding tells for all that lack the same."""


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """Nothing about a single Service."""
    return ()


def tally(context: Context) -> Tally:
    """The Services that lack something, by what they lack."""
    return {
        what: Holders(len(lacking), tuple(one.key for one in lacking[:NAMED]))  # They are in order.
        for what, lacking in context.outlook.lacking.items()
    }


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """UNKNOWN for each Service, or for many at once."""
    single: dict[str, list[str]] = defaultdict(list)
    for what, lacking in sorted(tally.items()):
        if lacking.count >= TOGETHER:
            yield _finding(CLUSTER, f"{services(lacking.count)} can't be judged in full: {what} "
                           f"({some(lacking.keys, total=lacking.count)})",
                           {"unknown": [what], "services": list(lacking.keys), "count": lacking.count})  # fmt: skip
        else:
            for key in lacking.keys:
                single[key].append(what)
    for key, what_all in sorted(single.items()):
        namespace, _, name = key.partition("/")
        yield _finding(Subject(kind="Service", namespace=namespace, name=name),
                       f"It can't be judged in full: {'; '.join(what_all)}", {"unknown": what_all})  # fmt: skip


def _finding(subject: Subject, message: str, evidence: dict[str, object]) -> Finding:
    return Finding(
        code=CODE,
        outcome="UNKNOWN",
        effect="NONE",
        subject=subject,
        message=message,
        evidence=evidence,
        remedy="let it be read: check the gaps of `ccm-upgrade discover`",
        sources=("ccm-source",),
    )
