"""A Service's annotations as the version in question reads them for a CLB."""

from __future__ import annotations

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.nlb.go_errors import atoi
from upgrader.forecast.nlb.wanted import RefusedByCcmError
from upgrader.forecast.world import World
from upgrader.model.kube import Service


class Notes:
    """A Service's annotations as far as the version reads them."""

    __slots__ = ("plain", "world")

    def __init__(self, world: World, service: Service) -> None:
        self.world, self.plain = world, Annotations(service)

    def get(self, short: str) -> str:
        """The value; empty where it is absent or not read."""
        value = self.plain.get(short)
        return value if value and self.world.reads(short, "clb") else ""

    def number(self, short: str, words: str) -> int | None:
        """The number, None where nothing is said. Raises `RefusedByCcmError`."""
        text = self.get(short)
        if not text:
            return None
        value, error = atoi(text)
        if error and self.world.ways.clb_numbers == "lenient":
            return None
        if error:
            raise RefusedByCcmError(f"Annotation {words} must be integer, but got [{text}]. message=[{error}] ")
        return value
