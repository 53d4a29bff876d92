"""The objects of a dry run, as data: an account with reading rights, and a Job that runs the target's image once.

Sources: flags, `pkg/config/{controller,runtime}_config.go`; rights, `data/startup.yaml`; the result's event and who
writes it, `pkg/provider/dryrun/`; whose key is used, `pkg/provider/alibaba/base/clientMgr.go`; each tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from upgrader.execute.shadow.names import (
    ACCOUNT,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONFIG_DIRECTORY,
    CONFIG_FILE,
    JOB,
    LABELS,
    LEASE,
    NAME,
    RESULT,
    ROLE,
    ROLE_BINDING,
)
from upgrader.matrix.startup import load_startup
from upgrader.migrations.startup_flags import cleaned, flag_name
from upgrader.model.version import CcmVersion
from upgrader.ports.read import Ref

Object = dict[str, Any]
_READING = ("get", "list", "watch")
_API_GROUP = "rbac.authorization.k8s.io"
KEPT_FOR_S = 600
"""After so long the cluster itself removes the Job of a run that was killed."""
GRACE_S = 5

# Where the pod runs and what it needs there; its own account, volumes and probes are not taken over.
_PLACEMENT = ("nodeSelector", "affinity", "tolerations", "hostNetwork", "dnsPolicy", "dnsConfig", "hostAliases",
              "imagePullSecrets", "priorityClassName", "schedulerName")  # fmt: skip
# The dry run has its own: another identity in the cluster, no routes, no ports that the running CCM holds.
_REPLACED = re.compile(
    r"^(kubeconfig|master|cloud-config|controllers|dry-run|configure-cloud-routes|allocate-node-cidrs|"
    r"use-service-account-credentials|leader-elect.*|.*-bind-addr|address|port|profiling|log_dir|log_file)$"
)
_SECRET = re.compile(r"(?i)secret|access[_-]?key|token|password|credential")


class Wanted(Struct, frozen=True, kw_only=True):
    """One dry run. `template` is the pod template of the running CCM, `container` the name of its container.

    `secret` names the Secret with the cloud-config; empty: the ConfigMap `cloud-config` that the running CCM uses.
    """

    version: CcmVersion
    image: str
    template: Object
    container: str
    secret: str = ""
    config_key: str = CONFIG_FILE
    deadline_s: int = 300


def objects(wanted: Wanted) -> tuple[tuple[Ref, Object], ...]:
    """All of them, in the order in which they are created."""
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": ACCOUNT.namespace}
    bodies: tuple[tuple[Ref, Object], ...] = (
        (ACCOUNT, {}),
        (CLUSTER_ROLE, {"rules": list(cluster_rules(wanted.version))}),
        (CLUSTER_ROLE_BINDING, {"roleRef": _role(CLUSTER_ROLE), "subjects": [subject]}),
        (ROLE, {"rules": list(local_rules())}),
        (ROLE_BINDING, {"roleRef": _role(ROLE), "subjects": [subject]}),
        (JOB, {"spec": _job(wanted)}),
    )
    return tuple((ref, {**_head(ref), **body}) for ref, body in bodies)


def cluster_rules(version: CcmVersion) -> Iterator[Object]:
    """What the version reads in the cluster, and the events that it writes on Services."""
    for right in load_startup().rights:
        verbs = [verb for verb in right.verbs if verb in _READING]
        # The lock's own rights are narrower: see `local_rules`.
        if right.in_force(version) and verbs and right.resource != "leases":
            yield {"apiGroups": [right.group], "resources": [right.resource], "verbs": verbs}
    yield {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]}


def local_rules() -> Iterator[Object]:
    """Its own lock, and the result; creating can't be limited by name."""
    group = ["coordination.k8s.io"]
    yield {"apiGroups": group, "resources": ["leases"], "verbs": ["create"]}
    yield {"apiGroups": group, "resources": ["leases"], "resourceNames": [LEASE.name], "verbs": ["get", "update"]}
    yield {"apiGroups": [""], "resources": ["events"], "resourceNames": [RESULT.name], "verbs": ["get", "update"]}


def arguments(present: Sequence[str], version: CcmVersion) -> tuple[str, ...]:
    """The flags of the dry run: those of the running CCM that the target knows, but for those that must differ."""
    kept = cleaned(tuple(_without_replaced(present)), version)
    known = {flag.name for flag in load_startup().flags if flag.in_force(version)}
    fixed = {
        "dry-run": "true", "controllers": "service", "configure-cloud-routes": "false",
        "cloud-config": f"{CONFIG_DIRECTORY}/{CONFIG_FILE}", "leader-elect": "true",
        "leader-elect-resource-lock": "leases", "leader-elect-resource-name": LEASE.name,
        "leader-elect-resource-namespace": LEASE.namespace, "metrics-bind-addr": "0", "health-probe-bind-addr": "0",
        "pprof-bind-addr": "0",
    }  # fmt: skip
    return (*kept, *(f"--{name}={value}" for name, value in fixed.items() if name in known))


def _without_replaced(words: Sequence[str]) -> Iterator[str]:
    """The flags that may stay, each with its value in the same word."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            continue
        value = "" if "=" in word or not rest or rest[0].startswith("-") else rest.pop(0)
        if not _REPLACED.match(flag_name(word)) and not _SECRET.search(flag_name(word)):
            yield f"{word}={value}" if value else word


def _job(wanted: Wanted) -> Object:
    spec = wanted.template.get("spec") or {}
    found = next(one for one in spec.get("containers") or () if one.get("name") == wanted.container)
    words = [str(word) for word in (*(found.get("command") or ()), *(found.get("args") or ()))]
    program = [word for word in words[:1] if not word.startswith("-")]
    container: Object = {
        "name": "shadow", "image": wanted.image, "imagePullPolicy": "IfNotPresent",
        **({"command": program} if program else {}),
        "args": list(arguments(words, wanted.version)),
        "env": list(_environment(found.get("env") or ())),
        "volumeMounts": [{"name": "config", "mountPath": CONFIG_DIRECTORY, "readOnly": True}],
        "securityContext": {"allowPrivilegeEscalation": False},
    }  # fmt: skip
    if found.get("resources"):
        container["resources"] = found["resources"]
    items = [{"key": wanted.config_key, "path": CONFIG_FILE}]
    source = {"secret": {"secretName": wanted.secret, "items": items}} if wanted.secret else {
        "configMap": {"name": "cloud-config", "items": items}}  # fmt: skip
    pod = {
        **{name: spec[name] for name in _PLACEMENT if spec.get(name)},
        "serviceAccountName": NAME, "restartPolicy": "Never", "terminationGracePeriodSeconds": GRACE_S,
        "containers": [container], "volumes": [{"name": "config", **source}],
    }  # fmt: skip
    return {
        "backoffLimit": 0, "completions": 1, "parallelism": 1, "activeDeadlineSeconds": wanted.deadline_s,
        "ttlSecondsAfterFinished": KEPT_FOR_S, "template": {"metadata": {"labels": LABELS}, "spec": pod},
    }  # fmt: skip


def _environment(env: Iterable[Object]) -> Iterator[Object]:
    """Proxies and endpoints; never a key, and nothing that is read from elsewhere but the pod itself."""
    for one in env:
        plain = "value" in one or "fieldRef" in (one.get("valueFrom") or {})
        if plain and not _SECRET.search(str(one.get("name", ""))):
            yield one


def _head(ref: Ref) -> Object:
    metadata = {"name": ref.name, "labels": LABELS, **({"namespace": ref.namespace} if ref.namespace else {})}
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}


def _role(ref: Ref) -> Object:
    return {"apiGroup": _API_GROUP, "kind": ref.kind, "name": ref.name}
