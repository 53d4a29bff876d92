"""The second SDK generation (ACS3 signatures): its packages, and its bare client for the products without one here."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from upgrader.lab.cloud import acs3
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.cs.model import Addon, Cluster
from upgrader.lab.cloud.gateway import Gateway
from upgrader.lab.cloud.inbound import Inbound
from upgrader.lab.cloud.seed import ROOT_KEY, ROOT_SECRET, add_policy, add_role, allow
from upgrader.lab.faults import Fault
from upgrader.lab.server import LabServer
from upgrader.lab.tls import make_authority
from upgrader.model.moments import rfc3339
from upgrader.ports.clock import SystemClock

VERSIONS = {"slb": "2014-05-15", "ecs": "2014-05-26", "vpc": "2016-04-28", "ram": "2015-05-01", "sts": "2015-04-01"}


def config(server: LabServer, **more: Any) -> Any:
    """The SDK's configuration that points at the lab."""
    openapi = importlib.import_module("alibabacloud_tea_openapi.utils_models")
    plain = {"endpoint": server.url.removeprefix("http://"), "protocol": "http"}
    key = {"access_key_id": ROOT_KEY, "access_key_secret": ROOT_SECRET}
    return openapi.Config(**{**plain, **key, "region_id": "cn-hangzhou", "no_proxy": "127.0.0.1", **more})


def sdk(package: str, server: LabServer, **more: Any) -> tuple[Any, Any]:
    """The package's client, pointed at the lab, and its request models."""
    module = importlib.import_module(f"{package}.client")
    return module.Client(config(server, **more)), importlib.import_module(f"{package}.models")


def ask(server: LabServer, product: str, action: str, /, _more: dict[str, Any] | None = None, **query: str) -> Any:
    """A call by the bare client, as `aliyun` of this generation makes it; the decoded body."""
    openapi = importlib.import_module("alibabacloud_tea_openapi.utils_models")
    client = importlib.import_module("alibabacloud_tea_openapi.client").Client(config(server, **(_more or {})))
    runtime = importlib.import_module("darabonba.runtime").RuntimeOptions(autoretry=False)
    params = openapi.Params(action=action, version=VERSIONS[product], protocol="HTTP", pathname="/", method="POST",
                            auth_type="AK", style="RPC", req_body_type="formData", body_type="json")  # fmt: skip
    return client.call_api(params, openapi.OpenApiRequest(query=query), runtime)["body"]


def refused(call: Any, *args: Any, **kwargs: Any) -> Any:
    """The SDK's own exception; it knows code and message."""
    with pytest.raises(Exception, match=r"\w") as caught:
        call(*args, **kwargs)
    return caught.value


@pytest.fixture
def secure(cloud: Cloud, tmp_path: Path) -> Iterator[tuple[LabServer, Path]]:
    """The account over https too, and the file with the lab's own authority."""
    authority = make_authority(tmp_path)
    with LabServer(Gateway(cloud), tls=authority.context()) as running:
        yield running, authority.ca_file


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


def test_pages_hold_everything_once(cloud: Cloud, server: LabServer) -> None:
    for number in range(25):
        cloud.call("slb", "CreateLoadBalancer", {"LoadBalancerName": f"lb-{number}"})
    client, models = sdk("alibabacloud_slb20140515", server)
    names: list[str] = []
    for page in (1, 2, 3):
        request = models.DescribeLoadBalancersRequest(region_id="cn-hangzhou", page_size=10, page_number=page)
        body = client.describe_load_balancers(request).body
        assert (body.total_count, body.page_number) == (25, page)
        names += [one.load_balancer_name for one in body.load_balancers.load_balancer]
    assert sorted(names) == sorted(f"lb-{number}" for number in range(25))
    client, models = sdk("alibabacloud_nlb20220430", server)
    cloud.call("nlb", "CreateServerGroup", {"ServerGroupName": "g1", "VpcId": "vpc-lab"})
    cloud.call("nlb", "CreateServerGroup", {"ServerGroupName": "g2", "VpcId": "vpc-lab"})
    first = client.list_server_groups(models.ListServerGroupsRequest(max_results=1)).body
    second = client.list_server_groups(models.ListServerGroupsRequest(max_results=1, next_token=first.next_token)).body
    assert first.server_groups[0].server_group_id != second.server_groups[0].server_group_id


def test_errors_carry_code_status_and_request_id(cloud: Cloud, server: LabServer) -> None:
    client, models = sdk("alibabacloud_slb20140515", server)
    request = models.DescribeLoadBalancerAttributeRequest(load_balancer_id="lb-none", region_id="cn-hangzhou")
    error = refused(client.describe_load_balancer_attribute, request)
    assert error.code == "InvalidLoadBalancerId.NotFound"
    assert error.data["RequestId"]
    wrong = sdk("alibabacloud_slb20140515", server, access_key_secret="wrong")[0]
    assert refused(wrong.describe_load_balancer_attribute, request).code == "SignatureDoesNotMatch"
    nobody = sdk("alibabacloud_slb20140515", server, access_key_id="nobody")[0]
    assert refused(nobody.describe_load_balancer_attribute, request).code == "InvalidAccessKeyId.NotFound"
    cloud.faults.add(Fault(action="DescribeLoadBalancerAttribute", code="Throttling.User", times=9))
    assert refused(client.describe_load_balancer_attribute, request).code == "Throttling.User"
    assert refused(ask, server, "slb", "NoSuchThing").code == "InvalidAction.NotFound"
    assert [one.action for one in cloud.journal.unhandled()] == ["NoSuchThing"]


def test_products_without_a_package_here_are_told_by_their_versions(server: LabServer) -> None:
    assert ask(server, "vpc", "DescribeVpcs", RegionId="cn-hangzhou")["TotalCount"] == 1
    assert ask(server, "ecs", "DescribeInstances", RegionId="cn-hangzhou")["TotalCount"] == 2
    assert ask(server, "ram", "ListRoles")["Roles"] == {"Role": []}
    assert ask(server, "sts", "GetCallerIdentity")["IdentityType"] == "Account"


def test_a_session_token_is_what_its_role_may(cloud: Cloud, server: LabServer) -> None:
    add_policy(cloud.world, "slb-only", allow("slb:Describe*"))
    add_role(cloud.world, "Worker", "slb-only")
    role = f"acs:ram::{cloud.world.account_id}:role/worker"
    given = ask(server, "sts", "AssumeRole", RoleArn=role, RoleSessionName="ccm")["Credentials"]
    session = {"access_key_id": given["AccessKeyId"], "access_key_secret": given["AccessKeySecret"],
               "security_token": given["SecurityToken"]}  # fmt: skip
    assert ask(server, "slb", "DescribeLoadBalancers", session, RegionId="cn-hangzhou")["TotalCount"] == 0
    denied = refused(ask, server, "slb", "CreateLoadBalancer", session, RegionId="cn-hangzhou")
    assert "slb:CreateLoadBalancer" in str(denied)
    stolen = {**session, "security_token": "made-up"}
    assert refused(ask, server, "slb", "DescribeLoadBalancers", stolen).code == "InvalidSecurityToken.Malformed"
    cloud.clock.advance(3601)
    assert refused(ask, server, "slb", "DescribeLoadBalancers", session).code == "InvalidSecurityToken.Expired"


def test_https_is_trusted_by_the_labs_authority_and_by_nothing_else(secure: tuple[LabServer, Path]) -> None:
    server, ca = secure
    over = {"endpoint": server.secure_url.removeprefix("https://"), "protocol": "https"}
    stranger, models = sdk("alibabacloud_slb20140515", server, **over)
    request = models.DescribeLoadBalancersRequest(region_id="cn-hangzhou")
    runtime = importlib.import_module("darabonba.runtime").RuntimeOptions(autoretry=False)
    assert "certificate" in str(refused(stranger.describe_load_balancers_with_options, request, runtime)).lower()
    friend = sdk("alibabacloud_slb20140515", server, **over, ca=str(ca))[0]
    assert friend.describe_load_balancers(request).body.total_count == 0


def signed(host: str = "lab", **over: str) -> Inbound:
    """A request as this generation signs it; `over` replaces headers before that."""
    headers = {
        "host": host, "x-acs-action": "DescribeLoadBalancers", "x-acs-version": "2014-05-15",
        "x-acs-date": rfc3339(SystemClock().now()), "x-acs-signature-nonce": "n1",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        **{name.replace("_", "-"): value for name, value in over.items()},
    }  # fmt: skip
    names = ";".join(sorted(headers))
    bare = {**headers, "authorization": f"ACS3-HMAC-SHA256 Credential={ROOT_KEY},SignedHeaders={names},Signature=00"}
    sign = acs3.signature(Inbound(method="POST", host=host, path="/", headers=bare), ROOT_SECRET)[0]
    whole = {**bare, "authorization": bare["authorization"].replace("Signature=00", f"Signature={sign}")}
    return Inbound(method="POST", host=host, path="/", headers=whole)


def test_a_nonce_is_used_once_and_the_clock_is_looked_at(server: LabServer) -> None:
    assert server.gateway.answer(signed()).status == 200
    assert b"SignatureNonceUsed" in server.gateway.answer(signed()).body
    late = signed(x_acs_date="2020-01-01T00:00:00Z", x_acs_signature_nonce="n2")
    assert b"InvalidTimeStamp.Expired" in server.gateway.answer(late).body
    forged = signed(x_acs_signature_nonce="n3")
    swapped = Inbound(method="POST", host="lab", path="/", headers=forged.headers, body=b"{}")
    assert b"InvalidContentHash" in server.gateway.answer(swapped).body


@pytest.mark.parametrize(
    "host", ["slb.aliyuncs.com", "slb.cn-beijing.aliyuncs.com", "slb-vpc.cn-hangzhou.aliyuncs.com"]
)
def test_a_product_is_found_by_its_host(server: LabServer, host: str) -> None:
    assert server.gateway.answer(signed(host, x_acs_version="")).status == 200
