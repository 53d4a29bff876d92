"""Laws of RAM evaluation, for any documents."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from upgrader.ram.evaluate import evaluate
from upgrader.ram.globs import covers, overlaps
from upgrader.ram.model import Conditions, Policy, Statement

RANK = {"deny": 0, "unknown": 1, "allow": 2}
ACTIONS = ("slb:TagResources", "slb:ListTagResources", "nlb:ListAsynJobs", "vpc:CreateRouteEntries")
PATTERNS = (*ACTIONS, "*", "slb:*", "nlb:List*", "vpc:Create*Entries", "SLB:tag?esources", "ecs:*")
RESOURCES = ("*", "acs:slb:*:*:*", "acs:*:cn-hangzhou:*:*", "acs:nlb:*:*:loadbalancer/nlb-1", "acs:vpc:*:*:*")

patterns = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3).map(tuple)
resources = st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2).map(tuple)
CONDITIONS: list[Conditions] = [
    {},
    {},
    {"Bool": {"acs:SecureTransport": ("true",)}},
    {"IpAddress": {"acs:SourceIp": ("10.0.0.0/8",)}},
]
conditions = st.sampled_from(CONDITIONS)


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> Statement:
    actions = draw(patterns)
    negated = draw(st.booleans())
    return Statement(
        effect="Allow" if (effect or draw(st.sampled_from(["Allow", "Deny"]))) == "Allow" else "Deny",
        actions=None if negated else actions,
        not_actions=actions if negated else None,
        resources=draw(resources),
        conditions=draw(conditions),
    )


worlds = st.lists(statements(), max_size=5)
actions = st.sampled_from(ACTIONS)


def answer(found: list[Statement], action: str) -> str:
    return evaluate([Policy(name="P", statements=tuple(found))], action).answer


@given(worlds, statements(effect="Allow"), actions)
def test_adding_an_allow_never_revokes(world: list[Statement], more: Statement, action: str) -> None:
    assert RANK[answer([*world, more], action)] >= RANK[answer(world, action)]


@given(worlds, statements(effect="Deny"), actions)
def test_adding_a_deny_never_grants(world: list[Statement], more: Statement, action: str) -> None:
    assert RANK[answer([*world, more], action)] <= RANK[answer(world, action)]


@given(worlds, actions)
def test_an_unconditional_deny_always_wins(world: list[Statement], action: str) -> None:
    assert answer([*world, Statement(effect="Deny", actions=(action,), resources=("*",))], action) == "deny"


@given(worlds, actions, st.randoms())
def test_the_order_of_statements_and_their_spread_over_policies_mean_nothing(
    world: list[Statement], action: str, shuffler: random.Random
) -> None:
    mixed = list(world)
    shuffler.shuffle(mixed)
    spread = [Policy(name=str(n), statements=(one,)) for n, one in enumerate(mixed)]
    assert evaluate(spread, action).answer == answer(world, action)


@given(st.text("ab:*", max_size=8), st.text("ab:", max_size=8), st.integers(0, 8))
def test_widening_a_pattern_loses_nothing(pattern: str, text: str, at: int) -> None:
    wider = pattern[:at] + "*" + pattern[at + 1 :]
    assert covers(wider, text) or not covers(pattern, text)


@given(st.text("ab*?", max_size=6), st.text("ab*?", max_size=6), st.text("ab", max_size=6))
def test_patterns_that_share_a_text_overlap(left: str, right: str, text: str) -> None:
    if covers(left, text) and covers(right, text):
        assert overlaps(left, right)


@given(st.text("ab*?", max_size=6), st.text("ab*", max_size=6), st.text("ab", max_size=6))
def test_covering_is_transitive(outer: str, inner: str, text: str) -> None:
    if covers(outer, inner) and covers(inner, text):
        assert covers(outer, text)
