from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from upgrader.matrix.load import data_directory, load_matrix
from upgrader.matrix.model import Matrix


@pytest.fixture(scope="session")
def matrix() -> Matrix:
    return load_matrix()


@pytest.fixture
def data_copy(tmp_path: Path) -> Path:
    """A copy of the data to damage."""
    return Path(shutil.copytree(data_directory(), tmp_path / "data"))
