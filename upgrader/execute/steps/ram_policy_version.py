"""`ram.policy-version`: a new default version of a RAM policy. Undone by making the old version the default again."""

from __future__ import annotations

import contextlib
from typing import Any

from upgrader import codec
from upgrader.execute.session import Session
from upgrader.execute.steps.base import Hands, Observed, Undone
from upgrader.execute.wait import Look
from upgrader.model.errors import AbsentError, BugError
from upgrader.model.facts import RamPolicy
from upgrader.model.params import PolicyVersionParams, decode_params
from upgrader.model.plan import Step
from upgrader.ports.read import Ref, Right


class RamPolicyVersion:
    """The handler of `ram.policy-version`."""

    def observe(self, session: Session, step: Step) -> Observed:
        """The policy's default version and its document's digest."""
        params = decode_params(step, PolicyVersionParams)
        policy = self._policy(session, params)
        digest = codec.digest(policy.document)
        state = {"default": policy.default_version, "digest": digest, "versions": list(policy.versions)}
        return Observed(
            state=state,
            as_wanted=digest == codec.digest(params.document),
            as_before=digest == params.expected_digest,
            words=f"default version {policy.default_version} of {params.policy}",
        )

    def _policy(self, session: Session, params: PolicyVersionParams) -> RamPolicy:
        if session.cloud is None:
            raise BugError("a step of the cloud without a way to the cloud", where=params.policy)
        for policy in session.cloud.ram(params.role).policies or ():
            if policy.name == params.policy:
                return policy
        raise AbsentError(f"the role has no policy {params.policy}", where=params.role,
                          next_command=f"aliyun ram ListPoliciesForRole --RoleName {params.role}")  # fmt: skip

    def rights(self, step: Step) -> tuple[Right, ...]:
        """None: it is a matter of the cloud."""
        return ()

    def watches(self, step: Step) -> Ref | None:
        """Nothing: the cloud has no watch."""
        return None

    def do(self, session: Session, step: Step, hands: Hands, before: Any) -> tuple[str, ...]:
        """Make room where five versions stand, then create the new default."""
        params = decode_params(step, PolicyVersionParams)
        ids: list[str] = []
        if params.delete_version and params.delete_version in (before or {}).get("versions", ()):
            # A version that an interrupted try has deleted already is as good as deleted now.
            with contextlib.suppress(AbsentError):
                ids.append(hands.cloud.delete_policy_version(params.policy, params.delete_version))
        _, request = hands.cloud.create_policy_version(params.policy, params.document)
        return (*ids, request)

    def settled(self, session: Session, step: Step) -> Look:
        """The default document is the wanted one."""
        found = self.observe(session, step)
        return Look(met=found.as_wanted, seen=found.words)

    def gone(self, session: Session, step: Step, before: Any) -> Look:
        """What was there before is there again."""
        found = self.observe(session, step)
        return Look(met=found.as_before, seen=found.words)

    def undo(self, session: Session, step: Step, hands: Hands, before: Any, ours: Any) -> Undone:
        """The old version is default again; the new one goes. A document that somebody changed since stays."""
        # An interrupted try may have set the default already: which version was ours is what it had found then.
        params = decode_params(step, PolicyVersionParams)
        now = self.observe(session, step)
        old = str((before or {}).get("default", params.expected_default))
        new = str(now.state["default"]) if now.as_wanted else str((ours or {}).get("default", old))
        ids: list[str] = []
        if now.as_wanted:
            ids.append(hands.cloud.set_default_policy_version(params.policy, old))
        elif not now.as_before:
            return Undone(left=f"policy {params.policy} was changed since: its default stays {now.state['default']}")
        if new != old and new in now.state["versions"]:
            ids.append(hands.cloud.delete_policy_version(params.policy, new))
        gone = params.delete_version
        lost = gone in (before or {}).get("versions", ()) and gone not in now.state["versions"]
        text = f"version {gone} of {params.policy}, deleted to make room, can't come back" if lost else ""
        return Undone(lost=text, request_ids=tuple(ids))
