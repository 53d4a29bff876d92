"""vSwitches, addresses, and server groups that are in use."""

from __future__ import annotations

from shlex import quote

from upgrader.diagnose.case import Case, annotate
from upgrader.diagnose.model import Answer


def vswitch(case: Case) -> Answer:
    """Which vSwitch CCM uses: the Service's own, else the cluster's."""
    own = case.value("vswitch-id")
    config = {key.lower(): value for key, value in case.look.facts.ccm.cloud_config.items()}
    default = config.get("vswitchid", "")
    evidence = [case.says("vswitch-id")]
    if own is None:
        evidence.append(f"CCM's cloud-config names {default}" if default else "CCM's cloud-config names none")
    return Answer(
        evidence=tuple(evidence),
        fix=(
            "aliyun vpc DescribeVSwitches --RegionId REGION --VpcId VPC_ID (one with AvailableIpAddressCount above 0)",
            annotate("vswitch-id", "VSWITCH_ID"),
        ),
    )


def group_in_use(case: Case) -> Answer:
    """Whether the CLB is reused, and which of its listeners hold groups."""
    lb = case.named or case.lb
    named = case.value("id")
    evidence = [f"{case.says('id')}: the CLB is reused" if named else "the CLB is CCM's own"]
    if lb is None:
        return Answer(evidence=tuple(evidence))
    group = case.group(r"(rsp-\w+)")
    ports = {port.port for port in case.service.spec.ports or ()}
    holding = [
        one
        for one in lb.listeners
        if (group and one.server_group_id == group) or (not group and one.server_group_id and one.port not in ports)
    ]
    evidence += [f"listener {one.port} ({one.protocol}) of {lb.id} uses {one.server_group_id}" for one in holding[:5]]
    fix = tuple(
        f"aliyun slb DeleteLoadBalancerListener --LoadBalancerId {quote(lb.id)} --ListenerPort {one.port} "
        f"--ListenerProtocol {quote(one.protocol)} (only where nobody else needs it)"
        for one in holding[:5]
    )
    return Answer(evidence=tuple(evidence), fix=fix or None)


def eip(case: Case) -> Answer:
    """What the annotation asks for."""
    return Answer(evidence=(case.says("external-ip-type"),))


def zones(case: Case) -> Answer:
    """What the annotation says of zones."""
    return Answer(evidence=(case.says("zone-maps"),))
