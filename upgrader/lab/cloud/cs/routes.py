"""CS's paths: which action a method and a path mean, and the ids inside the path."""

from __future__ import annotations

import re

_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", "/api/v1/clusters", "DescribeClustersV1"),
    ("GET", "/clusters", "DescribeClusters"),
    ("GET", "/clusters/{ClusterId}", "DescribeClusterDetail"),
    ("GET", "/clusters/{ClusterId}/resources", "DescribeClusterResources"),
    ("GET", "/k8s/{ClusterId}/user_config", "DescribeClusterUserKubeconfig"),
    ("GET", "/clusters/{ClusterId}/addon_instances", "ListClusterAddonInstances"),
    ("GET", "/clusters/{ClusterId}/addon_instances/{Name}", "GetClusterAddonInstance"),
    ("GET", "/addons", "ListAddons"),
    ("GET", "/addons/{Name}", "DescribeAddon"),
    ("GET", "/clusters/{ClusterId}/components/version", "DescribeClusterAddonsVersion"),
    ("POST", "/clusters/{ClusterId}/components/upgrade", "UpgradeClusterAddons"),
    ("GET", "/clusters/{ClusterId}/components/upgradestatus", "DescribeClusterAddonsUpgradeStatus"),
    ("GET", "/clusters/{ClusterId}/components/{Name}/upgradestatus", "DescribeClusterAddonUpgradeStatus"),
    ("POST", "/clusters/{ClusterId}/components/{Name}/pause", "PauseComponentUpgrade"),
    ("POST", "/clusters/{ClusterId}/components/{Name}/resume", "ResumeComponentUpgrade"),
    ("POST", "/clusters/{ClusterId}/components/{Name}/cancel", "CancelComponentUpgrade"),
    ("GET", "/tasks/{TaskId}", "DescribeTaskInfo"),
    ("POST", "/tasks/{TaskId}/pause", "PauseTask"),
    ("POST", "/tasks/{TaskId}/resume", "ResumeTask"),
    ("POST", "/tasks/{TaskId}/cancel", "CancelTask"),
    ("GET", "/clusters/{ClusterId}/tasks", "DescribeClusterTasks"),
    ("GET", "/clusters/{ClusterId}/checks", "ListClusterChecks"),
    ("GET", "/clusters/{ClusterId}/checks/{CheckId}", "GetClusterCheck"),
    ("POST", "/clusters/{ClusterId}/checks", "RunClusterCheck"),
    ("GET", "/clusters/{ClusterId}/nodepools", "DescribeClusterNodePools"),
)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "/?$")


_COMPILED = tuple((method, _pattern(path), action) for method, path, action in _ROUTES)


def find_route(method: str, path: str) -> tuple[str, dict[str, str]]:
    """The action and the ids in the path; an empty action when there is no such route."""
    for wanted, pattern, action in _COMPILED:
        match = pattern.match(path) if wanted == method else None
        if match:
            return action, match.groupdict()
    return "", {}
