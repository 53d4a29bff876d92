"""The certificates of a cluster's connection, held in memory: a key that stands in a kubeconfig reaches no disk.

The official loader writes a kubeconfig's `…-data` to temporary files, which a killed process leaves behind; ACK's
kubeconfigs hold an administrator's key that way. So it is given a kubeconfig without them.
"""

from __future__ import annotations

import base64
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from typing import Any

from msgspec import Struct
from urllib3.util import create_urllib3_context

from upgrader.model.errors import InputError


class Certificates(Struct, frozen=True):
    """What a kubeconfig itself holds, in PEM; empty for what it leaves to a file."""

    authorities: str = ""
    client: bytes = b""


def taken(kubeconfig: dict[str, Any]) -> tuple[dict[str, Any], Certificates]:
    """The kubeconfig of one context without the certificates that it holds, and those. Raises `ValueError`."""
    (cluster,), (user,) = kubeconfig["clusters"], kubeconfig["users"]
    target, who = dict(cluster.get("cluster") or {}), dict(user.get("user") or {})
    authorities = _decoded(target.pop("certificate-authority-data", "")).decode("ascii")
    certificate, key = _decoded(who.pop("client-certificate-data", "")), _decoded(who.pop("client-key-data", ""))
    rest = {"clusters": [cluster | {"cluster": target}], "users": [user | {"user": who}]}
    return kubeconfig | rest, Certificates(authorities, b"\n".join(part for part in (certificate, key) if part))


def context(configuration: Any, held: Certificates) -> ssl.SSLContext | None:
    """The authorities and the client's certificate, of the kubeconfig or of its files; None without https.

    The configuration names no file any more. Raises `InputError` for what is no certificate, and an encrypted key.
    """
    authorities, certificate, key = configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file
    configuration.ssl_ca_cert = configuration.cert_file = configuration.key_file = None
    if not configuration.host.startswith("https://"):
        return None
    made = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if configuration.verify_ssl else ssl.CERT_NONE)
    try:
        if held.authorities or authorities:
            made.load_verify_locations(authorities, cadata=held.authorities or None)
        else:
            made.load_default_certs()
        if held.client:
            with _readable(held.client) as file:
                _load(made, file, None)
        elif certificate:
            _load(made, certificate, key)
    except (OSError, ValueError) as error:
        raise InputError(
            what="can't use the certificates of the kubeconfig", where=configuration.host, why=str(error)[:200],
            next_command="kubectl get --raw /version",
        ) from error  # fmt: skip
    return made


def _load(made: ssl.SSLContext, certificate: str, key: str | None) -> None:
    # Without a password in hand OpenSSL would ask the terminal for one.
    made.load_cert_chain(certificate, key, password="")


@contextmanager
def _readable(pem: bytes) -> Iterator[str]:
    """A name under which OpenSSL can read it: of memory, where the system has such files."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("client-certificate")
        try:
            os.write(descriptor, pem)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:
        with NamedTemporaryFile(prefix="ccm-upgrade-") as file:
            file.write(pem)
            file.flush()
            yield file.name


def _decoded(data: Any) -> bytes:
    return base64.b64decode(str(data or ""), validate=False)
