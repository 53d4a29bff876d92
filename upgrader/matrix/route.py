"""The way from one version to another, and why it is the way.

Some jumps lose what a stop in between would keep (`STOPS`): the route then stops there. Where no way is left, the
narrowest obstacle is named.
"""

from __future__ import annotations

import re

from msgspec import Struct

from upgrader.matrix.model import Matrix, Release
from upgrader.model.version import CcmVersion, parse_version


class Stop(Struct, frozen=True, kw_only=True):
    """A jump from at most `before` to at least `after` should stop at a release within `low` … `high`."""

    before: CcmVersion
    after: CcmVersion
    low: CcmVersion
    high: CcmVersion
    why: str
    source: str


STOPS: tuple[Stop, ...] = (
    Stop(
        before=parse_version("v1.9.3.187"),
        after=parse_version("v1.9.3.367"),
        low=parse_version("v1.9.3.208"),
        high=parse_version("v1.9.3.366"),
        why="builds up to v1.9.3.187 write no backend description, and from v1.9.3.367 on such backends count as the "
        "user's: a stop in between writes the descriptions",
        source="ccm-source",
    ),
)


class Blocked(Struct, frozen=True, kw_only=True):
    """What stands in the way, and why."""

    by: str
    why: str


class Route(Struct, frozen=True, kw_only=True):
    """The versions to go to, in order, the target last; empty when there is nothing to do or no way."""

    hops: tuple[CcmVersion, ...] = ()
    blocked: Blocked | None = None
    why: tuple[str, ...] = ()


def find_route(
    matrix: Matrix, frm: CcmVersion, to: CcmVersion, *, kubernetes: str | None = None, kind: str | None = None
) -> Route:
    """The route, with the reason for each stop. A target beyond the knowledge is blocked, never guessed."""
    if matrix.is_beyond(to):
        return Route(
            blocked=Blocked(by="knowledge", why=f"{to} is newer than {matrix.newest}, the newest known release")
        )
    if frm == to:
        return Route()
    obstacle = _obstacle(matrix.release(to), to, kubernetes, kind)
    if obstacle is not None:
        return Route(blocked=obstacle)
    hops: list[CcmVersion] = []
    reasons: list[str] = []
    for stop in STOPS:
        if frm <= stop.before and to >= stop.after:
            release = _best(matrix, stop, kubernetes, kind)
            if release is None:
                return Route(
                    blocked=Blocked(by="stop", why=f"no release between {stop.low} and {stop.high} fits: {stop.why}")
                )
            hops.append(release.version)
            reasons.append(f"{release.version}: {stop.why}")
    return Route(hops=(*hops, to), why=tuple(reasons))


def _best(matrix: Matrix, stop: Stop, kubernetes: str | None, kind: str | None) -> Release | None:
    fitting = [
        release
        for release in matrix.releases
        if stop.low <= release.version <= stop.high
        and not release.known_bad
        and release.date
        and _obstacle(release, release.version, kubernetes, kind) is None
    ]
    return fitting[-1] if fitting else None


def _obstacle(release: Release | None, version: CcmVersion, kubernetes: str | None, kind: str | None) -> Blocked | None:
    if release is None:
        return None
    if kubernetes and release.kubernetes_min and _minor(kubernetes) < _minor(release.kubernetes_min):
        why = f"{version} reads EndpointSlices by discovery.k8s.io/v1 and needs Kubernetes {release.kubernetes_min}"
        return Blocked(by="kubernetes", why=f"{why}; this is {kubernetes}")
    if kind and kind not in release.kinds:
        return Blocked(by="kind", why=f"{version} was not published for {kind} clusters")
    return None


def _minor(text: str) -> tuple[int, int]:
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
