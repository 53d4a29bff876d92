"""Formats by name: `render(report, "html")`. One entry a format."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from upgrader import __version__, codec
from upgrader.model.errors import InputError
from upgrader.report.inert import tamed
from upgrader.report.language import catalogue, language_of
from upgrader.report.present import Report
from upgrader.report.tables import render_csv, render_junit, render_sarif
from upgrader.report.words import AGREEMENTS, MARKS, WHY_FULL_SYNC, plural, second_opinion

# What a page says of its language to browsers and screen readers.
LANGUAGES = {"en": "en", "zh": "zh-Hans"}
# The table of Services beyond this count is cut in print and in markdown; json and csv have all.
MARKDOWN_FINDINGS = 200


@lru_cache(maxsize=2)
def environment(language: str) -> Any:
    """The templates in one language, with every HTML value escaped and no undefined name passed over."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("upgrader.report"),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals.update(
        MARKS=MARKS,
        WHY=WHY_FULL_SYNC,
        AGREEMENTS=AGREEMENTS,
        second_opinion=second_opinion,
        version=__version__,
        pretty=codec.pretty,
        _=catalogue(language).say,
        LANGUAGE=LANGUAGES[language],
    )
    made.filters.update(plural=plural, md=markdown_cell)
    return made


def markdown_cell(text: str) -> str:
    """`text` as one cell of a Markdown table: no markup, no HTML, no line break."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for character in "\\`*_[]|~":
        escaped = escaped.replace(character, "\\" + character)
    return " ".join(escaped.split())


def render_html(report: Report) -> str:
    """One offline file."""
    return offline_page("report.html.j2", report=report, plan=report.plan)


def offline_page(template: str, **values: object) -> str:
    """A page in one file. Its policy allows nothing but its own style and script, named by their hashes."""
    templates = environment(language_of())
    style = templates.get_template("style.css").render()
    script = templates.get_template("script.js").render()
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return filled(template, style=style, script=script, policy=policy, **values)


def filled(template: str, **values: object) -> str:
    """A template with its values, in the reader's language. No name in it turns the words round or moves a cursor."""
    rendered: str = environment(language_of()).get_template(template).render(**values)
    return tamed(rendered)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def render_markdown(report: Report) -> str:
    """A CI summary: verdict, counts, findings (at most `MARKDOWN_FINDINGS`), steps."""
    return filled("report.md.j2", report=report, plan=report.plan, limit=MARKDOWN_FINDINGS)


FORMATS: dict[str, Callable[[Report], str]] = {
    "html": render_html,
    "md": render_markdown,
    "json": codec.pretty,
    "csv": render_csv,
    "sarif": render_sarif,
    "junit": render_junit,
}


def render(report: Report, form: str, formats: Mapping[str, Callable[[Report], str]] = FORMATS) -> str:
    """The report in one format. Raises `InputError` for a format that is not known."""
    if form not in formats:
        raise InputError(what=f"unknown report format {form!r}", next_command=f"choose one of {', '.join(formats)}")
    return formats[form](report)
