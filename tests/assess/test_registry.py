"""The registry of checks: codes, documentation, sources, selection."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import upgrader.assess.checks
import upgrader.migrations
from upgrader.assess.catalogue import markdown
from upgrader.assess.registry import CHECKS, find_check
from upgrader.assess.select import select
from upgrader.matrix.load import load_matrix
from upgrader.migrations.needs import CONDITIONS, UNCONDITIONAL
from upgrader.migrations.registry import MIGRATIONS
from upgrader.model.errors import InputError
from upgrader.model.version import parse_version

HEADINGS = ("What it checks", "Why it matters", "How it is decided", "What to do", "Sources")
AREAS = frozenset({
    "services", "endpoints", "nodes", "pods", "events", "ccm", "rbac", "identity", "clb", "nlb", "eni", "vpc", "ram",
    "addon", "security-groups",
})  # fmt: skip


def test_codes_are_unique_and_well_formed() -> None:
    codes = [check.CODE for check in CHECKS]
    assert sorted(set(codes)) == codes
    assert all(re.fullmatch(r"CCM\d{3}", code) for code in codes)


def test_every_module_of_checks_is_registered() -> None:
    folder = Path(next(iter(upgrader.assess.checks.__path__)))
    registered = {str(vars(check)["__name__"]).rpartition(".")[2] for check in CHECKS}
    assert {path.stem for path in folder.glob("*.py") if path.stem != "__init__"} <= registered


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.CODE)
def test_every_check_documents_itself_under_the_same_headings(check: Any) -> None:
    found = find_check(check.CODE)
    assert found is not None
    lines = (found.__doc__ or "").splitlines()
    assert tuple(line for line in lines if line in HEADINGS) == HEADINGS
    assert found.TITLE[-1] != "."
    assert set(found.NEEDS) <= AREAS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.CODE)
def test_every_source_that_a_check_names_is_known(check: object) -> None:
    text = str(check.__doc__).partition("Sources\n")[2]
    named = {name.strip() for name in text.replace("\n", ",").split(",") if name.strip()}
    assert named
    assert named <= {source.id for source in load_matrix().sources}


def test_windows_are_spans_of_versions() -> None:
    assert all(parse_version(m.WINDOW[0]) < parse_version(m.WINDOW[1]) for m in MIGRATIONS)
    assert len({migration.ID for migration in MIGRATIONS}) == len(MIGRATIONS)


def test_every_condition_of_the_ram_data_can_be_judged() -> None:
    named = {action.required_when for action in load_matrix().required_actions}
    assert named <= set(CONDITIONS) | UNCONDITIONAL


def test_selection_keeps_the_order_and_refuses_strangers() -> None:
    assert [check.CODE for check in select(CHECKS, only=["ccm003", "CCM001"])] == ["CCM001", "CCM003"]
    assert select(CHECKS) == CHECKS
    with pytest.raises(InputError, match="CCM999"):
        select(CHECKS, only=["CCM999"])


def test_the_reference_page_is_fresh() -> None:
    page = Path(__file__).parents[2] / "docs" / "checks.md"
    assert page.read_text(encoding="utf-8") == markdown(), "ccm-upgrade explain --markdown > docs/checks.md"
