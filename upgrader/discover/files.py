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
from msgspec import Raw, Struct
from msgspec.structs import replace

from upgrader import codec
from upgrader.discover.assemble import assemble
from upgrader.discover.buffers import Buffer, consumed, count, load
from upgrader.discover.said import Said, with_said
from upgrader.model.errors import InputError
from upgrader.model.facts import FACTS_SCHEMA, CcmInstall, ClusterFacts, ClusterIdentity, Gap
from upgrader.model.kube import Endpoints, EndpointSlice, Event, Node, Pod, Service

MAX_BYTES = 2 * 1024**3
NAMED_UNREADABLE = 1000
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
    items: list[Raw] | None = None
    identity: Raw = Raw()


class _Kind(Struct):
    kind: str = ""


# `apiVersion` comes first and `kind` second where keys are sorted, as kubectl sorts them.
_FIRST = re.compile(rb'\s*\{\s*"apiVersion"\s*:\s*"[^"\\]*"\s*,\s*"kind"\s*:\s*"(\w+)"')
_ONCE = (b'"metadata":', b'"spec":', b'"annotations":')
_HEAD, _KIND = msgspec.json.Decoder(_Head), msgspec.json.Decoder(_Kind)


class _Found:
    """What has been read so far."""

    def __init__(self) -> None:
        self.typed: dict[str, list[Any]] = {kind: [] for kind in TYPED}
        self.plain: list[dict[str, Any]] = []
        self.unreadable: dict[str, str] = {}
        self.unreadable_count = 0
        self.kinds: set[str] = set()
        self.snapshot: ClusterFacts | None = None

    def bad(self, name: str, why: str) -> None:
        self.unreadable_count += 1
        if len(self.unreadable) < NAMED_UNREADABLE:
            self.unreadable[name] = why


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
    if not found.kinds and not found.unreadable_count:
        raise InputError(
            what="nothing to judge in the files",
            next_command="kubectl get svc,endpointslices,nodes,ds,deploy -A -o json > dump.json",
        )
    unreadable = dict(found.unreadable)
    if found.unreadable_count > len(unreadable):
        unreadable["…"] = f"{found.unreadable_count - len(unreadable)} more"
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
        unreadable=unreadable,
        origin="files",
    )
    return assemble(facts, found.plain, said)


def _sorted(objects: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(objects, key=lambda o: (o.metadata.namespace, o.metadata.name)))


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
        yield sys.stdin.buffer.read(), "stdin", False
        return
    try:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
            if not inside:
                raise InputError(what="no .json, .yaml or .yml file in the folder", where=str(path))
            for child in inside:
                yield from _documents(child)
            return
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(what=f"the file has {size:,} bytes, more than {MAX_BYTES:,}", where=str(path),
                             next_command="dump fewer kinds, or one namespace at a time")  # fmt: skip
        yield load(path), str(path), path.suffix in (".yaml", ".yml")
    except OSError as error:
        raise InputError(what="can't read the file", where=str(path), why=error.strerror or str(error)) from error


def _read_json(data: Buffer, name: str, found: _Found) -> None:
    if isinstance(data, bytes) and not data.strip():
        raise InputError(what="the file is empty", where=name)
    try:
        head = _HEAD.decode(data)
    except msgspec.ValidationError as error:
        raise InputError(what="not a Kubernetes object or list", where=name, why=str(error)) from error
    except RecursionError as error:
        raise InputError(what="the JSON is nested too deeply", where=name) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            what="not valid JSON: the dump may have been cut",
            where=name,
            why=str(error),
            next_command="dump again: kubectl get svc,endpointslices,nodes,ds,deploy -A -o json > dump.json",
        ) from error
    if bytes(head.identity) and head.items is None:
        found.snapshot = _snapshot(data, name)
    elif head.items is not None:
        # One more than there are items: the list has metadata of its own.
        doubtful = _may_repeat(data, len(head.items) + 1)
        number = 0
        for batch in consumed(head.items, data):
            if doubtful or not _read_batch(batch, found):
                for place, item in enumerate(batch, number):
                    _read_item(item, f"{name} item {place}", found, doubtful=doubtful)
            number += len(batch)
    else:
        _read_item(data, name, found)


def _snapshot(data: Buffer, name: str) -> ClusterFacts:
    facts = codec.decode(bytes(data), ClusterFacts, where=name)
    if facts.schema != FACTS_SCHEMA:
        raise InputError(
            what=f"the snapshot has schema {facts.schema}, this version reads {FACTS_SCHEMA}",
            where=name,
            next_command="ccm-upgrade discover -o facts.json makes a new one",
        )
    return facts


def _read_batch(batch: list[Raw], found: _Found) -> bool:
    """Decode objects of one kind in one go; False, with nothing kept, where they are not so, or one is broken."""
    kind = _kind_at_start(batch[0])
    decoder = _BATCH_DECODERS.get(kind)
    if decoder is None or any(_kind_at_start(item) != kind for item in batch):
        return False
    try:
        found.typed[kind] += decoder.decode(b"[%b]" % b",".join(batch))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    found.kinds.add(kind)
    return True


def _read_item(item: Any, name: str, found: _Found, *, doubtful: bool = True) -> None:
    """Decode one object, bytes or raw. `doubtful` says that some object of the file may hold a key twice."""
    try:
        kind = _kind_of(item)
        if doubtful and _may_repeat(bytes(item)):
            _refuse_duplicates(bytes(item), name)
        found.kinds.add(kind)
        if kind in PLAIN:
            found.plain.append(msgspec.json.decode(item))
        decoder = _DECODERS.get(kind)
        if decoder is not None:
            found.typed[kind].append(codec.decode_object(item, decoder))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        found.bad(_name_of(bytes(item), name), str(error))


def _kind_of(item: Any) -> str:
    """The object's kind: kubectl prints it second, so that a look at the beginning mostly does."""
    return _kind_at_start(item) or _KIND.decode(item).kind


def _kind_at_start(item: Any) -> str:
    match = _FIRST.match(memoryview(item))
    return match[1].decode() if match else ""


def _may_repeat(data: Buffer, objects: int = 1) -> bool:
    """Whether a key that stands once in an object is found more often than there are objects.

    A count over the whole file costs a tenth of parsing it; only where it says so is each object looked at in full.
    """
    return any(count(data, key) > objects for key in _ONCE)


def _name_of(data: bytes, name: str) -> str:
    try:
        metadata = msgspec.json.decode(data)["metadata"]
        return f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError, RecursionError, UnicodeDecodeError):
        return name


def _refuse_duplicates(data: bytes, name: str) -> None:
    """Raise when an object holds a key twice: readers differ in which one they take.

    Looked for only where a key that stands once in an object stands more often: the look costs a whole parse.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in found]
        twice = {key for key in keys if keys.count(key) > 1} if len(set(keys)) < len(keys) else set()
        if twice:
            raise InputError(what=f"the key {sorted(twice)[0]!r} is given twice in one object", where=name)
        return dict(found)

    try:
        json.loads(data, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return


def _read_yaml(data: Buffer, name: str, found: _Found) -> None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = [d for d in yaml.load_all(bytes(data), Loader=loader) if d is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark else name
        raise InputError(
            what="not valid YAML", where=place, why=getattr(error, "problem", None) or str(error)
        ) from error
    for number, document in enumerate(documents):
        items = document.get("items", [document]) if isinstance(document, dict) else [document]
        for item in items:
            if isinstance(item, dict):
                _read_item(json.dumps(item, default=str).encode(), f"{name} document {number}", found)
            else:
                found.bad(f"{name} document {number}", "not an object")
