"""Cluster IPs and node ports, handed out in order; an explicit one is kept if it is free."""

from __future__ import annotations

import ipaddress
from typing import Any

from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.rules.words import go_strings
from upgrader.lab.kube.status import invalid
from upgrader.lab.kube.store import Change, Store

SERVICES = shared("services")
CIDR = ipaddress.IPv4Network("172.16.0.0/16")
PORTS = range(30000, 32768)
RANGE = f"The range of valid ports is {PORTS[0]}-{PORTS[-1]}"
WIDE_PORTS = range(20000, 60000)
"""What a cluster of very many Services is configured with."""
FIRST_ADDRESS = 11


class Allocator:
    """The Service addresses of one cluster; what is taken is looked up on first use."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ips: set[str] = set()
        self._ports: set[int] = set()
        self._known = False
        self._next_ip, self._next_port = FIRST_ADDRESS, 0
        store.listeners.append(self._changed)

    def forget(self) -> None:
        """Look again at what is taken: the store was restored, or what was handed out is not used."""
        self._known = False

    def cluster_ip(self) -> str:
        """A free cluster IP."""
        self._look()
        while True:
            ip = str(CIDR[self._next_ip % CIDR.num_addresses])
            self._next_ip += 1
            if ip not in self._ips and not ip.endswith((".0", ".255")):
                self._ips.add(ip)
                return ip

    def take_ip(self, wanted: str, *, name: str) -> None:
        """Hand out this cluster IP. Refuses one that is taken or out of range."""
        self._look()
        why = ""
        try:
            inside = ipaddress.IPv4Address(wanted) in CIDR
        except ValueError:
            given = f'Invalid value: "{wanted}"'
            said = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            raise invalid(SERVICES, name, ("spec.clusterIPs[0]", f"{given}: {said}")) from None
        if not inside:
            why = f"the provided IP ({wanted}) is not in the valid range. The range of valid IPs is {CIDR}"
        elif wanted in self._ips:
            why = "provided IP is already allocated"
        if why:
            said = f"Invalid value: {go_strings([wanted])}: failed to allocate IP {wanted}: {why}"
            raise invalid(SERVICES, name, ("spec.clusterIPs", said))
        self._ips.add(wanted)

    def take_port(self, wanted: int, place: int, *, name: str) -> None:
        """Hand out this node port. Refuses one that is taken or out of range."""
        self._look()
        field, given = f"spec.ports[{place}].nodePort", f"Invalid value: {wanted}: provided port is"
        if wanted in self._ports:
            raise invalid(SERVICES, name, (field, f"{given} already allocated"))
        if wanted not in PORTS and not (self._wide and wanted in WIDE_PORTS):
            raise invalid(SERVICES, name, (field, f"{given} not in the valid range. {RANGE}"))
        self._ports.add(wanted)

    def node_port(self) -> int:
        """A free node port."""
        self._look()
        ports = WIDE_PORTS if self._wide else PORTS
        while True:
            # Jumps by a number without common divisors, so that neighbours do not get neighbouring ports.
            port = ports[self._next_port * 997 % len(ports)]
            self._next_port += 1
            if port not in self._ports:
                self._ports.add(port)
                return port

    @property
    def _wide(self) -> bool:
        return len(self._ports) > len(PORTS) - 64

    def _changed(self, change: Change) -> None:
        """Take back what a Service no longer has."""
        if self._known and change.key == SERVICES.key and change.before is not None:
            gone = change.kind == "DELETED"
            ips, ports = _taken(change.before)
            kept_ips, kept_ports = (set[str](), set[int]()) if gone else _taken(change.object)
            self._ips -= ips - kept_ips
            self._ports -= ports - kept_ports

    def _look(self) -> None:
        if not self._known:
            taken = [_taken(service) for service in self._store.list(SERVICES.key)]
            self._ips = {ip for ips, _ in taken for ip in ips}
            self._ports = {port for _, ports in taken for port in ports}
            self._known = True


def _taken(service: dict[str, Any]) -> tuple[set[str], set[int]]:
    spec = service.get("spec") or {}
    ports = {port.get("nodePort", 0) for port in spec.get("ports") or ()} | {spec.get("healthCheckNodePort", 0)}
    return {spec.get("clusterIP", "")} - {"", "None"}, ports - {0}
