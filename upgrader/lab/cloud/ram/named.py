"""What a RAM request names, and how the console would show it."""

from __future__ import annotations

import msgspec

from upgrader.lab.cloud.call import Answer, Call
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.ram.model import Policy, Role, User


def gone(kind: str, name: str) -> CloudError:
    """The error of something that is not there."""
    return CloudError(f"EntityNotExist.{kind}", f"The {kind.lower()} does not exist: {name}.", 404)


def role_of(call: Call) -> Role:
    """The role that the request names. Raises `CloudError`."""
    name = call.params.required("RoleName")
    if name not in call.world.ram.roles:
        raise gone("Role", name)
    return call.world.ram.roles[name]


def user_of(call: Call) -> User:
    """The user that the request names. Raises `CloudError`."""
    name = call.params.required("UserName")
    if name not in call.world.ram.users:
        raise gone("User", name)
    return call.world.ram.users[name]


def policy_of(call: Call, *, custom: bool = False) -> Policy:
    """The policy that the request names; `custom` refuses the vendor's own. Raises `CloudError`."""
    name = call.params.required("PolicyName")
    policy = call.world.ram.policies.get(name)
    if policy is None or call.params.text("PolicyType", policy.type) != policy.type:
        raise gone("Policy", name)
    if custom and policy.type != "Custom":
        raise CloudError("NoPermission.SystemPolicy", "A system policy can't be changed.", 403)
    return policy


def show_role(call: Call, role: Role) -> Answer:
    """A role as the API shows it."""
    return {
        "RoleId": role.id,
        "RoleName": role.name,
        "Arn": f"acs:ram::{call.world.account_id}:role/{role.name.lower()}",
        "Description": role.description,
        "CreateDate": role.created,
        "UpdateDate": role.created,
        "MaxSessionDuration": role.max_session_s,
        "AssumeRolePolicyDocument": msgspec.json.encode(role.trust).decode(),
    }


def show_policy(policy: Policy) -> Answer:
    """A policy as the API shows it, without a document."""
    return {
        "PolicyName": policy.name,
        "PolicyType": policy.type,
        "Description": policy.description,
        "DefaultVersion": policy.default,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated or policy.created,
    }


def holders(call: Call, policy: Policy) -> int:
    """How many roles and users hold the policy."""
    held = [role.policies for role in call.world.ram.roles.values()]
    held += [user.policies for user in call.world.ram.users.values()]
    return sum((policy.type, policy.name) in policies for policies in held)
