"""Which cluster and who we are there: kubeconfig or service account, loaded by the `kubernetes` package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes import client
from kubernetes import config as kube_config

from upgrader.model.errors import InputError

_NEXT = "kubectl config view --minify shows what kubectl would use; or name a file with --kubeconfig"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
POOL = 16


def load(kubeconfig: str | Path | None, context: str, content: str) -> Any:
    """A `Configuration` that never retries by itself. Raises `InputError`."""
    configuration = client.Configuration()
    where = str(kubeconfig) if kubeconfig else os.environ.get("KUBECONFIG", "~/.kube/config")
    try:
        if content:
            where = "kubeconfig of the cluster"
            loaded = yaml.safe_load(content)
            if not isinstance(loaded, dict):
                raise InputError(what="the kubeconfig is not a mapping", where=where, next_command=_NEXT)
            kube_config.load_kube_config_from_dict(loaded, context or None, configuration, persist_config=False)
        elif kubeconfig is None and not _has_file(where) and "KUBERNETES_SERVICE_HOST" in os.environ:
            where = "service account"
            kube_config.load_incluster_config(configuration)
        else:
            _check_file(where, given=kubeconfig is not None)
            kube_config.load_kube_config(where, context or None, configuration, persist_config=False)
    except InputError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        why = getattr(error, "problem", None) or "not YAML"
        raise InputError(
            what="the kubeconfig is not valid YAML", where=place, why=str(why), next_command=_NEXT
        ) from error
    except Exception as error:  # the loader lets TypeError, KeyError, binascii.Error and more escape
        raise InputError(
            what="can't use the kubeconfig", where=where, why=_first_line(error), next_command=_NEXT
        ) from error
    # urllib3's default would send a timed-out PUT or DELETE again: a write is never repeated blindly.
    configuration.retries = False
    configuration.connection_pool_maxsize = POOL
    _refuse_plain_http(configuration.host)
    return configuration


def _has_file(paths: str) -> bool:
    return any(Path(path).expanduser().is_file() for path in paths.split(os.pathsep) if path)


def _check_file(where: str, *, given: bool) -> None:
    if _has_file(where):
        return
    why = "no such file" if given else "no such file, and this is no pod of a cluster"
    raise InputError(what="there is no kubeconfig", where=where, why=why, next_command=_NEXT)


def _refuse_plain_http(host: str) -> None:
    """A token must not travel in clear, unless it never leaves the machine."""
    parts = urlsplit(host)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise InputError(
            what="the API server's address is not https",
            where=host,
            next_command="use https in the kubeconfig's server",
        )


def _first_line(error: Exception) -> str:
    """The message's first line: what follows may quote the file, secrets and all."""
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
