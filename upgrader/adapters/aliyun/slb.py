"""CLBs, read: list calls by pages, details of one CLB on request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from upgrader.adapters.aliyun.answers import (
    ask,
    attributes,
    listed,
    number,
    numbered_pages,
    tag_map,
    text,
    token_pages,
    whole_list,
)
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.fan_out import fan_out
from upgrader.adapters.aliyun.tags import tags_of, tags_of_listed
from upgrader.adapters.aliyun.together import by_owner, its_own, numbered, those_told
from upgrader.model.cloud import OWNER_TAG, Backend, Listener, LoadBalancer, ServerGroup
from upgrader.model.errors import AbsentError, RefusedError

_NOT_ATTRIBUTES = frozenset(
    {"LoadBalancerId", "LoadBalancerName", "Address", "AddressType", "VpcId", "LoadBalancerStatus", "Tags",
     "RequestId", "BackendServers", "ListenerPorts", "ListenerPortsAndProtocol", "ListenerPortsAndProtocal",
     "InternetChargeTypeAlias"}
)  # fmt: skip
_NOT_LISTENER_ATTRIBUTES = frozenset(
    {"LoadBalancerId", "RequestId", "ListenerPort", "ListenerProtocol", "Description", "VServerGroupId", "Status",
     "Tags", "Rules", "DomainExtensions"}
)  # fmt: skip
# What CCM compares and the lists tell too (services/slb/struct_load_balancer.go of the SDK that CCM is built with).
_WHOLE = frozenset(
    {"LoadBalancerSpec", "Bandwidth", "InternetChargeType", "DeleteProtection", "ModificationProtectionStatus",
     "InstanceChargeType", "AddressIPVersion", "NetworkType", "MasterZoneId", "SlaveZoneId", "ResourceGroupId"}
)  # fmt: skip
# An older list tells these by numbers, and the words as an alias.
_INTERNET_CHARGE_TYPES = ("paybytraffic", "paybybandwidth")
_TOGETHER = 10
"""So many CLBs may be named where listeners are listed."""
_PROTOCOLS = ("tcp", "udp", "http", "https")


class SlbReader:
    """Questions to SLB of one region."""

    def __init__(self, transport: Transport, region: str) -> None:
        self._transport, self._region = transport, region

    def listed(self) -> tuple[LoadBalancer, ...]:
        """Every CLB of the region with its tags, `detailed=False`."""
        return self._list({})

    def tagged(self, owner: str) -> tuple[LoadBalancer, ...]:
        """The CLBs with this owner tag, `detailed=False`; asked as CCM asks (`findLoadBalancerByTag`)."""
        return self._list({"Tags": json.dumps([{"TagKey": OWNER_TAG, "TagValue": owner}])})

    def _list(self, params: Mapping[str, str]) -> tuple[LoadBalancer, ...]:
        call = self._call("DescribeLoadBalancers", **params)
        pages = numbered_pages(self._transport, call, "LoadBalancers", "LoadBalancer")
        records = {str(one.get("LoadBalancerId", "")): one for one in pages}
        tags = tags_of_listed(self._transport, "slb", self._region, "instance", records)
        return tuple(replace(_listed(r), tags=tags[one], detailed=False) for one, r in records.items())

    def tags(self, lb_id: str) -> dict[str, str]:
        """The tags of one CLB."""
        return tags_of(self._transport, "slb", self._region, "instance", [lb_id])[lb_id]

    def detail(self, lb_id: str, tags: dict[str, str]) -> LoadBalancer:
        """One CLB in full; `tags` are its own, asked for where there are none: a list may keep them back."""
        record = ask(self._transport, self._call("DescribeLoadBalancerAttribute", LoadBalancerId=lb_id))
        lb = _load_balancer(record)
        if not lb.id:
            raise AbsentError(
                what=f"no CLB {lb_id}", where=self._region,
                next_command=f"aliyun slb DescribeLoadBalancerAttribute --LoadBalancerId {lb_id}",
            )  # fmt: skip
        listeners, groups = self._listeners(lb_id, record), self._groups(lb_id)
        return replace(lb, tags=tags or self._tags(lb_id, record), listeners=listeners, server_groups=groups)

    def listeners(self, lb_ids: Sequence[str]) -> dict[str, tuple[Listener, ...]]:
        """The listeners of CLBs by their ids, asked for together; left out are those of which none was told."""

        def ask(batch: Sequence[str]) -> dict[str, tuple[Listener, ...]]:
            call = self._call("DescribeLoadBalancerListeners", **numbered("LoadBalancerId", batch))
            told = by_owner(whole_list(self._transport, call, "Listeners", "Listener"))
            return {lb_id: _in_order(map(_listener, records)) for lb_id, records in told.items()}

        return those_told(ask, lb_ids, _TOGETHER)

    def completed(self, listed: LoadBalancer, listeners: tuple[Listener, ...]) -> LoadBalancer:
        """A listed CLB in full, whose listeners are known; asked for by itself where the list told too little."""
        if not listed.tags or not _tells_all(listed):
            return self.detail(listed.id, listed.tags)
        return replace(listed, listeners=listeners, server_groups=self._groups(listed.id), detailed=True)

    def domain_extensions(self, lb_id: str, port: int) -> tuple[str, ...]:
        """The additional certificates of an HTTPS listener as `domain:certificate:id`."""
        call = self._call("DescribeDomainExtensions", LoadBalancerId=lb_id, ListenerPort=str(port))
        told = listed(ask(self._transport, call), "DomainExtensions", "DomainExtension")
        names = ("Domain", "ServerCertificateId", "DomainExtensionId")
        return tuple(sorted(":".join(text(one.get(name, "")) for name in names) for one in told))

    def _tags(self, lb_id: str, record: Mapping[str, Any]) -> dict[str, str]:
        """The tags of a CLB of which a list told none: those of its own answer, else asked for."""
        try:
            return tag_map(record.get("Tags")) or self.tags(lb_id)
        except (RefusedError, AbsentError):
            if "Tags" not in record:
                raise
            return {}

    def _listeners(self, lb_id: str, record: Mapping[str, Any]) -> tuple[Listener, ...]:
        ports = listed(record, "ListenerPortsAndProtocol", "ListenerPortAndProtocol")
        if not ports and "ListenerPortsAndProtocol" in record:
            return ()
        call = self._call("DescribeLoadBalancerListeners", **{"LoadBalancerId.1": lb_id})
        try:
            told = token_pages(self._transport, call, "Listeners", "Listener")
            found = list(map(_listener, its_own(told, lb_id)))
        except (RefusedError, AbsentError):
            # Not every endpoint has the newer call: the older ones answer one listener each, if their ports are known.
            if "ListenerPortsAndProtocol" not in record:
                raise
            found = fan_out(lambda one: self._one_listener(lb_id, one), ports)
        return _in_order(found)

    def _one_listener(self, lb_id: str, port: Mapping[str, Any]) -> Listener:
        protocol = str(port.get("ListenerProtocol", "tcp")).lower()
        if protocol not in _PROTOCOLS:
            raise RefusedError(what=f"listener of unknown protocol {protocol!r}", code="UnknownProtocol", where=lb_id,
                               next_command="update ccm-upgrade")  # fmt: skip
        action = f"DescribeLoadBalancer{protocol.upper()}ListenerAttribute"
        answer = ask(
            self._transport, self._call(action, LoadBalancerId=lb_id, ListenerPort=str(port.get("ListenerPort", "")))
        )
        return _listener({**answer, "ListenerProtocol": protocol})

    def _groups(self, lb_id: str) -> tuple[ServerGroup, ...]:
        answer = ask(self._transport, self._call("DescribeVServerGroups", LoadBalancerId=lb_id))
        groups = listed(answer, "VServerGroups", "VServerGroup")
        found = [self._group(lb_id, one) for one in groups]
        return tuple(sorted(found, key=lambda one: one.id))

    def _group(self, lb_id: str, record: Mapping[str, Any]) -> ServerGroup:
        group_id = str(record.get("VServerGroupId", ""))
        answer = ask(self._transport, self._call("DescribeVServerGroupAttribute", VServerGroupId=group_id))
        backends = [_backend(one) for one in listed(answer, "BackendServers", "BackendServer")]
        return ServerGroup(
            id=group_id,
            name=str(record.get("VServerGroupName") or answer.get("VServerGroupName") or ""),
            load_balancer_id=lb_id,
            backends=tuple(sorted(backends, key=lambda b: (b.server_id, b.server_ip, b.port))),
        )

    def _call(self, action: str, **params: str) -> Call:
        return Call(product="slb", action=action, region=self._region, params={"RegionId": self._region, **params})


def _load_balancer(record: Mapping[str, Any]) -> LoadBalancer:
    return LoadBalancer(
        kind="clb",
        id=str(record.get("LoadBalancerId") or ""),
        name=str(record.get("LoadBalancerName") or ""),
        address=str(record.get("Address") or ""),
        address_type=str(record.get("AddressType") or ""),
        vpc_id=str(record.get("VpcId") or ""),
        status=str(record.get("LoadBalancerStatus") or ""),
        attributes=attributes(record, _NOT_ATTRIBUTES),
    )


def _listed(record: Mapping[str, Any]) -> LoadBalancer:
    """One of a list, whose charge type is a number there, with the words beside it (`loadResponse` in CCM's slb)."""
    alias = record.get("InternetChargeTypeAlias")
    return _load_balancer({**record, "InternetChargeType": alias} if alias else record)


def _tells_all(listed: LoadBalancer) -> bool:
    """Whether a list told all of a CLB that CCM compares. What it leaves blank or 0 it may only not have filled in."""
    told = {name for name, value in listed.attributes.items() if value not in ("", "0")}
    if listed.attributes.get("InstanceChargeType") == "PayByCLCU":
        told.add("LoadBalancerSpec")  # it has none
    return told >= _WHOLE and listed.attributes["InternetChargeType"] in _INTERNET_CHARGE_TYPES


def _in_order(found: Iterable[Listener]) -> tuple[Listener, ...]:
    return tuple(sorted(found, key=lambda one: (one.port, one.protocol)))


def _listener(record: Mapping[str, Any]) -> Listener:
    protocol = str(record.get("ListenerProtocol") or "").lower()
    # An answer may hold an empty record for each other protocol too; CCM reads that of the listener's own.
    own = record.get(f"{protocol.upper()}ListenerConfig") or {}
    settings = {key: value for key, value in record.items() if not key.endswith("ListenerConfig")} | own
    return Listener(
        port=number(record.get("ListenerPort")),
        protocol=protocol,
        description=str(record.get("Description") or ""),
        server_group_id=str(record.get("VServerGroupId") or ""),
        status=str(record.get("Status") or ""),
        attributes=attributes(settings, _NOT_LISTENER_ATTRIBUTES),
    )


def _backend(record: Mapping[str, Any]) -> Backend:
    return Backend(
        server_id=str(record.get("ServerId") or ""),
        port=number(record.get("Port")),
        weight=number(record.get("Weight")),
        type=str(record.get("Type") or "ecs"),
        server_ip=str(record.get("ServerIp") or ""),
        description=str(record.get("Description") or ""),
    )
