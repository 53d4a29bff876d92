"""One request to the cloud as data, and who carries it: the seam where calls are recorded, refused or sent."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

READ_VERBS = ("Describe", "List", "Get")


class Call(Struct, frozen=True, kw_only=True):
    """A request by its names. `path` fills the places of a ROA address, `body` is a JSON body."""

    product: str
    action: str
    region: str
    params: dict[str, str] = {}
    path: dict[str, str] = {}
    body: Any = None

    @property
    def name(self) -> str:
        """`slb:TagResources`."""
        return f"{self.product}:{self.action}"

    @property
    def is_read(self) -> bool:
        """True when the action's name says that it changes nothing."""
        return self.action.startswith(READ_VERBS)


class Transport(Protocol):
    """Sends one call, once."""

    def send(self, call: Call) -> dict[str, Any] | list[Any]:
        """The decoded answer. Raises our own errors."""
