"""`clb.tag`: tags that a load balancer lacks. Undone by removing just those it lacked."""

from __future__ import annotations

from typing import Any

from upgrader.execute.session import Session
from upgrader.execute.steps.base import Hands, Observed, Undone
from upgrader.execute.wait import Look
from upgrader.model.errors import BugError
from upgrader.model.params import TagParams, decode_params
from upgrader.model.plan import Step
from upgrader.ports.read import Ref, Right


class ClbTag:
    """The handler of `clb.tag`."""

    def observe(self, session: Session, step: Step) -> Observed:
        """The tags' present values; another address or a foreign value is somebody else's doing."""
        params = decode_params(step, TagParams)
        if session.cloud is None:
            raise BugError("a step of the cloud without a way to the cloud", where=step.id)
        lb = session.cloud.load_balancer(params.load_balancer_id)
        have = {key: lb.tags.get(key) for key in params.tags}
        same_address = not params.expected_address or lb.address == params.expected_address
        return Observed(
            state=have,
            as_wanted=same_address and have == params.tags,
            as_before=same_address and all(v is None or v == params.tags[k] for k, v in have.items()),
            words=f"{lb.id} at {lb.address} has {have}",
        )

    def rights(self, step: Step) -> tuple[Right, ...]:
        """None: it is a matter of the cloud."""
        return ()

    def watches(self, step: Step) -> Ref | None:
        """Nothing: the cloud has no watch."""
        return None

    def do(self, session: Session, step: Step, hands: Hands, before: Any) -> tuple[str, ...]:
        """Add the missing tags."""
        params = decode_params(step, TagParams)
        missing = {key: value for key, value in params.tags.items() if (before or {}).get(key) != value}
        return (hands.cloud.tag(params.load_balancer_id, missing),)

    def settled(self, session: Session, step: Step) -> Look:
        """The tags can be read back."""
        found = self.observe(session, step)
        return Look(met=found.as_wanted, seen=found.words)

    def gone(self, session: Session, step: Step, before: Any) -> Look:
        """What was there before is there again."""
        found = self.observe(session, step)
        return Look(met=found.state == before, seen=found.words)

    def undo(self, session: Session, step: Step, hands: Hands, before: Any, ours: Any) -> Undone:
        """Remove the tags that were not there before."""
        params = decode_params(step, TagParams)
        now = self.observe(session, step)
        added = tuple(k for k in params.tags if (before or {}).get(k) is None and now.state.get(k) == params.tags[k])
        foreign = {k: v for k, v in now.state.items() if v not in (None, params.tags[k])}
        left = f"{params.load_balancer_id}: somebody changed {sorted(foreign)}, left as it is" if foreign else ""
        ids = (hands.cloud.untag(params.load_balancer_id, added),) if added else ()
        return Undone(left=left, request_ids=ids)
