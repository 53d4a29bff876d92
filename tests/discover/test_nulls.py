"""A null means the same as an absent field, and a page that has some is decoded in one go all the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from benchmarks import dumps
from upgrader import codec
from upgrader.discover import json_objects
from upgrader.discover.json_objects import Found
from upgrader.model.kube import EndpointSlice, Service

# What might be taken for a null member and is none, beside what is one.
WORDS = st.sampled_from(
    ["a", "null", "spec", "", ":null", ":null,", '":null', '"a":null', "\\", '\\"', '"', ",", "}", "x y", "é", 'x\\"a']
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    # No field of Kubernetes has an empty name, and of a map of texts a null is refused: what is renamed meets no other.
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS.filter(bool), inner, max_size=4),
)


@given(value=VALUES, indent=st.sampled_from([None, 2]))
def test_only_null_members_lose_their_names(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, separators=(",", ":") if indent is None else None, ensure_ascii=False)
    found = codec._nulls_unnamed(text.encode())
    assert codec._without_nulls(json.loads(found or text)) == codec._without_nulls(value)


def test_a_label_without_a_name_beside_a_null_is_read_as_it_is() -> None:
    text = b'{"metadata":{"labels":{"":"x","a":null},"annotations":null}}'
    found = codec.decode_object(text, msgspec.json.Decoder(Service))
    assert found.metadata.labels == {"": "x"}


def _with_nulls(kind: str) -> list[dict[str, Any]]:
    if kind == "EndpointSlice":
        found = list(dumps.endpoint_slices(30, 5))
        paths: tuple[tuple[str, ...], ...] = (
            ("endpoints",),
            ("ports",),
            ("metadata", "labels"),
            ("metadata", "annotations"),
        )
    else:
        found = list(dumps.services(30, 5))
        paths = (("metadata", "annotations"), ("metadata", "finalizers"), ("spec", "ports"), ("spec", "type"),
                 ("status",), ("status", "loadBalancer"))  # fmt: skip
    for number, one in enumerate(found):
        *above, last = paths[number % len(paths)]
        for step in above:
            one = one[step]
        one[last] = None
    return found


@pytest.mark.parametrize(("kind", "shape"), [("Service", Service), ("EndpointSlice", EndpointSlice)])
@pytest.mark.parametrize("indent", [None, 4])
def test_a_page_with_nulls_is_decoded_in_one_go(
    kind: str, shape: type[Any], indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = _with_nulls(kind)
    page = json.dumps(objects, indent=indent, separators=(",", ":") if indent is None else None).encode()
    monkeypatch.setattr(json_objects, "read_item", None)
    found = Found()
    assert json_objects._read_page(page, found, "dump.json", 0, doubtful=True) == len(objects)
    assert found.typed[kind] == [convert(codec._without_nulls(one), shape) for one in objects]
