"""What a role lacks of what is needed: missing, denied or unknown, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from upgrader.model.facts import RamFacts
from upgrader.model.plan import RamDelta
from upgrader.ram.evaluate import Decision, evaluate
from upgrader.ram.minimal import candidates, new_document, patch_for
from upgrader.ram.model import parse_policies


class Judged(Struct, frozen=True, kw_only=True):
    """The decision on each needed action."""

    decisions: dict[str, Decision]

    @property
    def missing(self) -> tuple[str, ...]:
        """Actions that nothing allows: granting them is enough."""
        return self._of("deny", explicit=False)

    @property
    def denied(self) -> tuple[str, ...]:
        """Actions that a Deny forbids: granting them does nothing until the Deny goes."""
        return self._of("deny", explicit=True)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Actions that can't be decided."""
        return tuple(sorted(action for action, d in self.decisions.items() if d.answer == "unknown"))

    def _of(self, answer: str, *, explicit: bool) -> tuple[str, ...]:
        return tuple(
            sorted(
                action
                for action, decision in self.decisions.items()
                if decision.answer == answer and (decision.statement is not None) == explicit
            )
        )


def judge(ram: RamFacts, actions: Iterable[str], region: str = "") -> Judged:
    """What the role's policies say to each action in the region (all regions when it is empty).

    All unknown when the policies could not be read.
    """
    if ram.policies is None:
        unread = Decision(answer="unknown", why="the role's policies could not be read")
        return Judged(decisions=dict.fromkeys(sorted(set(actions)), unread))
    policies = parse_policies(ram.policies)
    return Judged(
        decisions={
            action: evaluate(policies, action, f"acs:{action.partition(':')[0]}:{region or '*'}:*:*")
            for action in sorted(set(actions))
        }
    )


def delta(ram: RamFacts, judged: Judged) -> RamDelta:
    """What the role lacks, and the document that would give it what is missing.

    `policy` is the policy to extend; empty when the role has none that can take it, and then `document` is one to be
    attached as a policy of its own.
    """
    patch = patch_for(ram.policies or (), judged.missing)
    own = patch is not None and patch.fits
    document = patch.document if patch is not None and own else None
    home = next(iter(candidates(ram.policies or ())), None)
    return RamDelta(
        role=ram.role,
        policy=patch.policy.name if patch is not None and own else "" if judged.missing or home is None else home.name,
        missing=judged.missing,
        denied=judged.denied,
        unknown=judged.unknown,
        document=document or (new_document(judged.missing) if judged.missing else None),
    )
