"""`rbac.rules`: a ClusterRole and binding of our own for CCM's service account. Undone by deleting both."""

from __future__ import annotations

from typing import Any

from upgrader.execute.session import Session
from upgrader.execute.steps.base import Hands, Observed, Undone
from upgrader.execute.wait import Look
from upgrader.model.errors import AbsentError
from upgrader.model.params import RbacRulesParams, decode_params
from upgrader.model.plan import Step
from upgrader.ports.read import Ref, Right

_GROUP = "rbac.authorization.k8s.io"
_API = f"{_GROUP}/v1"


class RbacRules:
    """The handler of `rbac.rules`."""

    def observe(self, session: Session, step: Step) -> Observed:
        """Whether both objects are there with the wanted rules."""
        params = decode_params(step, RbacRulesParams)
        role, binding = (self._get(session, ref) for ref in _refs(params))
        rules = (role or {}).get("rules")
        state = {"rules": rules, "bound": binding is not None}
        return Observed(
            state=state,
            as_wanted=rules == _rules(params) and binding is not None,
            as_before=role is None or rules == _rules(params),
            words=f"ClusterRole {params.name} {'is there' if role else 'is not there'}",
        )

    def _get(self, session: Session, ref: Ref) -> dict[str, Any] | None:
        try:
            return session.cluster.get(ref)
        except AbsentError:
            return None

    def rights(self, step: Step) -> tuple[Right, ...]:
        """To create, read and delete both; to grant what we don't have, and to bind the role, which holds the same.

        Granting is asked for without a name, for a create has none (apiserver `registry/rbac/escalation_check.go`).
        """
        params = decode_params(step, RbacRulesParams)
        role, binding = (
            Right(verb="get", group=_GROUP, resource=plural, name=params.name)
            for plural in ("clusterroles", "clusterrolebindings")
        )
        granted = tuple(
            Right(verb=verb, group=group, resource=resource)
            for rule in params.rules
            for group in rule.api_groups
            for resource in rule.resources
            for verb in rule.verbs
        )
        escalate = Right(verb="escalate", group=_GROUP, resource="clusterroles", instead=granted)
        bind = Right(verb="bind", group=_GROUP, resource="clusterroles", name=params.name, instead=granted)
        mine = tuple(one.to(verb) for verb in ("get", "create", "delete") for one in (role, binding))
        return (*mine, escalate, bind)

    def watches(self, step: Step) -> Ref | None:
        """Nothing: what was created is there at once."""
        return None

    def do(self, session: Session, step: Step, hands: Hands, before: Any) -> tuple[str, ...]:
        """Create what is missing."""
        params = decode_params(step, RbacRulesParams)
        role, binding = _refs(params)
        metadata = {"name": params.name, "labels": {"app.kubernetes.io/managed-by": "ccm-upgrade"}}
        if self._get(session, role) is None:
            body = {"apiVersion": _API, "kind": "ClusterRole", "metadata": metadata, "rules": _rules(params)}
            hands.cluster.create(role, body)
        if self._get(session, binding) is None:
            subject = {"kind": "ServiceAccount", "name": params.service_account, "namespace": params.namespace}
            reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": params.name}
            body = {"apiVersion": _API, "kind": "ClusterRoleBinding", "metadata": metadata,
                    "roleRef": reference, "subjects": [subject]}  # fmt: skip
            hands.cluster.create(binding, body)
        return ()

    def settled(self, session: Session, step: Step) -> Look:
        """Both can be read back."""
        found = self.observe(session, step)
        return Look(met=found.as_wanted, seen=found.words)

    def gone(self, session: Session, step: Step, before: Any) -> Look:
        """What was there before is there again."""
        found = self.observe(session, step)
        return Look(met=found.state == before, seen=found.words)

    def undo(self, session: Session, step: Step, hands: Hands, before: Any, ours: Any) -> Undone:
        """Delete what was not there before; a role whose rules somebody changed since stays, with its binding."""
        params = decode_params(step, RbacRulesParams)
        now = self.observe(session, step)
        if now.state["rules"] not in (None, _rules(params)):
            return Undone(left=f"ClusterRole {params.name} was changed since, left as it is")
        role, binding = _refs(params)
        if not (before or {}).get("bound"):
            hands.cluster.delete(binding)
        if (before or {}).get("rules") is None:
            hands.cluster.delete(role)
        return Undone()


def _refs(params: RbacRulesParams) -> tuple[Ref, Ref]:
    return (
        Ref(api_version=_API, kind="ClusterRole", name=params.name),
        Ref(api_version=_API, kind="ClusterRoleBinding", name=params.name),
    )


def _rules(params: RbacRulesParams) -> list[dict[str, list[str]]]:
    return [
        {"apiGroups": list(r.api_groups), "resources": list(r.resources), "verbs": list(r.verbs)} for r in params.rules
    ]
