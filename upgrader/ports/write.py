"""What may be changed, in our words. Only `execute` and the adapters import this.

Every call is one request, or says otherwise. It returns the request id. Errors are our own; a `TransientError` with
`effect_unknown` means that the request may have landed: observe before doing anything else.
Each writer is handed a `Fence` when built and asks it before *each* request.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

from upgrader.ports.read import Ref


class Fence(Protocol):
    """Says whether this run still holds the cluster's lock."""

    def check(self) -> None:
        """Raises `LockedError` when the lock was lost: nothing may be written any more."""


class ClusterWriter(Protocol):
    """Changes to Kubernetes objects."""

    def create(self, ref: Ref, body: dict[str, Any]) -> dict[str, Any]:
        """Create; raises `RefusedError(code="AlreadyExists")` when it is there."""

    def replace(self, ref: Ref, body: dict[str, Any]) -> dict[str, Any]:
        """Replace at the body's resourceVersion; raises `RefusedError(code="Conflict")` when it moved."""

    def patch(self, ref: Ref, patch: Any, *, style: Literal["merge", "strategic", "json"] = "merge") -> dict[str, Any]:
        """Patch; a resourceVersion inside the patch makes it conditional."""

    def delete(self, ref: Ref, *, dependents_first: bool = False) -> None:
        """Delete; absent is success. With `dependents_first` it goes when all that it owns is gone."""


class CloudWriter(Protocol):
    """Changes to cloud objects. All are safe to observe and to repeat after observing."""

    def tag(self, lb_id: str, tags: dict[str, str]) -> str:
        """Add tags to a CLB or NLB (the id tells which)."""

    def untag(self, lb_id: str, keys: tuple[str, ...]) -> str:
        """Remove tags from a CLB or NLB."""

    def create_policy_version(self, policy: str, document: dict[str, Any]) -> tuple[str, str]:
        """A new default version of a custom RAM policy: (version id, request id). Never rotates by itself."""

    def delete_policy_version(self, policy: str, version: str) -> str:
        """Delete a version that is not the default."""

    def set_default_policy_version(self, policy: str, version: str) -> str:
        """Make an existing version the default."""

    def upgrade_addon(
        self, cluster_id: str, name: str, version: str, next_version: str, config: str
    ) -> tuple[str, str]:
        """Start an add-on upgrade: (task id, request id)."""

    def cancel_task(self, task_id: str) -> str:
        """Cancel a CS task."""

    def send(self, action: str, region: str, params: dict[str, str]) -> str:
        """Send one request by its name (`slb:SetVServerGroupAttribute`): puts back what a CCM wrote."""
