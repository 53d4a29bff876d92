"""One catalogue: what it must know it knows, what is filled in survives, and codes are never translated."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from upgrader.cli.exit_codes import MEANING
from upgrader.cli.explanations import conditions, documented
from upgrader.cli.main import COMMANDS, app
from upgrader.matrix.load import load_matrix
from upgrader.report.language import Catalogue, catalogue, language_of
from upgrader.report.paper import Paper, width_of, wrapped

ZH = catalogue("zh")
HAN = re.compile(r"[\u4e00-\u9fff]")
HOLE = re.compile(r"\{\w+\}")
WANTED = {
    **{f"check {one.CODE}": one.TITLE for one in documented()},
    **{f"condition {one.ID}": one.TITLE for one in conditions()},
    **{f"exit {int(code)}": text for code, text in MEANING.items()},
    **{
        f"FAQ {one.id}": one.meaning.replace("PREFIX-", "alibaba-cloud-loadbalancer-")
        for one in load_matrix().errors
        if one.faq
    },
}


@pytest.mark.parametrize("name", WANTED)
def test_it_is_told_in_chinese(name: str) -> None:
    assert HAN.search(ZH.say(WANTED[name])), WANTED[name]


@pytest.mark.parametrize(("english", "chinese"), ZH.texts.items())
def test_an_entry_keeps_what_is_filled_in_and_every_code(english: str, chinese: str) -> None:
    assert sorted(HOLE.findall(english)) == sorted(HOLE.findall(chinese))
    for kept in (
        r"\bv\d[\d.]+\d\b",
        r"--[a-z-]+",
        r"\bFAIL\b|\bUNKNOWN\b",
        rf"ccm-upgrade (?:{'|'.join(COMMANDS)})\b",
        r"alibaba-cloud-[a-z-]*[a-z]",
    ):
        assert set(re.findall(kept, english)) <= set(re.findall(kept, chinese)), kept


def test_a_template_is_found_and_filled() -> None:
    assert ZH.say("  3 of 4 LoadBalancer Services judged, nothing hidden").startswith("  共 4 个")
    assert ZH.say("more: ccm-upgrade explain CCM002") == "详情：ccm-upgrade explain CCM002"


@given(st.text())
def test_what_is_not_known_stays(text: str) -> None:
    assert catalogue("en").say(text) == text
    said = ZH.say(f"\x00{text}")
    assert said == f"\x00{text}"


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "CCM_UPGRADE_LANG": "en"}, "en"),
        ({"CCM_UPGRADE_LANG": "zh"}, "zh"),
    ],
)
def test_whose_language(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language


def test_the_option_decides_for_text_and_never_for_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCM_UPGRADE_LANG", "en")
    said = CliRunner().invoke(app, ["--lang", "zh", "explain", "EXIT8"]).output
    assert "EXIT8" in said
    assert HAN.search(said)
    assert not HAN.search(CliRunner().invoke(app, ["--lang", "zh", "explain", "EXIT8", "-o", "json"]).output)


@given(st.text(alphabet="中文字, ab-c", min_size=1, max_size=200), st.integers(40, 100))
def test_wide_text_keeps_to_the_width_and_loses_nothing(text: str, width: int) -> None:
    lines = wrapped(text, width, "  ", "    ")
    assert all(width_of(line) <= width for line in lines if len(line.split()) > 1 or HAN.search(line))
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_terminal_without_unicode_is_told_in_english() -> None:
    class Ascii:
        encoding = "ascii"

        def isatty(self) -> bool:
            return False

    paper = Paper.of(Ascii(), {"CCM_UPGRADE_LANG": "zh"})  # type: ignore[arg-type]
    paper.line("no findings")
    assert paper.text() == "no findings\n"


def test_a_line_is_told_whole_or_left_alone() -> None:
    whole = "step 1 of 6: Let ACK upgrade the add-on from v2.10.0 to v2.14.0"
    assert ZH.line(whole) == "第 1/6 步：由 ACK 把组件从 v2.10.0 升级到 v2.14.0"
    half = "step 1 of 6: Do something that no catalogue has ever heard of"
    assert ZH.line(half) == half
    assert HAN.search(ZH.say(half))


def test_each_sentence_of_a_list_is_told() -> None:
    words = Catalogue({"One is new.": "新增一项。", "The other is gone.": "另一项已消失。"})
    assert words.say("One is new.; The other is gone.") == "新增一项；另一项已消失。"


def test_no_template_is_one_word() -> None:
    assert not [english for english in ZH.texts if HOLE.search(english) and " " not in english]
