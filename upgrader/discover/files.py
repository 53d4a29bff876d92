"""ClusterFacts from files: `kubectl get … -o json` dumps, YAML manifests, or a snapshot of our own.

One pass over each file: a list is cut into raw items, each is decoded straight into its frozen type. Objects that
can't be decoded are named, the rest is judged.
"""

from __future__ import annotations

import gc
import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct, field
from msgspec.structs import replace

from upgrader import codec
from upgrader.codec import Unreadable
from upgrader.discover.assemble import assemble
from upgrader.discover.buffers import Buffer, consumed, load
from upgrader.discover.json_text import DUMP, readable, refuse, refuse_repeated, repeated_key
from upgrader.discover.said import Said, with_said
from upgrader.discover.yaml_objects import documents
from upgrader.model.errors import InputError
from upgrader.model.facts import FACTS_SCHEMA, CcmInstall, ClusterFacts, ClusterIdentity, Gap
from upgrader.model.kube import Endpoints, EndpointSlice, Event, Node, Pod, Service

MAX_BYTES = 2 * 1024**3
WHOLLY_CHECKED = 4 * 1024**2
"""Up to this size every key of a file is looked at; beyond, those that would hide most: a parse costs too much."""
_OURS = {"Plan": "ccm-upgrade plan show FILE", "Run": "ccm-upgrade status RUN", "Verdict": "ccm-upgrade status RUN"}
CLOUD_AREAS = ("clb", "nlb", "eni", "vpc", "ram", "addon", "security-groups")
TYPED: dict[str, type[Any]] = {
    "Service": Service, "EndpointSlice": EndpointSlice, "Endpoints": Endpoints, "Node": Node, "Pod": Pod,
    "Event": Event,
}  # fmt: skip
PLAIN = frozenset({"DaemonSet", "Deployment", "Pod", "ConfigMap", "Lease", "ClusterRole", "ClusterRoleBinding"})
_SUFFIXES = (".json", ".yaml", ".yml")
_DECODERS = {kind: msgspec.json.Decoder(shape) for kind, shape in TYPED.items()}
_BATCH_DECODERS = {kind: msgspec.json.Decoder(list[shape]) for kind, shape in TYPED.items() if kind not in PLAIN}  # type: ignore[valid-type]


class _Head(Struct):
    """What tells one JSON document from another."""

    kind: str = ""
    api_version: str = field(default="", name="apiVersion")
    message: str = ""
    items: list[Raw] | None = None
    identity: Raw = Raw()


class _Kind(Struct):
    kind: str = ""


# Where keys are sorted, as kubectl sorts them, `metadata` follows; no reference to an object looks like that.
_FIRST = re.compile(rb'\{\s*"apiVersion"\s*:\s*"[^"\\]*"\s*,\s*"kind"\s*:\s*"(\w+)"\s*,\s*"metadata"')
_ONCE = (b'"metadata":', b'"spec":', b'"annotations":')
_HEAD, _KIND = msgspec.json.Decoder(_Head), msgspec.json.Decoder(_Kind)
_KINDS = msgspec.json.Decoder(list[_Kind])


class _Found:
    """What has been read so far."""

    def __init__(self) -> None:
        self.typed: dict[str, list[Any]] = {kind: [] for kind in TYPED}
        self.plain: list[dict[str, Any]] = []
        self.unreadable = Unreadable()
        self.kinds: set[str] = set()
        self.snapshot: ClusterFacts | None = None


def read_files(paths: Iterable[Path], said: Said) -> ClusterFacts:
    """The facts in files and folders (`-` is stdin). What only the cloud knows becomes gaps.

    Raises `InputError` for a file that is missing, cut, too large, too deep or no JSON or YAML at all.
    """
    found = _Found()
    with _no_gc():
        for path in paths:
            for data, name, is_yaml in _documents(path):
                (_read_yaml if is_yaml else _read_json)(data, name, found)
    if found.snapshot is not None:
        identity, ccm = with_said(found.snapshot.identity, found.snapshot.ccm, said)
        return replace(found.snapshot, identity=identity, ccm=ccm)
    if not found.kinds and not found.unreadable.count:
        raise InputError(
            what="nothing to judge in the files",
            next_command=DUMP,
        )
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
    keys = [((meta := one.metadata).namespace, meta.name) for one in objects]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return tuple([objects[at] for at in order])


def _gaps(found: _Found) -> tuple[Gap, ...]:
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
            gc.enable()


def _documents(path: Path) -> Iterator[tuple[Buffer, str, bool]]:
    if str(path) == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        _refuse_large(len(data), "stdin")
        yield data, "stdin", data.lstrip()[:1] not in (b"{", b"[", b"") and data[:1] < b"\x7f"
        return
    try:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
            if not inside:
                raise InputError(what="no .json, .yaml or .yml file in the folder", where=str(path))
            for child in inside:
                yield from _documents(child)
            return
        _refuse_large(path.stat().st_size, str(path))
        yield load(path), str(path), path.suffix in (".yaml", ".yml")
    except OSError as error:
        raise InputError(what="can't read the file", where=str(path), why=error.strerror or str(error)) from error


def _refuse_large(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise InputError(
            what=f"more than {MAX_BYTES:,} bytes", where=name,
            next_command="dump fewer kinds, or one namespace at a time",
        )  # fmt: skip


def _read_json(data: Buffer, name: str, found: _Found) -> None:
    data = readable(data, name)
    try:
        head = _HEAD.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        refuse(data, name, error)
    _refuse_others(head, name)
    if len(data) <= WHOLLY_CHECKED and (key := repeated_key(data)):
        refuse_repeated(key, _place_of(key, head, name))
    if bytes(head.identity) and head.items is None:
        found.snapshot = _snapshot(data, name)
        return
    if head.items is None:
        _read_item(data, name, found)
        return
    number, doubtful = 0, len(data) > WHOLLY_CHECKED
    for batch in consumed(head.items, data):
        if not _read_batch(batch, found, doubtful=doubtful):
            for place, item in enumerate(batch, number):
                _read_item(item, f"{name} item {place}", found, doubtful=doubtful)
        number += len(batch)


def _refuse_others(head: _Head, name: str) -> None:
    """Raise for a document that holds no objects: one of our own, or an error that kubectl printed."""
    if head.api_version.startswith("ccm-upgrade/"):
        raise InputError(
            what=f"this is a {head.kind} of ccm-upgrade, not a dump or a snapshot", where=name,
            next_command=_OURS.get(head.kind, "ccm-upgrade discover -o facts.json"),
        )  # fmt: skip
    if head.kind == "Status":
        raise InputError(
            what="the Kubernetes API refused, and its refusal is what was saved", where=name, why=head.message,
            next_command=DUMP,
        )  # fmt: skip


def _place_of(key: str, head: _Head, name: str) -> str:
    """The first object of a list that holds `key` twice, by its name."""
    for number, item in enumerate(head.items or ()):
        if repeated_key(bytes(item)) == key:
            return f"{name} item {number} ({codec.name_in(bytes(item))})"
    return name


def _snapshot(data: Buffer, name: str) -> ClusterFacts:
    facts = codec.decode(bytes(data), ClusterFacts, where=name)
    if facts.schema != FACTS_SCHEMA:
        raise InputError(
            what=f"the snapshot has schema {facts.schema}, this version reads {FACTS_SCHEMA}",
            where=name,
            next_command="ccm-upgrade discover -o facts.json makes a new one",
        )
    return facts


def _read_batch(batch: list[Raw], found: _Found, *, doubtful: bool) -> bool:
    """Decode objects of one kind in one go; False, with nothing kept, where they are not so, or one is broken."""
    text = b"[%b]" % b",".join(batch)
    kind = _kind_of_all(batch, text)
    decoder = _BATCH_DECODERS.get(kind)
    if decoder is None or (doubtful and _may_repeat(text, len(batch))):
        return False
    try:
        found.typed[kind] += decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    found.kinds.add(kind)
    return True


def _read_item(item: Any, name: str, found: _Found, *, doubtful: bool = False) -> None:
    """Decode one object, bytes or raw. `doubtful` says that some object of the file may hold a key twice."""
    try:
        kind = _kind_of(item)
        if doubtful and _may_repeat(bytes(item)) and (key := repeated_key(bytes(item))):
            refuse_repeated(key, f"{name} ({codec.name_in(bytes(item))})")
        found.kinds.add(kind)
        if kind in PLAIN:
            found.plain.append(msgspec.json.decode(item))
        decoder = _DECODERS.get(kind)
        if decoder is not None:
            found.typed[kind].append(codec.decode_object(item, decoder))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        found.unreadable.add(codec.name_in(bytes(item)) or name, str(error))


def _kind_of(item: Any) -> str:
    """The object's kind: kubectl prints it second, so that a look at the beginning mostly does."""
    match = _FIRST.match(memoryview(item))
    return match[1].decode() if match else _KIND.decode(item).kind


def _kind_of_all(batch: list[Raw], text: bytes) -> str:
    """The kind of all objects, whose list is `text`; empty where they are of several, or one has none."""
    match = _FIRST.match(memoryview(batch[0]))
    if match and text.count(match[0]) == len(batch):
        return match[1].decode()
    try:
        kinds = {one.kind for one in _KINDS.decode(text)}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return kinds.pop() if len(kinds) == 1 else ""


def _may_repeat(data: bytes, objects: int = 1) -> bool:
    """Whether a key that stands once in an object is found more often than there are objects.

    The count costs a tenth of parsing; only where it says so is an object looked at in full.
    """
    return any(data.count(key) > objects for key in _ONCE)


def _read_yaml(data: Buffer, name: str, found: _Found) -> None:
    for number, document in enumerate(documents(bytes(readable(data, name)), name)):
        items = document.get("items", [document]) if isinstance(document, dict) else [document]
        if items is not None and not isinstance(items, list):
            raise InputError(what="the items of the list are no list", where=name, next_command="correct the manifest")
        for item in items or ():
            if isinstance(item, dict):
                _read_item(json.dumps(item).encode(), f"{name} document {number}", found)
            else:
                found.unreadable.add(f"{name} document {number}", "not an object")
