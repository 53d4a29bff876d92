"""NLBs, read: load balancers, listeners, and the server groups that carry CCM's tags."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import Any

from msgspec.structs import replace

from upgrader.adapters.aliyun.answers import ask, attributes, number, tag_map, token_pages, whole_list
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.fan_out import fan_out
from upgrader.adapters.aliyun.tags import tags_of, tags_of_listed
from upgrader.adapters.aliyun.together import by_owner, its_own, numbered, those_told
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, Backend, Listener, LoadBalancer, ServerGroup
from upgrader.model.errors import AbsentError

_TOGETHER = 20
"""So many NLBs may be named where listeners are listed."""
_NOT_ATTRIBUTES = frozenset(
    {"LoadBalancerId", "LoadBalancerName", "DNSName", "AddressType", "VpcId", "LoadBalancerStatus", "Tags", "RequestId"}
)
_NOT_LISTENER_ATTRIBUTES = frozenset(
    {"ListenerId", "ListenerPort", "ListenerProtocol", "ListenerDescription", "ServerGroupId", "ListenerStatus",
     "LoadBalancerId", "Tags"}
)  # fmt: skip
_SWITCH = {"on": "true", "off": "false", "True": "true", "False": "false"}
_NOT_GROUP_ATTRIBUTES = frozenset({"ServerGroupId", "ServerGroupName", "Tags"})


class NlbReader:
    """Questions to NLB of one region. Server groups are listed once and kept: they stand alone in this API."""

    def __init__(self, transport: Transport, region: str) -> None:
        self._transport, self._region = transport, region

    def listed(self, vpc_id: str = "") -> tuple[LoadBalancer, ...]:
        """Every NLB of the region (of the VPC when given) with its tags, `detailed=False`."""
        return self._list({"VpcIds.1": vpc_id} if vpc_id else {})

    def tagged(self, owner: str) -> tuple[LoadBalancer, ...]:
        """The NLBs with this owner tag, `detailed=False`."""
        return self._list({"Tag.1.Key": OWNER_TAG, "Tag.1.Value": owner})

    def _list(self, params: Mapping[str, str]) -> tuple[LoadBalancer, ...]:
        pages = token_pages(self._transport, self._call("ListLoadBalancers", **params), "LoadBalancers")
        records = {str(one.get("LoadBalancerId", "")): one for one in pages}
        tags = tags_of_listed(self._transport, "nlb", self._region, "loadbalancer", records)
        return tuple(replace(_load_balancer(r), tags=tags[one], detailed=False) for one, r in records.items())

    def tags(self, lb_id: str) -> dict[str, str]:
        """The tags of one NLB."""
        return tags_of(self._transport, "nlb", self._region, "loadbalancer", [lb_id])[lb_id]

    def groups(self, vpc_id: str = "") -> tuple[ServerGroup, ...]:
        """Every server group of the region (of the VPC when given) with tags, without backends."""
        params = {"VpcId": vpc_id} if vpc_id else {}
        pages = token_pages(self._transport, self._call("ListServerGroups", **params), "ServerGroups")
        records = {str(one.get("ServerGroupId", "")): one for one in pages}
        tags = tags_of_listed(self._transport, "nlb", self._region, "servergroup", records)
        return tuple(_group(record, tags[one]) for one, record in records.items())

    def listeners(self, lb_ids: Sequence[str]) -> dict[str, tuple[Listener, ...]]:
        """The listeners of NLBs by their ids, asked for together; left out are those of which none was told."""
        return those_told(self._listeners, lb_ids, _TOGETHER)

    def _listeners(self, lb_ids: Sequence[str]) -> dict[str, tuple[Listener, ...]]:
        told = by_owner(whole_list(self._transport, self._listeners_of(lb_ids), "Listeners"))
        return {lb_id: _in_order(map(_listener, records)) for lb_id, records in told.items()}

    def _listeners_of(self, lb_ids: Sequence[str]) -> Call:
        return self._call("ListListeners", **numbered("LoadBalancerIds", lb_ids))

    def detail(
        self, lb_id: str, tags: dict[str, str], groups: Iterable[ServerGroup],
        listeners: tuple[Listener, ...] | None = None,
    ) -> LoadBalancer:  # fmt: skip
        """One NLB in full; its groups are those of `groups` that a listener names or that carry its owner tag.

        Its `listeners` are asked for where they are not known; its own answer is looked at for tags where there are
        none.
        """
        record = ask(self._transport, self._call("GetLoadBalancerAttribute", LoadBalancerId=lb_id))
        lb = _load_balancer(record)
        if not lb.id:
            raise AbsentError(what=f"no NLB {lb_id}", where=self._region,
                              next_command=f"aliyun nlb GetLoadBalancerAttribute --LoadBalancerId {lb_id}")  # fmt: skip
        if listeners is None:
            told = token_pages(self._transport, self._listeners_of([lb_id]), "Listeners")
            listeners = _in_order(map(_listener, its_own(told, lb_id)))
        tags = tags or tag_map(record.get("Tags"))
        named, owner = {one.server_group_id for one in listeners} - {""}, tags.get(OWNER_TAG)
        mine = [
            one
            for one in self._with_tags(groups, named, tags)
            if one.id in named or (owner and one.tags.get(OWNER_TAG) == owner)
        ]
        return replace(
            lb,
            tags=tags,
            listeners=listeners,
            server_groups=tuple(sorted(self.with_backends(mine), key=lambda one: one.id)),
        )

    def _with_tags(self, groups: Iterable[ServerGroup], named: Set[str], tags: Mapping[str, str]) -> list[ServerGroup]:
        """The region's groups; where one that is `named` tells no tag, those with the NLB's own `tags` are asked for.

        So does CCM: it lists groups by the tags that it gave them (`ListNLBServerGroups`), and need not be told them.
        """
        found, own = list(groups), {key: tags[key] for key in (OWNER_TAG, CLUSTER_TAG) if key in tags}
        if not own or named <= {one.id for one in found if one.tags}:
            return found
        params = numbered("Tag", list(own), ".Key") | numbered("Tag", list(own.values()), ".Value")
        tagged = token_pages(self._transport, self._call("ListServerGroups", **params), "ServerGroups")
        mine = {group.id: group for group in (_group(record, own) for record in tagged)}
        return [one for one in found if one.id not in mine] + list(mine.values())

    def with_backends(self, groups: Iterable[ServerGroup]) -> list[ServerGroup]:
        """The groups with their servers."""
        return [replace(one, backends=self._servers(one.id)) for one in groups]

    def additional_certificates(self, listener_id: str) -> tuple[str, ...]:
        """The certificates of a listener beside its default ones."""
        call = self._call("ListListenerCertificates", ListenerId=listener_id)
        found = token_pages(self._transport, call, "Certificates")
        return tuple(str(one.get("CertificateId") or "") for one in found if not one.get("IsDefault"))

    def orphans(
        self,
        cluster_id: str,
        listed: Sequence[LoadBalancer],
        groups: Iterable[ServerGroup],
        named: Collection[str] = (),
    ) -> tuple[ServerGroup, ...]:
        """Those of `groups` with the cluster's tag whose owner tag is no NLB's, and that no NLB uses; the `named` ones.

        `listed` are the region's NLBs.
        """
        owners = {lb.tags.get(OWNER_TAG) for lb in listed}
        ids = {lb.id for lb in listed}
        lost = [
            group
            for group in groups
            if group.id in named
            or (
                group.tags.get(CLUSTER_TAG) == cluster_id
                and group.tags.get(OWNER_TAG) not in owners
                and not ids & set(group.attributes.get("RelatedLoadBalancerIds", "").split(","))
            )
        ]
        return tuple(sorted(fan_out(lambda one: self.with_backends([one])[0], lost), key=lambda one: one.id))

    def _servers(self, group_id: str) -> tuple[Backend, ...]:
        call = self._call("ListServerGroupServers", ServerGroupId=group_id)
        found = map(_backend, its_own(token_pages(self._transport, call, "Servers"), group_id, "ServerGroupId"))
        return tuple(sorted(found, key=lambda b: (b.server_id, b.server_ip, b.port)))

    def _call(self, action: str, **params: str) -> Call:
        return Call(product="nlb", action=action, region=self._region, params={"RegionId": self._region, **params})


def _attributes(record: Mapping[str, Any], skip: Collection[str]) -> dict[str, str]:
    """Attributes as text; a switch is true or false here, however an endpoint spells it."""
    found = attributes(record, skip)
    return {k: _SWITCH.get(v, v) if k.endswith("Enabled") else v for k, v in found.items()}


def _load_balancer(record: Mapping[str, Any]) -> LoadBalancer:
    zones = record.get("ZoneMappings") or ()
    zone_map = ",".join(_zone(zone) for zone in zones)
    extra = {"ZoneMappings": zone_map} if zones else {}
    return LoadBalancer(
        kind="nlb",
        id=str(record.get("LoadBalancerId") or ""),
        name=str(record.get("LoadBalancerName") or ""),
        address=str(record.get("DNSName") or ""),
        address_type=str(record.get("AddressType") or ""),
        vpc_id=str(record.get("VpcId") or ""),
        status=str(record.get("LoadBalancerStatus") or ""),
        attributes=_attributes(record, _NOT_ATTRIBUTES) | extra,
    )


def _zone(record: Mapping[str, Any]) -> str:
    """`zone:vsw:private address:EIP` without what is empty at its end: the form of the annotation zone-maps."""
    held: Mapping[str, Any] = next(iter(record.get("LoadBalancerAddresses") or ()), {})
    parts = record.get("ZoneId"), record.get("VSwitchId"), held.get("PrivateIPv4Address"), held.get("AllocationId")
    return ":".join(str(part or "") for part in parts).rstrip(":")


def _in_order(found: Iterable[Listener]) -> tuple[Listener, ...]:
    return tuple(sorted(found, key=lambda one: (one.port, one.protocol, one.id)))


def _listener(record: Mapping[str, Any]) -> Listener:
    return Listener(
        id=str(record.get("ListenerId") or ""),
        port=number(record.get("ListenerPort")),
        protocol=str(record.get("ListenerProtocol") or ""),
        description=str(record.get("ListenerDescription") or ""),
        server_group_id=str(record.get("ServerGroupId") or ""),
        status=str(record.get("ListenerStatus") or ""),
        attributes=_attributes(record, _NOT_LISTENER_ATTRIBUTES),
    )


def _group(record: Mapping[str, Any], tags: dict[str, str]) -> ServerGroup:
    return ServerGroup(
        id=str(record.get("ServerGroupId") or ""),
        name=str(record.get("ServerGroupName") or ""),
        tags=tags,
        attributes=_attributes(record, _NOT_GROUP_ATTRIBUTES),
    )


def _backend(record: Mapping[str, Any]) -> Backend:
    return Backend(
        server_id=str(record.get("ServerId") or ""),
        port=number(record.get("Port")),
        weight=number(record.get("Weight")),
        type=str(record.get("ServerType") or "Ecs"),
        server_ip=str(record.get("ServerIp") or ""),
        description=str(record.get("Description") or ""),
    )
