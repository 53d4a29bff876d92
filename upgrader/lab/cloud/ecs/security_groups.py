"""Security groups and their rules."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.ecs.model import SecurityGroup
from upgrader.lab.cloud.errors import CloudError, missing
from upgrader.lab.cloud.paging import by_token

MOST_RULES = 200
RULE_FIELDS = (
    "IpProtocol",
    "PortRange",
    "SourcePortRange",
    "SourceCidrIp",
    "Ipv6SourceCidrIp",
    "DestCidrIp",
    "Ipv6DestCidrIp",
    "SourceGroupId",
    "SourceGroupOwnerAccount",
    "SourcePrefixListId",
    "NicType",
    "Policy",
    "Priority",
    "Description",
)
SAME = ("IpProtocol", "PortRange", "SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId", "SourcePrefixListId", "Policy")


def _group(call: Call) -> SecurityGroup:
    found = call.world.ecs.security_groups.get(call.params.required("SecurityGroupId"))
    if found is None:
        raise CloudError("InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist.", 404)
    return found


def create(call: Call) -> Answer:
    """A new security group."""
    params = call.params
    made = SecurityGroup(
        id=call.world.new_bp1("sg", 14),
        name=params.text("SecurityGroupName"),
        description=params.text("Description"),
        region=call.region,
        vpc_id=params.text("VpcId"),
        type=params.text("SecurityGroupType", "normal"),
        resource_group=params.text("ResourceGroupId"),
        tags=params.tags(),
        created=call.stamp,
    )
    call.world.ecs.security_groups[made.id] = made
    return {"SecurityGroupId": made.id}


def describe_all(call: Call) -> Answer:
    """Security groups by VPC, name, id and tag, a page of them."""
    params, tags = call.params, call.params.tags()
    ids = {str(one) for one in params.json_list("SecurityGroupIds")} | set(params.values("SecurityGroupId"))
    found = [
        one
        for one in call.world.ecs.security_groups.values()
        if one.region == call.region
        and (not ids or one.id in ids)
        and params.text("VpcId") in ("", one.vpc_id)
        and params.text("SecurityGroupName") in ("", one.name)
        and all(one.tags.get(key) == value if value else key in one.tags for key, value in tags.items())
    ]
    page, token, size = by_token(call, found, default=50)
    shown = [
        {
            "SecurityGroupId": one.id,
            "SecurityGroupName": one.name,
            "Description": one.description,
            "VpcId": one.vpc_id,
            "SecurityGroupType": one.type,
            "ResourceGroupId": one.resource_group,
            "CreationTime": one.created,
            "RuleCount": len(one.rules),
            "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in one.tags.items()]},
        }
        for one in page
    ]
    return {
        "TotalCount": len(found),
        "PageNumber": 1,
        "PageSize": size,
        "NextToken": token,
        "RegionId": call.region,
        "SecurityGroups": {"SecurityGroup": shown},
    }


def describe(call: Call) -> Answer:
    """One security group with its rules."""
    one = _group(call)
    return {
        "RegionId": one.region,
        "SecurityGroupId": one.id,
        "SecurityGroupName": one.name,
        "Description": one.description,
        "VpcId": one.vpc_id,
        "InnerAccessPolicy": one.inner_access,
        "NextToken": "",
        "Permissions": {
            "Permission": [{"Direction": "ingress", "CreateTime": one.created, **rule} for rule in one.rules]
        },
    }


def modify(call: Call) -> Answer:
    """Rename or describe."""
    one = _group(call)
    one.name = call.params.text("SecurityGroupName", one.name)
    one.description = call.params.text("Description", one.description)
    return {}


def delete(call: Call) -> Answer:
    """Delete a group that nothing is in."""
    one = _group(call)
    users = [nlb.id for nlb in call.world.nlb.load_balancers.values() if one.id in nlb.security_groups]
    users += [machine.id for machine in call.world.ecs.instances.values() if one.id in machine.security_groups]
    if users:
        raise CloudError("DependencyViolation", "There is still instance(s) in the specified security group.", 403)
    del call.world.ecs.security_groups[one.id]
    return {}


def authorize(call: Call) -> Answer:
    """Add rules; a rule that is there already is no matter."""
    one = _group(call)
    for rule in _sent(call):
        if any(_same(rule, have) for have in one.rules):
            continue
        if len(one.rules) >= MOST_RULES:
            raise CloudError("AuthorizationLimitExceed", "The limit of authorization records is reached.", 403)
        one.rules.append({"SecurityGroupRuleId": call.world.new_bp1("sgr", 12), **rule})
    return {}


def revoke(call: Call) -> Answer:
    """Take rules away, by id or by what they say."""
    one = _group(call)
    ids = set(call.params.values("SecurityGroupRuleId"))
    gone = _sent(call) if not ids else []
    one.rules = [
        have
        for have in one.rules
        if have["SecurityGroupRuleId"] not in ids and not any(_same(rule, have) for rule in gone)
    ]
    return {}


def modify_rule(call: Call) -> Answer:
    """Change one rule."""
    one = _group(call)
    wanted = call.params.required("SecurityGroupRuleId")
    for rule in one.rules:
        if rule["SecurityGroupRuleId"] == wanted:
            rule.update({name: call.params.text(name) for name in RULE_FIELDS if call.params.has(name)})
            return {}
    raise CloudError("InvalidSecurityGroupRuleId.NotFound", "The specified SecurityGroupRuleId does not exist.", 404)


def _sent(call: Call) -> list[dict[str, str]]:
    """`Permissions.1.IpProtocol` …, or one rule at the top."""
    records = call.params.records("Permissions") or [dict(call.params.raw)]
    rules = []
    for record in records:
        rule = {name: record.get(name, "") for name in RULE_FIELDS}
        if not rule["IpProtocol"]:
            raise missing("IpProtocol")
        rule["IpProtocol"] = rule["IpProtocol"].upper()
        rule["Policy"] = (rule["Policy"] or "accept").capitalize()
        rule["Priority"] = rule["Priority"] or "1"
        rules.append(rule)
    return rules


def _same(one: dict[str, str], other: dict[str, str]) -> bool:
    return all(one[name] == other[name] for name in SAME)


ACTIONS: Actions = {
    "CreateSecurityGroup": create,
    "DescribeSecurityGroups": describe_all,
    "DescribeSecurityGroupAttribute": describe,
    "ModifySecurityGroupAttribute": modify,
    "DeleteSecurityGroup": delete,
    "AuthorizeSecurityGroup": authorize,
    "RevokeSecurityGroup": revoke,
    "ModifySecurityGroupRule": modify_rule,
}
