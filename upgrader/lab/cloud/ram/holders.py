"""RAM roles and users, and the policies that they hold."""

from __future__ import annotations

import msgspec

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, invalid
from upgrader.lab.cloud.ram.model import Role
from upgrader.lab.cloud.ram.named import gone, policy_of, role_of, show_policy, show_role, user_of


def get_role(call: Call) -> Answer:
    """One role."""
    return {"Role": show_role(call, role_of(call))}


def list_roles(call: Call) -> Answer:
    """All roles."""
    found = [show_role(call, role) for role in call.world.ram.roles.values()]
    return {"Roles": {"Role": found}, "IsTruncated": False}


def create_role(call: Call) -> Answer:
    """A new role."""
    name = call.params.required("RoleName")
    if name in call.world.ram.roles:
        raise CloudError("EntityAlreadyExists.Role", f"The role already exists: {name}.", 409)
    trust = call.params.text("AssumeRolePolicyDocument", "{}")
    role = Role(
        name=name,
        id=call.world.new_hex("role", 16),
        trust=msgspec.json.decode(trust),
        description=call.params.text("Description"),
        created=call.stamp,
    )
    call.world.ram.roles[name] = role
    return {"Role": show_role(call, role)}


def get_user(call: Call) -> Answer:
    """One user."""
    if not call.params.has("UserName"):
        raise invalid("UserName")
    user = user_of(call)
    return {"User": {"UserName": user.name, "UserId": user.id, "DisplayName": user.name, "CreateDate": user.created}}


def policies_for_role(call: Call) -> Answer:
    """The policies attached to a role."""
    return _attached(call, role_of(call).policies)


def policies_for_user(call: Call) -> Answer:
    """The policies attached to a user."""
    return _attached(call, user_of(call).policies)


def groups_for_user(call: Call) -> Answer:
    """The groups of a user: the lab has none."""
    user_of(call)
    return {"Groups": {"Group": []}}


def entities_for_policy(call: Call) -> Answer:
    """Who holds a policy."""
    policy = policy_of(call)
    key = (policy.type, policy.name)
    roles = [show_role(call, role) for role in call.world.ram.roles.values() if key in role.policies]
    users = [
        {"UserName": user.name, "UserId": user.id} for user in call.world.ram.users.values() if key in user.policies
    ]
    return {"Roles": {"Role": roles}, "Users": {"User": users}, "Groups": {"Group": []}}


def attach_to_role(call: Call) -> Answer:
    """Give a role a policy."""
    return _attach(call, role_of(call).policies, "Role")


def detach_from_role(call: Call) -> Answer:
    """Take a policy from a role."""
    return _detach(call, role_of(call).policies, "Role")


def attach_to_user(call: Call) -> Answer:
    """Give a user a policy."""
    return _attach(call, user_of(call).policies, "User")


def detach_from_user(call: Call) -> Answer:
    """Take a policy from a user."""
    return _detach(call, user_of(call).policies, "User")


def _attached(call: Call, names: list[tuple[str, str]]) -> Answer:
    held = [call.world.ram.policies[name] for _, name in names if name in call.world.ram.policies]
    return {"Policies": {"Policy": [{**show_policy(policy), "AttachDate": policy.created} for policy in held]}}


def _attach(call: Call, held: list[tuple[str, str]], kind: str) -> Answer:
    policy = policy_of(call)
    key = (policy.type, policy.name)
    if key in held:
        raise CloudError(f"EntityAlreadyExists.{kind}.Policy", "The policy is attached already.", 409)
    held.append(key)
    return {}


def _detach(call: Call, held: list[tuple[str, str]], kind: str) -> Answer:
    policy = policy_of(call)
    key = (policy.type, policy.name)
    if key not in held:
        raise gone(f"{kind}.Policy", policy.name)
    held.remove(key)
    return {}


ACTIONS: Actions = {
    "GetRole": get_role,
    "ListRoles": list_roles,
    "CreateRole": create_role,
    "GetUser": get_user,
    "ListPoliciesForRole": policies_for_role,
    "ListPoliciesForUser": policies_for_user,
    "ListGroupsForUser": groups_for_user,
    "ListEntitiesForPolicy": entities_for_policy,
    "AttachPolicyToRole": attach_to_role,
    "DetachPolicyFromRole": detach_from_role,
    "AttachPolicyToUser": attach_to_user,
    "DetachPolicyFromUser": detach_from_user,
}
