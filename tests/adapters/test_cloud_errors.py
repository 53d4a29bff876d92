"""Bodies of errors as the cloud sends them, through the vendor's real client, become our errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses

from tests.adapters.labcloud import KEY, SECRET
from upgrader.adapters.aliyun.call import Call
from upgrader.adapters.aliyun.client import SdkTransport
from upgrader.adapters.aliyun.endpoint import parse_endpoint
from upgrader.adapters.aliyun.errors import from_code, redacted
from upgrader.model.errors import AbsentError, CcmUpgradeError, DeniedError, RefusedError, TransientError

READ = Call(product="slb", action="DescribeLoadBalancers", region="cn-hangzhou")
WRITE = Call(product="slb", action="TagResources", region="cn-hangzhou")
HTML = "<html><body>Sign in to the network</body></html>"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
    monkeypatch.delenv("ALIBABA_CLOUD_SECURITY_TOKEN", raising=False)
    # The SDK brings its own copy of requests: that copy is what must be caught.
    target = "aliyunsdkcore.vendored.requests.adapters.HTTPAdapter.send"
    with responses.RequestsMock(target=target, assert_all_requests_are_fired=False) as mock:
        yield mock


def _answered(wire: responses.RequestsMock, call: Call, status: int, body: object) -> CcmUpgradeError:
    content = {"body": body} if isinstance(body, str) else {"json": body}
    wire.add("POST", "https://cloud.example.com/", status=status, **content)
    transport = SdkTransport(endpoint=parse_endpoint("https://cloud.example.com"))
    with pytest.raises(CcmUpgradeError) as caught:
        transport.send(call)
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, "Throttling", "Request was denied due to request throttling.", TransientError),
        (400, "Throttling.User", "Request was denied due to user flow control.", TransientError),
        (429, "TooManyRequests", "slow down", TransientError),
        (503, "ServiceUnavailable", "temporary failure", TransientError),
        (500, "InternalError", "unknown error", TransientError),
        (403, "NoPermission", "You are not authorized to do this action.", DeniedError),
        (403, "Forbidden.RAM", "User not authorized to operate on the specified resource.", DeniedError),
        (403, "Forbidden", "RAM policy Forbidden for action slb:DescribeLoadBalancers", DeniedError),
        (403, "StatusForbidden", "STSToken policy Forbidden for action cs:GetClusters", DeniedError),
        (404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.", DeniedError),
        (400, "InvalidLoadBalancerId.NotFound", "The specified LoadBalancerId does not exist.", AbsentError),
        (404, "ErrorClusterNotFound", "cluster not found", AbsentError),
        (404, "EntityNotExist.Role", "The role not exists", AbsentError),
        (404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.", RefusedError),
        (400, "OperationFailed.TagLimit", "too many tags", RefusedError),
        (400, "IncorrectStatus", "not in the right state", RefusedError),
    ],
)
def test_codes(wire: responses.RequestsMock, status: int, code: str, message: str, kind: type[CcmUpgradeError]) -> None:
    body = {"Code": code, "Message": message, "RequestId": "R-1"}
    error = _answered(wire, READ, status, body)
    assert type(error) is kind
    assert code in error.why
    assert "R-1" in error.why


def test_the_denied_action_is_the_one_that_the_answer_names(wire: responses.RequestsMock) -> None:
    body = {"Code": "Forbidden", "Message": "RAM policy Forbidden for action slb:ListTagResources", "RequestId": "R"}
    error = _answered(wire, READ, 403, body)
    assert isinstance(error, DeniedError)
    assert error.action == "slb:ListTagResources"


@pytest.mark.parametrize("status", [200, 502])
def test_a_login_page_is_no_answer(wire: responses.RequestsMock, status: int) -> None:
    error = _answered(wire, WRITE, status, HTML)
    assert isinstance(error, TransientError)
    assert error.effect_unknown


def test_a_write_that_was_throttled_did_not_land_and_one_that_broke_may_have(wire: responses.RequestsMock) -> None:
    error = _answered(wire, WRITE, 400, {"Code": "Throttling.User", "Message": "m", "RequestId": "R"})
    assert isinstance(error, TransientError)
    assert not error.effect_unknown
    wire.reset()
    error = _answered(wire, WRITE, 500, {"Code": "InternalError", "Message": "m", "RequestId": "R"})
    assert isinstance(error, TransientError)
    assert error.effect_unknown


@pytest.mark.parametrize(
    "text",
    [
        "key LTAI5tQWERTYUIOPASDF is bad",
        "AccessKeySecret=topsecretvalue&x=1",
        '"SecurityToken": "topsecretvalue"',
        "server string to sign is:GET&%2F&AccessKeyId%3DLTAI5tQWERTYUIOPASDF%26topsecretvalue",
    ],
)
def test_secrets_leave_no_trace(text: str) -> None:
    assert "topsecretvalue" not in redacted(text)
    assert "LTAI5t" not in redacted(text)


def test_a_role_that_is_not_there_is_looked_for_in_ram() -> None:
    call = Call(product="sts", action="AssumeRole", region="cn-hangzhou", params={"RoleArn": "acs:ram::1:role/none"})
    error = from_code(call, 404, "EntityNotExist.Role", "The role not exists.")
    assert isinstance(error, AbsentError)
    assert "ListRoles" in error.next_command
