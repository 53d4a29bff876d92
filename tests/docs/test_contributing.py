"""The example of CONTRIBUTING is followed to the letter: its two files are a breaking change that is found."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml

from tests.cases.world import Case, CaseFile, context_of
from tests.docs.test_commands import TOP
from upgrader.assess.check import run_check
from upgrader.migrations.mend import mends
from upgrader.migrations.registry import MIGRATIONS

TEXT = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(python|yaml)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
CASES = msgspec.convert(yaml.safe_load(BLOCKS["yaml"]), CaseFile)


@pytest.fixture
def migration() -> Iterator[Any]:
    module = types.ModuleType("example_annotation")
    sys.modules[module.__name__] = module
    exec(compile(BLOCKS["python"], "CONTRIBUTING.md", "exec"), vars(module))
    yield module
    del sys.modules[module.__name__]


@pytest.mark.parametrize("case", CASES.cases, ids=lambda case: case.name)
def test_the_example_finds_what_its_cases_expect(migration: Any, case: Case) -> None:
    context = context_of(case)
    run, findings = run_check(migration, context)
    assert run.state == (case.state or "found"), run.reason
    assert [(one.outcome, str(one.subject)) for one in findings] == [(one.outcome, one.subject) for one in case.expect]
    assert all(expected.says in found.message for expected, found in zip(case.expect, findings, strict=True))
    assert mends(findings, context, (*MIGRATIONS, migration)) == ()


def test_the_example_is_silent_in_the_healthy_world_and_has_what_ours_have(migration: Any) -> None:
    run, findings = run_check(migration, context_of(Case(name="healthy")))
    assert (run.state, findings) == ("pass", ())
    assert CASES.code == migration.CODE
    for ours in MIGRATIONS:
        wanted = {"ID", "CODE", "TITLE", "NEEDS", "WINDOW", "applies", "find", "steps", "__doc__"}
        assert wanted <= {*vars(ours)} & {*vars(migration)}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:upgrader|tests|data|docs)/[\w/.*]+)`", TEXT))))
def test_every_file_that_is_named_is_there(path: str) -> None:
    assert list(TOP.glob(path)), path
