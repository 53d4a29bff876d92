"""The way from one version to another, and why it is the way.

Some jumps lose what a stop in between would keep (`data/stops.yaml`): the route stops there. Where there is no way,
the narrowest obstacle is named, and the newest release that it leaves open. What the person who goes this way should
know stands in `why`: the reason for each stop, leader locks that do not meet, releases that are known to be bad.
"""

from __future__ import annotations

import re
from itertools import pairwise

from msgspec import Struct

from upgrader.matrix.model import Matrix, Release, Stop
from upgrader.matrix.startup import load_startup
from upgrader.model.version import CcmVersion


class Blocked(Struct, frozen=True, kw_only=True):
    """What stands in the way (`knowledge`, `kubernetes`, `kind` or `stop`), and why."""

    by: str
    why: str


class Route(Struct, frozen=True, kw_only=True):
    """The versions to go to, in order, the target last; empty when there is nothing to do or no way."""

    hops: tuple[CcmVersion, ...] = ()
    blocked: Blocked | None = None
    why: tuple[str, ...] = ()


class _Cluster(Struct, frozen=True):
    kubernetes: str | None
    kind: str | None


def find_route(
    matrix: Matrix, frm: CcmVersion, to: CcmVersion, *, kubernetes: str | None = None, kind: str | None = None
) -> Route:
    """The route. A version beyond the knowledge is blocked, never guessed; what is not said about a cluster fits."""
    for version in (to, frm):
        if matrix.is_beyond(version):
            why = f"{version} is newer than {matrix.newest}, the newest known release"
            return Route(blocked=Blocked(by="knowledge", why=why))
    if frm == to:
        return Route()
    cluster = _Cluster(kubernetes, kind)
    obstacle = _obstacle(_release_for(matrix, to), to, cluster)
    if obstacle is not None:
        return Route(blocked=_with_the_way_left(matrix, obstacle, frm, to, cluster))
    hops: list[CcmVersion] = []
    reasons: list[str] = []
    for stop in matrix.stops:
        if not stop.needed(frm, to):
            continue
        release = _best(matrix, stop, cluster)
        if release is None:
            return Route(
                blocked=Blocked(by="stop", why=f"no release from {stop.low} to {stop.high} fits here. {stop.why}")
            )
        hops.append(release.version)
        reasons.append(f"{release.version}: {stop.why}")
    way = (*hops, to)
    return Route(hops=way, why=(*reasons, *_cautions(matrix, (frm, *way))))


def _best(matrix: Matrix, stop: Stop, cluster: _Cluster) -> Release | None:
    """The newest release that was published, is not known to be bad and fits."""
    fitting = [
        release
        for release in matrix.releases
        if stop.holds(release.version)
        and not release.known_bad
        and release.date
        and _obstacle(release, release.version, cluster) is None
    ]
    return fitting[-1] if fitting else None


def _release_for(matrix: Matrix, version: CcmVersion) -> Release | None:
    """The release whose bounds hold for `version`: its own, or for an unpublished build the one before it."""
    older = [release for release in matrix.releases if release.version <= version]
    return older[-1] if older else None


def _obstacle(release: Release | None, version: CcmVersion, cluster: _Cluster) -> Blocked | None:
    if release is None:
        return None
    needed = release.kubernetes_min
    if cluster.kubernetes and needed and _minor(cluster.kubernetes) < _minor(needed):
        why = f"{version} reads EndpointSlices by discovery.k8s.io/v1 and needs Kubernetes {needed}"
        return Blocked(by="kubernetes", why=f"{why}; this is {cluster.kubernetes}")
    if cluster.kind and cluster.kind not in release.kinds and release.version == version:
        return Blocked(by="kind", why=f"{version} was not published for {cluster.kind} clusters")
    return None


def _with_the_way_left(
    matrix: Matrix, obstacle: Blocked, frm: CcmVersion, to: CcmVersion, cluster: _Cluster
) -> Blocked:
    open_ones = [
        release.version
        for release in matrix.releases
        if min(frm, to) < release.version < max(frm, to)
        and not release.known_bad
        and _obstacle(release, release.version, cluster) is None
    ]
    if not open_ones:
        return obstacle
    return Blocked(by=obstacle.by, why=f"{obstacle.why}. The newest release that fits is {open_ones[-1]}")


def _cautions(matrix: Matrix, way: tuple[CcmVersion, ...]) -> list[str]:
    found = []
    for version in way[1:]:
        release = matrix.release(version)
        if release is not None and release.known_bad:
            found.append(f"{version} is known to be bad: it {release.known_bad}")
    for one, other in pairwise(way):
        before, after = load_startup().locks(one), load_startup().locks(other)
        if before and after and not before & after:
            found.append(
                f"{one} to {other}: they lead by different locks ({', '.join(sorted(before))}; "
                f"{', '.join(sorted(after))}), so stop all old pods before the new ones start"
            )
    return found


def _minor(text: str) -> tuple[int, int]:
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
