"""What other packages bring is found wherever Python finds packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from upgrader import entry_points

GROUP = "ccm_upgrade.checks"


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    entry_points._are_there.cache_clear()
    yield
    entry_points._are_there.cache_clear()


def test_nothing_is_found_where_no_package_extends_us() -> None:
    assert entry_points.points(GROUP) == ()


@pytest.mark.parametrize("info", ["ours-1.0.dist-info", "ours.egg-info"])
def test_a_package_on_the_path_is_found(info: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / info
    folder.mkdir()
    (folder / "METADATA").write_text("Name: ours\nVersion: 1.0\n")
    (folder / "PKG-INFO").write_text("Name: ours\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[{GROUP}]\nzeta = ours.zeta\nalpha = ours.alpha\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert [(one.name, one.value) for one in entry_points.points(GROUP)] == [
        ("alpha", "ours.alpha"), ("zeta", "ours.zeta"),
    ]  # fmt: skip
    assert entry_points.points("ccm_upgrade.formats") == ()


def test_what_is_no_folder_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "packages.zip").write_bytes(b"PK")
    assert entry_points._may_extend_us(tmp_path / "packages.zip")
    assert not entry_points._may_extend_us(tmp_path / "nowhere")
