"""RAM policy documents as types: what a document says, before anybody judges it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from upgrader.model.facts import RamPolicy

Conditions = dict[str, dict[str, tuple[str, ...]]]
"""operator → key → values, as in a document's `Condition`."""


class Statement(Struct, frozen=True, kw_only=True):
    """One statement. Exactly one of `actions`/`not_actions` and of `resources`/`not_resources` is not None."""

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    conditions: Conditions = {}


class Policy(Struct, frozen=True, kw_only=True):
    """A named policy. `unreadable` says why its document could not be understood; it then has no statements."""

    name: str
    statements: tuple[Statement, ...] = ()
    unreadable: str = ""


class DocumentError(ValueError):
    """A document that is not a RAM policy; kept inside this package."""


def parse_policy(name: str, document: Any) -> Policy:
    """The policy that `document` spells; never raises: a document that makes no sense is `unreadable`."""
    try:
        return Policy(name=name, statements=tuple(_statements(document)))
    except DocumentError as error:
        return Policy(name=name, unreadable=str(error))


def parse_policies(policies: Iterable[RamPolicy]) -> tuple[Policy, ...]:
    """The policies of the facts, parsed."""
    return tuple(parse_policy(policy.name, policy.document) for policy in policies)


def _statements(document: Any) -> Iterable[Statement]:
    if not isinstance(document, dict):
        raise DocumentError("the document is not a JSON object")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        raise DocumentError("the document has no list of statements")
    for number, raw in enumerate(statements, 1):
        yield _statement(raw, f"statement {number}")


def _statement(raw: Any, place: str) -> Statement:
    if not isinstance(raw, dict):
        raise DocumentError(f"{place} is not an object")
    effect = raw.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise DocumentError(f"{place} has the effect {effect!r}")
    return Statement(
        effect=effect,
        conditions=_conditions(raw.get("Condition"), place),
        **_either(raw, "Action", "NotAction", ("actions", "not_actions"), place),
        **_either(raw, "Resource", "NotResource", ("resources", "not_resources"), place),
    )


def _either(
    raw: dict[str, Any], key: str, not_key: str, fields: tuple[str, str], place: str
) -> dict[str, tuple[str, ...]]:
    if (key in raw) == (not_key in raw):
        raise DocumentError(f"{place} must have one of {key} and {not_key}")
    name, field = (key, fields[0]) if key in raw else (not_key, fields[1])
    return {field: _texts(raw[name], f"{place}: {name}")}


def _texts(value: Any, place: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in values):
        raise DocumentError(f"{place} holds something other than text")
    return tuple(values)


def _conditions(raw: Any, place: str) -> Conditions:
    if raw is None:
        return {}
    if not isinstance(raw, dict) or not all(isinstance(keys, dict) for keys in raw.values()):
        raise DocumentError(f"{place}: Condition is not operator → key → values")
    return {
        operator: {key: _scalars(values) for key, values in keys.items()} for operator, keys in raw.items()
    }  # fmt: skip


def _scalars(value: Any) -> tuple[str, ...]:
    """Values as text: RAM accepts `true` and `"true"` alike."""
    values = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)
