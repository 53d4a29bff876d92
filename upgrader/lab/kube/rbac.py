"""RBAC: which rules reach a caller, and whether they allow what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from upgrader.lab.kube.callers import Caller
from upgrader.lab.kube.resource import RBAC, Resource, shared
from upgrader.lab.kube.status import ApiError
from upgrader.lab.kube.store import Object, Store

ROLES, CLUSTER_ROLES = shared("roles", RBAC), shared("clusterroles", RBAC)
BINDINGS, CLUSTER_BINDINGS = shared("rolebindings", RBAC), shared("clusterrolebindings", RBAC)

Rule = Mapping[str, Any]


class Question(Struct, frozen=True, kw_only=True):
    """What somebody wants to do. `path` is set for requests that are about no resource."""

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def whole(self) -> str:
        """`deployments/scale`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Rbac:
    """The judgement of one cluster's roles and bindings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def allows(self, caller: Caller, question: Question) -> tuple[bool, str]:
        """Whether a caller may, and which binding says so."""
        if caller.is_admin:
            return True, ""
        for rule, why in self.rules(caller, question.namespace):
            if _covers(rule, question):
                return True, why
        return False, ""

    def rules(self, caller: Caller, namespace: str) -> Iterator[tuple[Rule, str]]:
        """The rules that reach a caller in a namespace, each with where it comes from."""
        for binding in self._store.list(CLUSTER_BINDINGS.key):
            yield from self._granted(binding, caller, "", "ClusterRoleBinding")
        if namespace:
            for binding in self._store.list(BINDINGS.key, namespace):
                yield from self._granted(binding, caller, namespace, "RoleBinding")

    def _granted(self, binding: Object, caller: Caller, namespace: str, kind: str) -> Iterator[tuple[Rule, str]]:
        subject = next((one for one in binding.get("subjects") or () if _is(one, caller, namespace)), None)
        if subject is None:
            return
        role = binding["roleRef"]
        here = role.get("kind") == "Role"
        found = self._store.get((ROLES if here else CLUSTER_ROLES).key, namespace if here else "", role["name"])
        name = binding["metadata"]["name"]
        bound = f'"{name}/{namespace}"' if namespace else f'"{name}"'
        said = f'RBAC: allowed by {kind} {bound} of {role.get("kind")} "{role["name"]}" to {_shown(subject, namespace)}'
        for rule in (found or {}).get("rules") or ():
            yield rule, said


def _shown(subject: Object, namespace: str) -> str:
    name = subject["name"]
    if subject["kind"] == "ServiceAccount":
        name = f"{name}/{subject.get('namespace', namespace)}"
    return f'{subject["kind"]} "{name}"'


def _is(subject: Object, caller: Caller, namespace: str) -> bool:
    name = subject.get("name")
    if subject.get("kind") == "Group":
        return name in caller.groups
    if subject.get("kind") == "ServiceAccount":
        return caller.name == f"system:serviceaccount:{subject.get('namespace') or namespace}:{name}"
    return caller.name == name


def _covers(rule: Rule, question: Question) -> bool:
    if not _has(rule.get("verbs"), question.verb):
        return False
    if question.path:
        paths = rule.get("nonResourceURLs") or ()
        return any(one == question.path or (one.endswith("*") and question.path.startswith(one[:-1])) for one in paths)
    if not _has(rule.get("apiGroups"), question.group):
        return False
    resources = rule.get("resources") or ()
    wanted = {"*", question.whole} | ({f"*/{question.subresource}"} if question.subresource else set())
    if not wanted.intersection(resources):
        return False
    names = rule.get("resourceNames") or ()
    return not names or question.name in names


def _has(found: Any, wanted: str) -> bool:
    return "*" in (found or ()) or wanted in (found or ())


def refusal(caller: Caller, question: Question, resource: Resource | None) -> ApiError:
    """The 403 in the server's words."""
    if question.path or resource is None:
        message = f'User "{caller.name}" cannot {question.verb} path "{question.path}"'
        return ApiError(403, "Forbidden", f"forbidden: {message}", details={})
    where = f'in the namespace "{question.namespace}"' if question.namespace else "at the cluster scope"
    what = f'resource "{question.whole}" in API group "{question.group}" {where}'
    said = f'User "{caller.name}" cannot {question.verb} {what}'
    named = f' "{question.name}"' if question.name else ""
    details = {"name": question.name, "group": question.group, "kind": question.resource}
    details = {key: value for key, value in details.items() if value}
    return ApiError(403, "Forbidden", f"{resource.qualified}{named} is forbidden: {said}", details=details)
