"""How Kubernetes merges lists: by which keys their items are told apart, which are sets, and which are one value.

Taken from the patch tags of k8s.io/api (`patchMergeKey`, `listMapKey`, `listType`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BY_NAME = ("name",)
_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": _BY_NAME, "initContainers": _BY_NAME, "ephemeralContainers": _BY_NAME, "env": _BY_NAME,
    "volumes": _BY_NAME, "volumeMounts": ("mountPath",), "volumeDevices": ("devicePath",),
    "imagePullSecrets": _BY_NAME, "secrets": _BY_NAME, "hostAliases": ("ip",), "ownerReferences": ("uid",),
    "conditions": ("type",), "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "resourceClaims": _BY_NAME,
}  # fmt: skip
_PORTS: Mapping[str, tuple[str, ...]] = {
    "containers": ("containerPort", "protocol"), "initContainers": ("containerPort", "protocol"),
    "ephemeralContainers": ("containerPort", "protocol"), "spec": ("port", "protocol"),
}  # fmt: skip
SETS = frozenset({"finalizers", "podCIDRs"})
"""Lists of plain values that are merged one by one."""
ATOMIC_MAPS = frozenset({"selector", "nodeSelector", "scaleTargetRef"})
"""Mappings that belong to one manager as a whole."""

_DEFAULTS: Mapping[str, Any] = {"protocol": "TCP"}


def keys_of(parent: str, field: str) -> tuple[str, ...] | None:
    """The keys of a list's items for server-side apply; None for a list that is one value. `parent` holds the list."""
    return _PORTS.get(parent) if field == "ports" else _KEYS.get(field)


def merge_key_of(parent: str, field: str) -> str | None:
    """The one key that a strategic merge patch goes by; None for a list that it replaces."""
    keys = keys_of(parent, field)
    return keys[0] if keys else None


def identity(item: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    """What tells an item from its neighbours."""
    return tuple(item.get(key, _DEFAULTS.get(key)) for key in keys)
