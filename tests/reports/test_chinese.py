"""What a reader of Chinese is told is Chinese: nothing is missing from the catalogue, no sentence mixes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.cases.world import case_files, context_of
from tests.docs.test_next_commands import texts_of
from tests.reports.english import english_in
from upgrader import codec, pipeline
from upgrader.assess.check import run_check
from upgrader.assess.registry import find_check
from upgrader.cli.explanations import explanations_of, index
from upgrader.matrix.load import load_matrix
from upgrader.matrix.yaml_text import load_plain
from upgrader.model.facts import ClusterFacts
from upgrader.model.version import parse_version
from upgrader.ports.clock import SystemClock
from upgrader.report.language import VARIABLE, catalogue, files
from upgrader.report.present import present
from upgrader.report.render import render

TOP = Path(__file__).parents[2]
ZH = catalogue("zh")
WORLDS = sorted((TOP / "tests/cli/golden/worlds").glob("*.json"))
HAN = re.compile(r"[\u4e00-\u9fff]")
SAID = re.compile(r'_\("([^"]*)"\)')
# What stands in a page as somebody wrote it: names, requests, documents.
VERBATIM = frozenset({"code", "bdi", "pre", "script", "style"})


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a case's own forecast: what CCM or the cloud says there is quoted, never translated."""
    if isinstance(value, str):
        yield from (value, value[:1].upper() + value[1:])
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_in(part)


def messages() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(code, text, what is quoted in it) of every finding of every check's cases."""
    for file in case_files().values():
        check = find_check(file.code)
        assert check is not None
        for case in file.cases:
            quoted = tuple(sorted(texts_in(case.forecast), key=len, reverse=True))
            for finding in run_check(check, context_of(case))[1]:
                yield from ((file.code, text, quoted) for text in (finding.message, finding.remedy) if text)


def test_no_finding_mixes_languages() -> None:
    mixed = []
    for code, text, quoted in messages():
        said = ZH.say(text)
        for part in quoted:
            said = said.replace(part, " ")
        # Names of policies and ports in the cases.
        left = set(english_in(said)) - {"Guard", "Odd", "http", "elb"}
        if left:
            mixed.append(f"{code}: {text}\n    {said}\n    {sorted(left)}")
    assert not mixed, "\n".join(mixed)


@pytest.mark.parametrize("summary", [one.summary for one in load_matrix().all_changes], ids=lambda text: text[:40])
def test_every_change_is_told(summary: str) -> None:
    assert english_in(ZH.say(summary)) == []


def explained() -> Iterator[tuple[str, str]]:
    """(code, text) of everything that `explain` says; what CCM and the cloud say themselves is quoted, not told."""
    matrix = load_matrix()
    codes = [code for code, _ in index()]
    codes += [str(release.version) for release in matrix.releases] + [one.name for one in matrix.annotations]
    for code in dict.fromkeys(codes):
        for one in explanations_of(code):
            lines = one.text.partition("\nSources\n")[0].splitlines()
            for text in lines if one.kind in ("error", "exit code") else [one.title, *lines]:
                yield one.code, text.strip().removeprefix("- ")


def test_every_explanation_is_told() -> None:
    mute = {f"{code}: {text}" for code, text in explained() if english_in(text) and not HAN.search(ZH.say(text))}
    assert not mute, "\n".join(sorted(mute))


@pytest.mark.parametrize(
    "path", sorted((TOP / "upgrader/diagnose").rglob("*.py")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_every_sentence_of_diagnose_is_told(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for line, text in texts_of(path):
        sentence = (
            text not in docs and len(english_in(text)) > 2 and "\\b" not in text and not text.startswith("there is no")
        )
        assert not sentence or HAN.search(ZH.say(text)), f"{path.name}:{line}: {text}"


# The lab is for those who build; CCM's own refusals are quoted; mistakes in our data are for those who write them.
UNTOLD = {"lab", "forecast", "demo.py", "model.py", "lab.py", "slb.py"}


def errors_in(path: Path) -> Iterator[tuple[int, str]]:
    """What the errors raised in a module say: what, why, and the next command."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield from ((node.lineno, text) for text in texts_of_node(node))


def texts_of_node(call: ast.Call) -> Iterator[str]:
    """The texts that a call of an error is given, with X for what is filled in."""
    if not getattr(call.func, "id", "").endswith("Error"):
        return
    named = (one.value for one in call.keywords if one.arg in ("what", "why", "next_command"))
    for value in (*call.args, *named):
        for part in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value
            elif isinstance(part, ast.JoinedStr):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else "X" for one in part.values)


def test_every_error_is_told() -> None:
    mute = [
        f"{path.name}:{line}: {text}"
        for path in sorted((TOP / "upgrader").rglob("*.py"))
        if not UNTOLD & {*path.relative_to(TOP / "upgrader").parts}
        for line, text in errors_in(path)
        if len(english_in(text)) > 1 and not HAN.search(ZH.say(text))
    ]
    assert not mute, "\n".join(mute)


def test_no_two_files_tell_the_same() -> None:
    told = [english for path in files("zh") for english in load_plain(path)]
    assert sorted(told) == sorted(set(told))


@pytest.mark.parametrize("path", sorted((TOP / "upgrader/report/templates").glob("*.j2")), ids=lambda path: path.name)
def test_every_label_of_a_template_is_told(path: Path) -> None:
    labels = set(SAID.findall(path.read_text(encoding="utf-8"))) - {"Service", "CCM"}
    assert not [text for text in labels if ZH.say(text) == text]


class Reader(HTMLParser):
    """What a page says: its texts outside `VERBATIM`, and its labels for screen readers."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._deep = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._deep += tag in VERBATIM
        self.texts += [value or "" for name, value in attrs if name in ("aria-label", "data-label")]

    def handle_endtag(self, tag: str) -> None:
        self._deep -= tag in VERBATIM

    def handle_data(self, data: str) -> None:
        if not self._deep:
            self.texts.append(data)


@pytest.mark.parametrize("world", WORLDS, ids=lambda path: path.stem)
def test_a_page_mixes_no_languages(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    facts = codec.decode(world.read_bytes(), ClusterFacts, where=world.name)
    plan = pipeline.make_plan(facts, parse_version("v2.14.0"), load_matrix(), now=SystemClock().now())
    html = render(present(plan), "html")
    assert '<html lang="zh-Hans">' in html
    page = Reader()
    page.feed(html)
    # Names, kinds and values of this world, and what CCM and the cloud call things.
    own = {plan.cluster.name, plan.cluster.id, plan.cluster.kind, "observed", *_values(plan)}
    mixed = [text.strip() for text in page.texts if set(english_in(_without(text, own))) - own]
    assert not mixed, "\n".join(mixed)


def _values(plan: Any) -> set[str]:
    """Fields of load balancers and what stands in them; what a refusal quotes."""
    found: set[str] = set()
    for service in plan.forecast.services:
        for write in service.writes:
            for name, pair in write.changes.items():
                found |= {*name.split(), *(word for value in pair for word in re.findall(r"[A-Za-z]+", str(value)))}
        for doubt in (*service.doubts, *(() if service.refusal is None else (service.refusal,))):
            found |= set(re.findall(r"[A-Za-z']+", str(doubt)))
    return found


def _without(text: str, own: set[Any]) -> str:
    for name in sorted(filter(None, own), key=lambda one: -len(one)):
        if not name.isalpha():
            text = text.replace(name, " ")
    return text


def test_the_template_that_begins_a_text_is_meant() -> None:
    text = "The role ccm-shop lacks nlb:ListAsynJobs: v2.14.0 can't change any NLB without it"
    assert ZH.say(text) == "角色 ccm-shop 缺少 nlb:ListAsynJobs：没有该权限，v2.14.0 无法修改任何 NLB"


def test_what_is_not_translated_is_noticed() -> None:
    assert english_in("云端会拒绝 it at once")
    assert not english_in(
        "角色 KubernetesMasterRole-1 缺少 vpc:CreateRouteEntries；可用 --network 说明（CCM033、v2.14.0）"
    )


@pytest.mark.parametrize("entry", load_matrix().required_actions, ids=lambda entry: entry.action)
def test_what_an_action_is_needed_for_is_told(entry: Any) -> None:
    assert not english_in(entry.required_when) or HAN.search(ZH.say(entry.required_when))


def test_a_failure_that_nobody_knows_is_told_too() -> None:
    for kind in load_matrix().event_kinds:
        told = f"{kind.when[0].upper()}{kind.when[1:]}, for a reason that the catalogue does not know."
        assert HAN.search(ZH.say(told).removesuffix("，原因不在目录中。")), told
