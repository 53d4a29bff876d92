"""What a group holds after a sync: CCM's backends, the user's own, and what is left as it is."""

from __future__ import annotations

import pytest

from upgrader.forecast import World
from upgrader.forecast.backends import Wanted
from upgrader.forecast.groups import DesiredGroup
from upgrader.forecast.traffic import traffic_of, weights_of
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import Backend, LbKind, LoadBalancer, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.kube import Metadata, Service, ServicePort
from upgrader.model.version import parse_version

NOTE = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-ignore-weight-update"
NAMES: dict[LbKind, str] = {"clb": "k8s/30080/web/prod/c1", "nlb": "k8s.30080.TCP.web.prod.c1"}


def _moved(kind: LbKind, wanted: Wanted, *, ignore: bool = False, version: str = "v2.14.0") -> dict[str, object]:
    name, server = NAMES[kind], "ecs" if kind == "clb" else "Ecs"
    have = tuple(
        Backend(server_id=one, port=30080, weight=100, type=server, description=description)
        for one, description in (("i-1", name), ("i-2", name), ("i-hand", "by-hand"))
    )
    lb = LoadBalancer(kind=kind, id="lb-1", server_groups=(ServerGroup(id="g-1", name=name, backends=have),))
    service = Service(metadata=Metadata(name="web", namespace="prod", annotations={NOTE: "on"} if ignore else {}))
    facts = ClusterFacts(identity=ClusterIdentity(), ccm=CcmInstall(cluster_id="c1"), services=(service,))
    group = DesiredGroup(name=name, port=ServicePort(port=80, node_port=30080), wanted=wanted)
    world = World.of(facts, parse_version(version), load_matrix())
    return {one.backend: one.weight for one in traffic_of(weights_of(world, service, lb, (group,)))}


def _wanted(**weights: int) -> tuple[Backend, ...]:
    return tuple(Backend(server_id=f"i-{one[1:]}", port=30080, weight=w) for one, w in weights.items())


@pytest.mark.parametrize("kind", ["clb", "nlb"])
def test_the_users_own_backend_stays(kind: LbKind) -> None:
    assert _moved(kind, Wanted(backends=_wanted(_1=1))) == {
        "i-1": (100, 1), "i-2": (100, None), "i-hand": (100, 100),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["clb", "nlb"])
def test_weights_that_are_to_be_left_alone_do_not_move(kind: LbKind) -> None:
    assert _moved(kind, Wanted(backends=_wanted(_1=1, _2=2)), ignore=True) == {}
    assert _moved(kind, Wanted(backends=_wanted(_1=1, _2=2)), ignore=True, version="v2.10.0") != {}


@pytest.mark.parametrize("kind", ["clb", "nlb"])
def test_a_pod_without_an_eni_lets_only_new_backends_in(kind: LbKind) -> None:
    found = _moved(kind, Wanted(backends=_wanted(_1=1, _3=3), invalid=("10.0.0.1",)))
    assert found == {"i-1": (100, 100), "i-2": (100, 100), "i-3": (None, 3), "i-hand": (100, 100)}
