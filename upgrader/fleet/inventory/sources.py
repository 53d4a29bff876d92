"""Clusters from an account, a kubeconfig or a list in YAML; merged so that each cluster is there once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from upgrader.fleet.model import Member
from upgrader.matrix.yaml_text import load_text
from upgrader.model.errors import CcmUpgradeError, InputError
from upgrader.model.facts import ClusterKind
from upgrader.model.version import parse_version
from upgrader.ports.read import CloudCluster

OWN_ACCOUNT = "of the default credentials"
# ACK names the context of a kubeconfig that it hands out after the cluster.
_CLUSTER_ID = re.compile(r"c[0-9a-f]{32}")


class ClusterLister(Protocol):
    """The one question to the cloud that an inventory asks."""

    def clusters(self, region: str = "") -> tuple[CloudCluster, ...]:
        """All clusters of the account, of one region when given."""


def of_account(lister: ClusterLister, profile: str = "", regions: tuple[str, ...] = ()) -> tuple[Member, ...]:
    """The clusters of one account, of all regions or of those named. `state` is kept: a stopped one is not upgraded."""
    found = [one for region in regions or ("",) for one in lister.clusters(region)]
    return tuple(
        Member(
            id=one.id, name=one.name, region=one.region, kind=one.kind, account=profile, state=one.state,
            tags=tuple(sorted(one.tags.items())),
        )
        for one in found
    )  # fmt: skip


def of_accounts(
    accounts: Iterable[str], lister_of: Callable[[str], ClusterLister], regions: tuple[str, ...]
) -> tuple[list[tuple[Member, ...]], dict[str, str]]:
    """The clusters of each account, and why some accounts could not be read: one that is denied hides no other.

    Raises the project's errors when there is one account alone, and it can't be read.
    """
    names, found, unread = tuple(accounts), [], {}
    for name in names:
        try:
            found.append(of_account(lister_of(name), name, regions))
        except CcmUpgradeError as error:
            if len(names) == 1:
                raise
            unread[name or OWN_ACCOUNT] = str(error)
    return found, unread


def of_kubeconfig(path: Path) -> tuple[Member, ...]:
    """One member for each API server that the contexts of a kubeconfig lead to; the first context is kept."""
    content = load_text(path)
    try:
        parsed = msgspec.convert(content, type=_Kubeconfig)
    except msgspec.ValidationError as error:
        raise InputError(what="not a kubeconfig", where=str(path), why=str(error),
                         next_command=f"kubectl --kubeconfig {path} config view") from error  # fmt: skip
    servers = {one.name: one.cluster.server for one in parsed.clusters}
    by_server: dict[str, Member] = {}
    for one in parsed.contexts:
        server = servers.get(one.context.cluster, "")
        named = _CLUSTER_ID.search(one.name) or _CLUSTER_ID.search(one.context.cluster) or _CLUSTER_ID.search(server)
        member = Member(
            id=named.group() if named else one.name, name=one.name, kubeconfig=str(path.resolve()), context=one.name
        )
        by_server.setdefault(server or one.name, member)
    return tuple(by_server.values())


def of_file(path: Path) -> tuple[Member, ...]:
    """The clusters listed in a YAML file under `clusters`.

    Raises `InputError` for unknown keys, double ids and what is no version.
    """
    content = load_text(path)
    try:
        listed = msgspec.convert(content, type=_Listed).clusters
    except msgspec.ValidationError as error:
        raise InputError(
            what="not a list of clusters", where=str(path), why=str(error),
            next_command="see docs/guide/fleet.md for one that works",
        ) from error  # fmt: skip
    for one in listed:
        if one.version:
            try:
                parse_version(one.version)
            except InputError as error:
                raise InputError(what=f"cluster {one.id}: {error.what}", where=str(path), why=error.why,
                                 next_command=error.next_command) from error  # fmt: skip
    ids = [one.id for one in listed]
    double = sorted({one for one in ids if ids.count(one) > 1})
    if double:
        raise InputError(what=f"clusters listed twice: {', '.join(double[:5])}", where=str(path),
                         next_command="name each cluster once")  # fmt: skip
    return tuple(Member(**{**asdict(one), "tags": tuple(sorted(one.tags.items()))}) for one in listed)


def merged(groups: Iterable[Iterable[Member]]) -> tuple[Member, ...]:
    """Each cluster once, by id; what one source left empty is taken from a later one."""
    found: dict[str, Member] = {}
    for member in (one for group in groups for one in group):
        known = found.get(member.id)
        found[member.id] = member if known is None else _filled(known, member)
    return tuple(found[id_] for id_ in sorted(found))


def _filled(known: Member, other: Member) -> Member:
    gaps = {name: value for name, value in asdict(other).items() if value and not getattr(known, name)}
    return replace(known, **gaps)


class _Server(Struct):
    server: str = ""


class _NamedCluster(Struct):
    name: str
    cluster: _Server


class _Target(Struct):
    cluster: str = ""


class _NamedContext(Struct):
    name: str
    context: _Target


class _Kubeconfig(Struct):
    clusters: list[_NamedCluster] = []
    contexts: list[_NamedContext] = []


class _One(Struct, forbid_unknown_fields=True, kw_only=True):
    id: str
    name: str = ""
    region: str = ""
    kind: ClusterKind | None = None
    version: str = ""
    account: str = ""
    kubeconfig: str = ""
    context: str = ""
    tags: dict[str, str] = {}


class _Listed(Struct, forbid_unknown_fields=True):
    clusters: list[_One]
