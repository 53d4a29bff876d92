"""An NLB's security groups: those that the annotation names, and CCM's own one for loadBalancerSourceRanges.

Source: `nlbv2/loadbalancer.go` (Update, UpdateSecurityGroupIds, CreateAssociatedSecurityGroup,
diffAssociatedSecurityGroupPermissions), `nlbv2/model_applier.go` (needFindAssociatedSecurityGroup, cleanup),
`provider/alibaba/ecs/ecs.go`; observed from v2.14.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.nlb.attributes import Attributes
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer, SecurityGroup
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

LABEL = "service.k8s.alibaba/security-group-id"
# What stands for the id of a group that is still to be made.
NEW = "(new)"
Rule = dict[str, str]
_RULE_FIELDS = ("Policy", "Priority", "IpProtocol", "SourceCidrIp", "PortRange", "Description")


class OwnGroup(Struct, frozen=True, kw_only=True):
    """CCM's security group of a Service: whether one is wanted, and the one that is there."""

    wanted: bool = False
    found: SecurityGroup | None = None
    unknown: str = ""

    @property
    def id(self) -> str:
        """The id it has, or will have."""
        return self.found.id if self.found else NEW if self.wanted else ""


def own_group(world: World, service: Service, lb: LoadBalancer | None) -> OwnGroup:
    """CCM's group as the version finds it; nothing for versions without source ranges, and on the user's own NLB."""
    if not world.ways.source_ranges or Annotations(service).get("id"):
        return OwnGroup()
    wanted = bool(service.spec.load_balancer_source_ranges)
    attached = lb is not None and bool(lb.attributes.get("SecurityGroupIds"))
    if not (wanted or attached or service.metadata.labels.get(LABEL)):
        return OwnGroup()
    if world.facts.security_groups is None or world.facts.has_gap("security-groups"):
        return OwnGroup(unknown="the security groups were not read")
    name = default_name(service)
    mine = [group for group in world.facts.security_groups if group.tags.get(OWNER_TAG) == name]
    # Of two CCM takes neither: it logs that and goes on without.
    return OwnGroup(wanted=wanted and len(mine) < 2, found=mine[0] if len(mine) == 1 else None)


def membership_writes(wish: Attributes, own: OwnGroup, lb: LoadBalancer) -> Iterator[Write]:
    """Joining and leaving, where the wanted groups are not those that the NLB is in."""
    wanted = list(wish.security_groups or ()) + ([own.id] if own.wanted else [])
    had = [one for one in lb.attributes.get("SecurityGroupIds", "").split(",") if one]
    if wish.security_groups is None and own.found is None and not wanted:
        return
    if len(wanted) == len(had) and {w.lower() for w in wanted} <= {h.lower() for h in had}:
        return
    for call, ids in (
        ("LoadBalancerJoinSecurityGroup", [one for one in wanted if one not in had]),
        ("LoadBalancerLeaveSecurityGroup", [one for one in had if one not in wanted]),
    ):
        if ids:
            params = {"LoadBalancerId": lb.id} | {f"SecurityGroupIds.{n}": one for n, one in enumerate(ids, 1)}
            yield Write(
                action=f"nlb:{call}", object=lb.id, params=params,
                changes={"SecurityGroupIds": (",".join(had) or None, ",".join(wanted) or None)},
            )  # fmt: skip


def creation_writes(world: World, service: Service, wish: Attributes, own: OwnGroup) -> Iterator[Write]:
    """CCM's group is made empty; its rules come with the other requests."""
    if not own.wanted or own.found is not None:
        return
    config = world.config
    params = {
        "VpcId": config.get("vpcid") or world.facts.identity.vpc_id,
        "SecurityGroupName": group_name(service),
        "SecurityGroupType": "enterprise",
        "Description": _description(world, service),
        "ResourceGroupId": wish.resource_group or config.get("resourcegroupid", ""),
        "Tag.1.Key": OWNER_TAG,
        "Tag.1.Value": default_name(service),
        "Tag.2.Key": CLUSTER_TAG,
        "Tag.2.Value": world.cluster_id,
    }
    yield Write(
        action="ecs:CreateSecurityGroup", object="", changes={"SecurityGroupName": (None, group_name(service))},
        params={key: value for key, value in params.items() if value},
    )  # fmt: skip


def rule_writes(world: World, service: Service, own: OwnGroup) -> Iterator[Write]:
    """CCM's group brought to its name and rules; other people's rules in it stay."""
    if not own.wanted:
        return
    wanted = _rules(world, service)
    if own.found is None:
        yield _rules_write("AuthorizeSecurityGroup", "", wanted)
        return
    group, description = own.found, _description(world, service)
    if (group.name, group.description) != (group_name(service), description):
        params = {"SecurityGroupId": group.id, "SecurityGroupName": group_name(service), "Description": description}
        yield Write(
            action="ecs:ModifySecurityGroupAttribute", object=group.id, params=params,
            changes={"SecurityGroupName": (group.name, group_name(service)),
                     "Description": (group.description, description)},
        )  # fmt: skip
    missing = [rule for rule in wanted if _twin(rule, group.permissions) is None]
    if missing:
        yield _rules_write("AuthorizeSecurityGroup", group.id, missing)
    for rule in wanted:
        had = _twin(rule, group.permissions)
        if had is not None and not _same(rule, had):
            yield _modify(group.id, rule, had)
    surplus = [
        dict(rule)
        for rule in group.permissions
        if rule.get("Description", "") == description and _twin(rule, wanted) is None
    ]
    if surplus:
        yield _rules_write("RevokeSecurityGroup", group.id, surplus)


def deletion_writes(service: Service, own: OwnGroup) -> Iterator[Write]:
    """CCM's group goes when no source range is left."""
    if own.found is not None and not service.spec.load_balancer_source_ranges:
        yield Write(
            action="ecs:DeleteSecurityGroup", object=own.found.id, params={"SecurityGroupId": own.found.id},
            changes={"SecurityGroupName": (own.found.name, None)},
        )  # fmt: skip


def group_name(service: Service) -> str:
    """The name of CCM's security group."""
    return f"k8s-nlb-{default_name(service)}"


def _description(world: World, service: Service) -> str:
    return f"k8s.{service.metadata.namespace}.{service.metadata.name}.{world.cluster_id}"


def _rules(world: World, service: Service) -> list[Rule]:
    common = {"IpProtocol": "All", "PortRange": "-1/-1", "Description": _description(world, service)}
    ranges = service.spec.load_balancer_source_ranges or ()
    accept = [{"Policy": "accept", "Priority": "1", "SourceCidrIp": cidr, **common} for cidr in ranges]
    return [*accept, {"Policy": "drop", "Priority": "100", "SourceCidrIp": "0.0.0.0/0", **common}]


def _twin(rule: Mapping[str, str], others: Iterable[Mapping[str, str]]) -> Mapping[str, str] | None:
    """The rule for the same source and policy."""
    key = rule.get("SourceCidrIp", ""), rule.get("Policy", "").lower()
    return next((one for one in others if (one.get("SourceCidrIp", ""), one.get("Policy", "").lower()) == key), None)


def _same(rule: Mapping[str, str], had: Mapping[str, str]) -> bool:
    return rule["IpProtocol"].lower() == had.get("IpProtocol", "").lower() and all(
        rule[name] == had.get(name, "") for name in ("Description", "Priority", "PortRange")
    )


def _rules_write(call: str, group: str, rules: Iterable[Mapping[str, str]]) -> Write:
    params, adding = ({"SecurityGroupId": group} if group else {}), call == "AuthorizeSecurityGroup"
    changes: dict[str, tuple[str | None, str | None]] = {}
    for number, rule in enumerate(rules, 1):
        params |= {f"Permissions.{number}.{name}": rule[name] for name in _RULE_FIELDS if rule.get(name)}
        label = f"{rule['Policy'].lower()} {rule['SourceCidrIp']}"
        changes[label] = (None, "all") if adding else ("all", None)
    return Write(action=f"ecs:{call}", object=group, changes=changes, params=params)


def _modify(group: str, rule: Rule, had: Mapping[str, str]) -> Write:
    params = {"SecurityGroupId": group, "SecurityGroupRuleId": had.get("SecurityGroupRuleId", "")} | rule
    changes: dict[str, tuple[str | None, str | None]] = {
        name: (had.get(name), rule[name]) for name in _RULE_FIELDS if rule[name] != had.get(name)
    }
    return Write(action="ecs:ModifySecurityGroupRule", object=group, changes=changes, params=params)
