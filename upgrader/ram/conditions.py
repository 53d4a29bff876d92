"""Whether a statement's Condition holds: yes, no, or not to be decided with what is known of the request."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping

from upgrader.ram.globs import covers
from upgrader.ram.model import Conditions

Context = Mapping[str, str]
"""What is known of the request: condition key (`acs:SourceIp`) → value. Keys are compared without case."""


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda value, wanted: compare(float(value), float(wanted))


def _in_network(value: str, wanted: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)


_POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda value, wanted: value == wanted,
    "stringequalsignorecase": lambda value, wanted: value.lower() == wanted.lower(),
    "stringlike": lambda value, wanted: covers(wanted, value),
    "bool": lambda value, wanted: value.lower() == wanted.lower(),
    "numericequals": _number(lambda value, wanted: value == wanted),
    "numericlessthan": _number(lambda value, wanted: value < wanted),
    "numericlessthanequals": _number(lambda value, wanted: value <= wanted),
    "numericgreaterthan": _number(lambda value, wanted: value > wanted),
    "numericgreaterthanequals": _number(lambda value, wanted: value >= wanted),
    "ipaddress": _in_network,
}
# A negative operator holds when none of its values matches; each is its positive twin turned around.
_NEGATIVE = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "notipaddress": "ipaddress",
}


def holds(conditions: Conditions, context: Context) -> bool | None:
    """True when all of it holds, False when a part surely does not, None when that can't be decided."""
    known = {key.lower(): value for key, value in context.items()}
    answers = [
        _one(operator.lower(), known.get(key.lower()), values)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    ]
    if False in answers:
        return False
    return None if None in answers else True


def _one(operator: str, value: str | None, wanted: Iterable[str]) -> bool | None:
    positive = _POSITIVE.get(_NEGATIVE.get(operator, operator))
    if positive is None or value is None:
        return None
    try:
        matched = any(positive(value, one) for one in wanted)
    except ValueError:
        return None
    return not matched if operator in _NEGATIVE else matched
