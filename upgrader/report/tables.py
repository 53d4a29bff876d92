"""The formats that machines read: csv, junit and sarif, from the same report model."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import quote

from upgrader import __version__, codec
from upgrader.model.finding import Finding
from upgrader.report.inert import tamed
from upgrader.report.present import Report

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SARIF_LEVEL = {"FAIL": "error", "UNKNOWN": "warning", "WARN": "warning", "NOTE": "note"}
CSV_COLUMNS = (
    "code", "outcome", "effect", "kind", "namespace", "name", "message", "remedy", "fixed_by", "sources", "suppressed",
    "stated",
)  # fmt: skip
# A spreadsheet runs a cell that begins like this as a formula; full-width signs too, in a Chinese one.
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def render_csv(report: Report) -> str:
    """One line a finding, suppressed ones included and marked; cells that a spreadsheet would run are quoted.

    `stated` names the facts that the user stated, the same on each line.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for finding, reason in _all(report):
        subject = finding.subject
        row = (
            finding.code,
            finding.outcome,
            finding.effect,
            subject.kind,
            subject.namespace,
            subject.name,
            finding.message,
            finding.remedy,
            finding.fixed_by or "",
            " ".join(finding.sources),
            reason,
            " ".join(report.plan.cluster.said),
        )
        writer.writerow([inert(cell) for cell in row])
    return out.getvalue()


def inert(cell: str) -> str:
    """`cell`, quoted where a spreadsheet would run it as a formula, blanks before it or not; without controls."""
    text = tamed(cell)
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text


def _all(report: Report) -> list[tuple[Finding, str]]:
    live = [(f, "") for f in sorted(report.plan.findings, key=lambda f: f.sort_key) if not f.waived]
    return live + [(f, reason) for f, reason in report.suppressed]


def render_junit(report: Report) -> str:
    """One suite; a test case a check (passed, skipped, in error) and one a finding (FAIL is a failure)."""
    found = _all(report)
    checks = [c for c in report.plan.checks if c.state != "found"]
    suite = ET.Element("testsuite", name=f"ccm-upgrade {_xml(report.title)}")
    if report.plan.cluster.said:
        properties = ET.SubElement(suite, "properties")
        ET.SubElement(properties, "property", name="stated", value=_xml(", ".join(report.plan.cluster.said)))
    failures = errors = skipped = 0
    for check in checks:
        case = ET.SubElement(suite, "testcase", classname=check.code, name=_xml(check.title))
        if check.state == "skipped":
            skipped += 1
            ET.SubElement(case, "skipped", message=_xml(check.reason))
        elif check.state in ("unknown", "broken"):
            errors += 1
            ET.SubElement(case, "error", message=_xml(check.reason or check.state))
    for finding, reason in found:
        case = ET.SubElement(suite, "testcase", classname=finding.code, name=_xml(str(finding.subject)))
        text = _xml(f"{finding.message}\n{finding.remedy}".strip())
        if reason:
            skipped += 1
            ET.SubElement(case, "skipped", message=_xml(f"suppressed: {reason}"))
        elif finding.outcome == "FAIL":
            failures += 1
            ET.SubElement(case, "failure", message=_xml(finding.message)).text = text
        elif finding.outcome == "UNKNOWN":
            errors += 1
            ET.SubElement(case, "error", message=_xml(finding.message)).text = text
        else:
            ET.SubElement(case, "system-out").text = f"{finding.outcome}: {text}"
    for name, value in (
        ("tests", len(checks) + len(found)),
        ("failures", failures),
        ("errors", errors),
        ("skipped", skipped),
    ):
        suite.set(name, str(value))
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """`text` without controls and without the characters that XML 1.0 forbids."""
    return "".join(c for c in tamed(text) if not 0xD800 <= ord(c) <= 0xDFFF and c not in "\ufffe\uffff")


def render_sarif(report: Report) -> str:
    """SARIF 2.1.0: one rule a code, one result a finding; the subject is a logical and an artificial file location."""
    titles = {c.code: c.title for c in report.plan.checks}
    found = _all(report)
    codes = sorted({f.code for f, _ in found} | set(titles))
    rules = [{"id": code, "shortDescription": {"text": titles.get(code, code)},
              "help": {"text": f"ccm-upgrade explain {code}"}} for code in codes]  # fmt: skip
    index = {code: number for number, code in enumerate(codes)}
    run = {
        "tool": {"driver": {"name": "ccm-upgrade", "version": __version__, "rules": rules}},
        "automationDetails": {"id": tamed(f"ccm-upgrade/{report.plan.cluster.id or 'cluster'}/")},
        "results": [_sarif_result(f, reason, index[f.code]) for f, reason in found],
        "columnKind": "unicodeCodePoints",
        "properties": {"verdict": report.plan.verdict, "stated": list(report.plan.cluster.said)},
    }
    return codec.pretty({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _sarif_result(finding: Finding, reason: str, rule: int) -> dict[str, Any]:
    subject = finding.subject
    name = tamed("/".join(part for part in (subject.kind, subject.namespace, subject.name) if part))
    uri = quote(name, safe="/-._~")
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": SARIF_LEVEL[finding.outcome],
        "message": {"text": tamed(finding.message + (f". Fix: {finding.remedy}" if finding.remedy else ""))},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": f"cluster/{uri}"}, "region": {"startLine": 1}},
                "logicalLocations": [
                    {"name": tamed(subject.name or subject.kind), "fullyQualifiedName": name, "kind": "resource"}
                ],
            }
        ],
        "partialFingerprints": {"ccmUpgrade/v1": finding.fingerprint},
        "properties": {"outcome": finding.outcome, "effect": finding.effect},
    }
    if reason:
        result["suppressions"] = [{"kind": "external", "justification": reason}]
    return result
