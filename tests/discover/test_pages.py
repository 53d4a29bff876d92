"""A big dump is cut without a parse: the facts, and the refusals, are those of the same text read as a whole."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upgrader.discover import buffers, files, pages
from upgrader.discover.files import read_files
from upgrader.discover.json_objects import Found, read_large
from upgrader.discover.said import Said
from upgrader.model.errors import InputError


def _object(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **more}


def _slice(name: str, **more: Any) -> dict[str, Any]:
    return {"addressType": "IPv4", "apiVersion": "discovery.k8s.io/v1", "endpoints": [{"addresses": ["10.0.0.1"]}],
            "kind": "EndpointSlice", "metadata": {"name": name, "namespace": "shop"}, **more}  # fmt: skip


def _service(name: str, **more: Any) -> dict[str, Any]:
    return _object("Service", name, spec={"type": "LoadBalancer"}, **more)


# What may stand in a list: also what looks like the beginning of an object and is none, and what can't be decoded.
TEXT = json.dumps(_service("inside", text='[{"'))
ITEMS = st.sampled_from([
    _service("plain"), _service("nested", x=[_service("a"), _service("b")]), _service("told", note="," + TEXT),
    _service("broken", status=7), _service("null", status=None), _slice("eps"), _slice("none", ports=None),
    _object("Node", "n", spec={}), {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "turned"}},
    {"kind": "Service", "metadata": {"name": "odd"}}, {"no": "kind"}, 5,
])  # fmt: skip


def _text(items: list[Any], indent: int | None) -> str:
    whole = {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}
    return json.dumps(whole, indent=indent, separators=(",", ":") if indent is None else None)


def _read(path: Path) -> Any:
    try:
        return read_files([path], Said())
    except InputError as error:
        return str(error)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(pages, "_PAGE", 50)
    monkeypatch.setattr(buffers, "_STEP", 1)
    return monkeypatch


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(ITEMS, max_size=30), indent=st.sampled_from([None, 1, 4]), cut=st.integers(0, 300))
def test_cut_or_not_the_facts_are_the_same(
    tmp_path: Path, small_pages: pytest.MonkeyPatch, items: list[Any], indent: int | None, cut: int
) -> None:
    text = _text(items, indent)
    path = tmp_path / "dump.json"
    path.write_text(text[:-cut] if cut > 250 else text)
    small_pages.setattr(files, "BIG", 2**30)
    whole = _read(path)
    small_pages.setattr(files, "BIG", 1)
    assert _read(path) == whole


@pytest.mark.parametrize("make", [_service, _slice])
@pytest.mark.parametrize("indent", [None, 4])
def test_what_kubectl_prints_is_cut(small_pages: pytest.MonkeyPatch, make: Any, indent: int | None) -> None:
    text = _text([make(f"s{n}") for n in range(50)], indent)
    cut = pages.Cut(io.BytesIO(text.encode()))
    assert len(list(cut.pages())) > 10
    assert len(json.loads(cut.rest)["items"]) < 5


def test_two_of_one_key_are_found_in_a_page(tmp_path: Path, small_pages: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dump.json"
    text = _text([_service(f"s{n}") for n in range(50)], None)
    path.write_text(text.replace('"s30"', '"s30"},"metadata":{"name":"again"'))
    with pytest.raises(InputError, match=r"item 30 .*'metadata' is given twice"):
        read_large(path, Found())
