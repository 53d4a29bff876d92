"""A JSON file's objects: a list comes in pages, each decoded straight into frozen types; what is broken is named."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from upgrader import codec
from upgrader.codec import Unreadable
from upgrader.discover.buffers import Buffer
from upgrader.discover.json_text import DUMP, readable, refuse, refuse_repeated, repeated_key
from upgrader.discover.pages import Cut, Source, beginning, parsed_pages
from upgrader.model.described import described
from upgrader.model.errors import InputError
from upgrader.model.facts import FACTS_SCHEMA, ClusterFacts
from upgrader.model.kube import Endpoints, EndpointSlice, Event, Node, Pod, Service

WHOLLY_CHECKED = 4 * 1024**2
"""Up to this size every key of a file is looked at; beyond, those that would hide most: a parse costs too much."""
_OURS = {"Plan": "ccm-upgrade plan show FILE", "Run": "ccm-upgrade status RUN", "Verdict": "ccm-upgrade status RUN"}
SNAPSHOT = "ClusterFacts"
"""The kind of a snapshot; those of before the first release have none."""
TYPED: dict[str, type[Any]] = {
    "Service": Service, "EndpointSlice": EndpointSlice, "Endpoints": Endpoints, "Node": Node, "Pod": Pod,
    "Event": Event,
}  # fmt: skip
PLAIN = frozenset({"DaemonSet", "Deployment", "Pod", "ConfigMap", "Lease", "ClusterRole", "ClusterRoleBinding"})


class _Head(Struct):
    """What tells one JSON document from another."""

    kind: str = ""
    api_version: str = field(default="", name="apiVersion")
    message: str = ""
    items: list[Raw] | None = None
    identity: Raw = Raw()


class _Kind(Struct):
    kind: str = ""


# What stands once in an object, and hides most where it is given twice.
_ONCE = {"EndpointSlice": (b'"metadata":', b'"endpoints":')}
_ONCE_ELSEWHERE = (b'"metadata":', b'"spec":', b'"annotations":')
_HEAD, _KIND = msgspec.json.Decoder(_Head), msgspec.json.Decoder(_Kind)
_KINDS, _RAWS = msgspec.json.Decoder(list[_Kind]), msgspec.json.Decoder(list[Raw])
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@cache
def _decoder(kind: str) -> msgspec.json.Decoder[Any] | None:
    """Of one object; None for a kind that is not typed. Each is built when it is needed: a dump has few kinds."""
    return msgspec.json.Decoder(described(TYPED[kind])) if kind in TYPED else None


@cache
def _page_decoder(kind: str) -> msgspec.json.Decoder[Any] | None:
    """Of a list of objects; None for a kind that is wanted in its plain form too."""
    shape: Any = TYPED.get(kind)
    return msgspec.json.Decoder(described(list[shape])) if shape is not None and kind not in PLAIN else None


class Found:
    """What has been read so far."""

    def __init__(self) -> None:
        self.typed: dict[str, list[Any]] = {kind: [] for kind in TYPED}
        self.plain: list[dict[str, Any]] = []
        self.unreadable = Unreadable()
        self.kinds: set[str] = set()
        self.snapshot: ClusterFacts | None = None

    def add(self, more: Found) -> None:
        """What another reading found, too."""
        for kind, objects in more.typed.items():
            self.typed[kind] += objects
        self.plain += more.plain
        self.unreadable.merge(more.unreadable)
        self.kinds |= more.kinds


def read_large(path: Path, found: Found) -> bool:
    """Add the objects of a large file, page by page; False, with nothing added, where it has to be read as a whole."""
    with path.open("rb", buffering=0) as file:
        return read_list(file, str(path), found)


def read_list(file: Source, name: str, found: Found) -> bool:
    """Add the objects of a list, page by page; False, with nothing added, where its text has to be read as a whole."""
    mine, number = Found(), 0
    try:
        cut = Cut(file)
        for page in cut.pages():
            number += _read_page(page, mine, name, number, doubtful=True)
        head = _HEAD.decode(cut.rest)
    except _BROKEN:
        return False
    _refuse_others(head, name)
    if _kind_of_items(head):
        return False
    for page in parsed_pages(head.items or [], b""):
        number += _read_page(page, mine, name, number, doubtful=True)
    found.add(mine)
    return True


def read_json(data: Buffer, name: str, found: Found) -> None:
    """Add the objects of a file to `found`. Raises `InputError` for what is no JSON, or no Kubernetes objects."""
    data = readable(data, name)
    try:
        head = _HEAD.decode(data)
    except _BROKEN as error:
        refuse(data, name, error)
    _refuse_others(head, name)
    if len(data) <= WHOLLY_CHECKED and (key := repeated_key(data)):
        refuse_repeated(key, _place_of(key, head, name))
    if bytes(head.identity) and head.items is None:
        found.snapshot = _snapshot(data, name)
        return
    if head.items is None:
        if not head.kind.endswith("List"):
            read_item(data, name, found)
        return
    number, doubtful = 0, len(data) > WHOLLY_CHECKED
    if kind := _kind_of_items(head):
        found.kinds.add(kind)
        for number, item in enumerate(head.items):
            read_item(_with_kind(bytes(item), kind), f"{name} item {number}", found, doubtful=doubtful)
        return
    for page in parsed_pages(head.items, data):
        number += _read_page(page, found, name, number, doubtful=doubtful)


def _refuse_others(head: _Head, name: str) -> None:
    """Raise for a document that holds no objects: one of our own, or an error that kubectl printed."""
    if head.api_version.startswith("ccm-upgrade/") and head.kind != SNAPSHOT:
        raise InputError(
            what=f"this is a {head.kind} of ccm-upgrade, not a dump or a snapshot", where=name,
            next_command=_OURS.get(head.kind, "ccm-upgrade discover -o facts.json"),
        )  # fmt: skip
    if head.kind == "Status":
        raise InputError(
            what="the Kubernetes API refused, and its refusal is what was saved", where=name, why=head.message,
            next_command=DUMP,
        )  # fmt: skip


def _kind_of_items(head: _Head) -> str:
    """`Service` of a ServiceList, as `kubectl get --raw` prints it; empty where each item tells its own kind."""
    kind = head.kind.removesuffix("List")
    return kind if kind != head.kind and head.items is not None else ""


def _with_kind(item: bytes, kind: str) -> bytes:
    """An item of such a list, which has no kind, with that of the list; one that has its own keeps it."""
    try:
        bare = not _KIND.decode(item).kind
    except _BROKEN:
        bare = False  # told by whoever decodes it in full
    text = item.lstrip()
    comma = b"" if text[1:].lstrip()[:1] == b"}" else b","
    return b'{"kind":%b%b%b' % (msgspec.json.encode(kind), comma, text[1:]) if bare else item


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


def _read_page(page: bytes, found: Found, name: str, number: int, *, doubtful: bool) -> int:
    """Decode the objects of a page, the first of which is the file's `number`th, and return how many there are.

    Objects of one kind are decoded in one go; one by one where they are not so, or one is broken.
    """
    head, kind = beginning(page, 1)
    many, kind = (page.count(head), kind) if head else (0, _kind_of_all(page))
    decoder = _page_decoder(kind)
    if decoder is not None:
        try:
            objects = codec.decode_objects(page, decoder)
        except _BROKEN:
            objects = []
        if objects and many in (0, len(objects)) and not (doubtful and _may_repeat(page, kind, len(objects))):
            found.typed[kind] += objects
            found.kinds.add(kind)
            return len(objects)
    items = _RAWS.decode(page)
    for place, item in enumerate(items, number):
        read_item(item, f"{name} item {place}", found, doubtful=doubtful)
    return len(items)


def read_item(item: Any, name: str, found: Found, *, doubtful: bool = False) -> None:
    """Decode one object, bytes or raw. `doubtful` says that some object of the file may hold a key twice."""
    try:
        kind = _kind_of(item)
        if not kind:
            raise msgspec.ValidationError("it has no kind")
        if doubtful and _may_repeat(bytes(item), kind) and (key := repeated_key(bytes(item))):
            refuse_repeated(key, f"{name} ({codec.name_in(bytes(item))})")
        found.kinds.add(kind)
        if kind in PLAIN:
            found.plain.append(msgspec.json.decode(item))
        decoder = _decoder(kind)
        if decoder is not None:
            found.typed[kind].append(codec.decode_object(item, decoder))
    except _BROKEN as error:
        found.unreadable.add(codec.name_in(bytes(item)) or name, str(error))


def _kind_of(item: Any) -> str:
    """The object's kind: kubectl prints it second, so that a look at the beginning mostly does."""
    return beginning(memoryview(item))[1] or _KIND.decode(item).kind


def _kind_of_all(page: bytes) -> str:
    """The kind of all objects of a page; empty where they are of several, or one has none."""
    try:
        kinds = {one.kind for one in _KINDS.decode(page)}
    except _BROKEN:
        return ""
    return kinds.pop() if len(kinds) == 1 else ""


def _may_repeat(data: bytes, kind: str, objects: int = 1) -> bool:
    """Whether a key that stands once in an object is found more often than there are objects.

    The count costs a tenth of parsing; only where it says so is an object looked at in full.
    """
    return any(data.count(key) > objects for key in _ONCE.get(kind, _ONCE_ELSEWHERE))
