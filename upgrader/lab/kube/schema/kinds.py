"""The built-in kinds' fields, read once from `kinds.txt` (made by `make.py` from the Go types of Kubernetes 1.32)."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from importlib.resources import files

from msgspec import Struct

_FIELD = re.compile(r"^(?P<name>\w+)=(?P<number>\d+)(?P<mark>[?!~]?)(?P<kind>.+)$")
SCALARS = frozenset({"s", "i", "b", "f", "y"})
SPECIAL = frozenset({"Time", "MicroTime", "IntOrString", "Quantity", "Raw", "Duration"})
_OPTIONS = "DeleteOptions"


class Field(Struct, frozen=True):
    """One field: its number on the wire, whether Go holds it by pointer or inlines it, and its type.

    `kind` is a letter for a scalar (string, integer, boolean, float, bytes), `[]` or `{}` before what lists and maps
    hold, or the whole name of another struct.
    """

    name: str
    number: int
    kind: str
    pointer: bool = False
    inline: bool = False


Fields = Mapping[str, Field]


@functools.cache
def kinds() -> dict[str, dict[str, Field]]:
    """Every struct by its name, such as `core/v1.ServiceSpec`."""
    text = files(__package__).joinpath("kinds.txt").read_text(encoding="utf-8")
    found: dict[str, dict[str, Field]] = {}
    for line in text.splitlines():
        name, *fields = line.split(" ")
        found[name] = {one.name: one for one in (_field(text, name.partition(".")[0]) for text in fields)}
    return found


def _field(text: str, group: str) -> Field:
    match = _FIELD.match(text)
    assert match is not None, text
    kind = match["kind"]
    wrapped = re.match(r"^((?:Items)?(?:\[\]|\{\})*)(.+)$", kind)
    assert wrapped is not None, text
    inner = wrapped[2]
    if inner not in SCALARS and inner not in SPECIAL and "/" not in inner and not inner.startswith("Items"):
        inner = f"{group}.{inner}"
    return Field(match["name"], int(match["number"]), wrapped[1] + inner, match["mark"] == "?", match["mark"] == "~")


@functools.cache
def whole(name: str) -> dict[str, Field]:
    """A struct's fields as JSON shows them: those of inlined structs among its own."""
    found: dict[str, Field] = {}
    for one in kinds()[name].values():
        found.update(whole(one.kind) if one.inline else {one.name: one})
    return found


def kind_name(api_version: str, kind: str) -> str:
    """The struct of an object's apiVersion and kind, empty for one that is not built in."""
    if kind == _OPTIONS:
        return f"meta/v1.{_OPTIONS}"
    group, _, version = api_version.rpartition("/")
    name = f"{group.partition('.')[0] or 'core'}/{version}.{kind}"
    return name if name in kinds() else ""
