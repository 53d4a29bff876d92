"""What the wire says: styles, signatures, identity, errors, faults. The vendor's own SDK is the client."""

from __future__ import annotations

import json
import ssl
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from aiohttp import web
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcs.request.v20151215.DescribeClustersV1Request import DescribeClustersV1Request
from aliyunsdkslb.request.v20140515.DescribeLoadBalancersRequest import DescribeLoadBalancersRequest
from aliyunsdkslb.request.v20140515.TagResourcesRequest import TagResourcesRequest
from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest
from aliyunsdksts.request.v20150401.GetCallerIdentityRequest import GetCallerIdentityRequest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab_cloud.conftest import Send, client, common
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.cs.model import Cluster
from upgrader.lab.cloud.gateway import Gateway
from upgrader.lab.cloud.inbound import Inbound
from upgrader.lab.cloud.rpc import signature
from upgrader.lab.cloud.seed import ROOT_KEY, ROOT_SECRET, add_policy, add_role, add_user, allow
from upgrader.lab.faults import Fault
from upgrader.lab.server import LabServer
from upgrader.lab.tls import make_authority
from upgrader.model.errors import InputError
from upgrader.model.moments import rfc3339
from upgrader.ports.clock import SystemClock


def refused(send: Send, request: Any, **how: Any) -> ServerException:
    with pytest.raises(ServerException) as caught:
        send(request, **how)
    return caught.value


def test_a_packaged_request_of_the_first_generation_is_understood(cloud: Cloud, send: Send) -> None:
    made = cloud.call("slb", "CreateLoadBalancer", {"LoadBalancerName": "web"})
    tag = TagResourcesRequest()
    tag.set_ResourceType("instance")
    tag.set_ResourceIds([made["LoadBalancerId"]])
    tag.set_Tags([{"Key": "kubernetes.do.not.delete", "Value": "a1"}])
    send(tag)
    found = send(DescribeLoadBalancersRequest())["LoadBalancers"]["LoadBalancer"]
    assert [one["Tags"] for one in found] == [{"Tag": [{"TagKey": "kubernetes.do.not.delete", "TagValue": "a1"}]}]


def test_a_wrong_secret_is_refused(send: Send) -> None:
    """The SDK compares our text to sign with its own, and says so when only the secret can be wrong."""
    error = refused(send, DescribeLoadBalancersRequest(), by=client(secret="wrong"))
    assert error.get_error_code() == "InvalidAccessKeySecret"


def test_an_unknown_key_is_refused(send: Send) -> None:
    error = refused(send, DescribeLoadBalancersRequest(), by=client(key="nobody"))
    assert (error.get_error_code(), error.get_http_status()) == ("InvalidAccessKeyId.NotFound", 404)


def test_roa_is_signed_and_paged(cloud: Cloud, send: Send) -> None:
    for number in range(25):
        cluster_id = f"c{number:032d}"
        cloud.world.cs.clusters[cluster_id] = Cluster(id=cluster_id, name=f"n{number}", region="cn-hangzhou")
    request = DescribeClustersV1Request()
    request.add_query_param("page_size", "10")
    request.add_query_param("page_number", "3")
    answer = send(request)
    assert answer["page_info"] == {"page_number": 3, "page_size": 10, "total_count": 25}
    assert len(answer["clusters"]) == 5
    wrong = refused(send, DescribeClustersV1Request(), by=client(secret="no"))
    assert wrong.get_error_code() in ("SignatureDoesNotMatch", "InvalidAccessKeySecret")


def test_an_unknown_action_has_the_clouds_own_shape_and_is_remembered(cloud: Cloud, send: Send) -> None:
    error = refused(send, common("slb", "NoSuchThing"))
    assert (error.get_error_code(), error.get_http_status()) == ("InvalidAction.NotFound", 404)
    assert [one.action for one in cloud.journal.unhandled()] == ["NoSuchThing"]


def test_a_role_session_is_what_its_policies_make_it(cloud: Cloud, send: Send) -> None:
    add_policy(cloud.world, "slb-only", allow("slb:Describe*"))
    add_role(cloud.world, "Worker", "slb-only")
    assume = AssumeRoleRequest()
    assume.set_RoleArn(f"acs:ram::{cloud.world.account_id}:role/worker")
    assume.set_RoleSessionName("ccm")
    given = send(assume)["Credentials"]
    token = StsTokenCredential(given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
    session = AcsClient(region_id="cn-hangzhou", credential=token, proxy={"http": None, "https": None})
    assert send(GetCallerIdentityRequest(), by=session)["IdentityType"] == "AssumedRoleUser"
    assert send(DescribeLoadBalancersRequest(), by=session)["TotalCount"] == 0
    denied = refused(send, common("nlb", "ListAsynJobs"), by=session)
    assert denied.get_error_code() == "Forbidden.RAM"
    assert "nlb:ListAsynJobs" in denied.get_error_msg()
    cloud.clock.advance(3601)
    assert refused(send, GetCallerIdentityRequest(), by=session).get_error_code() == "InvalidSecurityToken.Expired"


def test_a_user_without_policies_may_nothing(cloud: Cloud, send: Send) -> None:
    add_user(cloud.world, "ops", "LTAIops", "secret")
    assert refused(send, DescribeLoadBalancersRequest(), by=client("LTAIops", "secret")).get_http_status() == 403


@given(st.dictionaries(st.text(), st.text()))
def test_the_text_to_sign_is_the_fields_escaped_twice(fields: dict[str, str]) -> None:
    text = signature(Inbound(method="GET", host="lab", path="/"), fields, "secret")[1]
    pairs = sorted((key, value) for key, value in fields.items() if key not in ("Signature", "SignatureMethod"))
    once = "&".join(f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}" for key, value in pairs)
    assert text == f"GET&%2F&{quote(once, safe='-_.~')}"


def test_a_repeated_nonce_and_an_old_time_are_refused(cloud: Cloud, server: LabServer) -> None:

    def signed(**over: str) -> Inbound:
        fields = {
            "Action": "DescribeLoadBalancers", "Version": "2014-05-15", "Format": "JSON", "AccessKeyId": ROOT_KEY,
            "SignatureMethod": "HMAC-SHA256", "SignatureVersion": "1.0", "SignatureNonce": "n1",
            "Timestamp": rfc3339(SystemClock().now()), **over,
        }  # fmt: skip
        bare = Inbound(method="GET", host="lab", path="/", query=tuple(fields.items()))
        return Inbound(
            method="GET",
            host="lab",
            path="/",
            query=(*fields.items(), ("Signature", signature(bare, fields, ROOT_SECRET)[0])),
        )

    assert server.gateway.answer(signed()).status == 200
    assert b"SignatureNonceUsed" in server.gateway.answer(signed()).body
    assert b"InvalidTimeStamp.Expired" in server.gateway.answer(signed(Timestamp="2020-01-01T00:00:00Z")).body
    assert server.gateway.answer(signed(SignatureNonce="n2", Format="XML")).body.startswith(b"<?xml")


def test_faults_strike_as_scripted(cloud: Cloud, send: Send) -> None:
    create = {"LoadBalancerName": "x"}
    cloud.faults.add(Fault(action="CreateLoadBalancer", code="Throttling.User", times=2))
    for _ in range(2):
        assert refused(send, common("slb", "CreateLoadBalancer", **create)).get_error_code() == "Throttling.User"
    assert cloud.world.slb.load_balancers == {}
    cloud.faults.add(Fault(action="CreateLoadBalancer", kind="after", code="InternalError"))
    assert refused(send, common("slb", "CreateLoadBalancer", **create)).get_http_status() == 500
    assert len(cloud.world.slb.load_balancers) == 1
    assert cloud.journal.requests()[-1].landed
    cloud.faults.add(Fault(action="CreateLoadBalancer", kind="cut"))
    with pytest.raises((ClientException, ValueError)):
        send(common("slb", "CreateLoadBalancer", **create))
    assert len(cloud.world.slb.load_balancers) == 2
    cloud.faults.add(Fault(action="DescribeLoadBalancers", kind="slow", delay_s=0.2))
    began = time.monotonic()
    assert send(DescribeLoadBalancersRequest())["TotalCount"] == 2
    assert time.monotonic() - began >= 0.2


def test_a_timeout_has_landed_and_does_not_hold_up_the_labs_end(cloud: Cloud) -> None:
    cloud.faults.add(Fault(action="CreateLoadBalancer", kind="timeout"))
    hasty = AcsClient(ROOT_KEY, ROOT_SECRET, "cn-hangzhou", proxy={"http": None, "https": None}, timeout=1)
    with LabServer(Gateway(cloud)) as server:
        request = common("slb", "CreateLoadBalancer", LoadBalancerName="x")
        request.set_endpoint(server.url.removeprefix("http://"))
        request.set_protocol_type("http")
        with pytest.raises(ClientException):
            hasty.do_action_with_exception(request)
    assert [one.name for one in cloud.world.slb.load_balancers.values()] == ["x"]


def test_reads_can_lag_behind_writes(cloud: Cloud) -> None:
    cloud.faults.add(Fault(kind="stale", product="slb", action="Describe*", delay_s=5, times=1))
    cloud.call("slb", "CreateLoadBalancer", {})
    assert cloud.call("slb", "DescribeLoadBalancers", {})["TotalCount"] == 0
    assert cloud.call("slb", "DescribeLoadBalancers", {})["TotalCount"] == 1


def test_two_labs_side_by_side_and_a_taken_port(server: LabServer) -> None:

    with LabServer(Gateway(Cloud())) as other:
        assert other.url != server.url
        assert other.url.startswith("http://127.0.0.1:")
    assert server.plain is not None
    with pytest.raises(InputError, match="can't listen"):
        LabServer(Gateway(Cloud()), port=server.plain.port).start()


def test_an_empty_request_gets_an_answer_in_the_clouds_words(server: LabServer) -> None:
    with pytest.raises(HTTPError) as caught:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(server.url + "/nowhere", timeout=5)
    with caught.value as answer:
        assert b"MissingAccessKeyId" in answer.read()


def test_https_is_trusted_by_the_labs_own_authority(cloud: Cloud, tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    assert authority.key_file.stat().st_mode & 0o777 == 0o600
    trust = ssl.create_default_context(cafile=str(authority.ca_file))
    with LabServer(Gateway(cloud), tls=authority.context()) as server:
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        with pytest.raises(HTTPError) as caught:
            direct.open(f"{server.secure_url}/?Action=DescribeLoadBalancers&Version=2014-05-15", timeout=5)
        with caught.value as answer:
            assert answer.headers["x-acs-request-id"]


def test_a_mounted_cluster_gets_its_requests_and_cs_keeps_its_path(cloud: Cloud) -> None:
    async def kubernetes(request: web.Request, cluster: str, rest: str) -> web.StreamResponse:
        return web.json_response({"cluster": cluster, "path": rest, "method": request.method})

    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with LabServer(Gateway(cloud), kubernetes=kubernetes) as server:
        with direct.open(f"{server.url}/k8s/c1/api/v1/services", timeout=5) as answer:
            assert json.load(answer) == {"cluster": "c1", "path": "/api/v1/services", "method": "GET"}
        with pytest.raises(HTTPError) as caught:
            direct.open(f"{server.url}/k8s/c1/user_config", timeout=5)
        caught.value.close()
    assert cloud.journal.requests()[-1].action == "DescribeClusterUserKubeconfig"


def test_a_query_of_a_hundred_kilobytes_is_read(send: Send) -> None:
    """CCM sends forty backends with long descriptions in one query."""
    request = DescribeLoadBalancersRequest()
    request.add_query_param("BackendServers", "%" * 50_000)
    assert send(request)["TotalCount"] == 0


def test_names_of_parameters_are_taken_in_any_case(cloud: Cloud, send: Send) -> None:
    made = cloud.call("slb", "CreateLoadBalancer", {"LoadBalancerName": "web"})["LoadBalancerId"]
    send(common("slb", "AddTags", LoadBalancerID=made, Tags='[{"TagKey":"a","TagValue":"1"}]'))
    assert cloud.world.slb.load_balancers[made].tags == {"a": "1"}
