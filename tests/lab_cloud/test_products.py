"""What the products do: states, validation, limits, jobs, tasks; each row of the FAQ's errors can be provoked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.call import as_role
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.cs.model import Addon, Cluster, Outcome
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.seed import add_network, add_policy, add_role, allow, fresh_world
from upgrader.lab.cloud.slb.model import LoadBalancer
from upgrader.lab.faults import Fault, Faults

CCM = "cloud-controller-manager"


def code(cloud: Cloud, product: str, action: str, **params: str) -> str:
    """The error code that a request is refused with."""
    with pytest.raises(CloudError) as caught:
        cloud.call(product, action, {key.replace("_", "."): value for key, value in params.items()})
    return caught.value.code


def clb(cloud: Cloud, **params: str) -> str:
    return str(
        cloud.call("slb", "CreateLoadBalancer", {"LoadBalancerSpec": "slb.s1.small", **params})["LoadBalancerId"]
    )


def group(cloud: Cloud, lb: str, *backends: dict[str, Any]) -> str:
    made = cloud.call("slb", "CreateVServerGroup", {"LoadBalancerId": lb, "VServerGroupName": "g"})
    group_id = str(made["VServerGroupId"])
    if backends:
        cloud.call(
            "slb", "AddVServerGroupBackendServers",
            {"VServerGroupId": group_id, "BackendServers": json.dumps(backends)},
        )  # fmt: skip
    return group_id


def backend(number: int = 1, weight: int = 100, kind: str = "ecs") -> dict[str, Any]:
    return {"serverId": f"i-node{number}", "port": 31000, "weight": weight, "type": kind}


def test_a_clb_lives_as_ccm_makes_it(cloud: Cloud) -> None:
    lb = clb(cloud, DeleteProtection="on")
    group_id = group(cloud, lb, backend(1, 2), backend(2, 1))
    listener = {
        "LoadBalancerId": lb,
        "ListenerPort": "80",
        "VServerGroupId": group_id,
        "Bandwidth": "-1",
        "Scheduler": "rr",
        "healthCheckInterval": "7",
    }
    cloud.call("slb", "CreateLoadBalancerTCPListener", listener)
    cloud.call(
        "slb", "StartLoadBalancerListener", {"LoadBalancerId": lb, "ListenerPort": "80", "ListenerProtocol": "tcp"}
    )
    shown = cloud.call("slb", "DescribeLoadBalancerListeners", {"LoadBalancerId.1": lb})["Listeners"]
    assert [(one["ListenerPort"], one["Status"], one["TCPListenerConfig"]["EstablishedTimeout"]) for one in shown] == [
        (80, "running", 900)
    ]
    assert shown[0]["TCPListenerConfig"]["HealthCheckInterval"] == 7
    cloud.call(
        "slb", "SetVServerGroupAttribute",
        {"VServerGroupId": group_id, "BackendServers": json.dumps([backend(1, 7)])},
    )  # fmt: skip
    servers = cloud.call("slb", "DescribeVServerGroupAttribute", {"VServerGroupId": group_id})["BackendServers"]
    assert [one["Weight"] for one in servers["BackendServer"]] == [7, 1]
    assert code(cloud, "slb", "DeleteVServerGroup", VServerGroupId=group_id) == "RspoolVipExist"
    assert code(cloud, "slb", "DeleteLoadBalancer", LoadBalancerId=lb) == "OperationFailed.DeleteProtectionIsOn"
    cloud.call("slb", "SetLoadBalancerDeleteProtection", {"LoadBalancerId": lb, "DeleteProtection": "off"})
    cloud.call("slb", "DeleteLoadBalancer", {"LoadBalancerId": lb})
    with pytest.raises(CloudError, match="LoadBalancerId does not exist"):
        cloud.call("slb", "DescribeLoadBalancerAttribute", {"LoadBalancerId": lb})
    assert cloud.world.slb.groups == {}


def test_a_port_holds_one_listener_but_udp_may_share_it(cloud: Cloud) -> None:
    lb = clb(cloud)
    cloud.call("slb", "CreateLoadBalancerTCPListener", {"LoadBalancerId": lb, "ListenerPort": "80"})
    cloud.call("slb", "CreateLoadBalancerUDPListener", {"LoadBalancerId": lb, "ListenerPort": "80"})
    again = code(cloud, "slb", "CreateLoadBalancerHTTPListener", LoadBalancerId=lb, ListenerPort="80")
    assert again == "ListenerAlreadyExists"


def test_weights_above_100_are_refused_only_by_a_strict_cloud(cloud: Cloud) -> None:
    lb = clb(cloud)
    group(cloud, lb, backend(weight=150))
    cloud.world.rules.weights_to_100 = True
    with pytest.raises(CloudError, match="0 to 100"):
        group(cloud, lb, backend(weight=101))


def test_the_faqs_errors_can_be_provoked(cloud: Cloud) -> None:
    shared = clb(cloud, LoadBalancerSpec="")
    with pytest.raises(CloudError, match="does not support backend servers of eni type"):
        group(cloud, shared, backend(kind="eni"))
    cloud.world.slb.load_balancers[shared].backend_quota = 1
    with pytest.raises(CloudError, match="has reached to the quota limit"):
        group(cloud, shared, backend(1), backend(2))
    add_network(cloud.world, "vpc-other", zones="h", free_ips=0)
    empty = code(cloud, "slb", "CreateLoadBalancer", AddressType="intranet", VSwitchId="vsw-other-h")
    assert empty == "VSwitchAvailableIpNotExist"
    cloud.world.vpc.vswitches["vsw-other-h"].free_ips = 5
    inner = clb(cloud, AddressType="intranet", VSwitchId="vsw-other-h")
    with pytest.raises(CloudError) as conflict:
        group(cloud, inner, backend())
    assert conflict.value.code == "NetworkConflict"
    both = {"InstanceChargeType": "PayByCLCU", "LoadBalancerSpec": "slb.s1.small"}
    billed = clb(cloud, **both)
    assert cloud.world.slb.load_balancers[billed].spec == ""
    with pytest.raises(CloudError, match="instanceChargeType of loadbalancer is PayByCLCU"):
        cloud.call(
            "slb", "ModifyLoadBalancerInstanceSpec", {"LoadBalancerId": billed, "LoadBalancerSpec": "slb.s2.small"}
        )
    for reason in ("ORDER.ARREARAGE", "PAY.INSUFFICIENT_BALANCE"):
        cloud.world.rules.arrears = reason
        assert code(cloud, "slb", "CreateLoadBalancer") == reason


def test_a_client_token_makes_one_load_balancer(cloud: Cloud) -> None:
    assert clb(cloud, ClientToken="t1") == clb(cloud, ClientToken="t1")
    assert len(cloud.world.slb.load_balancers) == 1
    assert code(cloud, "slb", "CreateLoadBalancer", ClientToken="t1") == "IdempotentParameterMismatch"


def test_tags_of_both_generations_are_the_same_tags(cloud: Cloud) -> None:
    lb = clb(cloud)
    cloud.call("slb", "AddTags", {"LoadBalancerId": lb, "Tags": '[{"TagKey":"k","TagValue":"v"}]'})
    cloud.call(
        "slb", "TagResources", {"ResourceType": "instance", "ResourceId.1": lb, "Tag.1.Key": "x", "Tag.1.Value": "y"}
    )
    listed = cloud.call("slb", "ListTagResources", {"ResourceType": "instance", "ResourceId.1": lb})["TagResources"]
    assert {one["TagKey"]: one["TagValue"] for one in listed["TagResource"]} == {"k": "v", "x": "y"}
    by_tag = cloud.call("slb", "DescribeLoadBalancers", {"Tags": '[{"TagKey":"x","TagValue":"y"}]'})
    assert by_tag["TotalCount"] == 1
    assert cloud.call("slb", "DescribeLoadBalancers", {"Tags": '[{"TagKey":"x","TagValue":"z"}]'})["TotalCount"] == 0


def test_an_nlb_takes_its_time(cloud: Cloud) -> None:
    made = cloud.call(
        "nlb", "CreateLoadBalancer",
        {"VpcId": "vpc-lab", "ZoneMappings.1.ZoneId": "cn-hangzhou-h", "ZoneMappings.1.VSwitchId": "vsw-lab-h"},
    )  # fmt: skip
    lb = made["LoadbalancerId"]
    group_id = cloud.call("nlb", "CreateServerGroup", {"ServerGroupName": "g", "VpcId": "vpc-lab"})["ServerGroupId"]
    on = {"LoadBalancerId": lb, "ListenerPort": "80", "ListenerProtocol": "TCP", "ServerGroupId": group_id}
    assert code(cloud, "nlb", "CreateListener", **on) == "IncorrectStatus.loadBalancer"
    cloud.clock.advance(1)
    job = cloud.call("nlb", "CreateListener", on)["JobId"]
    assert cloud.call("nlb", "GetJobStatus", {"JobId": job})["Status"] == "Processing"
    cloud.clock.advance(1)
    jobs = cloud.call("nlb", "ListAsynJobs", {"JobIds.1": job})
    assert [(one["Id"], one["Status"]) for one in jobs["Jobs"]] == [(job, "Succeeded")]
    server = {
        "Servers.1.ServerId": "i-node1",
        "Servers.1.ServerType": "Ecs",
        "Servers.1.Port": "80",
        "Servers.1.Weight": "0",
    }
    cloud.call("nlb", "AddServersToServerGroup", {"ServerGroupId": group_id, **server})
    servers = cloud.call("nlb", "ListServerGroupServers", {"ServerGroupId": group_id})["Servers"]
    assert [(one["Port"], one["Weight"]) for one in servers] == [(80, 0)]
    assert code(cloud, "nlb", "DeleteServerGroup", ServerGroupId=group_id) == "ResourceInUse.serverGroup"


def test_routes_in_batches_tell_which_failed(cloud: Cloud) -> None:
    batch: dict[str, str] = {}
    for number, cidr in enumerate(("10.1.0.0/24", "10.1.0.0/24"), 1):
        batch |= {f"RouteEntries.{number}.RouteTableId": "vtb-lab", f"RouteEntries.{number}.DstCidrBlock": cidr,
                  f"RouteEntries.{number}.NextHop": "i-node1"}  # fmt: skip
    answer = cloud.call("vpc", "CreateRouteEntries", batch)
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 1)
    single = {"RouteTableId": "vtb-lab", "DestinationCidrBlock": "10.2.0.0/24", "NextHopId": "i-node2"}
    cloud.call("vpc", "CreateRouteEntry", single)
    listed = cloud.call("vpc", "DescribeRouteEntryList", {"RouteTableId": "vtb-lab"})["RouteEntrys"]["RouteEntry"]
    assert [one["DestinationCidrBlock"] for one in listed] == ["10.1.0.0/24", "10.2.0.0/24"]
    cloud.call("ecs", "DeleteRouteEntry", single)
    assert code(cloud, "vpc", "DeleteRouteEntry", **single) == "InvalidRouteEntry.NotFound"


def test_a_policy_keeps_five_versions_and_its_default_decides(cloud: Cloud) -> None:
    add_policy(cloud.world, "p", allow("slb:*"))
    add_role(cloud.world, "Ccm", "p")
    ccm = as_role("Ccm")
    cloud.call("slb", "DescribeLoadBalancers", {}, ccm)
    with pytest.raises(CloudError, match="nlb:ListAsynJobs"):
        cloud.call("nlb", "ListAsynJobs", {}, ccm)
    more = {"PolicyName": "p", "PolicyDocument": json.dumps(allow("slb:*", "nlb:*")), "SetAsDefault": "true"}
    for _ in range(4):
        cloud.call("ram", "CreatePolicyVersion", more)
    cloud.call("nlb", "ListAsynJobs", {}, ccm)
    assert code(cloud, "ram", "CreatePolicyVersion", **more) == "LimitExceeded.Policy.Version"
    cloud.call(
        "ram", "CreatePolicyVersion", {**more, "RotateStrategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded"}
    )
    kept = cloud.call("ram", "ListPolicyVersions", {"PolicyName": "p", "PolicyType": "Custom"})["PolicyVersions"]
    assert [one["VersionId"] for one in kept["PolicyVersion"]] == ["v6", "v5", "v4", "v3", "v2"]
    long = json.dumps(allow(*(f"slb:Action{number:05d}" for number in range(500))))
    assert "Length" in code(cloud, "ram", "CreatePolicyVersion", PolicyName="p", PolicyDocument=long)


def cluster(cloud: Cloud, outcome: Outcome = "success", precheck: str = "") -> Addon:
    addon = Addon(name=CCM, version="v2.10.0", next_versions=["v2.14.0"], outcome=outcome, precheck=precheck)
    cloud.world.cs.clusters["c1"] = Cluster(id="c1", name="one", region="cn-hangzhou", addons={CCM: addon})
    return addon


def upgrade(cloud: Cloud, version: str = "v2.14.0") -> str:
    body = [{"component_name": CCM, "version": "v2.10.0", "next_version": version}]
    return str(cloud.call("cs", "UpgradeClusterAddons", {"ClusterId": "c1"}, body=body)["task_id"])


@pytest.mark.parametrize(
    ("outcome", "state", "version"),
    [
        ("success", "success", "v2.14.0"),
        ("failed", "failed", "v2.10.0"),
        ("failed-but-landed", "failed", "v2.14.0"),
        ("endless", "running", "v2.10.0"),
        ("success-without-change", "success", "v2.10.0"),
    ],
)
def test_an_upgrade_ends_as_it_was_told(cloud: Cloud, outcome: Outcome, state: str, version: str) -> None:
    addon = cluster(cloud, outcome)
    changed: list[tuple[str, str, str]] = []
    cloud.on_addon_version(lambda *what: changed.append(what))
    task = upgrade(cloud)
    cloud.clock.advance(60)
    assert cloud.call("cs", "DescribeTaskInfo", {"TaskId": task})["state"] == state
    assert addon.version == version
    assert changed == ([("c1", CCM, "v2.14.0")] if version == "v2.14.0" else [])


def test_the_same_version_succeeds_without_change(cloud: Cloud) -> None:
    addon = cluster(cloud)
    task = upgrade(cloud, "v2.10.0")
    cloud.clock.advance(60)
    assert cloud.call("cs", "DescribeTaskInfo", {"TaskId": task})["state"] == "success"
    assert addon.version == "v2.10.0"


def test_a_task_can_be_paused_resumed_and_cancelled(cloud: Cloud) -> None:
    addon = cluster(cloud)
    task = {"TaskId": upgrade(cloud)}
    cloud.call("cs", "PauseTask", task)
    cloud.clock.advance(600)
    assert cloud.call("cs", "DescribeTaskInfo", task)["state"] == "paused"
    cloud.call("cs", "ResumeTask", task)
    assert cloud.call("cs", "DescribeTaskInfo", task)["state"] == "running"
    cloud.call("cs", "CancelTask", task)
    cloud.clock.advance(600)
    assert (cloud.call("cs", "DescribeTaskInfo", task)["state"], addon.version) == ("canceled", "v2.10.0")


def test_a_precheck_and_a_version_that_is_not_offered_block(cloud: Cloud) -> None:
    cluster(cloud, precheck="a CLB was edited by hand")
    with pytest.raises(CloudError, match="edited by hand"):
        upgrade(cloud)
    cluster(cloud)
    with pytest.raises(CloudError, match="not offered"):
        upgrade(cloud, "v2.99.0")


def test_a_snapshot_brings_everything_back(cloud: Cloud) -> None:
    clb(cloud)
    kept = cloud.snapshot()
    clb(cloud)
    cloud.clock.advance(100)
    cloud.restore(kept)
    assert len(cloud.world.slb.load_balancers) == 1
    assert cloud.snapshot() == kept


def test_an_outside_cluster_is_taken_at_its_word_when_asked_to(cloud: Cloud) -> None:
    cloud.world.rules.adopt_unknown = True
    machines = cloud.call("ecs", "DescribeInstances", {"InstanceIds": '["i-far"]'})["Instances"]["Instance"]
    assert [one["InstanceId"] for one in machines] == ["i-far"]
    enis = cloud.call("ecs", "DescribeNetworkInterfaces", {"PrivateIpAddress.1": "10.9.8.7", "VpcId": "vpc-far"})
    held = enis["NetworkInterfaceSets"]["NetworkInterfaceSet"][0]["PrivateIpSets"]["PrivateIpSet"]
    assert [one["PrivateIpAddress"] for one in held] == ["10.9.8.7"]


@given(count=st.integers(0, 120), size=st.integers(1, 100))
def test_pages_hold_everything_once(count: int, size: int) -> None:
    """Whatever the page's size, the pages together are the list."""
    world = fresh_world()
    for number in range(count):
        lb = LoadBalancer(id=f"lb-{number:03d}", name="", region="cn-hangzhou", address="")
        world.slb.load_balancers[lb.id] = lb
    cloud = Cloud(world, clock=LabClock(held=True))
    seen: list[str] = []
    for number in range(1, count // size + 2):
        page = cloud.call("slb", "DescribeLoadBalancers", {"PageSize": str(size), "PageNumber": str(number)})
        seen += [one["LoadBalancerId"] for one in page["LoadBalancers"]["LoadBalancer"]]
    assert seen == sorted(world.slb.load_balancers)


@given(seed=st.integers(0, 2**31), creations=st.integers(1, 5))
def test_the_same_seed_gives_the_same_world(seed: int, creations: int) -> None:
    first, second = (Cloud(fresh_world(seed=seed), clock=LabClock(held=True)) for _ in range(2))
    for cloud in (first, second):
        for _ in range(creations):
            clb(cloud)
    assert first.snapshot() == second.snapshot()


def test_flow_control_strikes_only_what_goes_beyond_its_rate() -> None:
    clock = LabClock(held=True)
    faults = Faults(clock)
    faults.add(Fault(action="Describe*", code="Throttling.User", over_per_s=3, times=None))

    def struck() -> list[bool]:
        return [faults.take("slb", "DescribeLoadBalancers", {}) is not None for _ in range(5)]

    assert struck() == [False, False, False, True, True]
    assert faults.take("slb", "CreateLoadBalancer", {}) is None
    clock.advance(1)
    assert struck() == [False, False, False, True, True]
