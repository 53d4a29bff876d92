"""What was read of the data is kept for the next start, and taken only while it is what would be read anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from upgrader.matrix import kept as module
from upgrader.matrix.kept import cache_directory, kept
from upgrader.matrix.load import data_directory, data_files, read_matrix
from upgrader.matrix.model import Matrix
from upgrader.model.errors import InputError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


class Reader:
    """Reads a file's text, and counts how often."""

    def __init__(self, path: Path) -> None:
        self.path, self.times = path, 0

    def __call__(self) -> str:
        self.times += 1
        return self.path.read_text()

    def kept(self) -> str:
        return kept("text", str, (self.path,), self)

    @property
    def where(self) -> Path:
        return max(cache_directory().iterdir(), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    path = tmp_path / "data.yaml"
    path.write_text("one")
    return Reader(path)


def test_the_kept_matrix_is_the_one_that_was_read(tmp_path: Path) -> None:
    files = data_files(data_directory())
    read = [kept("matrix", Matrix, files, lambda: read_matrix(data_directory())) for _ in range(2)]
    assert read[1] is not read[0]
    assert read[1] == read[0]


def test_it_is_read_once_while_nothing_changes(reader: Reader) -> None:
    assert [reader.kept(), reader.kept()] == ["one", "one"]
    assert reader.times == 1


def test_changed_data_are_read_anew_and_what_was_before_still_holds(reader: Reader) -> None:
    for text in ("one", "two", "one"):
        reader.path.write_text(text)
        assert reader.kept() == text
    assert reader.times == 2


def test_changed_code_reads_anew(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.kept()
    monkeypatch.setattr(module, "_readers", lambda: b"another")
    reader.kept()
    assert reader.times == 2


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flipped(path: Path) -> None:
    text = path.read_bytes()
    path.write_bytes(text[:-1] + bytes([text[-1] ^ 1]))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def opened_to_all(path: Path) -> None:
    path.chmod(0o622)


def of_another_kind(path: Path) -> None:
    numbers = kept("numbers", int, (), lambda: 7)
    assert numbers == 7
    shutil.copy(next(cache_directory().glob("numbers-*")), path)


@pytest.mark.parametrize("spoil", [cut, flipped, emptied, opened_to_all, of_another_kind])
def test_what_was_spoilt_is_read_anew_and_kept_again(reader: Reader, spoil: Callable[[Path], None]) -> None:
    reader.kept()
    spoil(reader.where)
    assert [reader.kept(), reader.kept()] == ["one", "one"]
    assert reader.times == 2


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no users here")
def test_what_another_user_wrote_is_not_taken(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.kept()
    monkeypatch.setattr(os, "geteuid", lambda: reader.where.stat().st_uid + 1)
    assert reader.kept() == "one"
    assert reader.times == 2


def test_where_nothing_can_be_kept_all_is_read(reader: Reader) -> None:
    cache_directory().parent.mkdir()
    cache_directory().write_text("a file where the folder should be")
    assert [reader.kept(), reader.kept()] == ["one", "one"]
    assert reader.times == 2


def test_a_home_that_is_not_there_is_not_made(reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    assert reader.kept() == "one"
    assert not (tmp_path / "nobody").exists()
    (tmp_path / "nobody").mkdir()
    assert [reader.kept(), reader.kept()] == ["one", "one"]
    assert reader.times == 2


def test_a_user_without_a_home_is_served(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    assert reader.kept() == "one"


def test_few_states_are_kept(reader: Reader) -> None:
    for number in range(9):
        reader.path.write_text(str(number))
        reader.kept()
    assert len(list(cache_directory().iterdir())) == 4
    assert reader.kept() == "8"
    assert reader.times == 9


def test_mistakes_are_told_each_time(reader: Reader) -> None:
    def refuse() -> str:
        raise InputError(what="a mistake", next_command="mend it")

    for _ in range(2):
        with pytest.raises(InputError, match="a mistake"):
            kept("text", str, (reader.path,), refuse)


def test_a_missing_file_is_the_readers_to_tell(reader: Reader) -> None:
    reader.path.unlink()
    with pytest.raises(FileNotFoundError):
        reader.kept()
