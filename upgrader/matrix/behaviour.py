"""What one CCM version does where versions differ: a typed record, resolved from `data/behaviour.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from upgrader.checking import Mistakes
from upgrader.matrix.kept import kept
from upgrader.matrix.load import data_directory
from upgrader.matrix.model import Spanned
from upgrader.model.described import described
from upgrader.model.version import CcmVersion, parse_version

HashFormula = Literal["none", "H1", "H2", "H3", "H4"]
LocalWeights = Literal["constant", "percent", "percent-min-1", "pods-max-100", "pods"]


class Behaviour(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version's ways. What each field means stands beside its entries in the data file."""

    hash_formula: HashFormula
    local_weights: LocalWeights
    other_weight: int
    eci_local: Literal["pods", "single", "one-each"]
    weight_annotation_clb: bool
    weight_annotation_nlb: bool
    default_weight: bool
    ignore_weight_update: bool
    finalizer: bool
    id_label: bool
    serves_nlb: bool
    class_aware: bool
    class_clean_up: bool
    class_annotation: bool
    service_events: bool
    user_backends: bool
    describes_backends: bool
    empty_cluster: Literal["keep", "empty"]
    autoscaler_taint: bool
    exclude_lb_label: bool
    exclude_node_labels: Literal["none", "beta", "both"]
    hybrid_nodes: bool
    endpoint_slices: bool
    ipv6_backends: Literal["exact", "by-kind", "dualstack"]
    duplicates_fail: bool
    tag_calls: Literal["AddTags", "TagResources"]
    tag_sync: bool
    source_ranges: bool
    skips_invalid_eni: bool
    names_lost_pods: bool
    clcu_by_default: bool
    config_vswitch: Literal["any", "zoned"]
    protects: bool
    cluster_tag: bool
    tags_at_creation: bool
    override_listeners: Literal["any-case", "not-false", "exact"]
    clb_errors: Literal["first", "collected"]
    clb_checked_at_creation: bool
    clb_group_errors: Literal["refuse", "skip"]
    clb_clean_up: Literal["always", "full-sync"]
    clb_listeners: Literal["v1", "v2"]
    clb_listener_match: Literal["port", "port-protocol"]
    acl_match: Literal["text", "ids"]
    clb_charge: Literal["never", "by-spec-only", "apart", "as-one"]
    clb_tag_sync: Literal["never", "all", "others"]
    clb_forward: Literal["strict", "lenient"]
    foreign_pods: Literal["fail", "drop", "keep", "skip"]
    missing_port: Literal["zero", "skip"]
    readiness_gates: bool
    lost_pods: Literal["skip", "fail"]
    clb_preserve: Literal["unknown", "ends", "goes-on"]
    group_backends: Literal["all", "own"]
    classed_with_finalizer: bool
    same_group_once: bool
    reused_group_of: Literal["anybody", "clb"]
    reused_group_checked: bool
    reused_address: Literal["any", "ip", "ip-or-hostname"]
    eip_may_differ: bool
    own_tag_put_back: bool
    reused_tagged_at_end: bool
    clb_numbers: Literal["lenient", "strict"]
    backend_match: Literal["server", "server-port"]
    ended_found_by: Literal["label", "finalizer"]
    batch_size: int
    batch_flag: bool
    nlb_port_ranges: Literal["unread", "broken", "any-port"]
    nlb_zone_match: Literal["zone", "zone-unread-eip", "zone-eip-address"]
    nlb_rename_last: bool
    nlb_own_tags_spared: bool
    nlb_switches: Literal["exact", "any-case"]
    nlb_user_servers: bool
    nlb_group_tags_at_creation: bool
    nlb_protects: bool
    nlb_clean_up: Literal["always", "full-sync"]
    nlb_reuse_error_named: bool
    nlb_fixed_stops_all: bool
    nlb_protocol_error: Literal["wit", "with"]
    dry_run: Literal["none", "writes", "in-turn", "at-once"]

    @property
    def is_v1(self) -> bool:
        """Whether it is the first generation (v1.9.3), whose source is another one throughout."""
        return self.clb_listeners == "v1"


class BehaviourEntry(Spanned, frozen=True, kw_only=True):
    """One value of one field over a span of versions."""

    key: str
    value: str


@lru_cache(maxsize=256)
def behaviour(version: CcmVersion) -> Behaviour:
    """What `version` does. A build between two releases is judged by its numbers."""
    return resolve(_shipped(), version)


def resolve(found: tuple[BehaviourEntry, ...], version: CcmVersion) -> Behaviour:
    """The record of one version: for each field the entry with the latest `since` that holds."""
    values: dict[str, tuple[CcmVersion, str]] = {}
    for entry in found:
        since = parse_version(entry.since)
        if entry.in_force(version) and (entry.key not in values or values[entry.key][0] <= since):
            values[entry.key] = (since, entry.value)
    plain = {key: {"yes": True, "no": False}.get(value, value) for key, (_, value) in values.items()}
    return msgspec.convert(plain, described(Behaviour), strict=False)


@lru_cache(maxsize=256)
def first_with(key: str, value: str) -> CcmVersion:
    """The first version whose field `key` is `value`."""
    return min(parse_version(entry.since) for entry in _shipped() if (entry.key, entry.value) == (key, value))


@lru_cache(maxsize=1)
def _shipped() -> tuple[BehaviourEntry, ...]:
    path = data_directory() / "behaviour.yaml"
    return kept("behaviour", tuple[BehaviourEntry, ...], (path,), lambda: load_entries(path))


def load_entries(path: Path) -> tuple[BehaviourEntry, ...]:
    """All entries. Raises `InputError` with every mistake; whether each version is whole, `check_entries` tells."""
    # Here, because a start mostly finds them kept, and needs no YAML.
    from upgrader.matrix.yaml_text import entries

    mistakes = Mistakes(str(path))
    found = entries(path, BehaviourEntry, mistakes)
    fields = {field.encode_name for field in msgspec.structs.fields(Behaviour)}
    for key in sorted({entry.key for entry in found} - fields):
        mistakes.add(path.name, f"unknown key {key!r}")
    for key in sorted(fields - {entry.key for entry in found}):
        mistakes.add(path.name, f"nothing is said about {key!r}")
    mistakes.raise_if_any("python -m upgrader.matrix.check")
    return found


def check_entries(path: Path) -> tuple[BehaviourEntry, ...]:
    """The same, and every version that something begins with is resolved once: a check of the data, not of a start."""
    found, mistakes = load_entries(path), Mistakes(str(path))
    # Many entries begin at one version: one of them speaks for all.
    for since, entry in {parse_version(entry.since): entry for entry in reversed(found)}.items():
        try:
            resolve(found, since)
        except msgspec.ValidationError as error:
            mistakes.add(path.name, f"{entry.key} since {entry.since}: {error}")
    mistakes.raise_if_any("python -m upgrader.matrix.check")
    return found
