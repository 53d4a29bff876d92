"""Which cluster and who we are there: kubeconfig or service account, loaded by the `kubernetes` package."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from kubernetes import client
from kubernetes import config as kube_config

from upgrader.adapters.kube import kubeconfig as kubeconfigs
from upgrader.adapters.kube import tls
from upgrader.model.errors import InputError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
POOL = 16


def load(kubeconfig: str | Path | None, context: str, content: str) -> tuple[Any, ssl.SSLContext | None]:
    """A `Configuration` that never retries by itself, and the TLS context of its connections (None: no https).

    Raises `InputError`.
    """
    configuration = client.Configuration()
    where = str(kubeconfig) if kubeconfig else os.environ.get("KUBECONFIG", "~/.kube/config")
    if content:
        where = "kubeconfig of the cluster"
        whole = kubeconfigs.parse(content, where)
    elif kubeconfig is None and not _files(where) and "KUBERNETES_SERVICE_HOST" in os.environ:
        whole = {}
    else:
        _check_file(where, given=kubeconfig is not None)
        whole = kubeconfigs.read(_files(where))
    try:
        if whole:
            secured = _of_kubeconfig(configuration, kubeconfigs.one_context(whole, context, where), where)
        else:
            kube_config.load_incluster_config(configuration)
            secured = tls.context(configuration, tls.Certificates())
    except InputError:
        raise
    except Exception as error:  # the loader lets TypeError, KeyError, binascii.Error and more escape
        raise InputError(
            what="can't use the kubeconfig", where=where, why=_first_line(error), next_command=kubeconfigs.NEXT
        ) from error
    # urllib3's default would send a timed-out PUT or DELETE again: a write is never repeated blindly.
    configuration.retries = False
    configuration.connection_pool_maxsize = POOL
    _refuse_plain_http(configuration.host)
    return configuration, secured


def _of_kubeconfig(configuration: Any, one: dict[str, Any], where: str) -> ssl.SSLContext | None:
    rest, held = tls.taken(one)
    # What a credential plug-in gives as a certificate, the loader writes to a file.
    with TemporaryDirectory(prefix="ccm-upgrade-") as folder, _plug_in_failures() as failures:
        kube_config.load_kube_config_from_dict(rest, None, configuration, persist_config=False, temp_file_path=folder)
        if failures and not configuration.api_key and not configuration.cert_file and not held.client:
            raise InputError(
                what="the kubeconfig's credential plug-in failed", where=where, why=failures[0][:200],
                next_command="kubectl get --raw /version",
            )  # fmt: skip
        return tls.context(configuration, held)


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


def _files(paths: str) -> list[Path]:
    """Those that are there, of a list as `KUBECONFIG` holds it."""
    named = (Path(path).expanduser() for path in paths.split(os.pathsep) if path)
    return [path for path in named if path.is_file()]


def _check_file(where: str, *, given: bool) -> None:
    if _files(where):
        return
    if Path(where).is_dir():
        raise InputError(what="the kubeconfig is a directory", where=where, next_command=kubeconfigs.NEXT)
    why = "no such file" if given else "no such file, and this is no pod of a cluster"
    raise InputError(what="there is no kubeconfig", where=where, why=why, next_command=kubeconfigs.NEXT)


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
