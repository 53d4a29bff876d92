"""Plug-ins by entry points: they take part, and one that is not whole stops with its name."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.reports import worlds
from upgrader.assess.registry import CHECKS
from upgrader.matrix.load import data_directory, load_matrix, read_matrix
from upgrader.matrix.overlays import VARIABLE, check_overlay, overlay_directories
from upgrader.model.errors import InputError
from upgrader.plugins import all_checks, all_formats, formats_with, with_plugins
from upgrader.report.present import present
from upgrader.report.render import FORMATS, render


@pytest.fixture
def module() -> Iterator[types.ModuleType]:
    """A check as another package would bring it."""
    found = types.ModuleType("acme_checks", "No Service is called test.")
    vars(found).update(CODE="ACME001", TITLE="No Service is called test", NEEDS=("services",),
                       applies=lambda context: "", find=lambda context: ())  # fmt: skip
    sys.modules["acme_checks"] = found
    yield found
    del sys.modules["acme_checks"]


def point(value: str = "acme_checks", name: str = "acme", group: str = "ccm_upgrade.checks") -> EntryPoint:
    return EntryPoint(name, value, group)


def test_a_check_takes_part(module: types.ModuleType) -> None:
    checks = with_plugins(CHECKS, [point()])
    assert checks[0].CODE == "ACME001"
    assert len(checks) == len(CHECKS) + 1


def test_without_plugins_there_are_ours() -> None:
    assert all_checks() == CHECKS
    assert all_formats() == FORMATS


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"CODE": "CCM002"}, "is not its own"),
        ({"CODE": "acme"}, "is not its own"),
        ({"TITLE": None}, "no TITLE"),
        ({"NEEDS": "services"}, "no NEEDS"),
        ({"find": None}, "no find"),
        ({"__doc__": ""}, "no docstring"),
    ],
)
def test_a_check_that_is_not_whole_stops_with_its_name(
    module: types.ModuleType, change: dict[str, object], why: str
) -> None:
    vars(module).update(change)
    with pytest.raises(InputError, match="plug-in acme can't be used") as error:
        with_plugins(CHECKS, [point()])
    assert why in str(error.value)


def test_two_of_one_code_and_one_that_can_not_be_imported(module: types.ModuleType) -> None:
    with pytest.raises(InputError, match="ACME001 is taken"):
        with_plugins(CHECKS, [point(), point(name="again")])
    with pytest.raises(InputError, match="ModuleNotFoundError"):
        with_plugins(CHECKS, [point("nowhere_at_all")])


def test_a_format_takes_part(module: types.ModuleType) -> None:
    vars(module).update(render=lambda report: f"{report.title}\n")
    formats = formats_with(FORMATS, [point("acme_checks:render", "brief", "ccm_upgrade.formats")])
    assert render(present(worlds.plan()), "brief", formats).startswith("prod-hz")
    for wrong, why in ((lambda report: 1 / 0, "ZeroDivisionError"), (lambda report: b"", "no text but a bytes")):
        vars(module).update(render=wrong)
        broken = formats_with(FORMATS, [point("acme_checks:render", "brief", "ccm_upgrade.formats")])
        with pytest.raises(InputError, match="the plug-in brief can't be used") as error:
            render(present(worlds.plan()), "brief", broken)
        assert why in str(error.value)
    with pytest.raises(InputError, match="the format html is taken"):
        formats_with(FORMATS, [point("acme_checks:render", "html")])
    with pytest.raises(InputError, match="no function"):
        formats_with(FORMATS, [point("acme_checks:CODE", "odd")])


CHANGE = """
- id: house-rule
  version: v2.14.0
  area: house
  summary: Our own patch of this build writes a label.
  effect: LATENT
  reversible: "yes"
  sources: [house]
  certainty: docs
"""


def overlay(tmp_path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_an_overlay_adds_and_the_digest_knows(tmp_path: Path) -> None:
    folder = overlay(tmp_path, {"changes.yaml": CHANGE, "sources.yaml": "- {id: house, title: Our wiki}\n"})
    matrix = read_matrix(data_directory(), (folder,))
    assert "house-rule" in {one.id for one in matrix.all_changes}
    assert len(matrix.all_changes) == len(load_matrix().all_changes) + 1
    assert matrix.digest != load_matrix().digest


def test_an_overlay_takes_the_place_of_ours_and_speaks_first(tmp_path: Path) -> None:
    ours = next(one for one in load_matrix().errors if one.id == "throttled")
    entry = f"""
- id: throttled
  message: "{ours.message}"
  pattern: 'Throttling'
  meaning: Ask the platform team.
  sources: [service-faq]
  certainty: docs
"""
    matrix = read_matrix(data_directory(), (overlay(tmp_path, {"error_catalogue.yaml": entry}),))
    assert matrix.errors[0].meaning == "Ask the platform team."
    assert len(matrix.errors) == len(load_matrix().errors)


def test_a_mistake_in_an_overlay_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"can't have odd\.yaml"):
        check_overlay(overlay(tmp_path, {"odd.yaml": "[]"}))
    with pytest.raises(InputError, match="is no folder"):
        overlay_directories({VARIABLE: str(tmp_path / "none")})
    (tmp_path / "odd.yaml").unlink()
    (tmp_path / "changes.yaml").write_text(CHANGE, encoding="utf-8")
    with pytest.raises(InputError, match=r"cites 'house', which sources\.yaml does not have"):
        read_matrix(data_directory(), overlay_directories({VARIABLE: str(tmp_path)}))
