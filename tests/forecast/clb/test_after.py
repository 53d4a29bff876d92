"""A CLB after the requests that a forecast names: as another Service finds it, and as the next sync does."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import GROUP, a_backend, a_clb, a_service, now_of, told_of
from upgrader.forecast.clb.after import after
from upgrader.model.cloud import Listener, LoadBalancer, ServerGroup

_RIGHT = Listener(port=80, protocol="tcp", description="k8s/80/web/prod/c1", server_group_id="rsp-1", status="running")


def _group(**fields: int | str) -> ServerGroup:
    return ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(a_backend(**fields),))  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["v1.9.3.239", "v2.1.0", "v2.5.1", "v2.10.0", "v2.14.0"])
@pytest.mark.parametrize(
    "lb",
    [
        replace(a_clb(), tags={}, name="acc9ce2d49d384a3a9d49b1b4e9a4a8d"),
        replace(a_clb(), attributes={"DeleteProtection": "off"}),
        replace(a_clb(_group(weight=7)), name="old"),
        a_clb(_group(server="i-gone")),
        replace(a_clb(), listeners=()),
        a_clb(listeners=(replace(_RIGHT, status="stopped"),)),
        a_clb(listeners=(replace(_RIGHT, server_group_id="rsp-other"),)),
        a_clb(listeners=(replace(_RIGHT, protocol="udp"),)),
        a_clb(listeners=(_RIGHT, replace(_RIGHT, port=81, description="k8s/81/web/prod/c1"))),
    ],
)
def test_the_next_sync_finds_nothing_to_write(target: str, lb: LoadBalancer) -> None:
    service = a_service({"delete-protection": "on", "name": "new", "additional-resource-tags": "x=1"})
    told = told_of(target, service, lb)
    assert now_of(told_of(target, service, after(lb, told.writes))) == []
