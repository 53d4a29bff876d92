"""From facts to a plan: forecast, assess, waive, build. Pure: nothing is read or written here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from upgrader.assess.assess import Part, conclude, judge, judge_part
from upgrader.assess.check import Check
from upgrader.assess.registry import CHECKS
from upgrader.assess.select import select
from upgrader.forecast import forecast
from upgrader.matrix.model import Matrix
from upgrader.migrations.context import Context
from upgrader.migrations.legacy_clb_tag import with_tags
from upgrader.model.facts import ClusterFacts
from upgrader.model.finding import Assessment
from upgrader.model.plan import Plan
from upgrader.model.version import CcmVersion
from upgrader.plan.suppressions import Suppressions, suppressed
from upgrader.plan.waivers import Waiver, waived


def make_plan(
    facts: ClusterFacts,
    target: CcmVersion,
    matrix: Matrix,
    *,
    now: datetime,
    waive: Iterable[Waiver] = (),
    nonce: str = "",
    image: str = "",
    suppress: Suppressions | None = None,
    checks: Iterable[Check] = CHECKS,
) -> Plan:
    """The plan that leads from what runs to `target`. Raises `InputError` for a waiver that can't be.

    `image` names the target's image where the registry is the user's own and its tag is not the version.
    """
    # Here, because `check` builds no plan, and starts the faster for it.
    import secrets

    from upgrader.plan.build import build

    context = look(facts, target, matrix)
    assessment = _accepted(judge(context, checks), waive, suppress, facts)
    return build(context, assessment, now=now, nonce=nonce or secrets.token_hex(16), image=image)


def check(
    facts: ClusterFacts,
    target: CcmVersion,
    matrix: Matrix,
    waive: Iterable[Waiver] = (),
    only: Iterable[str] = (),
    suppress: Suppressions | None = None,
    checks: Iterable[Check] = CHECKS,
    parts: Sequence[Part] = (),
) -> Assessment:
    """The assessment alone, by all checks or by those with the codes in `only`.

    `parts` is what `check_part` said of the Services where `facts` has none of them any more.
    """
    wanted = frozenset(code.upper() for code in only)
    chosen = select(checks, wanted)
    context = look(facts, target, matrix, labels=False)
    judged = conclude(parts or (judge_part(context, chosen),), context.bare, chosen)
    if suppress and wanted:
        # Entries for checks that were not asked to run match nothing, and are not to blame.
        suppress = replace(suppress, entries=tuple(e for e in suppress.entries if e.code.upper() in wanted))
    return _accepted(judged, waive, suppress, facts)


def check_part(facts: ClusterFacts, target: CcmVersion, matrix: Matrix, checks: Iterable[Check]) -> Part:
    """What the checks say of a cluster of which `facts` has a part of the Services."""
    return judge_part(look(facts, target, matrix, labels=False), checks)


def _accepted(
    judged: Assessment, waive: Iterable[Waiver], suppress: Suppressions | None, facts: ClusterFacts
) -> Assessment:
    """What people accept is marked: by name for this once, and by the suppressions file."""
    accepted = waived(judged, waive)
    return suppressed(accepted, suppress, facts.identity) if suppress else accepted


def look(facts: ClusterFacts, target: CcmVersion, matrix: Matrix, *, labels: bool = True) -> Context:
    """What checks and migrations look at; the forecast is of the world in which the plan's tags stand already.

    No check asks what a hash label becomes (`labels`); a plan tells it.
    """
    tagged = with_tags(facts, matrix, target)
    return Context(facts, target, matrix, forecast(tagged, target, matrix, labels=labels))
