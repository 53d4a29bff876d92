"""Where an object lives in the Kubernetes API."""

from __future__ import annotations

from urllib.parse import quote

from upgrader.ports.read import Ref

_PLURALS = {"Endpoints": "endpoints", "NetworkPolicy": "networkpolicies"}


def plural(kind: str) -> str:
    """`daemonsets` for `DaemonSet`: the resource's name in paths and in RBAC."""
    if kind in _PLURALS:
        return _PLURALS[kind]
    return kind.lower() + ("es" if kind.endswith(("s", "x", "ch")) else "s")


def path_of(ref: Ref) -> str:
    """`/apis/apps/v1/namespaces/kube-system/daemonsets/ccm`; the collection when the name is empty."""
    parts = ["apis" if "/" in ref.api_version else "api", ref.api_version]
    if ref.namespace:
        parts += ["namespaces", quote(ref.namespace, safe="")]
    parts.append(plural(ref.kind))
    if ref.name:
        # RBAC names hold colons (`system:node`), which a path may.
        parts.append(quote(ref.name, safe=":"))
    return "/" + "/".join(parts)


def asked(verb: str, ref: Ref) -> str:
    """`list services`, `get daemonsets.apps kube-system/ccm`: what RBAC calls it."""
    group = ref.api_version.partition("/")[0] if "/" in ref.api_version else ""
    resource = f"{plural(ref.kind)}.{group}" if group else plural(ref.kind)
    name = "/".join(part for part in (ref.namespace, ref.name) if part)
    return f"{verb} {resource} {name}".rstrip()
