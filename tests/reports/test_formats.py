"""Every format of the report says the same, survives hostile names, and is read by a real consumer."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.reports import worlds
from upgrader.model.errors import InputError
from upgrader.model.plan import Plan
from upgrader.report.inert import ascii_only, clean
from upgrader.report.paper import Paper, width_of
from upgrader.report.present import present
from upgrader.report.render import FORMATS, render
from upgrader.report.terminal import render_plan

SICK = worlds.plan(
    findings=(worlds.finding("CCM009", "FAIL", "web"), worlds.finding("CCM001", "WARN", "web")),
    services=(worlds.service(), worlds.service(name="api", writes=0)),
    verdict="BLOCKED",
)
HOSTILE = worlds.plan(
    findings=(worlds.finding("CCM009", "FAIL", worlds.HOSTILE, message=worlds.HOSTILE, remedy="=cmd()"),),
    services=(worlds.service(name=worlds.HOSTILE),),
    verdict="BLOCKED",
)


@pytest.mark.parametrize("form", sorted(FORMATS))
@pytest.mark.parametrize("plan", [SICK, HOSTILE, worlds.plan()], ids=["sick", "hostile", "empty"])
def test_every_format_renders_and_is_stable(form: str, plan: Plan) -> None:
    once, again = render(present(plan), form), render(present(plan), form)
    assert once == again
    assert once.endswith("\n")


def test_an_unknown_format_names_those_that_exist() -> None:
    with pytest.raises(InputError, match="html, md, json, csv, sarif, junit"):
        render(present(SICK), "pdf")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_html_is_one_offline_file_and_hostile_names_are_text() -> None:
    html = render(present(HOSTILE), "html")
    parser = Tags()
    parser.feed(html)
    tags = [tag for tag, _ in parser.seen]
    assert tags.count("script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "\u202e" not in html
    loads = [attrs for tag, attrs in parser.seen if "src" in attrs or tag in ("link", "img", "iframe")]
    assert loads == []
    policy = next(attrs["content"] or "" for tag, attrs in parser.seen if attrs.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"\son\w+=", html)


def test_html_draws_the_shift_of_traffic() -> None:
    html = render(present(SICK), "html")
    assert "<svg" in html
    assert "50.5 → 50.0 %" in html
    assert "none → 16.6 %" in html


def test_csv_cells_cannot_run_as_formulas() -> None:
    rows = list(csv.DictReader(io.StringIO(render(present(HOSTILE), "csv"))))
    assert rows[0]["code"] == "CCM009"
    assert rows[0]["remedy"] == "'=cmd()"


def test_junit_counts_are_true() -> None:
    suite = ET.fromstring(render(present(SICK), "junit"))
    assert suite.get("failures") == "1" == str(len(suite.findall(".//failure")))
    assert suite.get("skipped") == "1" == str(len(suite.findall(".//skipped")))
    assert suite.get("tests") == str(len(suite.findall("testcase")))


def test_sarif_results_point_to_their_rules() -> None:
    run = json.loads(render(present(SICK), "sarif"))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert {r["ruleId"] for r in run["results"]} == {"CCM001", "CCM009"}
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    assert {r["level"] for r in run["results"]} == {"error", "warning"}
    assert {r["message"]["text"] for r in run["results"]} == {"weights will change. Fix: look at the shares"}


def test_suppressed_findings_stay_in_every_report() -> None:
    report = present(worlds.plan(), suppressed=((worlds.finding("CCM042"), "known, by ops until May"),))
    for form in FORMATS:
        assert "CCM042" in render(report, form), form


@pytest.mark.parametrize("width", [40, 80, 140])
def test_terminal_text_keeps_verdict_and_coverage_and_width(width: int) -> None:
    text = render_plan(SICK, Paper(width=width))
    assert "✗ BLOCKED" in text
    assert "2 of 2 LoadBalancer Services judged" in text
    assert "ccm-upgrade explain CCM009" in text


@pytest.mark.parametrize("colour", [False, True])
def test_a_narrow_terminal_gets_no_line_that_could_be_broken(colour: bool) -> None:
    paper = Paper(width=40, colour=colour)
    paper.table([("prod/web", "47.0.0.1", "deleted with its Service")], header=("service", "address", "on delete"))
    text = render_plan(SICK, paper)
    lines = [line for line in text.splitlines() if max(map(len, line.split() or [""])) < 24]
    assert [line for line in lines if width_of(line) > 40] == []
    assert len(lines) > 20
    assert "service: prod/web" in text


def test_ascii_terminals_get_ascii() -> None:
    assert ascii_only(render_plan(SICK, Paper(unicode=False))).isascii()


@pytest.mark.parametrize("command", ["check -f WORLD --to v2.14.0", "diagnose -f WORLD --all", "explain CCM003"])
def test_what_is_printed_where_the_locale_is_c_is_ascii(command: str) -> None:
    world = Path(__file__).parents[1] / "cli/golden/worlds/demo.json"
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from upgrader.cli.main import run; sys.exit(run())",
         *command.replace("WORLD", str(world)).split()],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
             "CCM_UPGRADE_LANG": "zh"},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.isascii()
    assert len(done.stdout) > 200
    assert done.stderr.isascii()


def test_a_hostile_name_cannot_move_the_cursor() -> None:
    assert clean("a\x1b[2Jb\r\u202ec") == "a\ufffd[2Jb\ufffd\ufffdc"
