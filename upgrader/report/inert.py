"""Text that others wrote, made harmless for where it is shown: names can't move a cursor nor turn the words around."""

from __future__ import annotations

import re
import unicodedata
from typing import TextIO

from upgrader.codec import STEERING

_STAND_INS = str.maketrans({"·": "-", "→": "->", "…": "...", "×": "x", "–": "-", "’": "'", "\ufffd": "?"})
OWN_STYLE = re.compile(r"(\x1b\[[0-9]{1,2}m)")
# Line breaks and tabs are laid out; everything else that controls is not shown: C0 and C1, and marks of direction.
_CONTROLS = re.compile(f"[\\x00-\\x08\\x0b-\\x1f{STEERING}]")


def clean(text: str) -> str:
    """`text` without control and direction characters: a hostile name can't move the cursor or turn the line round."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf") or c == "\n" else "�" for c in text)


def shown(text: str) -> str:
    """Laid out text as a terminal may have it: of all that controls one, colours and bold alone are left."""
    if "\x1b" not in text:
        return clean(text)
    return "".join(part if n % 2 else clean(part) for n, part in enumerate(OWN_STYLE.split(text)))


def ascii_only(text: str) -> str:
    """Laid out text for a terminal that knows ASCII alone: our own signs by a stand-in, other characters by number."""
    return text.translate(_STAND_INS).encode("ascii", "backslashreplace").decode()


def knows_unicode(stream: TextIO) -> bool:
    """Whether a stream takes more than ASCII."""
    return (getattr(stream, "encoding", None) or "ascii").lower().startswith("utf")


def tamed(text: str) -> str:
    """`text` for a file that others open: control and direction characters are taken out, lines and tabs stay."""
    return _CONTROLS.sub("", text)
