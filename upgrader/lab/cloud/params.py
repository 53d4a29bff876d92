"""Reading a request's parameters: flat text, numbered lists, numbered records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from upgrader.lab.cloud.errors import CloudError, invalid, missing

_NUMBERED = re.compile(r"^(?P<name>[^.]+)\.(?P<number>\d+)(?:\.(?P<rest>.+))?$")


class Params:
    """The parameters of one request, as text; `body` is the decoded JSON body of a ROA request, else None.

    Names are taken in any case, as the cloud takes them: CCM v1.9.3 says `LoadBalancerID` when it tags.
    """

    __slots__ = ("_folded", "_groups", "body", "raw")

    def __init__(self, raw: Mapping[str, str], body: Any = None) -> None:
        self.raw = raw
        self.body = body
        self._groups: dict[str, dict[int, dict[str, str]]] | None = None
        self._folded: dict[str, str] | None = None

    def text(self, name: str, default: str = "") -> str:
        """A value, or the default when it was not sent or is empty."""
        return self._sent(name) or default

    def required(self, name: str) -> str:
        """A value that must be there."""
        value = self._sent(name)
        if not value:
            raise missing(name)
        return value

    def has(self, name: str) -> bool:
        """Whether a value was sent, be it empty."""
        return self._sent(name) is not None

    def integer(self, name: str, default: int = 0, *, low: int | None = None, high: int | None = None) -> int:
        """A whole number within the bounds."""
        value = self._sent(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError as error:
            raise invalid(name, f"The specified {name} is not a number.") from error
        if (low is not None and number < low) or (high is not None and number > high):
            raise invalid(name, f"The specified {name} is out of range.")
        return number

    def flag(self, name: str) -> bool | None:
        """True or false as sent; None when it was not sent."""
        value = self._sent(name)
        if not value:
            return None
        if value.lower() in ("true", "on", "1"):
            return True
        if value.lower() in ("false", "off", "0"):
            return False
        raise invalid(name)

    def values(self, name: str) -> list[str]:
        """`name.1`, `name.2`, … in order; also `name` alone, as plain, comma-separated or JSON list."""
        numbered = [fields[""] for _, fields in sorted(self._numbered(name).items()) if "" in fields]
        if numbered:
            return numbered
        alone = self.text(name)
        if alone.startswith("["):
            return [str(one) for one in self.json_list(name)]
        return [one.strip() for one in alone.split(",") if one.strip()]

    def records(self, name: str) -> list[dict[str, str]]:
        """`name.1.Key`, `name.1.Value`, … as records in order; deeper names stay dotted."""
        return [fields for _, fields in sorted(self._numbered(name).items())]

    def json_list(self, name: str) -> list[Any]:
        """A JSON list that was sent as text; empty when it was not sent."""
        value = self._sent(name)
        if not value:
            return []
        try:
            decoded = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise CloudError("InvalidParameter", f"The specified {name} is not a JSON list.") from error
        if not isinstance(decoded, list):
            raise CloudError("InvalidParameter", f"The specified {name} is not a JSON list.")
        return decoded

    def tags(self, name: str = "Tag") -> dict[str, str]:
        """`Tag.1.Key`/`Tag.1.Value` (or `TagKey`/`TagValue`) as a mapping."""
        found: dict[str, str] = {}
        for record in self.records(name):
            key = record.get("Key") or record.get("TagKey") or record.get("key")
            if key:
                found[key] = record.get("Value") or record.get("TagValue") or record.get("value") or ""
        return found

    def _sent(self, name: str) -> str | None:
        found = self.raw.get(name)
        if found is None:
            if self._folded is None:
                self._folded = {key.lower(): value for key, value in self.raw.items()}
            found = self._folded.get(name.lower())
        return found

    def _numbered(self, name: str) -> dict[int, dict[str, str]]:
        if self._groups is None:
            self._groups = {}
            for key, value in self.raw.items():
                match = _NUMBERED.match(key)
                if match:
                    group = self._groups.setdefault(match["name"], {})
                    group.setdefault(int(match["number"]), {})[match["rest"] or ""] = value
        return self._groups.get(name, {})
