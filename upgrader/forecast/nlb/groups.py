"""NLB server groups: what a version wants, against those that carry the Service's tags.

Source: `nlbv2/server_groups.go` (BuildLocalModel, setServerGroupServers, ListNLBServerGroups),
`nlbv2/model_applier.go` (applyVGroups, later buildServerGroupCreateAndUpdateActions; cleanup), each tag. Groups and
servers are compared at every sync; before v2.12.1 surplus groups are cleaned up at every sync too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.backends import Wanted, wanted_backends
from upgrader.forecast.groups import DesiredGroup
from upgrader.forecast.ip_version import backend_ip
from upgrader.forecast.nlb.attributes import tag_write, untag_write
from upgrader.forecast.nlb.go_errors import atoi
from upgrader.forecast.nlb.group_attributes import (
    any_port,
    attribute_changes,
    attribute_params,
    group_type,
    unsent,
    update_params,
    wanted_attributes,
)
from upgrader.forecast.nlb.remote import Remote, absent
from upgrader.forecast.nlb.servers import ADD, REMOVE, batches, diff_servers, is_foreign, is_mine, server_writes
from upgrader.forecast.nlb.wanted import RefusedByCcmError, WantedListener, built_as, group_port
from upgrader.forecast.weights import WeightWish
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, ServerGroup
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

# Errors of the Service as a whole; any other is told with its port.
_WHOLE = ("get nodes error", "can not find eniid")


class WantedGroup(Struct, frozen=True, kw_only=True):
    """One server group: its backends, its type where the Service names one, its attributes."""

    desired: DesiredGroup
    type: str = ""
    any_port: bool = False
    attributes: dict[str, str] = {}

    @property
    def key(self) -> str:
        """What makes two ports share one group."""
        return self.desired.reused or self.desired.name


class GroupsRefusedError(RefusedByCcmError):
    """One of the groups can't be told; `built` are those of the ports before it, of which CCM has told its events."""

    def __init__(self, text: str, built: tuple[WantedGroup, ...]) -> None:
        super().__init__(text)
        self.built = built


def wanted_groups(world: World, service: Service, listeners: Iterable[WantedListener]) -> tuple[WantedGroup, ...]:
    """One group a port, in the order of the Service. Raises `GroupsRefusedError`."""
    found = list[WantedGroup]()
    for listener in listeners:
        try:
            found.append(_wanted(world, service, listener))
        except RefusedByCcmError as error:
            raise GroupsRefusedError(f"{built_as(world)[1]} error: {error}", tuple(found)) from error
    return tuple(found)


def _wanted(world: World, service: Service, listener: WantedListener) -> WantedGroup:
    notes, port = Annotations(service), listener.service_port
    ranged, lead = any_port(world, listener), f"set ServerGroup for port {port.port} error: "
    kind, attributes = group_type(world, notes), wanted_attributes(world, service, listener)
    name = listener.group_name if ranged else _name(world, service, listener)
    wish = _wish(world, notes, lead)
    reused = ""
    if notes.get("id") and notes.get("vgroup-port") and world.reads("vgroup-port", "nlb"):
        reused = listener.group_id
        _check_reused(world, service, reused, port.port)
    wanted = wanted_backends(world, service, port, name, "nlb", wish, by_ip=kind == "Ip")
    if wanted.error:
        raise RefusedByCcmError(wanted.error if wanted.error.startswith(_WHOLE) else lead + wanted.error)
    if ranged:
        wanted = replace(wanted, backends=tuple(replace(one, port=0) for one in wanted.backends))
    desired = DesiredGroup(name=name, port=port, wanted=wanted, protocol=listener.protocol, reused=reused)
    return WantedGroup(desired=desired, type=kind, any_port=ranged, attributes=attributes)


def _name(world: World, service: Service, listener: WantedListener) -> str:
    metadata = service.metadata
    number = group_port(world, service, listener.service_port)
    return f"k8s.{number}.{listener.protocol}.{metadata.name}.{metadata.namespace}.{world.cluster_id}"


def _wish(world: World, notes: Annotations, lead: str) -> WeightWish:
    total = default = None
    if notes.get("default-weight") and world.reads("default-weight", "nlb"):
        default, error = atoi(notes.get("default-weight"))
        if error:
            raise RefusedByCcmError(f"default weight parse error: [{error}]")
        if not 0 <= default <= 100:
            raise RefusedByCcmError(
                f"default weight must be integer in range [0,100] , got [{notes.get('default-weight')}]"
            )
    reuses = notes.get("id") and notes.get("vgroup-port") and world.reads("vgroup-port", "nlb")
    if reuses and notes.get("weight"):
        total, error = atoi(notes.get("weight"))
        if error or not 0 <= total <= 100:
            raise RefusedByCcmError(f"{lead}weight must be integer in range [0, 100], got [{notes.get('weight')}]")
    return WeightWish(total=total, default=default)


def _check_reused(world: World, service: Service, group_id: str, port: int) -> None:
    """A group that the user named must be there, and must not be one of CCM's."""
    group, lb_id = world.nlb_groups_by_id.get(group_id), Annotations(service).get("id")
    lead = f"set ServerGroup for port {port} error: "
    if group_id and absent(world, group_id):
        raise RefusedByCcmError(f"{lead}cannot find server group id {group_id} for nlb {lb_id}")
    parts = group.name.split(".") if group is not None else []
    if len(parts) == 6 and parts[0] == "k8s":
        raise RefusedByCcmError(f"{lead}cannot reuse a ccm created server group {group_id} for nlb {lb_id}")


def find(wanted: WantedGroup, remote: Remote) -> ServerGroup | None:
    """The group that is there, by the id that the user named or by its name."""
    reused = wanted.desired.reused
    return next(
        (one for one in remote.groups if (one.id == reused if reused else one.name == wanted.desired.name)), None
    )


def must_be_remade(wanted: WantedGroup, remote: ServerGroup) -> bool:
    """A group of another type can't be changed: CCM makes a new one."""
    return bool(wanted.type) and wanted.type != remote.attributes.get("ServerGroupType", "")


def group_writes(
    world: World, service: Service, vpc_id: str, wanted: Sequence[WantedGroup], remote: Remote
) -> Iterator[Write]:
    """Groups made and rewritten, and their servers."""
    notes, done = Annotations(service), set[str]()
    ignore_weight = world.ways.ignore_weight_update and notes.is_on("ignore-weight-update")
    for group in wanted:
        had = find(group, remote)
        again = group.key in done and (had is None or world.ways.same_group_once)
        if again or group.desired.wanted.unknown or _unread(world, group):
            continue
        done.add(group.key)
        if had is None or must_be_remade(group, had):
            yield from create_group(world, service, vpc_id, group)
            continue
        if not group.desired.reused:
            changes = attribute_changes(group.attributes, had)
            if changes:
                yield Write(
                    action="nlb:UpdateServerGroupAttribute", object=had.id, changes=changes,
                    params=update_params(had, changes),
                )  # fmt: skip
        diff = diff_servers(world, service, had, group.desired.wanted, ignore_weight=ignore_weight)
        yield from server_writes(world, had, diff, paused=bool(group.desired.wanted.invalid))


def wrong_type(group: WantedGroup, remote: Remote) -> str:
    """CCM's words where it is a group of the user's, and of another type than the Service asks for."""
    had = find(group, remote)
    if not group.desired.reused or had is None or not must_be_remade(group, had):
        return ""
    found = had.attributes.get("ServerGroupType", "")
    return f"ServerGroupType of user managed server group {had.id} should be [{group.type}], but [{found}]"


def create_group(world: World, service: Service, vpc_id: str, group: WantedGroup) -> Iterator[Write]:
    """A new group with its tags and servers; what its creation can't carry comes with the next sync."""
    tags = {OWNER_TAG: default_name(service), CLUSTER_TAG: world.cluster_id}
    params = {"ServerGroupName": group.desired.name, "VpcId": vpc_id, "Protocol": group.desired.protocol}
    if world.ways.nlb_port_ranges != "unread":
        params["AnyPortEnabled"] = "true" if group.any_port else "false"
    if group.type:
        params["ServerGroupType"] = group.type
    if world.ways.ipv6_backends != "exact" and backend_ip(world, service, "nlb") != "ipv4":
        params["AddressIPVersion"] = "DualStack"
    params |= attribute_params(group.attributes)
    resource_group = _resource_group(world, service)
    if resource_group:
        params["ResourceGroupId"] = resource_group
    if world.ways.nlb_group_tags_at_creation:
        for number, (key, value) in enumerate(tags.items(), 1):
            params |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    changes: dict[str, tuple[str | None, str | None]] = {"ServerGroupName": (None, group.desired.name)}
    later = unsent(group.attributes)
    changes |= {name: (None, value) for name, value in group.attributes.items() if name not in later}
    yield Write(action="nlb:CreateServerGroup", object="", changes=changes, params=params)
    if not world.ways.nlb_group_tags_at_creation:
        yield tag_write("servergroup", "", tags, {})
    yield from batches(world, ADD, "", group.desired.wanted.backends)
    if later:
        params = {"ServerGroupName": group.desired.name, **later}
        changes = {name: (None, value) for name, value in later.items()}
        yield Write(action="nlb:UpdateServerGroupAttribute", object="", effect="LATENT", changes=changes, params=params)


def _resource_group(world: World, service: Service) -> str:
    if not world.ways.nlb_protects:
        return ""
    named = Annotations(service).get("resource-group-id")
    return named or world.config.get("resourcegroupid", "")


def clean_up_writes(world: World, service: Service, wanted: Iterable[WantedGroup], remote: Remote) -> Iterator[Write]:
    """Groups that belong to no port any more: deleted, or, where they are the user's, only emptied of CCM's servers."""
    keep = {one.id for group in wanted if (one := find(group, remote)) is not None and not must_be_remade(group, one)}
    preserves = Annotations(service).get("preserve-lb-on-delete") and world.reads("preserve-lb-on-delete", "nlb")
    for group in remote.groups:
        if group.id in keep:
            continue
        if preserves:
            yield from _untagged(world, service, group)
        elif _is_users(world, service, group, remote):
            own = [one for one in group.backends if not is_foreign(world, service, one)]
            if world.ways.nlb_user_servers:
                yield from batches(world, REMOVE, group.id, own, group.backends)
        else:
            yield Write(
                action="nlb:DeleteServerGroup", object=group.id, params={"ServerGroupId": group.id},
                changes={"ServerGroupName": (group.name, None)},
            )  # fmt: skip


def _untagged(world: World, service: Service, group: ServerGroup) -> Iterator[Write]:
    mine: Mapping[str, str] = {OWNER_TAG: default_name(service), CLUSTER_TAG: world.cluster_id}
    keys = [key for key, value in mine.items() if group.tags.get(key) == value]
    if keys:
        yield untag_write("servergroup", group.id, keys, group.tags)


def _is_users(world: World, service: Service, group: ServerGroup, remote: Remote) -> bool:
    if not is_mine(world, service, group.name):
        return True
    if not world.ways.nlb_user_servers:
        return False
    return group.id in remote.reused or any(is_foreign(world, service, one) for one in group.backends)


def _unread(world: World, group: WantedGroup) -> bool:
    """Whether the user named a group that was not read."""
    return bool(group.desired.reused) and group.desired.reused not in world.nlb_groups_by_id


def unknown_of(world: World, wanted: Iterable[WantedGroup]) -> tuple[str, ...]:
    """What could not be told about groups and backends, by port."""
    found = []
    for group in wanted:
        why = group.desired.wanted.unknown
        if not why and _unread(world, group):
            why = f"server group {group.desired.reused} was not read"
        if why:
            found.append(f"port {group.desired.port.port}: {why}")
    return tuple(found)


def invalid_pods(wanted: Iterable[WantedGroup]) -> tuple[str, ...]:
    """The pods without a known ENI, of the first port that has some."""
    return next((group.desired.wanted.invalid for group in wanted if group.desired.wanted.invalid), ())


def empty_ports(wanted: Iterable[WantedGroup]) -> int:
    """How many groups have no backend at all; each is an event."""
    return sum(not _filled(group.desired.wanted) for group in wanted)


def _filled(wanted: Wanted) -> bool:
    return bool(wanted.backends or wanted.invalid or wanted.unknown)
