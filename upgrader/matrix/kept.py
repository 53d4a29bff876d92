"""What the data files said when they were last read, kept for the next start: to read YAML takes a third of one.

It stands in the user's cache folder under the digest of the files and of the code that reads them, so that nothing
old is ever taken. What is not there, broken, or could be another user's work is read anew; where nothing can be kept,
nothing is (decision 0012).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

from msgspec import MsgspecError, msgpack

from upgrader.model.described import described
from upgrader.whole_file import write_whole

T = TypeVar("T")

_SUM = hashlib.sha256().digest_size
_VERSIONS = 4
"""So many states of one kind of data stay: those of a few installations beside one another."""
_OTHERS_CAN_WRITE = 0o022


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where it is kept: `ccm-upgrade` in `$XDG_CACHE_HOME` or `~/.cache`. Raises `RuntimeError` for a user without."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ccm-upgrade"


def kept(name: str, kind: type[T], files: Iterable[Path], read: Callable[[], T]) -> T:
    """What `read` makes of the files: a `kind`, as it was kept under `name`, else made now and kept. As `read` raises.

    `name` is a word; two kinds have two.
    """
    try:
        directory = cache_directory()
        path = directory / f"{name}-{_digest(files)}.msgpack"
    except (OSError, RuntimeError):
        return read()
    found = _content(path)
    if found is not None:
        with suppress(MsgspecError):
            return msgpack.decode(found, type=described(kind))
    value = read()
    with suppress(OSError):
        _keep(path, msgpack.encode(value))
    return value


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256(_readers())
    for path in files:
        digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


@cache
def _readers() -> bytes:
    """The digest of the code that knows how data are read, and what their types are."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


def _content(path: Path) -> bytes | None:
    """What was kept, whole and by nobody else; None where it was not."""
    try:
        about = path.stat()
        text = path.read_bytes()
    except OSError:
        return None
    if hasattr(os, "geteuid") and (about.st_uid != os.geteuid() or about.st_mode & _OTHERS_CAN_WRITE):
        return None
    content = text[_SUM:]
    return content if text[:_SUM] == hashlib.sha256(content).digest() else None


def _keep(path: Path, content: bytes) -> None:
    for folder in (path.parent.parent, path.parent):  # No more: a home that is not there is not ours to make.
        folder.mkdir(exist_ok=True, mode=0o700)
    write_whole(path, hashlib.sha256(content).digest() + content)
    name = path.name.rpartition("-")[0]
    states = sorted(path.parent.glob(f"{name}-*.msgpack"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
    for old in states[_VERSIONS:]:
        old.unlink(missing_ok=True)
