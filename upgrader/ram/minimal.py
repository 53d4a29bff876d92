"""The smallest change to a policy document that adds the missing actions."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from upgrader.model.facts import RamPolicy
from upgrader.ram.model import parse_policy

MAX_DOCUMENT_BYTES = 6144
"""What RAM accepts for a custom policy's document (RAM limits page)."""

MAX_VERSIONS = 5
"""Versions that RAM keeps of one custom policy."""

CCM_POLICY = "k8sMasterRolePolicy-Ccm-"
MASTER_POLICY = "k8sMasterRolePolicy-"


class Patch(Struct, frozen=True, kw_only=True):
    """What would be written: the policy, its new document, and the version that must go to make room, if any."""

    policy: RamPolicy
    document: dict[str, Any]
    size: int
    delete_version: str = ""

    @property
    def fits(self) -> bool:
        """True when RAM accepts a document of this size."""
        return self.size <= MAX_DOCUMENT_BYTES


def candidates(policies: Iterable[RamPolicy]) -> tuple[RamPolicy, ...]:
    """The custom policies that may be extended, best first: CCM's own, then the master role's."""
    readable = [p for p in policies if p.type == "Custom" and not parse_policy(p.name, p.document).unreadable]
    own = [p for p in readable if p.name.startswith(CCM_POLICY)]
    master = [p for p in readable if p.name.startswith(MASTER_POLICY) and p not in own]
    return tuple(sorted(own, key=lambda p: p.name) + sorted(master, key=lambda p: p.name))


def patch_for(policies: Iterable[RamPolicy], missing: Sequence[str]) -> Patch | None:
    """The patch of the first policy that can take `missing`; the first one's, too large, when none can.

    None when nothing is missing or no policy may be extended.
    """
    patches = [_patch(policy, missing) for policy in candidates(policies)] if missing else []
    return next((patch for patch in patches if patch.fits), patches[0] if patches else None)


def _patch(policy: RamPolicy, missing: Sequence[str]) -> Patch:
    document = with_actions(policy.document, missing)
    return Patch(policy=policy, document=document, size=size_of(document), delete_version=_oldest_spare(policy))


def _oldest_spare(policy: RamPolicy) -> str:
    """The version that has to go: the oldest that is not the default, when all places are taken."""
    if len(policy.versions) < MAX_VERSIONS:
        return ""
    return next(version for version in policy.versions if version != policy.default_version)


def with_actions(document: dict[str, Any], actions: Sequence[str]) -> dict[str, Any]:
    """The document with `actions` added: each to the statement that already speaks of its product, else to a new one.

    Nothing that stands there is changed, moved or removed.
    """
    merged = copy.deepcopy(document)
    statements = merged["Statement"]
    if isinstance(statements, dict):
        statements = merged["Statement"] = [statements]
    homeless = []
    for action in sorted(set(actions)):
        home = next((s for s in statements if _fits(s, action)), None)
        if home is None:
            homeless.append(action)
        else:
            held = home["Action"] if isinstance(home["Action"], list) else [home["Action"]]
            home["Action"] = [*held, action]
    if homeless:
        statements.append({"Effect": "Allow", "Action": homeless, "Resource": "*"})
    return merged


def new_document(actions: Iterable[str]) -> dict[str, Any]:
    """A document of its own for the actions, for a role that has no policy to extend."""
    return with_actions({"Version": "1", "Statement": []}, tuple(actions))


def _fits(statement: dict[str, Any], action: str) -> bool:
    """An unconditional Allow on everything that already names an action of the same product."""
    held = statement.get("Action", ())
    resource = statement.get("Resource")
    product = action.partition(":")[0].lower() + ":"
    return (
        statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and resource in ("*", ["*"])
        and any(one.lower().startswith(product) for one in ([held] if isinstance(held, str) else held))
    )


def size_of(document: dict[str, Any]) -> int:
    """Bytes of the document as it is sent: compact JSON."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())
