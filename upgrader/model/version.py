"""CCM versions, compared by their numbers alone.

`v1.9.3.10 < v1.9.3.164 < v1.9.3.276-g372aa98-aliyun < v2.1.0`. The text after the numbers names a commit and a
build, never an order, so `v1.9.3.276` equals `v1.9.3.276-g372aa98-aliyun`. Numbers are read by `packaging.version`;
`v2.1` and `v2.1.0` are one.
"""

from __future__ import annotations

import re
from functools import lru_cache

from packaging.version import Version as _Numbers

from upgrader.model.errors import InputError

_SHAPE = re.compile(r"^v?(?P<numbers>\d+(?:\.\d+){1,3})(?P<suffix>-[0-9A-Za-z][0-9A-Za-z.-]*)?$")
_NUMBERS_ANYWHERE = re.compile(r"\d+")


class CcmVersion:
    """One version of CCM. Immutable, hashable, ordered by numbers; `text` keeps what was written."""

    __slots__ = ("_order", "numbers", "suffix", "text")

    def __init__(self, numbers: str, suffix: str = "", text: str = "") -> None:
        release = _Numbers(numbers).release
        self.numbers = release + (0,) * (3 - len(release))
        """At least three: (1, 9, 3, 276) or (2, 10, 0)."""
        # Compared tens of thousands of times a start: a bare tuple, in which v2.1 and v2.1.0.0 are one.
        self._order = self.numbers + (0,) * (4 - len(self.numbers))
        self.suffix = suffix
        self.text = text or f"v{numbers}{suffix}"

    @property
    def line(self) -> str:
        """The release line that a person would name: `1.9.3`, `2.10`."""
        major, minor, patch = self.numbers[:3]
        return f"{major}.{minor}.{patch}" if major == 1 else f"{major}.{minor}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CcmVersion) and self._order == other._order

    def __lt__(self, other: CcmVersion) -> bool:
        return self._order < other._order

    def __le__(self, other: CcmVersion) -> bool:
        return self._order <= other._order

    def __gt__(self, other: CcmVersion) -> bool:
        return self._order > other._order

    def __ge__(self, other: CcmVersion) -> bool:
        return self._order >= other._order

    def __hash__(self) -> int:
        return hash(self._order)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"CcmVersion({self.text!r})"


@lru_cache(maxsize=4096)
def parse_version(text: str) -> CcmVersion:
    """The version that `text` spells, with or without the leading `v`.

    Raises `InputError` for anything else and names the nearest valid spelling.
    """
    clean = text.strip()
    shape = _SHAPE.match(clean)
    if shape is None:
        raise InputError(
            what=f"{text!r} is not a CCM version",
            why="a version is v<major>.<minor>.<patch>[.<build>][-g<commit>-aliyun]",
            next_command=f"did you mean {nearest_spelling(clean)}? `ccm-upgrade matrix versions` lists all",
        )
    suffix = shape["suffix"] or ""
    return CcmVersion(shape["numbers"], suffix, "v" + clean.removeprefix("v"))


def nearest_spelling(text: str) -> str:
    """The valid version nearest to junk: its numbers, at least three of them; `v2.0.0` when it has none."""
    numbers = _NUMBERS_ANYWHERE.findall(text)[:4] or ["2"]
    numbers += ["0"] * (3 - len(numbers))
    return "v" + ".".join(str(int(n)) for n in numbers)


def version_of_image(image: str) -> CcmVersion | None:
    """The version in a container image's tag; None when it has no tag or the tag is no version."""
    name, _, tag = image.partition("@")[0].rpartition(":")
    if not name or "/" in tag:
        return None
    try:
        return parse_version(tag)
    except InputError:
        return None
