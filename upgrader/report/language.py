"""One catalogue of messages: English is what the program says, other languages are looked up by it.

Judgement speaks English, and knows nothing of languages; a reader's language is decided where text is laid out. A
message with something filled in is found by its template, so that one entry serves every cluster; what is filled in is
looked up in turn, and of a list (`this; that`) each part.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

VARIABLE = "CCM_UPGRADE_LANG"
LANGUAGES = ("en", "zh")
# Words of a sentence, and not of a name, a path, an option or a command's argument.
_PROSE = re.compile(r"(?<![\w./:=-])[a-z]{3,}(?![\w./:=-])")
_MIXED = 3
_VERBS = frozenset({"get", "list", "watch", "create", "update", "patch", "delete", "pods", "endpointslices"})
_HOLE = re.compile(r"\{(\w+)\}")


class Catalogue:
    """The messages of one language. `say` returns what it does not know as it is."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)
        # The template that begins a text, then the one that says most of it, is the one that is meant.
        shaped = sorted(
            filter(_HOLE.search, texts), key=lambda english: (english[0] == "{", -len(_HOLE.sub("", english)))
        )
        self._templates = [(max(_HOLE.sub("\0", english).split("\0"), key=len), english) for english in shaped]
        self._known: dict[str, str] = {}

    def say(self, text: str) -> str:
        """`text` in this language; the blanks around it stay."""
        inner = text.strip()
        if not inner or not self.texts:
            return text
        found = self.texts.get(text)
        if found is not None:
            return found
        if inner not in self._known:
            self._known[inner] = self._translated(inner)
        return text.replace(inner, self._known[inner], 1)

    def line(self, text: str) -> str:
        """A whole line of a command in this language, or as it is where parts of it would stay prose in English."""
        told = self.say(text)
        return told if told == text or sum(word not in _VERBS for word in _PROSE.findall(told)) < _MIXED else text

    def _translated(self, text: str) -> str:
        if text in self.texts:
            return self.texts[text]
        if (small := f"{text[0].lower()}{text[1:]}") in self.texts:
            return self.texts[small]
        # A message that became a sentence by its full stop; in a list each part has its own.
        if text[-1] == "." and len(text) > 1 and ".; " not in text and (sentence := self.say(text[:-1])) != text[:-1]:
            return f"{sentence}。"
        if " " not in text:
            return text  # an id, an address, a number: no template is one word
        for literal, template in self._templates:
            # Few templates are needed of the hundreds: only those whose longest words are there are compiled.
            shape = _pattern(template).fullmatch(text) if literal in text else None
            if shape is not None:
                return self._filled(self.texts[template], shape)
        parts = text.split("; ")
        told = [self.say(part) for part in parts] if len(parts) > 1 else parts
        return "；".join(told).replace("。；", "；") if told != parts else text

    def _filled(self, template: str, shape: re.Match[str]) -> str:
        return _HOLE.sub(lambda hole: self.say(shape[hole[1]]), template)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = _HOLE.split(template)
    return re.compile("".join(re.escape(p) if n % 2 == 0 else f"(?P<{p}>.+?)" for n, p in enumerate(parts)))


def language_of(environ: Mapping[str, str] = os.environ) -> str:
    """The reader's language: what was asked for, else the locale's where there is a catalogue for it, else English."""
    asked = environ.get(VARIABLE, "")
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    for text in (asked, locale):
        if text[:2].lower() in LANGUAGES:
            return text[:2].lower()
    return "en"


@lru_cache(maxsize=4)
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language, in files by what prints it; English is what the texts are in, and has none."""
    if language == "en":
        return Catalogue({})
    from upgrader.matrix.yaml_text import load_plain

    return Catalogue({english: text for path in files(language) for english, text in load_plain(path).items()})


def files(language: str) -> list[Path]:
    """The files of a language's catalogue."""
    return sorted(Path(__file__).with_name("lang").glob(f"{language}*.yaml"))
