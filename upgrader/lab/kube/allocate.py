"""Cluster IPs and node ports, handed out in order; an explicit one is kept if it is free."""

from __future__ import annotations

import ipaddress
from typing import Any

from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.status import invalid
from upgrader.lab.kube.store import Store

SERVICES = shared("services")
CIDR = ipaddress.ip_network("172.21.0.0/16")
PORTS = range(30000, 32768)
RANGE = "The range of valid ports is 30000-32767"
WIDE_PORTS = range(20000, 60000)
"""What a cluster of very many Services is configured with."""


class Allocator:
    """The Service addresses of one cluster; what is taken is looked up on first use."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ips: set[str] | None = None
        self._ports: set[int] = set()
        self._next_ip, self._next_port = 10, 0

    def forget(self) -> None:
        """Look again at what is taken: the store was restored."""
        self._ips = None

    def cluster_ip(self) -> str:
        """A free cluster IP."""
        taken = self._taken()
        while True:
            ip = str(CIDR[self._next_ip])
            self._next_ip += 1
            if ip not in taken:
                taken.add(ip)
                return ip

    def node_port(self, wanted: int = 0, *, name: str = "") -> int:
        """A free node port, or the wanted one. Refuses a wanted one that is taken or out of range."""
        self._taken()
        if wanted:
            given = f"Invalid value: {wanted}: provided port is"
            if wanted in self._ports:
                raise invalid(SERVICES, name, ("spec.ports[0].nodePort", f"{given} already allocated"))
            if wanted not in WIDE_PORTS:
                raise invalid(SERVICES, name, ("spec.ports[0].nodePort", f"{given} not in the valid range. {RANGE}"))
            self._ports.add(wanted)
            return wanted
        ports = PORTS if len(self._ports) < len(PORTS) - 64 else WIDE_PORTS
        while True:
            port = ports[self._next_port % len(ports)]
            self._next_port += 1
            if port not in self._ports:
                self._ports.add(port)
                return port

    def free(self, service: dict[str, Any]) -> None:
        """Take a deleted Service's ports and address back."""
        if self._ips is None:
            return
        spec = service.get("spec") or {}
        self._ips.discard(spec.get("clusterIP", ""))
        self._ports -= {port.get("nodePort", 0) for port in spec.get("ports") or ()}
        self._ports.discard(spec.get("healthCheckNodePort", 0))

    def _taken(self) -> set[str]:
        if self._ips is None:
            found = [service.get("spec") or {} for service in self._store.list(SERVICES.key)]
            self._ips = {spec.get("clusterIP", "") for spec in found}
            self._ports = {p["nodePort"] for spec in found for p in spec.get("ports") or () if p.get("nodePort")}
            self._ports |= {spec["healthCheckNodePort"] for spec in found if spec.get("healthCheckNodePort")}
        return self._ips
