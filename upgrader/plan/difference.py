"""What differs between two plans of one cluster, in what a person decides by."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from upgrader.codec import digest
from upgrader.digests import what_moved
from upgrader.model.plan import Plan


class Difference(Struct, frozen=True, kw_only=True):
    """Each as sentences: what moved in the world, findings and steps that came, went or changed."""

    moved: tuple[str, ...] = ()
    verdict: tuple[str, str] | None = None
    target: tuple[str, str] | None = None
    findings_new: tuple[str, ...] = ()
    findings_gone: tuple[str, ...] = ()
    steps_new: tuple[str, ...] = ()
    steps_gone: tuple[str, ...] = ()
    steps_changed: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """True when anything does."""
        return any(getattr(self, field) for field in self.__struct_fields__)

    def lines(self) -> tuple[str, ...]:
        """The difference for a terminal: `+` came, `-` went, `~` changed."""
        return tuple(self._lines())

    def _lines(self) -> Iterable[str]:
        if self.target:
            yield f"~ target: {self.target[0]} → {self.target[1]}"
        if self.verdict:
            yield f"~ verdict: {self.verdict[0]} → {self.verdict[1]}"
        for mark, texts in (
            ("~", self.moved), ("+", self.findings_new), ("-", self.findings_gone),
            ("+", self.steps_new), ("-", self.steps_gone), ("~", self.steps_changed),
        ):  # fmt: skip
            yield from (f"{mark} {text}" for text in texts)


def difference(old: Plan, new: Plan) -> Difference:
    """What differs from `old` to `new`; ids, times and nonces do not count."""
    before, after = _findings(old), _findings(new)
    steps_before, steps_after = {s.id: s for s in old.steps}, {s.id: s for s in new.steps}
    return Difference(
        moved=what_moved(old.digests.parts, new.digests.parts),
        verdict=(old.verdict, new.verdict) if old.verdict != new.verdict else None,
        target=(old.to_version, new.to_version) if old.to_version != new.to_version else None,
        findings_new=tuple(after[key] for key in sorted(after.keys() - before.keys())),
        findings_gone=tuple(before[key] for key in sorted(before.keys() - after.keys())),
        steps_new=tuple(f"step {s.id}: {s.summary}" for key, s in steps_after.items() if key not in steps_before),
        steps_gone=tuple(f"step {s.id}: {s.summary}" for key, s in steps_before.items() if key not in steps_after),
        steps_changed=tuple(
            f"step {key}: {steps_after[key].summary}"
            for key, step in steps_before.items()
            if key in steps_after and digest(steps_after[key]) != digest(step)
        ),
    )


def _findings(plan: Plan) -> dict[tuple[str, str, str], str]:
    return {
        (f.code, str(f.subject), f.message): f"{f.outcome} {f.code} {f.subject}: {f.message}" for f in plan.findings
    }
