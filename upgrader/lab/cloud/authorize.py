"""Whether the caller's policies allow an action, and the refusal in each product's own words."""

from __future__ import annotations

import functools

import msgspec

from upgrader.lab.cloud.call import Caller
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.ram.model import Policy as StoredPolicy
from upgrader.lab.cloud.state import World
from upgrader.ram.evaluate import Answer, evaluate
from upgrader.ram.model import Policy, parse_policy

FREE = frozenset({"sts:GetCallerIdentity", "location:DescribeEndpoints", "sts:AssumeRoleWithOIDC"})
"""Actions that need no permission."""

FORBIDDEN_RAM = frozenset({"slb", "nlb", "vpc", "pvtz", "cas", "eflo", "ecs"})
"""Products that answer `Forbidden.RAM`; the others say `NoPermission` or `StatusForbidden`."""


def authorize(world: World, caller: Caller, product: str, action: str) -> None:
    """Refuse with the action's name unless the caller is the account itself or its policies surely allow it."""
    name = f"{product}:{action}"
    if not world.rules.enforce_ram or caller.kind == "root" or name in FREE:
        return
    if answer(world, caller, name) != "allow":
        raise refusal(world, caller, product, action)


def answer(world: World, caller: Caller, name: str) -> Answer:
    """Allow, deny or unknown, as the caller's attached policies say."""
    return evaluate(policies_of(world, caller), name).answer


def policies_of(world: World, caller: Caller) -> tuple[Policy, ...]:
    """The caller's policies in their default versions."""
    holder = world.ram.roles.get(caller.name) if caller.kind == "role" else world.ram.users.get(caller.name)
    if holder is None:
        return ()
    attached = (world.ram.policies.get(name) for _, name in holder.policies)
    return tuple(_parsed(policy) for policy in attached if policy is not None)


def _parsed(policy: StoredPolicy) -> Policy:
    return _parse(policy.name, msgspec.json.encode(policy.versions[policy.default].document))


@functools.lru_cache(maxsize=256)
def _parse(name: str, document: bytes) -> Policy:
    return parse_policy(name, msgspec.json.decode(document))


def refusal(world: World, caller: Caller, product: str, action: str) -> CloudError:
    """The product's denial; the message names the action, as every product's does."""
    denied = f"action={product}:{action}, principal={principal(world, caller)}"
    if product == "cs":
        return CloudError("StatusForbidden", f"Forbidden by RAM policy: {denied}", 403)
    if product in FORBIDDEN_RAM:
        return CloudError("Forbidden.RAM", f"User not authorized to operate on the specified resource, {denied}", 403)
    return CloudError("NoPermission", f"You are not authorized to do this action: {denied}", 403)


def principal(world: World, caller: Caller) -> str:
    """The caller's ARN."""
    account = f"{world.account_id}"
    if caller.kind == "role":
        return f"acs:ram::{account}:assumed-role/{caller.name.lower()}/{caller.session or 'lab'}"
    if caller.kind == "user":
        return f"acs:ram::{account}:user/{caller.name}"
    return f"acs:ram::{account}:root"
