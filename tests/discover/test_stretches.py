"""A large dump in stretches: together they are the file, and a wrong cut is noticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upgrader.discover import stretches as module
from upgrader.discover.files import read_files, read_stretch, without_objects
from upgrader.discover.said import Said
from upgrader.discover.stretches import stretches
from upgrader.model.errors import InputError
from upgrader.model.kube import Service

SAID = Said(version="v2.10.0", region="cn-beijing")


def _service(name: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "annotations": {"note": json.dumps({"apiVersion": "v1"})}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": "LoadBalancer"}, **more}


def _slice(name: str) -> dict[str, Any]:
    return {"addressType": "IPv4", "apiVersion": "discovery.k8s.io/v1", "endpoints": [{"addresses": ["10.0.0.1"]}],
            "kind": "EndpointSlice", "metadata": {"name": name, "namespace": "shop"}}  # fmt: skip


def _written(path: Path, items: list[Any], indent: int | None = None) -> Path:
    whole = {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}
    path.write_text(json.dumps(whole, indent=indent, separators=(",", ":") if indent is None else None))
    return path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BIG", 1)
    monkeypatch.setattr(module, "_SIZE", 2_000)
    monkeypatch.setattr(module, "_LOOK", 1_000)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("make", [_service, _slice])
@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("among", [1, 2, 5])
def test_together_they_are_the_file(make: Any, indent: int | None, among: int, tmp_path: Path) -> None:
    path = _written(tmp_path / "dump.json", [make(f"s{n:03}") for n in range(100)], indent)
    pieces = stretches(path, among)
    assert len(pieces) >= max(5, among)
    assert all(piece.begin < piece.end for piece in pieces)
    found = [read_stretch(path, piece, SAID) for piece in pieces]
    whole = read_files([path], SAID)
    for area in ("services", "endpoint_slices"):
        assert tuple(one for part in found if part for one in getattr(part, area)) == getattr(whole, area)
    bare = without_objects(pieces[0].kind, SAID)
    for one in (whole, *found):
        assert one is not None
        assert (one.identity, one.ccm, one.gaps) == (bare.identity, bare.ccm, bare.gaps)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("odd", [
    _slice("other"), _service("broken", spec=7), {"kind": "Service", "metadata": {}}, 5,
    _service("inside", x=[_service(f"i{n}") for n in range(60)]),
    _service("twice", y=1) | {"metadata": {"name": "n", "namespace": "shop", "labels": {"a": 7}}},
])  # fmt: skip
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 60))
def test_what_can_not_stand_alone_is_told(odd: Any, place: int, tmp_path: Path) -> None:
    items = [_service(f"s{n:03}") for n in range(60)]
    path = _written(tmp_path / "dump.json", [*items[:place], odd, *items[place:]])
    pieces = stretches(path, 2)
    found = []
    for piece in pieces:
        try:
            found.append(read_stretch(path, piece, SAID))
        except InputError:
            found.append(None)
    if pieces and None not in found:  # No cut fell into the odd one, and it is a Service all the same.
        services = [one for part in found if part for one in part.services]
        assert sorted(services, key=_name) == sorted(read_files([path], SAID).services, key=_name)


def _name(service: Service) -> str:
    return service.metadata.name


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("text", ["", "{}", "[1]", "items: [1]", '{"kind":"List","items":[', "\0" * 5_000])
def test_what_is_no_list_has_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(text)
    assert stretches(path, 2) == ()


@pytest.mark.usefixtures("small")
def test_a_file_that_is_cut_off_is_noticed(tmp_path: Path) -> None:
    path = _written(tmp_path / "dump.json", [_service(f"s{n:03}") for n in range(100)])
    path.write_text(path.read_text()[:-40])
    assert read_stretch(path, stretches(path, 2)[-1], SAID) is None


@pytest.mark.usefixtures("small")
def test_an_object_larger_than_a_stretch_is_in_one_of_them(tmp_path: Path) -> None:
    items = [_service(f"s{n:03}", x=["y" * 100] * (90 if n == 40 else 1)) for n in range(50)]
    path = _written(tmp_path / "dump.json", items)
    pieces = stretches(path, 2)
    assert all(piece.begin < piece.end for piece in pieces)
    found = [read_stretch(path, piece, SAID) for piece in pieces]
    assert [one.metadata.name for part in found if part for one in part.services] == [f"s{n:03}" for n in range(50)]


def test_a_small_file_has_none(tmp_path: Path) -> None:
    assert stretches(_written(tmp_path / "dump.json", [_service("a")]), 2) == ()
