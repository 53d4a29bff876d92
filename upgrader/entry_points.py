"""Entry points of installed packages: what may extend us without a fork."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_OURS = b"ccm_upgrade."
"""How the names of all our groups begin."""


def points(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group, by name."""
    # To import importlib.metadata and let it read every package takes as long as to judge a small cluster.
    if not _are_there():
        return ()
    from importlib.metadata import entry_points

    return tuple(sorted(entry_points(group=group), key=lambda one: one.name))


@lru_cache(maxsize=1)
def _are_there() -> bool:
    return any(_may_extend_us(Path(place or os.curdir)) for place in sys.path)


def _may_extend_us(place: Path) -> bool:
    """Whether some package there names one of our groups; what is no folder (a zip) is not looked into and may."""
    try:
        infos = [one for one in place.iterdir() if one.name.endswith((".dist-info", ".egg-info"))]
    except FileNotFoundError:
        return False
    except OSError:
        return True
    texts = (info / "entry_points.txt" for info in (*infos, place / "EGG-INFO"))
    return any(_OURS in text.read_bytes() for text in texts if text.is_file())
