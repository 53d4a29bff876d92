"""RAM policies and their versions."""

from __future__ import annotations

import msgspec

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.ram.model import Policy, PolicyVersion
from upgrader.lab.cloud.ram.named import gone, holders, policy_of, show_policy

MOST_VERSIONS = 5
MOST_DOCUMENT_BYTES = 6144


def get_policy(call: Call) -> Answer:
    """One policy with the document of its default version."""
    policy = policy_of(call)
    default = _version(policy, policy.default)
    return {
        "Policy": {**show_policy(policy), "PolicyDocument": _text(default), "AttachmentCount": holders(call, policy)},
        "DefaultPolicyVersion": _show_version(policy, default),
    }


def list_policies(call: Call) -> Answer:
    """Policies by type, a page of them by marker."""
    kind = call.params.text("PolicyType")
    found = [policy for policy in call.world.ram.policies.values() if kind in ("", policy.type)]
    most, start = call.params.integer("MaxItems", 100, low=1, high=1000), call.params.integer("Marker", 0)
    page = found[start : start + most]
    more = start + most < len(found)
    shown = [{**show_policy(policy), "AttachmentCount": holders(call, policy)} for policy in page]
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
    return {"Policy": show_policy(policy)}


def delete_policy(call: Call) -> Answer:
    """Delete a policy that nobody holds and that has one version."""
    policy = policy_of(call, custom=True)
    if holders(call, policy):
        raise CloudError("DeleteConflict.Policy.Attachment", "The policy is attached.", 409)
    if len(policy.versions) > 1:
        raise CloudError("DeleteConflict.Policy.Version", "The policy has more than one version.", 409)
    del call.world.ram.policies[policy.name]
    return {}


def create_policy_version(call: Call) -> Answer:
    """One more version, as the default if asked. The sixth needs a `RotateStrategy`, or is refused."""
    policy = policy_of(call, custom=True)
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
    policy = policy_of(call, custom=True)
    version = _version(policy, call.params.required("VersionId"))
    if version.id == policy.default:
        raise CloudError("DeleteConflict.Policy.Version.Default", "The default version can't be deleted.", 409)
    del policy.versions[version.id]
    return {}


def set_default_version(call: Call) -> Answer:
    """Make a version the one that counts."""
    policy = policy_of(call, custom=True)
    policy.default = _version(policy, call.params.required("VersionId")).id
    policy.updated = call.stamp
    return {}


def get_policy_version(call: Call) -> Answer:
    """One version with its document."""
    policy = policy_of(call)
    return {"PolicyVersion": _show_version(policy, _version(policy, call.params.required("VersionId")))}


def list_policy_versions(call: Call) -> Answer:
    """Every version, newest first."""
    policy = policy_of(call)
    newest_first = sorted(policy.versions.values(), key=lambda one: -int(one.id[1:]))
    return {"PolicyVersions": {"PolicyVersion": [_show_version(policy, one) for one in newest_first]}}


def _version(policy: Policy, version_id: str) -> PolicyVersion:
    if version_id not in policy.versions:
        raise gone("Policy.Version", version_id)
    return policy.versions[version_id]


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


def _show_version(policy: Policy, version: PolicyVersion) -> Answer:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default,
        "CreateDate": version.created,
        "PolicyDocument": _text(version),
    }


def _text(version: PolicyVersion) -> str:
    return msgspec.json.encode(version.document).decode()


ACTIONS: Actions = {
    "GetPolicy": get_policy,
    "ListPolicies": list_policies,
    "CreatePolicy": create_policy,
    "DeletePolicy": delete_policy,
    "CreatePolicyVersion": create_policy_version,
    "DeletePolicyVersion": delete_policy_version,
    "SetDefaultPolicyVersion": set_default_version,
    "GetPolicyVersion": get_policy_version,
    "ListPolicyVersions": list_policy_versions,
}
