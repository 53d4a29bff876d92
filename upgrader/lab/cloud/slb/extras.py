"""What hangs on listeners: forwarding rules, domain extensions, certificates, access control lists."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, not_found
from upgrader.lab.cloud.paging import by_number
from upgrader.lab.cloud.slb import show
from upgrader.lab.cloud.slb.lookup import changeable, listener, load_balancer
from upgrader.lab.cloud.slb.model import Acl, Certificate, DomainExtension, Listener, LoadBalancer, Rule


def create_rules(call: Call) -> Answer:
    """Forwarding rules by domain and path; domain and path together are unique on a listener."""
    lb = changeable(call)
    on = listener(call, lb)
    made = []
    for one in call.params.json_list("RuleList"):
        domain, url = str(one.get("Domain") or ""), str(one.get("Url") or "")
        for rule in lb.rules.values():
            if (rule.port, rule.protocol, rule.domain, rule.url) == (on.port, on.protocol, domain, url):
                raise CloudError("DomainExist", "A rule for this domain and path exists.")
        rule = Rule(
            id=call.world.new_bp1("rule", 14),
            name=str(one.get("RuleName") or ""),
            port=on.port,
            protocol=on.protocol,
            domain=domain,
            url=url,
            group_id=str(one.get("VServerGroupId") or ""),
        )
        lb.rules[rule.id] = rule
        made.append({"RuleId": rule.id, "RuleName": rule.name})
    return {"Rules": {"Rule": made}}


def describe_rules(call: Call) -> Answer:
    """The rules of a listener."""
    lb = load_balancer(call)
    on = listener(call, lb)
    found = [
        {"RuleId": rule.id, "RuleName": rule.name, "Domain": rule.domain, "Url": rule.url,
         "VServerGroupId": rule.group_id}
        for rule in lb.rules.values()
        if (rule.port, rule.protocol) == (on.port, on.protocol)
    ]  # fmt: skip
    return {"Rules": {"Rule": found}}


def set_rule(call: Call) -> Answer:
    """Point a rule at another group, or rename it."""
    rule = _rule(call)[1]
    rule.group_id = call.params.text("VServerGroupId", rule.group_id)
    rule.name = call.params.text("RuleName", rule.name)
    return {}


def delete_rules(call: Call) -> Answer:
    """Delete rules by id."""
    for rule_id in call.params.values("RuleIds"):
        for lb in call.world.slb.load_balancers.values():
            lb.rules.pop(rule_id, None)
    return {}


def _rule(call: Call) -> tuple[LoadBalancer, Rule]:
    rule_id = call.params.required("RuleId")
    for lb in call.world.slb.load_balancers.values():
        if rule_id in lb.rules:
            return lb, lb.rules[rule_id]
    raise not_found("RuleId")


def create_extension(call: Call) -> Answer:
    """A certificate for one more domain of an HTTPS listener."""
    lb = changeable(call)
    on = listener(call, lb, "https")
    domain = call.params.required("Domain")
    if any((one.port, one.domain) == (on.port, domain) for one in lb.extensions.values()):
        raise CloudError("DomainExtensionAlreadyExist", f"The listener has an extension for {domain}.")
    made = DomainExtension(
        id=call.world.new_bp1("de", 12),
        port=on.port,
        domain=domain,
        certificate_id=call.params.required("ServerCertificateId"),
    )
    lb.extensions[made.id] = made
    return {"DomainExtensionId": made.id, "ListenerPort": on.port}


def describe_extensions(call: Call) -> Answer:
    """The domain extensions of a listener."""
    lb = load_balancer(call)
    port = call.params.integer("ListenerPort")
    found = [
        {"DomainExtensionId": one.id, "Domain": one.domain, "ServerCertificateId": one.certificate_id}
        for one in lb.extensions.values()
        if port in (0, one.port)
    ]
    return {"DomainExtensions": {"DomainExtension": found}}


def set_extension(call: Call) -> Answer:
    """Another certificate for the domain."""
    extension = _extension(call)[1]
    extension.certificate_id = call.params.required("ServerCertificateId")
    return {}


def delete_extension(call: Call) -> Answer:
    """Take the domain off."""
    lb, extension = _extension(call)
    del lb.extensions[extension.id]
    return {}


def _extension(call: Call) -> tuple[LoadBalancer, DomainExtension]:
    wanted = call.params.required("DomainExtensionId")
    for lb in call.world.slb.load_balancers.values():
        if wanted in lb.extensions:
            return lb, lb.extensions[wanted]
    raise CloudError("DomainExtensionNotExist", "The specified DomainExtensionId does not exist.", 404)


def server_certificates(call: Call) -> Answer:
    """Server certificates of the region."""
    wanted = call.params.text("ServerCertificateId")
    found = [
        {
            "ServerCertificateId": one.id,
            "ServerCertificateName": one.name,
            "CommonName": one.common_name,
            "RegionId": one.region,
            "ResourceGroupId": one.resource_group,
            "ExpireTime": one.expires,
            "ExpireTimeStamp": 1893456000000,
            "CreateTime": one.created,
            "CreateTimeStamp": 1735689600000,
            "IsAliCloudCertificate": 0,
        }
        for one in _certificates(call, ca=False, wanted=wanted)
    ]
    return {"ServerCertificates": {"ServerCertificate": found}}


def ca_certificates(call: Call) -> Answer:
    """CA certificates of the region."""
    wanted = call.params.text("CACertificateId")
    found = [
        {"CACertificateId": one.id, "CACertificateName": one.name, "CommonName": one.common_name,
         "RegionId": one.region, "ExpireTimeStamp": 1893456000000, "CreateTimeStamp": 1735689600000}
        for one in _certificates(call, ca=True, wanted=wanted)
    ]  # fmt: skip
    return {"CACertificates": {"CACertificate": found}}


def _certificates(call: Call, *, ca: bool, wanted: str) -> list[Certificate]:
    stored = call.world.slb.certificates
    if wanted and wanted not in stored and call.world.rules.adopt_unknown:
        stored[wanted] = Certificate(id=wanted, region=call.region, ca=ca, created=call.stamp)
    return [one for one in stored.values() if one.ca is ca and wanted in ("", one.id) and one.region == call.region]


def upload_certificate(call: Call) -> Answer:
    """A new server certificate."""
    made = Certificate(
        id=f"{call.world.account_id}_{call.world.new_hex('certificate', 16)}",
        name=call.params.text("ServerCertificateName"),
        region=call.region,
        created=call.stamp,
    )
    call.world.slb.certificates[made.id] = made
    return {"ServerCertificateId": made.id, "ServerCertificateName": made.name}


def create_acl(call: Call) -> Answer:
    """A new access control list."""
    made = Acl(
        id=call.world.new_bp1("acl", 14),
        name=call.params.required("AclName"),
        region=call.region,
        ip_version=call.params.text("AddressIPVersion", "ipv4"),
        tags=call.params.tags(),
        created=call.stamp,
    )
    call.world.slb.acls[made.id] = made
    return {"AclId": made.id}


def describe_acls(call: Call) -> Answer:
    """The region's lists."""
    name = call.params.text("AclName")
    found = [one for one in call.world.slb.acls.values() if one.region == call.region and name in ("", one.name)]
    page, counts = by_number(call, found, default=50)
    shown = [
        {"AclId": one.id, "AclName": one.name, "AddressIPVersion": one.ip_version,
         "ResourceGroupId": one.resource_group, "Tags": show.tags(one.tags)}
        for one in page
    ]  # fmt: skip
    return {**counts, "Count": len(page), "Acls": {"Acl": shown}}


def describe_acl(call: Call) -> Answer:
    """One list with its entries and the listeners that use it."""
    one = _acl(call)
    entries = [{"AclEntryIP": ip, "AclEntryComment": comment} for ip, comment in one.entries.items()]
    users = [
        {"LoadBalancerId": lb.id, "ListenerPort": on.port, "Protocol": on.protocol,
         "AclType": str(on.settings.get("AclType", ""))}
        for lb, on in _users(call, one.id)
    ]  # fmt: skip
    return {
        "AclId": one.id,
        "AclName": one.name,
        "AddressIPVersion": one.ip_version,
        "AclEntrys": {"AclEntry": entries},
        "RelatedListeners": {"RelatedListener": users},
        "TotalAclEntry": len(entries),
    }


def delete_acl(call: Call) -> Answer:
    """Delete a list that no listener uses."""
    one = _acl(call)
    if _users(call, one.id):
        raise CloudError("AclListenerExist", "The access control list is in use by a listener.")
    del call.world.slb.acls[one.id]
    return {}


def add_acl_entry(call: Call) -> Answer:
    """Add addresses to a list."""
    one = _acl(call)
    for entry in call.params.json_list("AclEntrys"):
        one.entries[str(entry["entry"])] = str(entry.get("comment") or "")
    return {}


def remove_acl_entry(call: Call) -> Answer:
    """Take addresses off a list."""
    one = _acl(call)
    for entry in call.params.json_list("AclEntrys"):
        one.entries.pop(str(entry["entry"]), None)
    return {}


def _acl(call: Call) -> Acl:
    one = call.world.slb.acls.get(call.params.required("AclId"))
    if one is None:
        raise CloudError("AclNotExist", "The specified access control list does not exist.", 404)
    return one


def _users(call: Call, acl_id: str) -> list[tuple[LoadBalancer, Listener]]:
    return [
        (lb, on)
        for lb in call.world.slb.load_balancers.values()
        for on in lb.listeners.values()
        if on.settings.get("AclId") == acl_id
    ]


ACTIONS: Actions = {
    "CreateRules": create_rules,
    "DescribeRules": describe_rules,
    "SetRule": set_rule,
    "DeleteRules": delete_rules,
    "CreateDomainExtension": create_extension,
    "DescribeDomainExtensions": describe_extensions,
    "SetDomainExtensionAttribute": set_extension,
    "DeleteDomainExtension": delete_extension,
    "DescribeServerCertificates": server_certificates,
    "DescribeCACertificates": ca_certificates,
    "UploadServerCertificate": upload_certificate,
    "CreateAccessControlList": create_acl,
    "DescribeAccessControlLists": describe_acls,
    "DescribeAccessControlListAttribute": describe_acl,
    "DeleteAccessControlList": delete_acl,
    "AddAccessControlListEntry": add_acl_entry,
    "RemoveAccessControlListEntry": remove_acl_entry,
}
