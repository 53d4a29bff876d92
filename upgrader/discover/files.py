"""ClusterFacts from files: `kubectl get … -o json` dumps, YAML manifests, or a snapshot of our own.

One pass over each file: a list comes in pages, each is decoded straight into frozen types. Objects that can't be
decoded are named, the rest is judged.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from upgrader.discover.assemble import assemble
from upgrader.discover.buffers import BIG, Buffer, load, refuse_large
from upgrader.discover.json_objects import Found, read_item, read_json, read_large, read_list
from upgrader.discover.json_text import DUMP, readable
from upgrader.discover.said import Said, with_said
from upgrader.discover.stretches import Piece, Stretch
from upgrader.discover.yaml_objects import documents
from upgrader.model.errors import InputError
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity, Gap

MAX_BYTES = 2 * 1024**3
_SUFFIXES = (".json", ".yaml", ".yml")
_PLACE = attrgetter("metadata.namespace", "metadata.name")
CLOUD_AREAS = ("clb", "nlb", "eni", "vpc", "ram", "addon", "security-groups")


def read_files(paths: Iterable[Path], said: Said) -> ClusterFacts:
    """The facts in files and folders (`-` is stdin). What only the cloud knows becomes gaps.

    Raises `InputError` for a file that is missing, cut, too large, too deep or no JSON or YAML at all.
    """
    found = Found()
    with _no_gc():
        for path in paths:
            _read(path, found)
    if found.snapshot is not None:
        identity, ccm = with_said(found.snapshot.identity, found.snapshot.ccm, said)
        return replace(found.snapshot, identity=identity, ccm=ccm)
    if not found.kinds and not found.unreadable.count:
        raise InputError(what="nothing to judge in the files", next_command=DUMP)
    return _facts(found, said)


def read_stretch(path: Path, stretch: Stretch, said: Said) -> ClusterFacts | None:
    """The facts in a stretch of a file, the same as in the file but for its objects; None where it can't stand alone.

    It can't where it is no list of its kind, or an object is broken: the file read as a whole tells which.
    """
    found = Found()
    with _no_gc(), path.open("rb", buffering=0) as file:
        if not read_list(Piece(file, stretch), str(path), found) or found.kinds != {stretch.kind}:
            return None
    return None if found.unreadable.count else _facts(found, said)


def without_objects(kind: str, said: Said) -> ClusterFacts:
    """The facts that a file of objects of one kind tells but for the objects."""
    found = Found()
    found.kinds.add(kind)
    return _facts(found, said)


def _facts(found: Found, said: Said) -> ClusterFacts:
    facts = ClusterFacts(
        identity=ClusterIdentity(),
        ccm=CcmInstall(),
        services=_sorted(found.typed["Service"]),
        endpoint_slices=_sorted(found.typed["EndpointSlice"]),
        endpoints=_sorted(found.typed["Endpoints"]),
        nodes=_sorted(found.typed["Node"]),
        pods=_sorted(found.typed["Pod"]),
        events=tuple(found.typed["Event"]),
        gaps=_gaps(found),
        unreadable=found.unreadable.told(),
        origin="files",
    )
    return assemble(facts, found.plain, said)


def _sorted(objects: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(objects, key=_PLACE))


def _gaps(found: Found) -> tuple[Gap, ...]:
    """What the files can't tell."""
    areas = {
        "services": {"Service"}, "endpoints": {"EndpointSlice", "Endpoints"}, "nodes": {"Node"}, "pods": {"Pod"},
        "events": {"Event"}, "rbac": {"ClusterRole"}, "ccm": {"DaemonSet", "Deployment"},
    }  # fmt: skip
    gaps = [
        Gap(area=area, call="file", why="not-asked", detail=f"no {' or '.join(sorted(kinds))} in the files")
        for area, kinds in areas.items()
        if not kinds & found.kinds
    ]
    return tuple(
        gaps + [Gap(area=area, call="cloud", why="not-asked", detail="only files were read") for area in CLOUD_AREAS]
    )


@contextmanager
def _no_gc() -> Iterator[None]:
    """The collector would walk every new object again and again while nothing can be garbage yet."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()  # else the next collection walks them all
            gc.enable()


def _read(path: Path, found: Found) -> None:
    if str(path) == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        refuse_large(len(data), MAX_BYTES, "stdin")
        (_read_yaml if _looks_like_yaml(data) else read_json)(data, "stdin", found)
        return
    try:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
            if not inside:
                raise InputError(what="no .json, .yaml or .yml file in the folder", where=str(path), next_command=DUMP)
            for child in inside:
                _read(child, found)
            return
        size, is_yaml = path.stat().st_size, path.suffix in (".yaml", ".yml")
        refuse_large(size, MAX_BYTES, str(path))
        if size < BIG or is_yaml or not read_large(path, found):
            data = load(path, MAX_BYTES)
            is_yaml = is_yaml or (path.suffix not in _SUFFIXES and _looks_like_yaml(data))
            (_read_yaml if is_yaml else read_json)(data, str(path), found)
    except OSError as error:
        raise InputError(what="can't read the file", where=str(path), why=error.strerror or str(error),
                         next_command=DUMP) from error  # fmt: skip


def _looks_like_yaml(data: Buffer) -> bool:
    """Whether a text of which no name tells what it is begins as no JSON does: by a letter, a comment, a dash."""
    return bytes(data[:4_096]).lstrip()[:1] not in (b"{", b"[", b"<", b"") and data[:1] < b"\x7f"


def _read_yaml(data: Buffer, name: str, found: Found) -> None:
    for number, document in enumerate(documents(bytes(readable(data, name)), name)):
        items = document.get("items", [document]) if isinstance(document, dict) else [document]
        if items is not None and not isinstance(items, list):
            raise InputError(what="the items of the list are no list", where=name, next_command="correct the manifest")
        for item in items or ():
            if isinstance(item, dict):
                read_item(json.dumps(item).encode(), f"{name} document {number}", found)
            else:
                found.unreadable.add(f"{name} document {number}", "not an object")
