"""Names, labels and values: what Kubernetes allows, and how it says no."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Cause = tuple[str, str]
"""A field's path and what is wrong with it."""

REQUIRED = "Required value"
MAX_LABEL = 63
MAX_SUBDOMAIN = 253

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"

_ENDS = "must start and end with an alphanumeric character"
_SUBDOMAIN_SAYS = (
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and {_ENDS}"
)
_LABEL_SAYS = f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and {_ENDS}"
_LABEL_1035_SAYS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character"
)
_QUALIFIED_SAYS = f"name part must consist of alphanumeric characters, '-', '_' or '.', and {_ENDS}"
_VALUE_SAYS = (
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and {_ENDS}"
)
_CONFIG_KEY_SAYS = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"


def quoted(value: Any) -> str:
    """A value as a message shows it: text in quotes, `"null"` for nothing."""
    if value is None:
        return '"null"'
    return (
        json.dumps(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    )


def go_map(found: Mapping[str, str]) -> str:
    """`map[string]string{"app":"web"}`."""
    return "map[string]string{" + ", ".join(f"{json.dumps(k)}:{json.dumps(found[k])}" for k in sorted(found)) + "}"


def go_strings(found: Iterable[str]) -> str:
    """`[]string{"a", "b"}`."""
    return "[]string{" + ", ".join(json.dumps(one) for one in found) + "}"


def wrong(value: Any, why: str) -> str:
    """`Invalid value: "x": why`."""
    return f"Invalid value: {quoted(value)}: {why}"


def unsupported(value: Any, *supported: str) -> str:
    """`Unsupported value: "x": supported values: "a", "b"`."""
    return f"Unsupported value: {quoted(value)}: supported values: {', '.join(quoted(one) for one in supported)}"


def choice(found: Mapping[str, Any], where: str, field: str, *supported: str) -> Iterator[Cause]:
    """Refuse another value than these; an absent one is fine."""
    if found.get(field) is not None and found[field] not in supported:
        yield f"{where}.{field}", unsupported(found[field], *supported)


def between(value: Any, low: int, high: int) -> str:
    """What is wrong with a number, empty when nothing is."""
    if isinstance(value, int) and low <= value <= high:
        return ""
    return wrong(value, f"must be between {low} and {high}, inclusive")


def _pattern(text: str, pattern: str, says: str, *examples: str) -> str:
    if re.fullmatch(pattern, text):
        return ""
    shown = " or ".join(f"'{one}', " for one in examples)
    return f"{says} (e.g. {shown}regex used for validation is '{pattern}')"


def _sized(text: str, limit: int, why: str) -> str:
    return f"must be no more than {limit} characters" if len(text) > limit else why


def subdomain(text: str) -> str:
    """What is wrong with an object's usual name, empty when nothing is."""
    return _sized(text, MAX_SUBDOMAIN, _pattern(text, _SUBDOMAIN, _SUBDOMAIN_SAYS, "example.com"))


def label(text: str) -> str:
    """What is wrong with a container's or a namespace's name, empty when nothing is."""
    return _sized(text, MAX_LABEL, _pattern(text, _LABEL, _LABEL_SAYS, "my-name", "123-abc"))


def label_1035(text: str) -> str:
    """What is wrong with a Service's name, empty when nothing is."""
    return _sized(text, MAX_LABEL, _pattern(text, _LABEL_1035, _LABEL_1035_SAYS, "my-name", "abc-123"))


def label_value(text: str) -> str:
    """What is wrong with a label's value, empty when nothing is."""
    return _sized(text, MAX_LABEL, _pattern(text, _VALUE, _VALUE_SAYS, "MyValue", "my_value", "12345"))


def qualified(text: str) -> str:
    """What is wrong with the key of a label or an annotation, empty when nothing is."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return f"a qualified name {_QUALIFIED_SAYS.removeprefix('name part ')}"
    if slash and (why := subdomain(prefix) if prefix else "must be non-empty"):
        return f"prefix part {why}"
    if not name:
        return "name part must be non-empty"
    why = _pattern(name, _QUALIFIED, _QUALIFIED_SAYS, "MyName", "my.name", "123-abc")
    return f"name part must be no more than {MAX_LABEL} characters" if len(name) > MAX_LABEL else why


def config_key(text: str) -> str:
    """What is wrong with a key of a ConfigMap or Secret, empty when nothing is."""
    return _pattern(text, _CONFIG_KEY, _CONFIG_KEY_SAYS, "key.name", "KEY_NAME", "key-name")
