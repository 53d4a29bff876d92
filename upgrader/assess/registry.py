"""All checks, by an explicit list: nothing registers itself. Migrations are checks that can also mend."""

from __future__ import annotations

from upgrader.assess.check import Check
from upgrader.assess.checks import (
    annotation_both_prefixes,
    annotation_camel_case,
    annotation_defaults,
    annotation_legacy_prefix,
    annotation_removed,
    annotation_renamed,
    annotation_values,
    annotation_wakes,
    ccm_health,
    ccm_owner,
    cloud_writes,
    doubts,
    downgrade_path,
    dry_run,
    duplicates,
    eni_on_flannel,
    eni_on_shared_clb,
    finalizers,
    full_sync,
    kubernetes_bounds,
    leader_lock,
    left_behind,
    listeners_deleted,
    listeners_taken_over,
    named_target_port,
    nlb_downgrade,
    node_ports,
    pay_by_clcu,
    ram_denied,
    ram_unknown,
    refusals,
    reuse_listeners,
    reuse_owner,
    reuse_version,
    reuse_vpc,
    route,
    service_events,
    source_ranges,
    sources_disagree,
    target_known,
    throttling,
    unjudged,
    unreadable,
    weights,
)
from upgrader.migrations.registry import MIGRATIONS

_CHECKS: tuple[Check, ...] = (
    service_events, weights,
    annotation_wakes, annotation_defaults, annotation_renamed, annotation_removed, annotation_values,
    annotation_legacy_prefix, annotation_both_prefixes, annotation_camel_case,
    reuse_version, reuse_owner, reuse_vpc, reuse_listeners,
    ram_denied, ram_unknown,
    eni_on_flannel, named_target_port, eni_on_shared_clb, pay_by_clcu, source_ranges,
    full_sync, throttling, cloud_writes, listeners_deleted, listeners_taken_over,
    refusals, doubts, duplicates, left_behind, dry_run, unjudged,
    finalizers, nlb_downgrade, downgrade_path,
    kubernetes_bounds, leader_lock, node_ports, route, target_known,
    sources_disagree, ccm_health, ccm_owner, unreadable,
)  # fmt: skip

CHECKS: tuple[Check, ...] = tuple(sorted((*_CHECKS, *MIGRATIONS), key=lambda check: check.CODE))


def find_check(code: str) -> Check | None:
    """The check with this code; None when there is none."""
    return next((check for check in CHECKS if code.upper() == check.CODE), None)
