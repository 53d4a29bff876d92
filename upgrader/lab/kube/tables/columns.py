"""A kind's columns and how a row's cells are made; ages as Kubernetes shortens them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

Object = Mapping[str, Any]
Cells = list[Any]
NONE, UNKNOWN, UNSET = "<none>", "<unknown>", "<unset>"
_DAY_H, _YEAR_H = 24, 24 * 365


class Columns(Struct, frozen=True):
    """Headings and cells of a kind. A heading is `Name`, `Ready:integer`, or `+Node` when only `-o wide` shows it."""

    headings: tuple[str, ...]
    cells: Callable[[Object, datetime], Cells]

    def definitions(self) -> list[dict[str, Any]]:
        """The columns as a Table declares them."""
        found = []
        for heading in self.headings:
            name, _, kind = heading.lstrip("+").partition(":")
            found.append({"name": name, "type": kind or "string", "format": "name" if name == "Name" else "",
                          "description": "", "priority": 1 if heading.startswith("+") else 0})  # fmt: skip
        return found


def at(found: Any, *path: str) -> Any:
    """The value at a path, None where there is none."""
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def name_of(found: Object) -> str:
    """The object's name."""
    return str(found["metadata"].get("name", ""))


def age(found: Object, now: datetime) -> str:
    """How long ago the object was created."""
    return since(found["metadata"].get("creationTimestamp"), now)


def since(moment: str | None, now: datetime) -> str:
    """How long ago a time was."""
    return short_duration((now - read_time(moment)).total_seconds()) if moment else UNKNOWN


def read_time(text: str) -> datetime:
    """A time as objects carry it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def short_duration(seconds: float) -> str:
    """A duration as Kubernetes prints it: `45s`, `5m30s`, `3h`, `2d4h`, `400d`."""
    total_s = int(seconds)
    if total_s < -1:
        return "<invalid>"
    minutes, hours = total_s // 60, total_s // 3600
    days = hours // 24
    # Under so many hours: the big unit, and the small one that is added unless it is nothing.
    steps: tuple[tuple[float, int, str, int, str], ...] = (
        (1 / 30, max(total_s, 0), "s", 0, ""), (1 / 6, minutes, "m", total_s % 60, "s"), (3, minutes, "m", 0, ""),
        (8, hours, "h", minutes % 60, "m"), (48, hours, "h", 0, ""), (8 * _DAY_H, days, "d", hours % 24, "h"),
        (2 * _YEAR_H, days, "d", 0, ""), (8 * _YEAR_H, days // 365, "y", days % 365, "d"),
    )  # fmt: skip
    for under_h, big, unit, small, rest in steps:
        if total_s < under_h * 3600:
            return f"{big}{unit}{small}{rest}" if small else f"{big}{unit}"
    return f"{days // 365}y"


def joined(found: Any, limit: int = 0) -> str:
    """Values by commas, `<none>` for none; with a limit the rest is counted."""
    values = [str(one) for one in found or ()]
    if limit and len(values) > limit:
        return f"{','.join(values[:limit])} + {len(values) - limit} more..."
    return ",".join(values) or NONE


def labels_text(found: Mapping[str, Any] | None) -> str:
    """`a=b,c=d`, sorted."""
    return joined(f"{key}={value}" for key, value in sorted((found or {}).items()))


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector in the short notation."""
    parts = [f"{key}={value}" for key, value in sorted(((selector or {}).get("matchLabels") or {}).items())]
    for rule in (selector or {}).get("matchExpressions") or ():
        values = ",".join(sorted(rule.get("values") or ()))
        parts.append({"In": f"{rule['key']} in ({values})", "NotIn": f"{rule['key']} notin ({values})",
                      "Exists": rule["key"], "DoesNotExist": f"!{rule['key']}"}[rule["operator"]])  # fmt: skip
    return ",".join(parts) or NONE


def containers(found: Object) -> Cells:
    """Names and images of a workload's containers."""
    listed = at(found, "spec", "template", "spec", "containers") or ()
    return [",".join(one.get("name", "") for one in listed), ",".join(one.get("image", "") for one in listed)]
