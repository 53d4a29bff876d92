"""Questions about permissions and identity: answered, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upgrader.lab.kube.callers import Caller
from upgrader.lab.kube.rbac import Question, Rbac
from upgrader.lab.kube.store import Object

OPEN_PATHS = ("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz",
              "/version", "/version/")  # fmt: skip
OPEN_REVIEWS = ("selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews")


class Reviews:
    """Answers reviews by a cluster's RBAC, or with a yes while it is not enforced."""

    def __init__(self, rbac: Rbac) -> None:
        self._rbac = rbac

    def answer(self, kind: str, body: Object, caller: Caller, namespace: str, *, enforced: bool) -> Object:
        """The review with its status filled in."""
        spec: dict[str, Any] = body.get("spec") or {}
        metadata = {"creationTimestamp": None, **(body.get("metadata") or {})}
        if kind == "SelfSubjectReview":
            user: dict[str, Any] = {"username": caller.name, "groups": list(caller.groups)}
            return {"metadata": metadata, "status": {"userInfo": user}}
        if kind == "SelfSubjectRulesReview":
            status = self._rules(caller, spec.get("namespace", "default"), enforced=enforced)
            return {"metadata": metadata, "spec": {}, "status": status}
        if kind in ("SubjectAccessReview", "LocalSubjectAccessReview"):
            caller = Caller(spec.get("user", ""), tuple(spec.get("groups") or ()))
        allowed, why = self._rbac.allows(caller, question_of(spec, namespace)) if enforced else (True, "")
        status = {"allowed": allowed, **({"reason": why} if why else {})}
        return {"metadata": metadata, "spec": spec, "status": status}

    def _rules(self, caller: Caller, namespace: str, *, enforced: bool) -> Object:
        resources: list[Mapping[str, Any]] = []
        paths: list[Mapping[str, Any]] = []
        if caller.is_admin or not enforced:
            resources.append({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
            paths.append({"verbs": ["*"], "nonResourceURLs": ["*"]})
            return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}
        for rule, _ in self._rbac.rules(caller, namespace):
            if rule.get("nonResourceURLs"):
                paths.append({key: rule[key] for key in ("verbs", "nonResourceURLs")})
            else:
                fields = ("verbs", "apiGroups", "resources", "resourceNames")
                resources.append({key: rule[key] for key in fields if rule.get(key)})
        return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}


def question_of(spec: Mapping[str, Any], namespace: str = "") -> Question:
    """The question that a review's spec asks."""
    if about := spec.get("nonResourceAttributes"):
        return Question(verb=about.get("verb", ""), path=about.get("path", ""))
    about = spec.get("resourceAttributes") or {}
    return Question(
        verb=about.get("verb", ""), group=about.get("group", ""), version=about.get("version", ""),
        resource=about.get("resource", ""), subresource=about.get("subresource", ""),
        namespace=about.get("namespace", "") or namespace, name=about.get("name", ""),
    )  # fmt: skip
