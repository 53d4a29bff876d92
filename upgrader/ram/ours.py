"""The RAM actions that this tool itself calls: what to allow its caller, and why. Least privilege, tried in the lab."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

READS: Mapping[str, str] = {
    "cs:DescribeAddon": "versions that the add-on API offers",
    "cs:DescribeClusterAddonsVersion": "the add-on, where the endpoint lacks the newer calls",
    "cs:DescribeClusterDetail": "kind, region, network of the cluster",
    "cs:DescribeClusterResources": "the masters' role of a dedicated cluster",
    "cs:DescribeClusterTasks": "whether a task of the cluster is under way",
    "cs:DescribeTaskInfo": "how far an upgrade of the add-on is",
    "cs:GetClusterAddonInstance": "the installed add-on and its configuration",
    "ecs:DescribeInstanceRamRole": "the role of a self-managed CCM",
    "ecs:DescribeNetworkInterfaces": "the interfaces of pods that are backends",
    "ecs:DescribeSecurityGroupAttribute": "rules of CCM's security groups",
    "ecs:DescribeSecurityGroups": "CCM's security groups of NLBs",
    "nlb:GetLoadBalancerAttribute": "NLBs",
    "nlb:ListListenerCertificates": "certificates of NLB listeners",
    "nlb:ListListeners": "listeners of NLBs",
    "nlb:ListLoadBalancers": "NLBs",
    "nlb:ListServerGroupServers": "backends of NLBs",
    "nlb:ListServerGroups": "backends of NLBs",
    "nlb:ListTagResources": "tags of NLBs",
    "ram:GetPolicy": "the default version of a policy",
    "ram:GetPolicyVersion": "documents of the role's policies",
    "ram:ListPoliciesForRole": "policies of the role",
    "ram:ListPolicyVersions": "whether a policy has room for a new version",
    "slb:DescribeDomainExtensions": "certificates of CLB listeners",
    "slb:DescribeLoadBalancerAttribute": "CLBs",
    "slb:DescribeLoadBalancerListeners": "listeners of CLBs",
    "slb:DescribeLoadBalancers": "CLBs",
    "slb:DescribeVServerGroupAttribute": "backends of CLBs",
    "slb:DescribeVServerGroups": "backends of CLBs",
    "slb:ListTagResources": "tags of CLBs",
    "vpc:DescribeVpcAttribute": "address ranges of the VPC",
}
"""What `discover`, `check`, `plan`, `verify`, `list` and `diagnose` call. A missing one is a gap that names it."""

SHADOW: Mapping[str, str] = {
    "ram:GetPolicy": "the default version of a policy",
    "ram:GetPolicyVersion": "documents of the identity's policies",
    "ram:ListGroupsForUser": "the groups of the dry run's identity",
    "ram:ListPoliciesForGroup": "policies of its groups",
    "ram:ListPoliciesForUser": "policies of its own",
    "ram:ListPolicyVersions": "which of them is the default",
}
"""What `plan --shadow` asks in addition: that the dry run's identity can only read. Whose key it is, the key says."""

WRITES: Mapping[str, str] = {
    "cs:CancelTask": "ccm.addon: take an upgrade back while it runs",
    "cs:UpgradeClusterAddons": "ccm.addon: upgrade the add-on",
    "ram:CreatePolicyVersion": "ram.policy-version: add actions to CCM's policy",
    "ram:DeletePolicyVersion": "ram.policy-version: make room, and take the new version back",
    "ram:SetDefaultPolicyVersion": "ram.policy-version: take the new version back",
    "slb:TagResources": "clb.tag: add the tag",
    "slb:UntagResources": "clb.tag: take the tag back",
}
"""What `apply`, `resume` and `rollback` call in addition, each for one kind of step."""


ASKS: Mapping[str, str] = {
    "ram:ListGroupsForUser": "whether the caller, a user, may what the steps need",
    "ram:ListPoliciesForGroup": "whether the caller, a user in a group, may what the steps need",
    "ram:ListPoliciesForUser": "whether the caller, a user, may what the steps need",
}
"""What `apply` asks about its own caller. Without them a right that is missing shows at its step."""


def writes_of(kind: str) -> tuple[str, ...]:
    """The actions that steps of this kind send, undoing included."""
    return tuple(action for action, what_for in WRITES.items() if what_for.startswith(f"{kind}:"))


def document(actions: Iterable[str]) -> dict[str, Any]:
    """A policy document that allows just these."""
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    return {"Version": "1", "Statement": [statement]}
