"""Kubeconfig files as kubectl reads them: several merged, paths relative to each one's folder, one context taken."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from upgrader.model.errors import InputError

NEXT = "kubectl config view --minify shows what kubectl would use; or name a file with --kubeconfig"
# A fleet's file holds thousands: libyaml is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SECTIONS = {"contexts": "context", "clusters": "cluster", "users": "user"}
# What a kubeconfig says relative to its own folder.
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


class Kubeconfigs:
    """Kubeconfig files by path, read again only when they changed. Several threads may ask."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._read: dict[Path, tuple[int, dict[str, Any]]] = {}

    def context(self, path: Path, context: str) -> str:
        """A kubeconfig of this context alone (the current one where it is empty), as text. Raises `InputError`."""
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            changed = 0  # reading it says why
        with self._guard:
            known = self._read.get(path)
            if known is None or known[0] != changed:
                known = self._read[path] = (changed, read([path]))
        return json.dumps(one_context(known[1], context, str(path)), default=str)


def read(paths: Sequence[Path]) -> dict[str, Any]:
    """The files as one: of two entries of one name, and of current contexts, the first file's counts.

    Source: kubectl's rules of merging (Kubernetes, Organizing Cluster Access Using kubeconfig Files).
    """
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config"}
    for path in paths:
        try:
            whole = parse(path.read_bytes(), str(path))
        except OSError as error:
            raise InputError(what="can't read the kubeconfig", where=str(path), why=error.strerror or "",
                             next_command="correct its path, or let it be read") from error  # fmt: skip
        merged["current-context"] = merged.get("current-context") or whole.get("current-context")
        for section, kind in _SECTIONS.items():
            listed = whole.get(section) or ()
            merged.setdefault(section, []).extend(
                one | {kind: _absolute(one.get(kind) or {}, path.parent)} for one in listed if isinstance(one, dict)
            )
    return merged


def parse(text: str | bytes, where: str) -> dict[str, Any]:
    """The mapping that a kubeconfig is. Raises `InputError`, which quotes nothing: the file holds secrets."""
    try:
        whole = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        why = str(getattr(error, "problem", "") or "not YAML")
        raise InputError(what="the kubeconfig is not valid YAML", where=place, why=why, next_command=NEXT) from error
    if not isinstance(whole, dict):
        raise InputError(what="the kubeconfig is not a mapping", where=where, next_command=NEXT)
    return whole


def one_context(whole: Mapping[str, Any], context: str, where: str) -> dict[str, Any]:
    """The kubeconfig of this context alone (the current one where it is empty). Raises `InputError`."""
    wanted = context or str(whole.get("current-context") or "")
    here = _named(whole, "contexts", wanted)
    if here is None:
        why = "" if wanted else "it names no current-context"
        raise InputError(what=f"no context {wanted!r} in the kubeconfig", where=where, why=why,
                         next_command="kubectl config get-contexts shows them")  # fmt: skip
    target = here.get("context") or {}
    parts: dict[str, Any] = {"contexts": [here]}
    for section, kind in (("clusters", "cluster"), ("users", "user")):
        found = _named(whole, section, str(target.get(kind) or ""))
        if found is None:
            raise InputError(what=f"context {wanted!r} of the kubeconfig names a {kind} that is not there", where=where,
                             next_command="kubectl config view")  # fmt: skip
        parts[section] = [found]
    return {"apiVersion": "v1", "kind": "Config", "current-context": wanted, **parts}


def _named(whole: Mapping[str, Any], section: str, name: str) -> dict[str, Any] | None:
    listed = whole.get(section) or ()
    return next((one for one in listed if isinstance(one, dict) and one.get("name") == name), None)


def _absolute(part: dict[str, Any], folder: Path) -> dict[str, Any]:
    paths: dict[str, Any] = {key: str(folder / str(part[key])) for key in _PATHS if part.get(key)}
    command = (part.get("exec") or {}).get("command", "")
    if "/" in command:  # a bare name is looked up on PATH
        paths["exec"] = part["exec"] | {"command": str(folder / command)}
    return part | paths
