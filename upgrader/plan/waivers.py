"""Waivers: a person accepts a finding by name, with a reason, and the plan remembers both."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from upgrader.model.errors import InputError
from upgrader.model.finding import Assessment, Finding

_SHAPE = re.compile(r"^(?P<code>[A-Za-z]+\d+)(?:@(?:(?P<namespace>[^/@\s]+)/)?(?P<name>[^/@\s]+))?$")


class Waiver(Struct, frozen=True, kw_only=True):
    """What is accepted: a code, for all subjects or for one, and why."""

    code: str
    reason: str
    namespace: str = ""
    name: str = ""

    def covers(self, finding: Finding) -> bool:
        """True when this waiver speaks of the finding."""
        return (
            finding.code == self.code
            and self.name in ("", finding.subject.name)
            and self.namespace in ("", finding.subject.namespace)
        )


def parse_waiver(text: str, reason: str) -> Waiver:
    """The waiver that `CODE`, `CODE@namespace/name` or `CODE@name` spells. Raises `InputError`."""
    shape = _SHAPE.match(text)
    if shape is None:
        raise InputError(
            what=f"{text!r} is not a waiver", why="a waiver is CODE or CODE@namespace/name",
            next_command="--waive CCM052@default/web --reason 'edited on purpose'",
        )  # fmt: skip
    if not reason.strip():
        raise InputError(what=f"the waiver {text} has no reason", why="whoever reads the plan wants to know",
                         next_command=f"--waive {text} --reason TEXT")  # fmt: skip
    return Waiver(
        code=shape["code"].upper(), reason=reason.strip(), namespace=shape["namespace"] or "", name=shape["name"] or ""
    )


def waived(assessment: Assessment, waivers: Iterable[Waiver]) -> Assessment:
    """The assessment with the covered findings marked. Raises `InputError` for a finding that can't be waived."""
    waivers = tuple(waivers)
    if not waivers:
        return assessment
    return replace(assessment, findings=tuple(_marked(finding, waivers) for finding in assessment.findings))


def _marked(finding: Finding, waivers: tuple[Waiver, ...]) -> Finding:
    waiver = next((one for one in waivers if one.covers(finding)), None)
    if waiver is None:
        return finding
    if not finding.waivable:
        raise InputError(
            what=f"{finding.code} of {finding.subject} can't be waived", why=finding.message,
            next_command=finding.remedy or f"ccm-upgrade explain {finding.code}",
        )  # fmt: skip
    return replace(finding, waived=waiver.reason)
