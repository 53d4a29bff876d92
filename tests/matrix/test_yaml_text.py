"""Data files are read as text, and every mistake in them is told at once, with its line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.checking import Mistakes
from upgrader.matrix.yaml_text import entries, parse_text
from upgrader.model.errors import InputError


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    count: int
    tags: tuple[str, ...] = ()
    on: bool = False


def test_scalars_stay_as_written() -> None:
    assert parse_text("{a: 1.30, b: no, c: 2020-03-05, d: 0x10, e: '', f: 1_000}", "x") == {
        "a": "1.30", "b": "no", "c": "2020-03-05", "d": "0x10", "e": "", "f": "1_000",
    }  # fmt: skip


def test_no_word_has_a_meaning_of_its_own() -> None:
    assert parse_text("{a: null, b: ~, c: , d: yes}", "x") == {"a": "null", "b": "~", "c": "", "d": "yes"}


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("a: 1\nb: 2\na: 3\n", "x:3", "given twice"),
        ("? [a]\n: b\n", "x:1", "a key must be text"),
        ("a: 1\nb: !!python/object:os.system x\n", "x:2", "has no place here"),
        ("!!set {a, b}", "x:1", "has no place here"),
        ("a: !!str [b]", "x:1", "has no place here"),
        ("a: &b [*b]", "x:1", "recursive"),
        ("a: *nowhere", "x:1", "undefined alias"),
        ("a: [1\n", "x:2", "expected"),
        ("---\na\n---\nb\n", "x:3", "another document"),
    ],
)
def test_what_is_refused_and_where(text: str, place: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_text(text, "x")
    assert caught.value.where == place
    assert why in caught.value.why


def test_all_mistakes_of_all_entries_at_once(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(
        "- name: fine\n  count: 3\n"
        "- nane: typo\n  count: many\n  colour: red\n"
        "- just text\n"
        "- name: other\n  count: 1\n  on: perhaps\n"
    )
    mistakes = Mistakes("data")
    assert entries(file, Entry, mistakes) == (Entry("fine", 3),)
    assert mistakes.found == [
        "some.yaml:3: unknown key 'nane', did you mean 'name'?",
        "some.yaml:4: count: Expected `int`, got `str`",
        "some.yaml:5: unknown key 'colour'; known: name, count, tags, on",
        "some.yaml:3: 'name' is missing",
        "some.yaml: entry 3 is no mapping",
        "some.yaml:9: on: Expected `bool`, got `str`",
    ]


@pytest.mark.parametrize("content", ["a: b\n", "text", "", "- [\n"])
def test_a_file_that_is_no_list_is_one_mistake(tmp_path: Path, content: str) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(content)
    mistakes = Mistakes("data")
    assert entries(file, Entry, mistakes) == ()
    assert len(mistakes.found) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    mistakes = Mistakes("data")
    entries(tmp_path / "gone.yaml", Entry, mistakes)
    with pytest.raises(InputError, match=r"gone\.yaml: can't read the file"):
        mistakes.raise_if_any()


SEED = "- name: fine\n  count: 3\n  tags: [a, {b: c}]\n- &x\n  name: 'it''s'\n  count: !!int 4\n- *x\n"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    _read(text)


@given(st.integers(0, len(SEED)), st.integers(0, 6), st.text("-[]{}:?*&!|>'\"%@`, \n\tab0\x00\ud800", max_size=4))
def test_any_damage_to_a_file_is_read_or_refused(at: int, cut: int, put: str) -> None:
    _read(SEED[:at] + put + SEED[at + cut :])


def test_deep_nesting_is_refused() -> None:
    _read("[" * 50_000)


def _read(text: str) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(parse_text(text, "x"), str | list | dict | None)
