"""RAM: roles, policies and their versions, attachments."""

from __future__ import annotations

import msgspec

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, invalid
from upgrader.lab.cloud.ram.model import Policy, PolicyVersion, Role, User

MOST_VERSIONS = 5
MOST_DOCUMENT_BYTES = 6144


def _gone(kind: str, name: str) -> CloudError:
    return CloudError(f"EntityNotExist.{kind}", f"The {kind.lower()} does not exist: {name}.", 404)


def _role(call: Call) -> Role:
    name = call.params.required("RoleName")
    if name not in call.world.ram.roles:
        raise _gone("Role", name)
    return call.world.ram.roles[name]


def _user(call: Call) -> User:
    name = call.params.required("UserName")
    if name not in call.world.ram.users:
        raise _gone("User", name)
    return call.world.ram.users[name]


def _policy(call: Call, *, custom: bool = False) -> Policy:
    name = call.params.required("PolicyName")
    policy = call.world.ram.policies.get(name)
    if policy is None or call.params.text("PolicyType", policy.type) != policy.type:
        raise _gone("Policy", name)
    if custom and policy.type != "Custom":
        raise CloudError("NoPermission.SystemPolicy", "A system policy can't be changed.", 403)
    return policy


def _version(policy: Policy, version_id: str) -> PolicyVersion:
    if version_id not in policy.versions:
        raise _gone("Policy.Version", version_id)
    return policy.versions[version_id]


def get_role(call: Call) -> Answer:
    """One role."""
    return {"Role": _show_role(call, _role(call))}


def list_roles(call: Call) -> Answer:
    """All roles."""
    found = [_show_role(call, role) for role in call.world.ram.roles.values()]
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
    return {"Role": _show_role(call, role)}


def _show_role(call: Call, role: Role) -> Answer:
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


def policies_for_role(call: Call) -> Answer:
    """The policies attached to a role."""
    return _attached(call, _role(call).policies)


def policies_for_user(call: Call) -> Answer:
    """The policies attached to a user."""
    return _attached(call, _user(call).policies)


def groups_for_user(call: Call) -> Answer:
    """The groups of a user: the lab has none."""
    _user(call)
    return {"Groups": {"Group": []}}


def _attached(call: Call, names: list[tuple[str, str]]) -> Answer:
    held = [call.world.ram.policies[name] for _, name in names if name in call.world.ram.policies]
    return {"Policies": {"Policy": [{**_show_policy(policy), "AttachDate": policy.created} for policy in held]}}


def _show_policy(policy: Policy) -> Answer:
    return {
        "PolicyName": policy.name,
        "PolicyType": policy.type,
        "Description": policy.description,
        "DefaultVersion": policy.default,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated or policy.created,
    }


def _show_version(policy: Policy, version: PolicyVersion) -> Answer:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default,
        "CreateDate": version.created,
        "PolicyDocument": _text(version),
    }


def _text(version: PolicyVersion) -> str:
    return msgspec.json.encode(version.document).decode()


def get_policy(call: Call) -> Answer:
    """One policy with the document of its default version."""
    policy = _policy(call)
    default = _version(policy, policy.default)
    return {
        "Policy": {**_show_policy(policy), "PolicyDocument": _text(default), "AttachmentCount": _holders(call, policy)},
        "DefaultPolicyVersion": _show_version(policy, default),
    }


def _holders(call: Call, policy: Policy) -> int:
    held = [role.policies for role in call.world.ram.roles.values()]
    held += [user.policies for user in call.world.ram.users.values()]
    return sum((policy.type, policy.name) in policies for policies in held)


def list_policies(call: Call) -> Answer:
    """Policies by type, a page of them by marker."""
    kind = call.params.text("PolicyType")
    found = [policy for policy in call.world.ram.policies.values() if kind in ("", policy.type)]
    most, start = call.params.integer("MaxItems", 100, low=1, high=1000), call.params.integer("Marker", 0)
    page = found[start : start + most]
    more = start + most < len(found)
    shown = [{**_show_policy(policy), "AttachmentCount": _holders(call, policy)} for policy in page]
    answer: Answer = {"Policies": {"Policy": shown}, "IsTruncated": more}
    return {**answer, "Marker": str(start + most)} if more else answer


def create_policy(call: Call) -> Answer:
    """A new custom policy."""
    name = call.params.required("PolicyName")
    if name in call.world.ram.policies:
        raise CloudError("EntityAlreadyExists.Policy", f"The policy already exists: {name}.", 409)
    version = PolicyVersion(id="v1", document=_document(call), created=call.stamp)
    policy = Policy(
        name=name, description=call.params.text("Description"), versions={"v1": version}, created=call.stamp
    )
    call.world.ram.policies[name] = policy
    return {"Policy": _show_policy(policy)}


def delete_policy(call: Call) -> Answer:
    """Delete a policy that nobody holds and that has one version."""
    policy = _policy(call, custom=True)
    if _holders(call, policy):
        raise CloudError("DeleteConflict.Policy.Attachment", "The policy is attached.", 409)
    if len(policy.versions) > 1:
        raise CloudError("DeleteConflict.Policy.Version", "The policy has more than one version.", 409)
    del call.world.ram.policies[policy.name]
    return {}


def _document(call: Call) -> dict[str, object]:
    text = call.params.required("PolicyDocument")
    if len(text.encode()) > MOST_DOCUMENT_BYTES:
        raise CloudError("InvalidParameter.PolicyDocument.Length", "The policy document is too long (6144 bytes).")
    try:
        document = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise CloudError("MalformedPolicyDocument", "The policy document is not JSON.") from error
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list):
        raise CloudError("MalformedPolicyDocument", "The policy document has no list of statements.")
    return document


def create_policy_version(call: Call) -> Answer:
    """One more version, as the default if asked. The sixth needs a `RotateStrategy`, or is refused."""
    policy = _policy(call, custom=True)
    document = _document(call)
    if len(policy.versions) >= MOST_VERSIONS:
        if call.params.text("RotateStrategy") != "DeleteOldestNonDefaultVersionWhenLimitExceeded":
            raise CloudError(
                "LimitExceeded.Policy.Version", "The count of policy versions beyond the current limits.", 409
            )
        oldest = min((one for one in policy.versions if one != policy.default), key=lambda one: int(one[1:]))
        del policy.versions[oldest]
    policy.highest += 1
    version = PolicyVersion(id=f"v{policy.highest}", document=document, created=call.stamp)
    policy.versions[version.id] = version
    policy.updated = call.stamp
    if call.params.flag("SetAsDefault"):
        policy.default = version.id
    return {"PolicyVersion": _show_version(policy, version)}


def delete_policy_version(call: Call) -> Answer:
    """Delete a version that is not the default."""
    policy = _policy(call, custom=True)
    version = _version(policy, call.params.required("VersionId"))
    if version.id == policy.default:
        raise CloudError("DeleteConflict.Policy.Version.Default", "The default version can't be deleted.", 409)
    del policy.versions[version.id]
    return {}


def set_default_version(call: Call) -> Answer:
    """Make a version the one that counts."""
    policy = _policy(call, custom=True)
    policy.default = _version(policy, call.params.required("VersionId")).id
    policy.updated = call.stamp
    return {}


def get_policy_version(call: Call) -> Answer:
    """One version with its document."""
    policy = _policy(call)
    return {"PolicyVersion": _show_version(policy, _version(policy, call.params.required("VersionId")))}


def list_policy_versions(call: Call) -> Answer:
    """Every version, newest first."""
    policy = _policy(call)
    newest_first = sorted(policy.versions.values(), key=lambda one: -int(one.id[1:]))
    return {"PolicyVersions": {"PolicyVersion": [_show_version(policy, one) for one in newest_first]}}


def _attach(call: Call, held: list[tuple[str, str]], kind: str) -> Answer:
    policy = _policy(call)
    key = (policy.type, policy.name)
    if key in held:
        raise CloudError(f"EntityAlreadyExists.{kind}.Policy", "The policy is attached already.", 409)
    held.append(key)
    return {}


def _detach(call: Call, held: list[tuple[str, str]], kind: str) -> Answer:
    policy = _policy(call)
    key = (policy.type, policy.name)
    if key not in held:
        raise _gone(f"{kind}.Policy", policy.name)
    held.remove(key)
    return {}


def attach_to_role(call: Call) -> Answer:
    """Give a role a policy."""
    return _attach(call, _role(call).policies, "Role")


def detach_from_role(call: Call) -> Answer:
    """Take a policy from a role."""
    return _detach(call, _role(call).policies, "Role")


def attach_to_user(call: Call) -> Answer:
    """Give a user a policy."""
    return _attach(call, _user(call).policies, "User")


def detach_from_user(call: Call) -> Answer:
    """Take a policy from a user."""
    return _detach(call, _user(call).policies, "User")


def entities_for_policy(call: Call) -> Answer:
    """Who holds a policy."""
    policy = _policy(call)
    key = (policy.type, policy.name)
    roles = [_show_role(call, role) for role in call.world.ram.roles.values() if key in role.policies]
    users = [
        {"UserName": user.name, "UserId": user.id} for user in call.world.ram.users.values() if key in user.policies
    ]
    return {"Roles": {"Role": roles}, "Users": {"User": users}, "Groups": {"Group": []}}


def get_user(call: Call) -> Answer:
    """One user."""
    if not call.params.has("UserName"):
        raise invalid("UserName")
    user = _user(call)
    return {"User": {"UserName": user.name, "UserId": user.id, "DisplayName": user.name, "CreateDate": user.created}}


ACTIONS: Actions = {
    "GetRole": get_role,
    "ListRoles": list_roles,
    "CreateRole": create_role,
    "GetUser": get_user,
    "ListPoliciesForRole": policies_for_role,
    "ListPoliciesForUser": policies_for_user,
    "ListGroupsForUser": groups_for_user,
    "ListEntitiesForPolicy": entities_for_policy,
    "GetPolicy": get_policy,
    "ListPolicies": list_policies,
    "CreatePolicy": create_policy,
    "DeletePolicy": delete_policy,
    "CreatePolicyVersion": create_policy_version,
    "DeletePolicyVersion": delete_policy_version,
    "SetDefaultPolicyVersion": set_default_version,
    "GetPolicyVersion": get_policy_version,
    "ListPolicyVersions": list_policy_versions,
    "AttachPolicyToRole": attach_to_role,
    "DetachPolicyFromRole": detach_from_role,
    "AttachPolicyToUser": attach_to_user,
    "DetachPolicyFromUser": detach_from_user,
}
