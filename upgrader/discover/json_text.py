"""A file's bytes as JSON that can be trusted: readable text, one document, no key twice; else a clear refusal."""

from __future__ import annotations

import codecs
import json
import mmap
from typing import Any, NoReturn

import msgspec

from upgrader.discover.buffers import Buffer
from upgrader.model.errors import InputError

DUMP = "kubectl get svc,endpointslices,nodes,ds,deploy -A -o json > dump.json"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_GZIP, _ZIP, _ZSTD = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"


def readable(data: Buffer, name: str) -> Buffer:
    """The bytes as UTF-8. PowerShell's `>` writes UTF-16 with a mark: it is undone. Raises `InputError`."""
    head = bytes(data[:4])
    if head[:2] == _GZIP or head in (_ZIP, _ZSTD):
        raise InputError(what="the file is compressed", where=name, next_command=f"gunzip --keep {name}")
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            try:
                return bytes(data).decode(encoding).encode()
            except UnicodeError as error:
                raise InputError(what=f"not the {encoding} that it begins as", where=name, why=str(error),
                                 next_command=DUMP) from error  # fmt: skip
    if not data[:1_000].strip() and not bytes(data).strip():
        raise InputError(what="the file is empty", where=name, next_command=DUMP)
    return data


def refuse(data: Buffer, name: str, error: Exception) -> NoReturn:
    """Raise what an error of the JSON parser means for the user."""
    if isinstance(error, RecursionError):
        raise InputError(what="the JSON is nested too deeply", where=name, next_command=DUMP) from error
    if isinstance(error, msgspec.ValidationError):
        raise InputError(
            what="not a Kubernetes object or list", where=name, why=str(error), next_command=DUMP
        ) from error
    why, what = str(error), "not valid JSON"
    if "truncated" in why:
        what = "the JSON ends in the middle: the dump was cut"
    elif bytes(data[:1_000]).lstrip().startswith(b"<"):
        what = "this is HTML or XML, not JSON: perhaps the answer of a proxy"
    elif b"\0" in data[:64]:
        what = "not valid JSON: zero bytes in it, as of another encoding or a damaged file"
    elif "trailing characters" in why:
        what = "more than one JSON document in the file"
        first = bytes(data[:100_000]).partition(b"\n")[0]
        if b'"seq"' in first and b'"run"' in first:
            raise InputError(
                what="this is the journal of a run, not a dump", where=name, next_command="ccm-upgrade status"
            ) from error
    raise InputError(what=what, where=name, why=why, next_command=DUMP) from error


def repeated_key(data: Buffer) -> str:
    """A key that some object of the text holds twice; empty where there is none. It costs a whole parse."""

    def pairs(found: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in found}) == len(found):
            return
        keys = [key for key, _ in found]
        raise _RepeatedError(min(key for key in keys if keys.count(key) > 1))

    try:
        json.loads(bytes(data) if isinstance(data, mmap.mmap) else data, object_pairs_hook=pairs)
    except _RepeatedError as error:
        return error.key
    except (ValueError, RecursionError):
        return ""  # What is wrong with it is told where it is decoded.
    return ""


class _RepeatedError(Exception):
    def __init__(self, key: str) -> None:
        self.key = key


def refuse_repeated(key: str, name: str) -> NoReturn:
    """Raise: no reader may choose one of two values."""
    raise InputError(
        what=f"the key {key!r} is given twice in one object", where=name,
        why="readers differ in which of the two they take", next_command="remove one of them, or dump again",
    )  # fmt: skip
