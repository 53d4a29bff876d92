"""Messages that CCM and the cloud really send find their entry; every row of the FAQ is there."""

from __future__ import annotations

import re

import pytest

from upgrader.matrix.model import Matrix


def entry_of(matrix: Matrix, message: str) -> str | None:
    return next((error.id for error in matrix.errors if re.search(error.pattern, message)), None)


# Events of running CCMs (v2.1.0 to v2.14.0) against a recording cloud.
@pytest.mark.parametrize(
    ("message", "entry"),
    [
        (
            "Error syncing load balancer [lb-missing]: Message: The specified LoadBalancerId does not exist.",
            "lb-id-unknown",
        ),
        (
            (
                "Error syncing load balancer []: build lb attribute error: bandwidth must be "
                'integer, got [abc], error: strconv.Atoi: parsing "abc": invalid syntax'
            ),
            "not-a-number",
        ),
        (
            ("Error syncing load balancer []: build nlb attribute error: ParameterMissing, zone mappings are required"),
            "nlb-zones-missing",
        ),
        (
            (
                "Error syncing load balancer []: build nlb attribute error: ZoneMapping format "
                "error, expect [zone-a:vsw-id-1,zone-b:vsw-id-2], got bogus"
            ),
            "nlb-zones-missing",
        ),
        (
            (
                "Error syncing load balancer []: build lb local model error: builid lb listener error: build listener "
                "from servicePort 80 error: port protocol format must be either [http|https|tcp|udp], protocol not "
                "supported wit [bogus]\n"
            ),
            "protocol-unknown",
        ),
        ("There are no available nodes for LoadBalancer", "no-backends"),
        (
            (
                "Error syncing load balancer: alicloud: can not find loadbalancer, but it's defined in service "
                "[{[{ nlb-1.cn-hangzhou.nlb.aliyuncs.com []}]}]"
            ),
            "lb-lost",
        ),
    ],
)
def test_messages_of_running_ccms(matrix: Matrix, message: str, entry: str) -> None:
    assert entry_of(matrix, message) == entry


# v2 tells an OpenAPI error by its message alone: the same entry with the code and without it.
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("RspoolVipExist", "there are vips associating with this vServer group."),
        ("VSwitchAvailableIpNotExist", "The specified VSwitch has no available ip."),
        ("InvalidVSwitchId.NotFound", "The specified VSwitch does not exist."),
        ("ShareSlbHaltSales", "The share instance has been discontinued."),
        ("ORDER.ARREARAGE", "The account is arrearage."),
        ("PAY.INSUFFICIENT_BALANCE", "Your account does not have enough balance."),
        ("Throttling.User", "Request was denied due to user flow control."),
        ("Forbidden.RAM", "User not authorized to operate on the specified resource, or this API doesn't support RAM."),
        ("InvalidLoadBalancerId.NotFound", "The specified LoadBalancerId does not exist."),
    ],
)
def test_with_its_code_and_without(matrix: Matrix, code: str, message: str) -> None:
    assert entry_of(matrix, f"Status Code: 400 Code: {code}") is not None
    assert entry_of(matrix, f"Status Code: 400 Code: {code}") == entry_of(matrix, f"Message: {message}")


FAQ_ROWS = (
    "The backend server number has reached to the quota limit of this load balancers",
    "The loadbalancer does not support backend servers of eni type",
    "There are no available nodes for LoadBalancer",
    "alicloud: not able to find loadbalancer named [a1] in openapi, but it's defined in service",
    "alicloud: can not find loadbalancer, but it's defined in service",
    "ORDER.ARREARAGE Message: The account is arrearage.",
    "PAY.INSUFFICIENT_BALANCE Message: Your account does not have enough balance.",
    "Status Code: 400 Code: Throttling.Api",
    "Status Code: 400 Code: RspoolVipExist Message: there are vips associating with this vServer group.",
    "Status Code: 400 Code: NetworkConflict",
    "Status Code: 400 Code: VSwitchAvailableIpNotExist Message: The specified VSwitch has no available ip.",
    "Message:The specified VSwitch does not exist.",
    "The specified Port must be between 1 and 65535.",
    "Status Code: 400 Code: ShareSlbHaltSales Message: The share instance has been discontinued.",
    "can not change ResourceGroupId once created",
    "can not find eniid for ip 10.0.0.8 in vpc vpc-abc",
    "The operation is not allowed because the instanceChargeType of loadbalancer is PayByCLCU.",
    "User does not have permission modify InstanceChargeType to spec.",
    "SyncLoadBalancerFailed the loadbalancer lb-1 can not be reused,can not reuse loadbalancer created by kubernetes.",
    "alicloud: can not change LoadBalancer AddressType once created. delete and retry",
    "the loadbalancer lb-1 can not be reused, service has been associated with ip [1.1.1.1], cannot be bound to ip [2]",
)


@pytest.mark.parametrize("row", FAQ_ROWS)
def test_every_row_of_the_faq_is_known_with_its_cure(matrix: Matrix, row: str) -> None:
    found = next(error for error in matrix.errors if re.search(error.pattern, row))
    assert found.faq, found.id
    assert found.fix, found.id


def test_no_entry_claims_the_faq_without_a_row(matrix: Matrix) -> None:
    claimed = {error.id for error in matrix.errors if error.faq}
    assert claimed == {entry_of(matrix, row) for row in FAQ_ROWS}
