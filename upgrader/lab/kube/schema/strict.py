"""Bodies of built-in kinds checked against what these kinds have: unknown fields are found, wrong types refused."""

from __future__ import annotations

from typing import Any

from upgrader.lab.kube.schema.kinds import kind_name, whole

_GO = {"s": "string", "i": "int32", "b": "bool", "f": "float64", "y": "[]uint8"}
_PYTHON: dict[str, type | tuple[type, ...]] = {"s": str, "i": int, "b": bool, "f": (int, float), "y": str, "Time": str,
                                               "MicroTime": str}  # fmt: skip
_ROOT = frozenset({"apiVersion", "kind"})


def checked(found: dict[str, Any], api_version: str, kind: str) -> tuple[dict[str, Any], list[str], list[str]]:
    """The object without what its kind does not have; the paths of that; and what is of a wrong type, in Go's words.

    An object of a kind that is not built in is as it was.
    """
    name = kind_name(api_version, kind)
    if not name:
        return found, [], []
    walk = _Walk()
    kept = walk.struct({key: value for key, value in found.items() if key not in _ROOT}, name, "")
    return {**{key: value for key, value in found.items() if key in _ROOT}, **kept}, walk.unknown, walk.wrong


class _Walk:
    def __init__(self) -> None:
        self.unknown: list[str] = []
        self.wrong: list[str] = []

    def struct(self, found: dict[str, Any], name: str, path: str) -> dict[str, Any]:
        fields, kept = whole(name), {}
        for key, value in found.items():
            where = f"{path}.{key}" if path else key
            field = fields.get(key)
            if field is None:
                self.unknown.append(where)
            else:
                kept[key] = None if value is None else self._value(value, field.kind, where, name)
        return kept

    def _value(self, value: Any, kind: str, path: str, owner: str) -> Any:
        if kind.startswith("[]"):
            if not isinstance(value, list):
                return self._refuse(value, path, owner, f"[]{_shown(kind[2:])}")
            return [self._value(one, kind[2:], f"{path}[{place}]", owner) for place, one in enumerate(value)]
        if kind.startswith("{}"):
            if not isinstance(value, dict):
                return self._refuse(value, path, owner, f"map[string]{_shown(kind[2:])}")
            return {key: self._value(one, kind[2:], f"{path}.{key}", owner) for key, one in value.items()}
        if "/" in kind:
            if not isinstance(value, dict):
                return value if value is None else self._refuse(value, path, owner, _shown(kind))
            return self.struct(value, kind, path)
        fits = _PYTHON.get(kind)
        if fits is not None and (not isinstance(value, fits) or (isinstance(value, bool) and kind != "b")):
            return value if value is None else self._refuse(value, path, owner, _shown(kind))
        return value

    def _refuse(self, value: Any, path: str, owner: str, wanted: str) -> Any:
        has = {bool: "bool", str: "string", int: "number", float: "number", list: "array"}.get(type(value), "object")
        struct = owner.partition(".")[2]
        self.wrong.append(f"json: cannot unmarshal {has} into Go struct field {struct}.{_plain(path)} of type {wanted}")
        return value


def _plain(path: str) -> str:
    """Go names no places in lists."""
    return "".join(part.partition("]")[2] if "]" in part else part for part in path.replace("[", "\0[").split("\0"))


def _shown(kind: str) -> str:
    """A type as Go's messages name it."""
    if kind in _GO:
        return _GO[kind]
    package, _, name = kind.rpartition(".")
    return f"v1.{name}" if package else f"v1.{kind}"
