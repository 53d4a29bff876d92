"""The step kinds and their handlers: an explicit table."""

from __future__ import annotations

from upgrader.execute.steps.base import Handler
from upgrader.execute.steps.ccm_addon import CcmAddon
from upgrader.execute.steps.ccm_halt import CcmHalt
from upgrader.execute.steps.ccm_workload import CcmWorkload
from upgrader.execute.steps.clb_tag import ClbTag
from upgrader.execute.steps.ram_policy_version import RamPolicyVersion
from upgrader.execute.steps.rbac_rules import RbacRules
from upgrader.model.errors import InputError
from upgrader.model.plan import Step

HANDLERS: dict[str, Handler] = {
    "ram.policy-version": RamPolicyVersion(),
    "clb.tag": ClbTag(),
    "ccm.addon": CcmAddon(),
    "ccm.stop": CcmHalt(stops=True),
    "ccm.workload": CcmWorkload(),
    "ccm.start": CcmHalt(stops=False),
    "rbac.rules": RbacRules(),
}


def handler_of(step: Step) -> Handler:
    """The handler of a step's kind. Raises `InputError` for a kind that this version does not know."""
    if step.kind not in HANDLERS:
        raise InputError(what=f"unknown step kind {step.kind!r}", where=step.id, next_command="ccm-upgrade plan")
    return HANDLERS[step.kind]
