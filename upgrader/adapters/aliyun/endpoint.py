"""Where requests go, and that they go encrypted."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from msgspec import Struct

from upgrader.model.errors import InputError


class Endpoint(Struct, frozen=True):
    """One address for all products."""

    scheme: str
    host: str
    loopback: bool


def parse_endpoint(url: str) -> Endpoint | None:
    """The endpoint in `url`; None when it is empty. Plain http is for loopback only: requests carry signatures and
    answers carry kubeconfigs."""
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"https://{url}")
    try:
        hostname, _ = parts.hostname, parts.port
    except ValueError:
        hostname = None
    if parts.scheme not in ("http", "https") or not hostname:
        raise InputError(
            what="the endpoint is no address", where="--endpoint", why=url[:100],
            next_command="--endpoint http://127.0.0.1:PORT, as `ccm-upgrade lab start` prints it",
        )  # fmt: skip
    loopback = is_loopback(hostname)
    if parts.scheme == "http" and not loopback:
        raise InputError(
            what="plain http is for loopback only", where="--endpoint", why=f"{hostname} is another machine",
            next_command=f"--endpoint https://{parts.netloc}",
        )  # fmt: skip
    return Endpoint(scheme=parts.scheme, host=parts.netloc.rpartition("@")[2], loopback=loopback)


def is_loopback(hostname: str) -> bool:
    """True for localhost and for addresses of this machine."""
    if hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        return False
