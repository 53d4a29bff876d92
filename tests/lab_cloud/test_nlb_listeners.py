"""Listeners of one NLB beside each other: one a port and transport, and one a range of ports."""

from __future__ import annotations

import pytest

from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.nlb.model import Nlb


def test_two_ranges_stand_beside_each_other_and_one_only_once(cloud: Cloud) -> None:
    cloud.world.nlb.load_balancers["nlb-1"] = Nlb(id="nlb-1", name="n", region="cn-hangzhou", vpc_id="vpc-lab")
    on = {"LoadBalancerId": "nlb-1", "ListenerProtocol": "TCP", "ListenerPort": "0"}
    for first, last in (("1000", "1100"), ("2000", "2100")):
        cloud.call("nlb", "CreateListener", {**on, "StartPort": first, "EndPort": last})
    again = {**on, "StartPort": "1000", "EndPort": "1100"}
    with pytest.raises(CloudError) as caught:
        cloud.call("nlb", "CreateListener", again)
    assert caught.value.code == "ResourceAlreadyExist.listener"
    cloud.call("nlb", "CreateListener", {**again, "ListenerProtocol": "UDP"})
