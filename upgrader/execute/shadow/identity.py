"""Who the dry run is in the cloud, and that this identity can do nothing but read. Its key never leaves memory.

Whose key a CCM uses: `pkg/provider/alibaba/base/clientMgr.go` (GetTokenAuth), each tag: a key in the cloud-config,
else the machine's role; with a `uid` in the cloud-config it assumes a role of its own.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from msgspec import Struct

from upgrader.codec import digest
from upgrader.execute.shadow.names import CONFIG_FILE
from upgrader.forecast.shadow import PLACE
from upgrader.model.errors import AbsentError, CcmUpgradeError, InputError
from upgrader.model.facts import ClusterFacts, RamFacts
from upgrader.ports.read import ClusterReader, Identities, Ref
from upgrader.ram.model import parse_policies
from upgrader.ram.read_only import beyond_reading

_MAKE_ONE = "make a RAM user that only reads, put its key in a Secret, name that: docs/guide/self-managed.md"


class Identity(Struct, frozen=True, kw_only=True):
    """An identity that only reads. `name` is for people; `config_key` is the Secret's or ConfigMap's key.

    `stamp` tells whether the object that holds the cloud-config is still the one that was judged.
    """

    name: str
    secret: str
    config_key: str
    stamp: str


def identify(
    facts: ClusterFacts,
    secret: str,
    cluster: ClusterReader,
    ask_as: Callable[[str, str], Identities],
    ask: Identities | None,
) -> Identity:
    """The identity of the key in the cloud-config (the Secret's, or the running CCM's own), else CCM's role.

    `ask_as` connects by a key, to learn whose it is; `ask` is our own connection, that reads policies. Raises
    `InputError` where the identity can do more than read, or where that can't be proved.
    """
    source = source_of(cluster, secret)
    where = f"{source.kind} {PLACE}/{source.name}"
    _same_cluster(source.settings, facts, where)
    if not secret and not source.settings.get("accessKeyID"):
        name = _only_reads(f"role {facts.ram.role or 'unknown'}", facts.ram)
    else:
        name = _only_reads(*_of_user(_user(ask_as(*_key(source.settings, where)), where), ask))
    return Identity(name=name, secret=secret, config_key=source.key, stamp=source.stamp)


def _of_user(user: str, ask: Identities | None) -> tuple[str, RamFacts]:
    name = f"RAM user {user}"
    if ask is None:
        raise InputError("the policies of the dry run's identity can't be read", where=name, why="there is no cloud",
                         next_command="leave --no-cloud out, and give credentials")  # fmt: skip
    try:
        return name, ask.ram_of_user(user)
    except CcmUpgradeError as error:
        raise InputError(
            "the policies of the dry run's identity can't be read", where=name, why=str(error),
            next_command="allow ram:ListPoliciesForUser, ram:ListGroupsForUser, ram:ListPoliciesForGroup",
        ) from error  # fmt: skip


class Source(Struct, frozen=True, kw_only=True):
    """A cloud-config: the object and key that hold it, and its Global section, which may hold a key."""

    kind: str
    name: str
    key: str
    settings: Mapping[str, Any]
    stamp: str


def source_of(cluster: ClusterReader, secret: str) -> Source:
    """The cloud-config in a Secret of kube-system, or in the ConfigMap of the running CCM when none is named."""
    kind, name = ("Secret", secret) if secret else ("ConfigMap", "cloud-config")
    where = f"{kind} {PLACE}/{name}"
    try:
        found = cluster.get(Ref(api_version="v1", kind=kind, namespace=PLACE, name=name))
    except AbsentError as error:
        raise InputError("there is no such cloud-config", where=where, next_command=_MAKE_ONE) from error
    data = found.get("data") or {}
    key = CONFIG_FILE if CONFIG_FILE in data else next(iter(sorted(data)), "")
    text = data.get(key) or ""
    try:
        whole = yaml.safe_load(base64.b64decode(text) if secret else text)
        settings = whole["Global"]
        if not isinstance(settings, dict):
            raise TypeError("Global is no map")
    except (ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        raise InputError("this is no cloud-config", where=f"{where}, key {key or CONFIG_FILE}",
                         why=type(error).__name__, next_command=_MAKE_ONE) from error  # fmt: skip
    return Source(kind=kind, name=name, key=key, settings=settings, stamp=digest(data))


def _same_cluster(settings: Mapping[str, Any], facts: ClusterFacts, where: str) -> None:
    """The dry run must look for this cluster's load balancers, or it would find none of them."""
    for name, has in (("clusterID", facts.ccm.cluster_id), ("region", facts.ccm.cloud_config.get("region", ""))):
        said = str(settings.get(name) or "")
        if (has and said and said != has) or (has and name == "clusterID" and not said):
            raise InputError(f"the cloud-config is of another cluster: {name} is {said or 'missing'}", where=where,
                             why=f"the running CCM has {has}", next_command=f"set {name} to {has}")  # fmt: skip
    if settings.get("uid"):
        raise InputError("the cloud-config names a uid", where=where,
                         why="CCM would assume a role of its own with it", next_command="take uid out")  # fmt: skip


def _key(settings: Mapping[str, Any], where: str) -> tuple[str, str]:
    try:
        pair = [base64.b64decode(str(settings.get(name) or ""), validate=True).decode() for name in
                ("accessKeyID", "accessKeySecret")]  # fmt: skip
    except ValueError as error:
        raise InputError("the key in the cloud-config can't be read", where=where, why="CCM wants it in base64",
                         next_command="encode accessKeyID and accessKeySecret in base64") from error  # fmt: skip
    if not all(pair):
        raise InputError(
            "the cloud-config holds no key", where=where, why="the dry run would take the machine's RAM role",
            next_command=_MAKE_ONE,
        )  # fmt: skip
    return pair[0], pair[1]


def _user(asked: Identities, where: str) -> str:
    """The RAM user that a key belongs to."""
    try:
        arn = asked.caller().get("Arn", "")
    except CcmUpgradeError as error:
        raise InputError("whose key this is can't be told", where=where, why=str(error),
                         next_command="check the key in the cloud-config") from error  # fmt: skip
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind != "user" or not name:
        raise InputError(
            "the key is no RAM user's", where=where, why=f"it is {arn or 'unknown'}: what it may can't be bounded",
            next_command=_MAKE_ONE,
        )  # fmt: skip
    return name


def _only_reads(name: str, ram: RamFacts) -> str:
    if ram.policies is None:
        raise InputError("what the dry run's identity may is not known", where=name, why="its policies were not read",
                         next_command=_MAKE_ONE)  # fmt: skip
    more = beyond_reading(parse_policies(ram.policies))
    if more:
        shown = ", ".join(more[:5]) + (f" and {len(more) - 5} more" if len(more) > 5 else "")
        raise InputError("the dry run's identity can do more than read", where=name, why=shown,
                         next_command=_MAKE_ONE)  # fmt: skip
    return name
