"""The second SDK generation (ACS3 signatures)."""

from __future__ import annotations

import importlib
from typing import Any

from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.cs.model import Addon, Cluster
from upgrader.lab.cloud.seed import ROOT_KEY, ROOT_SECRET
from upgrader.lab.server import LabServer


def sdk(package: str, server: LabServer) -> tuple[Any, Any]:
    """The package's client, pointed at the lab, and its request models."""
    module = importlib.import_module(f"{package}.client")
    models = importlib.import_module(f"{package}.models")
    openapi = importlib.import_module("alibabacloud_tea_openapi.utils_models")
    config = openapi.Config(
        access_key_id=ROOT_KEY,
        access_key_secret=ROOT_SECRET,
        endpoint=server.url.removeprefix("http://"),
        protocol="http",
        region_id="cn-hangzhou",
        no_proxy="127.0.0.1",
    )
    return module.Client(config), models


def test_slb(cloud: Cloud, server: LabServer) -> None:
    client, models = sdk("alibabacloud_slb20140515", server)
    made = client.create_load_balancer(
        models.CreateLoadBalancerRequest(region_id="cn-hangzhou", load_balancer_name="a b*c~d/é")
    )
    found = client.describe_load_balancers(models.DescribeLoadBalancersRequest(region_id="cn-hangzhou")).body
    assert [one.load_balancer_name for one in found.load_balancers.load_balancer] == ["a b*c~d/é"]
    assert made.body.load_balancer_id in cloud.world.slb.load_balancers


def test_nlb(cloud: Cloud, server: LabServer) -> None:
    client, models = sdk("alibabacloud_nlb20220430", server)
    made = client.create_load_balancer(
        models.CreateLoadBalancerRequest(
            region_id="cn-hangzhou",
            address_type="Internet",
            vpc_id="vpc-lab",
            zone_mappings=[
                models.CreateLoadBalancerRequestZoneMappings(zone_id="cn-hangzhou-h", v_switch_id="vsw-lab-h")
            ],
        )
    )
    lb_id = made.body.loadbalancer_id
    request = models.GetLoadBalancerAttributeRequest(load_balancer_id=lb_id, region_id="cn-hangzhou")
    assert client.get_load_balancer_attribute(request).body.load_balancer_status == "Provisioning"
    cloud.clock.advance(1)
    assert client.get_load_balancer_attribute(request).body.load_balancer_status == "Active"


def test_cs(cloud: Cloud, server: LabServer) -> None:
    client, models = sdk("alibabacloud_cs20151215", server)
    addon = Addon(name="cloud-controller-manager", version="v2.10.0", next_versions=["v2.14.0"])
    cloud.world.cs.clusters["c1"] = Cluster(
        id="c1", name="one", region="cn-hangzhou", addons={"cloud-controller-manager": addon}
    )
    assert [
        one.cluster_id for one in client.describe_clusters_v1(models.DescribeClustersV1Request()).body.clusters
    ] == ["c1"]
    entry = models.UpgradeClusterAddonsRequestBody(
        component_name="cloud-controller-manager", version="v2.10.0", next_version="v2.14.0"
    )
    task = client.upgrade_cluster_addons("c1", models.UpgradeClusterAddonsRequest(body=[entry])).body.task_id
    cloud.clock.advance(60)
    assert client.describe_task_info(task).body.state == "success"
    assert addon.version == "v2.14.0"
