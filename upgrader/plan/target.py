"""The target that is meant when nobody names one."""

from __future__ import annotations

from upgrader.matrix.model import Matrix
from upgrader.matrix.route import find_route
from upgrader.migrations.context import parsed
from upgrader.model.facts import ClusterFacts
from upgrader.model.version import CcmVersion


def default_target(facts: ClusterFacts, matrix: Matrix) -> CcmVersion:
    """The newest version that fits: of those ACK offers where it runs CCM, else of all known good releases.

    "Fits" means that a path leads there from what runs, on this Kubernetes and kind of cluster. What runs already is
    the answer where nothing newer fits; the newest release where nothing is known.
    """
    running = next(iter(parsed([facts.ccm.version])), None)
    offered = sorted(parsed(facts.ccm.addon_next), reverse=True)
    if facts.ccm.managed_by == "ack" and offered:
        return offered[0]
    releases = [release for release in matrix.releases if not release.known_bad]
    for release in reversed(releases):
        version = release.version
        if running is None:
            return version
        if version <= running:
            return running
        identity = facts.identity
        route = find_route(matrix, running, version, kubernetes=identity.kubernetes or None, kind=identity.kind)
        if route.blocked is None:
            return version
    return running or matrix.newest
