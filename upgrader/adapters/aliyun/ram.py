"""RAM and STS, read: a role's policies with their documents, and who we are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from upgrader.adapters.aliyun.answers import ask, listed
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.fan_out import fan_out
from upgrader.model.errors import RefusedError
from upgrader.model.facts import RamFacts, RamPolicy

# No policy binds the account's own key.
_EVERYTHING = RamPolicy(
    name="the account itself", type="System", default_version="",
    document={"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
)  # fmt: skip


class RamReader:
    """Questions to RAM and STS."""

    def __init__(self, transport: Transport, region: str) -> None:
        self._transport, self._region = transport, region

    def ram(self, role: str) -> RamFacts:
        """The role's policies with their default documents, in the order of their names."""
        return RamFacts(role=role, policies=self._policies([self._call("ram", "ListPoliciesForRole", RoleName=role)]))

    def ram_of_user(self, user: str) -> RamFacts:
        """A user's policies, those of its groups too, with their default documents; `role` is empty."""
        answer = ask(self._transport, self._call("ram", "ListGroupsForUser", UserName=user))
        groups = [str(one.get("GroupName") or "") for one in listed(answer, "Groups", "Group")]
        calls = [self._call("ram", "ListPoliciesForGroup", GroupName=group) for group in groups]
        return RamFacts(policies=self._policies([self._call("ram", "ListPoliciesForUser", UserName=user), *calls]))

    def _policies(self, calls: list[Call]) -> tuple[RamPolicy, ...]:
        attached = [record for call in calls for record in listed(ask(self._transport, call), "Policies", "Policy")]
        policies = fan_out(self._policy, attached)
        return tuple(sorted(policies, key=lambda policy: (policy.type, policy.name)))

    def caller(self) -> dict[str, str]:
        """`AccountId`, `Arn` and the like of the caller."""
        answer = ask(self._transport, self._call("sts", "GetCallerIdentity"))
        return {key: str(value) for key, value in answer.items() if isinstance(value, str) and key != "RequestId"}

    def own_rights(self) -> RamFacts:
        """The policies of whoever asks, by the ARN that STS tells."""
        kind, _, name = self.caller().get("Arn", "").rpartition(":")[2].partition("/")
        if kind == "assumed-role":
            return self.ram(name.partition("/")[0])
        if kind == "user":
            return self.ram_of_user(name)
        return RamFacts(policies=(_EVERYTHING,) if kind == "root" else None)

    def _policy(self, record: Mapping[str, Any]) -> RamPolicy:
        name = str(record.get("PolicyName") or "")
        kind: Literal["Custom", "System"] = "System" if record.get("PolicyType") == "System" else "Custom"
        default = str(record.get("DefaultVersion") or "")
        which = {"PolicyName": name, "PolicyType": kind}
        if not default:
            policy = ask(self._transport, self._call("ram", "GetPolicy", **which)).get("Policy") or {}
            default = str(policy.get("DefaultVersion") or "")
        version = ask(self._transport, self._call("ram", "GetPolicyVersion", **which, VersionId=default))
        versions = listed(
            ask(self._transport, self._call("ram", "ListPolicyVersions", **which)), "PolicyVersions", "PolicyVersion"
        )
        ids = sorted((str(one.get("VersionId") or "") for one in versions), key=lambda one: (len(one), one))
        text = str((version.get("PolicyVersion") or {}).get("PolicyDocument") or "")
        return RamPolicy(
            name=name, type=kind, default_version=default, document=_document(name, text), versions=tuple(ids)
        )

    def _call(self, product: str, action: str, **params: str) -> Call:
        return Call(product=product, action=action, region=self._region, params=params)


def _document(name: str, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise RefusedError(what="a policy's document is no JSON object", code="BadPolicyDocument", where=name,
                           next_command=f"aliyun ram GetPolicy --PolicyName {name} --PolicyType Custom")  # fmt: skip
    return document
