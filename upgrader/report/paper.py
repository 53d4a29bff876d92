"""Where text output is laid out: width, colour and glyphs decided once, from the terminal and the environment."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from upgrader.model.facts import ClusterIdentity
from upgrader.report.inert import OWN_STYLE, clean, knows_unicode
from upgrader.report.language import Catalogue, catalogue, language_of
from upgrader.report.words import MARKS, stated

DEFAULT_WIDTH = 100


def width_of(text: str) -> int:
    """Columns that `text` takes on a terminal: wide characters count two, combining ones and colours none."""
    if "\x1b" in text:
        text = OWN_STYLE.sub("", text)
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


# No line begins with what closes, nor ends with what opens.
_CLOSING, _OPENING = "，。；：、！？）》」』”", "（《「『“"
# Compiled where it is needed: most output has no wide characters, and such a range takes long.
_PIECE = (
    r"[^\S\n]+"
    rf"|[{_OPENING}]*(?:[\u2e80-\uffef]|[^\s\u2e80-\uffef{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+"
)


def wrapped(text: str, width: int, start: str, hang: str) -> list[str]:
    """`text` in lines of `width` columns; between wide characters a line may end anywhere, else between words."""
    if text.isascii() and "\x1b" not in text:
        return textwrap.wrap(
            text, width, initial_indent=start, subsequent_indent=hang, break_on_hyphens=False, break_long_words=False
        )
    lines, line, empty = [], start, True
    for piece in re.findall(_PIECE, text):
        if not empty and width_of(line) + width_of(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line, empty = hang, True
        if not (empty and piece.isspace()):
            line, empty = line + piece, False
    return [*lines, line.rstrip()] if not empty else lines


@dataclass
class Paper:
    """Lines of text being written. Build one with `Paper.of(stream)` or with fixed settings in tests."""

    width: int = DEFAULT_WIDTH
    colour: bool = False
    unicode: bool = True
    words: Catalogue = field(default_factory=lambda: catalogue("en"))
    lines: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> Paper:
        """Settings for this stream: `NO_COLOR`, `TERM=dumb`, `COLUMNS` and the stream's encoding are respected."""
        stream = stream or sys.stdout
        terminal = stream.isatty()
        width = (
            shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns if terminal or "COLUMNS" in environ else DEFAULT_WIDTH
        )
        unicode = knows_unicode(stream)
        return cls(
            width=max(40, min(width, 160)),
            colour=terminal and "NO_COLOR" not in environ and environ.get("TERM") != "dumb",
            unicode=unicode,
            words=catalogue(language_of(environ) if unicode else "en"),
        )

    def mark(self, outcome: str) -> str:
        """Glyph and word, coloured where colours are wanted."""
        mark = MARKS[outcome]
        text = f"{mark.glyph if self.unicode else mark.ascii} {mark.word}"
        return f"\x1b[{mark.colour}m{text}\x1b[0m" if self.colour else text

    def bold(self, text: str) -> str:
        """Bold where the terminal can."""
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    def line(self, text: str = "") -> None:
        """One line, in the reader's language; wrapped on a terminal that is too narrow for it."""
        told = self.words.say(text)
        if self.width >= DEFAULT_WIDTH or width_of(told) <= self.width:
            self.lines.append(told)
            return
        inner = told.lstrip()
        start = " " * (len(told) - len(inner))
        self.lines.extend(wrapped(inner, self.width, start, f"{start}    "))

    def heading(self, text: str) -> None:
        """An empty line and a bold heading."""
        if self.lines:
            self.lines.append("")
        self.line(self.bold(self.words.say(text)))

    def say(self, text: str) -> str:
        """`text` in the reader's language, for a part of a line."""
        return self.words.say(text)

    def para(self, text: str, indent: int = 2, label: str = "") -> None:
        """Text wrapped to the width, under an optional label."""
        label = self.words.say(label)
        start = " " * indent + label
        text = self.words.say(text)
        hang = " " * (indent + width_of(label))
        for part in clean(text).splitlines() or [""]:
            self.lines.extend(wrapped(part, self.width, start, hang) or [start.rstrip()])
            start = hang

    def stated(self, identity: ClusterIdentity) -> None:
        """A line that marks what the user stated, where he did."""
        if identity.said:
            self.para(stated(identity), 2)

    def table(self, rows: Iterable[Sequence[str]], indent: int = 2, header: Sequence[str] = ()) -> None:
        """Columns aligned by their widest cell; the last one is not padded.

        On a terminal too narrow for them each row is a block, a line a column under its header.
        """
        named = [self.words.say(name) for name in header]
        cells = [[clean(cell) for cell in row] for row in ([named] if named else []) + list(rows)]
        if not cells:
            return
        widths = [max(width_of(row[i]) for row in cells if i < len(row)) for i in range(max(map(len, cells)))]
        if named and self.width < DEFAULT_WIDTH and sum(widths) + 2 * len(widths) + indent > self.width:
            for number, row in enumerate(cells[1:]):
                if number:
                    self.line()
                for name, cell in zip(named, row, strict=False):
                    self.para(cell, indent, f"{name}: ")
            return
        for number, row in enumerate(cells):
            padded = [cell + " " * (widths[i] - width_of(cell)) for i, cell in enumerate(row[:-1])] + [row[-1]]
            text = " " * indent + "  ".join(padded).rstrip()
            self.lines.append(self.bold(text) if header and number == 0 else text)

    @property
    def arrow(self) -> str:
        """→ or ->."""
        return "→" if self.unicode else "->"

    def text(self) -> str:
        """Everything written, ending in a newline."""
        return "\n".join(self.lines) + "\n"
