"""A request taken apart: what it is about, who sends it, and how it is meant."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from upgrader.lab.kube.bodies import object_of
from upgrader.lab.kube.callers import Caller
from upgrader.lab.kube.field_validation import FieldValidation
from upgrader.lab.kube.lifecycle import Deletion
from upgrader.lab.kube.objects import Write
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.status import invalid_options
from upgrader.lab.kube.store import Object

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


def verb_of(method: str, query: Mapping[str, str], *, named: bool) -> str:
    """The verb that RBAC knows, of a request about one object (`named`) or about many."""
    if method in ("GET", "HEAD"):
        if query.get("watch") in ("true", "1"):
            return "watch"
        return "get" if named else "list"
    if method == "DELETE":
        return "delete" if named else "deletecollection"
    return _VERBS.get(method, method.lower())


class Asked(Struct, frozen=True, kw_only=True):
    """One request about a resource."""

    method: str
    target: Target
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    caller: Caller

    @property
    def verb(self) -> str:
        """The verb that RBAC knows."""
        return verb_of(self.method, self.query, named=bool(self.target.name))

    @property
    def content_type(self) -> str:
        """The body's type without its parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip()

    def write(self) -> Write:
        """How to write."""
        dry = self.query.get("dryRun", "")
        if dry not in ("", "All"):
            kind = {"POST": "CreateOptions", "PUT": "UpdateOptions"}.get(self.method, "PatchOptions")
            raise invalid_options(kind, "dryRun", f'Unsupported value: "{dry}": supported values: "All"')
        agent = self.headers.get("User-Agent", "").partition("/")[0]
        return Write(
            manager=self.query.get("fieldManager") or agent or "unknown",
            dry_run=dry == "All",
            force=self.query.get("force") in ("true", "1"),
        )

    def fields(self) -> FieldValidation:
        """What becomes of fields that the kind does not have."""
        return FieldValidation(self.query.get("fieldValidation", ""), self.target.resource)

    def deletion(self) -> tuple[Deletion, bool]:
        """How to delete, and whether it is a dry run: in the body or, without one, in the query."""
        options: Object = object_of(self.body, self.content_type) if self.body.strip() else {}
        if self.target.subresource == "eviction":
            options = options.get("deleteOptions") or {}
        meant = options.get("preconditions") or {}
        grace = options.get("gracePeriodSeconds", self.query.get("gracePeriodSeconds"))
        orphans = options.get("orphanDependents")
        given = {True: "Orphan", False: "Background"}.get(orphans, "") if orphans is not None else ""
        propagation = options.get("propagationPolicy") or self.query.get("propagationPolicy") or given
        if propagation not in ("", "Orphan", "Background", "Foreground"):
            supported = '"Background", "Foreground", "Orphan"'
            said = f'Unsupported value: "{propagation}": supported values: {supported}'
            raise invalid_options("DeleteOptions", "propagationPolicy", said)
        how = Deletion(
            propagation=propagation, grace_s=None if grace is None else int(grace),
            uid=meant.get("uid") or "", resource_version=meant.get("resourceVersion") or "",
        )  # fmt: skip
        return how, bool(options.get("dryRun") or self.query.get("dryRun"))
