"""One text as Go's yaml.v2 prints it: plain, quoted or literal, folded at spaces beyond column 80.

Source: gopkg.in/yaml.v2 v2.4.0, encode.go (stringv) and emitterc.go (analyze_scalar, select_scalar_style, write_*).
Whether a plain text would be read as something else than a text is in `go_resolve`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from upgrader.forecast.go_resolve import WORDS, resolves

# Lines are folded at spaces beyond this column (yaml.v2 keeps libyaml's default unless told otherwise).
BEST_WIDTH = 80
# Printable line breaks, all that a literal block may end with.
ENDS_LINE = ("\n", "\u2028", "\u2029")

_PLAIN = re.compile(r"[A-Za-z/_][A-Za-z0-9/_.=+@-]*\Z")
BREAKS = "\r\n\x85\u2028\u2029"
_INDICATORS = re.compile(
    r"""\A(?:---|\.\.\.|[#,\[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|\Z))|:(?:[ \t]|\Z)|[ \t]\#""", re.VERBOSE
)
# Everything beyond the basic plane counts as unprintable, the byte order mark too.
# Compiled where it is needed, which is rare: it takes longer than all other patterns together.
_UNPRINTABLE = "[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]"
_PRINTABLE_ASCII = bytes(range(0x20, 0x7F)) + b"\n"
_SPACE_BREAK = re.compile(" [\n\u2028\u2029]")
_BREAK_SPACE = re.compile("[\n\u2028\u2029] ")
_BREAK_RUN = re.compile("([\n\u2028\u2029]+)(?=[^\n\u2028\u2029])")
_ESCAPED = re.compile(r'[\x00-\x1f"\\\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\U00010000-\U0010ffff]')
_ESCAPES = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip


def is_plain_word(text: str) -> bool:
    """Whether the text is printed as it is, wherever it stands: a word that is read back as itself."""
    return _PLAIN.match(text) is not None and text not in WORDS


def scalar_text(text: str, indent: int, column: int) -> str:
    """A value that begins at `column`; its further lines begin at `indent`."""
    if is_plain_word(text):
        return text
    return _styled(text, indent, column, fold=True)


@lru_cache(maxsize=16384)
def key_text(text: str) -> str:
    """A simple key: on one line."""
    return text if is_plain_word(text) else _styled(text, 0, 0, fold=False)


def _styled(text: str, indent: int, column: int, *, fold: bool) -> str:
    bad = _is_bad(text)
    if "\n" in text:
        if fold and not bad and not text.endswith(" "):
            return _literal(text, indent)
        return _double_quoted(text, indent, column, fold=fold)
    if resolves(text) or bad:
        return _double_quoted(text, indent, column, fold=fold)
    breaks = "\u2028" in text or "\u2029" in text
    if not breaks and text[0] != " " and text[-1] != " " and not _INDICATORS.search(text):
        return text if _fits(text, column, fold) else _folded(text, indent, column, guard=False)
    if breaks and (_BREAK_SPACE.search(text) or not fold):
        return _double_quoted(text, indent, column, fold=fold)
    return _single_quoted(text, indent, column, fold=fold)


def _is_bad(text: str) -> bool:
    """Whether no style but double quotes can hold the text."""
    if text.isascii():
        return bool(text.encode().translate(None, _PRINTABLE_ASCII)) or " \n" in text
    return bool(re.search(_UNPRINTABLE, text) or _SPACE_BREAK.search(text))


def _fits(text: str, column: int, fold: bool) -> bool:
    return not fold or column + len(text) <= BEST_WIDTH or " " not in text


def _single_quoted(text: str, indent: int, column: int, *, fold: bool) -> str:
    inner = text.replace("'", "''")
    if "\u2028" in inner or "\u2029" in inner:
        inner = _BREAK_RUN.sub(r"\1" + " " * indent, inner)
    body = inner if _fits(inner, column + 1, fold) else _folded(inner, indent, column + 1, guard=True)
    return f"'{body}'"


def _double_quoted(text: str, indent: int, column: int, *, fold: bool) -> str:
    # yaml.v2 looks for a byte order mark at the string's start whichever character it is at: one there escapes all.
    inner = "".join(map(_escape, text)) if text.startswith("\ufeff") else _ESCAPED.sub(_escape_match, text)
    if not _fits(inner, column + 1, fold):
        inner = _folded(inner, indent, column + 1, guard=True, double=True)
    return f'"{inner}"'


def _folded(inner: str, indent: int, column: int, *, guard: bool, double: bool = False) -> str:
    """`inner` with line breaks instead of single spaces beyond the width; `guard`: never at its first or last place.

    Two spaces in a row are left alone but in double quotes, where the second is escaped.
    """
    if "  " not in inner and inner[0] != " " and inner[-1] != " " and "\u2028" not in inner and "\u2029" not in inner:
        return _folded_at_single_spaces(inner, indent, column)
    words = inner.split(" ")
    last, out, at = len(words) - 1, [words[0]], column + len(words[0])
    if words[0].endswith(ENDS_LINE) or "\u2028" in words[0] or "\u2029" in words[0]:
        at = _column_after(words[0], column)
    for i in range(1, last + 1):
        word = words[i]
        after_space = not words[i - 1] and (i > 1 or guard)
        at_end = i == last and not word
        before_space = not word and not at_end
        fold = at > BEST_WIDTH and not after_space and not (at_end and guard) and (double or not before_space)
        if fold:
            out.append("\n" + " " * indent + ("\\" if before_space else "") + word)
            at = indent + before_space
        else:
            out.append(" " + word)
            at += 1
        at = _column_after(word, at)
    return "".join(out)


def _folded_at_single_spaces(inner: str, indent: int, column: int) -> str:
    """The common case, line by line instead of word by word."""
    lines, start = [], 0
    at = inner.find(" ", max(0, BEST_WIDTH + 1 - column))
    while at >= 0:
        lines.append(inner[start:at])
        start = at + 1
        at = inner.find(" ", start + max(0, BEST_WIDTH + 1 - indent))
    lines.append(inner[start:])
    return ("\n" + " " * indent).join(lines)


def _column_after(word: str, at: int) -> int:
    """The column after a word that may hold line breaks of its own."""
    cut = max(word.rfind("\u2028"), word.rfind("\u2029"))
    return at + len(word) if cut < 0 else len(word) - cut - 1


def _escape_match(found: re.Match[str]) -> str:
    return _escape(found[0])


def _escape(c: str) -> str:
    if c in _ESCAPES:
        return "\\" + _ESCAPES[c]
    n = ord(c)
    return f"\\x{n:02X}" if n <= 0xFF else f"\\u{n:04X}" if n <= 0xFFFF else f"\\U{n:08X}"


def _literal(text: str, indent: int) -> str:
    """A literal block with its hints, as libyaml writes it."""
    hint = "2" if text[0] == " " or text[0] in BREAKS else ""
    if text[-1] not in BREAKS:
        hint += "-"
    elif len(text) == 1 or text[-2] in BREAKS:
        hint += "+"
    margin = " " * indent
    lead = "" if text[0] in BREAKS else margin
    if text.isascii() and text.find("\n") == len(text) - 1:  # as kubectl apply leaves its annotation
        return f"|{hint}\n{lead}{text}"
    return f"|{hint}\n{lead}{_BREAK_RUN.sub(lambda found: found[1] + margin, text)}"
