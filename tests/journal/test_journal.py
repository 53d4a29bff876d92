"""A journal is whole or it says where it is not."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.execute.file_lock import FileLock
from upgrader.execute.journal import JOURNAL, FileStore, runs_in
from upgrader.model.errors import AbsentError, InputError, LockedError, TransientError
from upgrader.model.run import Entry


def written(tmp_path: Path, count: int = 5) -> FileStore:
    store = FileStore(tmp_path, "run", create=True)
    for number in range(count):
        store.append(Entry(seq=0, run="", event="note", at="2026-11-24T12:00:00Z", data={"n": number}))
    return store


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    written(tmp_path)
    found = FileStore(tmp_path, "run").entries()
    assert [e.seq for e in found] == [1, 2, 3, 4, 5]
    assert [e.data["n"] for e in found] == [0, 1, 2, 3, 4]
    assert runs_in(tmp_path) == ("run",)


def test_files_are_private(tmp_path: Path) -> None:
    store = written(tmp_path)
    store.save("plan.json", b"{}")
    modes = {p.name: p.stat().st_mode & 0o777 for p in store.directory.iterdir()}
    assert modes == {JOURNAL: 0o600, "plan.json": 0o600}
    assert store.directory.stat().st_mode & 0o077 == 0


def test_a_torn_last_line_is_cut_off_and_the_journal_goes_on(tmp_path: Path) -> None:
    store = written(tmp_path)
    path = store.directory / JOURNAL
    path.write_bytes(path.read_bytes()[:-10])
    again = FileStore(tmp_path, "run")
    assert len(again.entries()) == 4
    assert again.torn
    again.append(Entry(seq=0, run="", event="note", at="x"))
    assert [e.seq for e in FileStore(tmp_path, "run").entries()] == [1, 2, 3, 4, 5]


@given(line=st.integers(0, 3), how=st.sampled_from(["drop", "edit", "swap"]))
def test_a_cut_or_edited_journal_is_refused_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, line: int, how: str
) -> None:
    store = written(tmp_path_factory.mktemp("journal"))
    path = store.directory / JOURNAL
    lines = path.read_bytes().split(b"\n")
    if how == "drop":
        del lines[line]
    elif how == "edit":
        lines[line] = lines[line].replace(b'"n":', b'"m":')
    else:
        lines[line], lines[line + 1] = lines[line + 1], lines[line]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match=rf"{JOURNAL}:\d+"):
        FileStore(store.directory.parent, "run").entries()


def test_an_unknown_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="nope"):
        FileStore(tmp_path, "nope")


@given(st.binary(max_size=200))
def test_junk_never_raises_anything_else(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    directory = tmp_path_factory.mktemp("junk")
    (directory / "run").mkdir()
    (directory / "run" / JOURNAL).write_bytes(junk)
    found: list[InputError] = []
    try:
        FileStore(directory, "run").entries()
    except InputError as error:
        found.append(error)
    assert all(JOURNAL in error.where for error in found)


@contextmanager
def _full_beyond(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_with_the_next_command_and_the_journal_goes_on_afterwards(tmp_path: Path) -> None:
    store = written(tmp_path)
    note = Entry(seq=0, run="", event="note", at="2026-11-24T12:00:00Z", data={"n": 5})
    with _full_beyond((store.directory / JOURNAL).stat().st_size + 20):
        for write in (lambda: store.append(note), lambda: store.save("backup.json", b"x" * 10_000)):
            with pytest.raises(TransientError, match="can't be written down") as told:
                write()
            assert told.value.next_command == "make room on the disk, then ccm-upgrade resume run"
    assert [entry.data["n"] for entry in FileStore(tmp_path, "run").entries()] == [0, 1, 2, 3, 4]
    store.append(note)
    assert [entry.data["n"] for entry in FileStore(tmp_path, "run").entries()] == [0, 1, 2, 3, 4, 5]


def test_a_full_disk_takes_no_lock_from_its_holder(tmp_path: Path) -> None:
    lock = FileLock(tmp_path, "c1")
    with _full_beyond(0):
        lock.take()
        with pytest.raises(LockedError):
            FileLock(tmp_path, "c1").take()
        lock.release()
    FileLock(tmp_path, "c1").take()
