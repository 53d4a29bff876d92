"""A healthy world, and how a case makes one thing in it sick."""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from upgrader.matrix.load import load_matrix
from upgrader.migrations.context import Context
from upgrader.model.facts import ClusterFacts
from upgrader.model.forecast import Forecast, ServiceForecast
from upgrader.model.version import parse_version

HERE = Path(__file__).parent


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding that must come: by code, outcome and subject; `says` is a part of its message."""

    outcome: str
    subject: str
    says: str = ""
    effect: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"source": "from"}):
    """One case: what differs from the healthy world, and the findings of one check that must come, all of them.

    `repeat` makes so many of each forecast; `state` is how the check must end where the findings do not tell.
    """

    name: str
    source: str = ""
    to: str = "v2.14.0"
    facts: dict[str, Any] = {}
    forecast: list[dict[str, Any]] = []
    repeat: int = 1
    expect: tuple[Expected, ...] = ()
    state: str = ""


class CaseFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cases of one check."""

    code: str
    cases: tuple[Case, ...]


def case_files() -> dict[str, CaseFile]:
    """Every case file by its name."""
    return {
        path.stem: msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), CaseFile)
        for path in sorted(HERE.glob("*.yaml"))
        if not path.name.startswith("_")
    }


@lru_cache(maxsize=1)
def _healthy() -> dict[str, Any]:
    content = yaml.safe_load((HERE / "_healthy.yaml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def facts_of(changes: dict[str, Any] | None = None) -> ClusterFacts:
    """The healthy world with `changes` merged in."""
    return msgspec.convert(merged(_healthy(), changes or {}), ClusterFacts)


def context_of(case: Case) -> Context:
    """What the check looks at in this case."""
    changes = dict(case.facts)
    if case.source:
        changes = merged(changes, {"ccm": {"version": case.source}})
    entries = [{**one, "name": one["name"] + "-x" * n} for n in range(case.repeat) for one in case.forecast]
    forecast = Forecast(services=tuple(msgspec.convert(entries, list[ServiceForecast])))
    return Context(facts_of(changes), parse_version(case.to), load_matrix(), forecast)


def merged(base: Any, change: Any) -> Any:
    """`base` with `change` merged in: mappings by key, lists by name; null removes, all else replaces."""
    if isinstance(base, list) and isinstance(change, dict):
        return _merged_list(base, change)
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return copy.deepcopy(change)
    result = copy.deepcopy(base)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result[key], value) if key in result else copy.deepcopy(value)
    return result


def _merged_list(base: list[Any], change: dict[str, Any]) -> list[Any]:
    found = {_name(item): copy.deepcopy(item) for item in base}
    for name, value in change.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found[name], value) if name in found else copy.deepcopy(value)
    return list(found.values())


def _name(item: dict[str, Any]) -> str:
    name = item.get("id") or item.get("name") or item["metadata"]["name"]
    assert isinstance(name, str)
    return name
