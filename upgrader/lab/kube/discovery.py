"""What the server says about itself: version, groups, resources. Built once for all clusters."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from upgrader.lab.kube.resource import RESOURCES, Catalogue, Resource

_SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
_KIND_OF_SUBRESOURCE = {
    "scale": _SCALE,
    "eviction": {"group": "policy", "version": "v1", "kind": "Eviction"},
    "token": {"group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest"},
    "binding": {"kind": "Binding"},
    "exec": {"kind": "PodExecOptions"},
    "attach": {"kind": "PodAttachOptions"},
    "portforward": {"kind": "PodPortForwardOptions"},
}
_VERBS_OF_SUBRESOURCE = {"log": ["get"], "eviction": ["create"], "token": ["create"], "binding": ["create"],
                         "exec": ["create", "get"], "attach": ["create", "get"], "portforward": ["create", "get"],
                         "finalize": ["update"]}  # fmt: skip


def version_document(version: str) -> dict[str, str]:
    """`/version` for a Kubernetes version such as `v1.28.3-aliyun.1`."""
    numbers = version.removeprefix("v").split(".")
    minor = "".join(c for c in (numbers[1] if len(numbers) > 1 else "0") if c.isdigit())
    return {
        "major": numbers[0], "minor": minor, "gitVersion": f"v{version.removeprefix('v')}", "gitCommit": "lab",
        "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.22", "compiler": "gc",
        "platform": "linux/amd64",
    }  # fmt: skip


def discovery_document(path: str, catalogue: Catalogue) -> dict[str, Any] | None:
    """The document at `/api`, `/apis`, `/api/v1`, `/apis/G` or `/apis/G/V`; None for any other path."""
    parts = path.strip("/").split("/")
    if parts == ["api"]:
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if parts == ["api", "v1"]:
        return _resource_list("", "v1", catalogue)
    if parts[0] != "apis":
        return None
    groups = _groups(catalogue)
    if len(parts) == 1:
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(g, groups[g]) for g in groups]}
    if parts[1] not in groups:
        return None
    if len(parts) == 2:
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(parts[1], groups[parts[1]])}
    if len(parts) == 3 and parts[2] in groups[parts[1]]:
        return _resource_list(parts[1], parts[2], catalogue)
    return None


def _groups(catalogue: Catalogue) -> dict[str, list[str]]:
    """Groups in their order, each with its versions, the preferred one first."""
    found = {group: list(versions) for group, versions in _shared_groups().items()}
    for one in catalogue.own:
        versions = found.setdefault(one.group, [])
        if one.version not in versions:
            versions.append(one.version)
    return found


@functools.cache
def _shared_groups() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in RESOURCES:
        if one.group and one.version not in found.get(one.group, ()):
            found[one.group] = (*found.get(one.group, ()), one.version)
    return found


def _group(name: str, versions: Iterable[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resource_list(group: str, version: str, catalogue: Catalogue) -> dict[str, Any]:
    own = [one for one in catalogue.own if (one.group, one.version) == (group, version)]
    resources = _shared_list(group, version) + [entry for one in own for entry in _entries(one)]
    api_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": resources}


@functools.cache
def _shared_list(group: str, version: str) -> list[dict[str, Any]]:
    found = [one for one in RESOURCES if (one.group, one.version) == (group, version)]
    return [entry for one in found for entry in _entries(one)]


def _entries(one: Resource) -> list[dict[str, Any]]:
    """A resource and its subresources; only the resource has short names."""
    found: dict[str, Any] = {
        "name": one.plural, "singularName": one.singular, "namespaced": one.namespaced, "kind": one.kind,
        "verbs": list(one.verbs),
    }  # fmt: skip
    if one.short_names:
        found["shortNames"] = list(one.short_names)
    if one.in_all:
        found["categories"] = ["all"]
    entries = [found]
    for name in one.subresources:
        entries.append(
            {
                "name": f"{one.plural}/{name}", "singularName": "", "namespaced": one.namespaced,
                **_KIND_OF_SUBRESOURCE.get(name, {"kind": one.kind}),
                "verbs": _VERBS_OF_SUBRESOURCE.get(name, ["get", "patch", "update"]),
            }
        )  # fmt: skip
    return entries
