"""Which cluster and who we are there: kubeconfig or service account, loaded by the `kubernetes` package."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
# A fleet loads thousands: libyaml is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(kubeconfig: str | Path | None, context: str, content: str) -> Any:
    """A `Configuration` that never retries by itself. Raises `InputError`."""
    configuration = client.Configuration()
    where = str(kubeconfig) if kubeconfig else os.environ.get("KUBECONFIG", "~/.kube/config")
    if content:
        where = "kubeconfig of the cluster"
    try:
        with _plug_in_failures() as failures:
            _load_into(configuration, kubeconfig, where, context, content)
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
    if failures and not configuration.api_key and not configuration.cert_file:
        raise InputError(
            what="the kubeconfig's credential plug-in failed", where=where, why=failures[0][:200],
            next_command="kubectl get --raw /version",
        )  # fmt: skip
    # urllib3's default would send a timed-out PUT or DELETE again: a write is never repeated blindly.
    configuration.retries = False
    configuration.connection_pool_maxsize = POOL
    _refuse_plain_http(configuration.host)
    return configuration


def _load_into(configuration: Any, kubeconfig: str | Path | None, where: str, context: str, content: str) -> None:
    if content:
        loaded = yaml.load(content, Loader=_LOADER)
        if not isinstance(loaded, dict):
            raise InputError(what="the kubeconfig is not a mapping", where=where, next_command=_NEXT)
        kube_config.load_kube_config_from_dict(loaded, context or None, configuration, persist_config=False)
    elif kubeconfig is None and not _has_file(where) and "KUBERNETES_SERVICE_HOST" in os.environ:
        kube_config.load_incluster_config(configuration)
    else:
        _check_file(where, given=kubeconfig is not None)
        kube_config.load_kube_config(where, context or None, configuration, persist_config=False)


@contextmanager
def _plug_in_failures() -> Iterator[list[str]]:
    """What went wrong in credential plug-ins: the loader only logs it, and goes on as nobody."""
    found: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.module == "kube_config" and record.levelno >= logging.ERROR:
                found.append(record.getMessage().strip().partition("\n")[0])

    keeper = Keeper()
    logging.getLogger().addHandler(keeper)
    try:
        yield found
    finally:
        logging.getLogger().removeHandler(keeper)


def _has_file(paths: str) -> bool:
    return any(Path(path).expanduser().is_file() for path in paths.split(os.pathsep) if path)


def _check_file(where: str, *, given: bool) -> None:
    if _has_file(where):
        return
    if Path(where).is_dir():
        raise InputError(what="the kubeconfig is a directory", where=where, next_command=_NEXT)
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
