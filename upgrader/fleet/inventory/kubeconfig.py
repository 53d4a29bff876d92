"""One context out of a large kubeconfig: the file of a thousand clusters is parsed once, not once for each."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import yaml

from upgrader.model.errors import InputError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What a kubeconfig says relative to its own folder.
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


class Kubeconfigs:
    """Kubeconfig files by path, read again only when they changed. Several threads may ask."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._read: dict[Path, tuple[int, dict[str, Any]]] = {}

    def context(self, path: Path, context: str) -> str:
        """A kubeconfig of this context alone (the current one where it is empty), as text. Raises `InputError`."""
        whole = self._whole(path)
        wanted = context or str(whole.get("current-context") or "")
        here = _named(whole, "contexts", wanted)
        if here is None:
            raise InputError(what=f"no context {wanted!r}", where=str(path),
                             next_command="kubectl config get-contexts shows them")  # fmt: skip
        target = here.get("context") or {}
        parts: dict[str, list[Any]] = {"contexts": [here]}
        for section, kind in (("clusters", "cluster"), ("users", "user")):
            found = _named(whole, section, str(target.get(kind) or ""))
            if found is None:
                raise InputError(what=f"context {wanted!r} names a {kind} that is not there", where=str(path),
                                 next_command="kubectl config view")  # fmt: skip
            parts[section] = [found | {kind: _absolute(found.get(kind) or {}, path.parent)}]
        return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": wanted, **parts}, default=str)

    def _whole(self, path: Path) -> dict[str, Any]:
        try:
            changed = path.stat().st_mtime_ns
            with self._guard:
                known = self._read.get(path)
                if known is None or known[0] != changed:
                    known = (changed, yaml.load(path.read_bytes(), Loader=_LOADER))
                    self._read[path] = known
        except OSError as error:
            raise InputError(what="can't read the kubeconfig", where=str(path), why=error.strerror or "",
                             next_command="correct its path, or let it be read") from error  # fmt: skip
        except yaml.YAMLError as error:
            # The message may quote the file, secrets and all: only what is wrong is told.
            raise InputError(what="the kubeconfig is not valid YAML", where=str(path),
                             why=str(getattr(error, "problem", "") or "not YAML"),
                             next_command=f"kubectl --kubeconfig {path} config view") from error  # fmt: skip
        if not isinstance(known[1], dict):
            raise InputError(what="the kubeconfig is not a mapping", where=str(path),
                             next_command=f"kubectl --kubeconfig {path} config view")  # fmt: skip
        return known[1]


def _named(whole: dict[str, Any], section: str, name: str) -> dict[str, Any] | None:
    listed = whole.get(section) or ()
    return next((one for one in listed if isinstance(one, dict) and one.get("name") == name), None)


def _absolute(part: dict[str, Any], folder: Path) -> dict[str, Any]:
    paths = {key: str(folder / str(part[key])) for key in _PATHS if part.get(key)}
    command = (part.get("exec") or {}).get("command", "")
    if "/" in command:  # a bare name is looked up on PATH
        paths["exec"] = part["exec"] | {"command": str(folder / command)}
    return part | paths
