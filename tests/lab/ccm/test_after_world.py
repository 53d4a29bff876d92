"""What a version has synced it leaves alone: the forecast on the world after it is empty, for Services made at random.

The simulated CCM carries out the forecast's own requests against the lab's cloud, so that what is left over is a rule
that contradicts itself: a request that does not bring about what it is for.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lab.ccm.rig import Rig
from upgrader.forecast import World, forecast_service
from upgrader.lab.furnish import add_service
from upgrader.lab.scenario import ClusterSpec, ServiceSpec
from upgrader.matrix.load import load_matrix
from upgrader.model.version import CcmVersion, parse_version

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
ZONES = {f"{PREFIX}zone-maps": "cn-hangzhou-h:$switch-h,cn-hangzhou-i:$switch-i"}
VERSIONS = ("v1.9.3.239", "v2.2.0", "v2.4.0", "v2.5.1", "v2.9.1", "v2.11.2", "v2.12.4", "v2.14.0")
WITH_NLB = tuple(version for version in VERSIONS if parse_version(version) >= parse_version("v2.5.0"))
NOTES = (
    {"spec": "slb.s2.small", "instance-charge-type": "PayBySpec"},
    {"charge-type": "paybybandwidth", "bandwidth": "20"},
    {"scheduler": "wlc", "persistence-timeout": "1800"},
    {"connection-drain": "on", "connection-drain-timeout": "30"},
    {"health-check-flag": "on", "health-check-type": "http", "health-check-uri": "/healthz"},
    {"additional-resource-tags": "a=1,b=2"},
    {"name": "my-lb", "delete-protection": "off"},
    {"protocol-port": "http:80", "sticky-session": "on", "sticky-session-type": "insert", "cookie-timeout": "1800"},
    {"default-weight": "10"},
)  # fmt: skip
# Without server-group-type: a group of another type takes the old one's place within one sync of a real CCM, and the
# simulated one looks anew in between.
NLB_NOTES = (
    {"connection-drain-timeout": "60"},
    {"connection-drain": "on", "connection-drain-timeout": "30", "scheduler": "rr"},
    {"health-check-flag": "on", "health-check-type": "http", "health-check-uri": "/healthz", "healthy-threshold": "4"},
    {"proxy-protocol": "on", "idle-timeout": "30", "cps": "100"},
    {"preserve-client-ip": "off", "additional-resource-tags": "a=1,b=2"},
    {"cross-zone-enabled": "off", "name": "my-nlb"},
)  # fmt: skip


@st.composite
def services(draw: st.DrawFn, kind: str) -> ServiceSpec:
    """A Service of any shape that the cloud accepts."""
    chosen = draw(st.lists(st.sampled_from(NLB_NOTES if kind == "nlb" else NOTES), max_size=3))
    notes = {f"{PREFIX}{short}": text for some in chosen for short, text in some.items()}
    return ServiceSpec(
        name=draw(st.sampled_from(("web", "api", "dns"))), local=draw(st.booleans()),
        pods=draw(st.sampled_from(((1, 1, 1), (3, 2, 0), (0, 0, 0), (7, 1, 2)))),
        ports=draw(st.sampled_from((("80",), ("80", "443:8443"), ("53/UDP",), ("80", "53/UDP")))),
        annotations=ZONES | notes if kind == "nlb" else notes, class_="alibabacloud.com/nlb" if kind == "nlb" else "",
    )  # fmt: skip


def left_over(rig: Rig, version: CcmVersion) -> list[str]:
    """What the version would still write, and what it refuses."""
    found = []
    view = rig.cluster.ccm.view
    for service in view.services():
        told = forecast_service(World.of(view.facts(service, version), version, load_matrix()), service)
        found += [f"{told.key}: {write.action} {write.changes}" for write in told.writes]
        found += [f"{told.key}: {told.refusal}"] if told.refusal else []
        found += [f"{told.key}: {told.labels}"] if told.labels else []
    return found


def taken_over(kind: str, specs: list[ServiceSpec], old: str, new: str) -> list[str]:
    """Made by one version, taken over by another, touched so that each Service is synced in full: what is left then."""
    rig = Rig(ClusterSpec(name="after", kind="managed", ccm=old))
    for spec in {one.name: one for one in specs}.values():
        add_service(rig.cluster, spec)
    rig.work()
    rig.cluster.ccm.run_in_control_plane(parse_version(new))
    rig.work()
    for spec in specs:
        rig.patch(spec.name, metadata={"annotations": {"example.com/touched": "1"}})
    return left_over(rig, parse_version(new))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(services("clb"), min_size=1, max_size=3), st.sampled_from(VERSIONS), st.sampled_from(VERSIONS))
def test_a_clb_that_was_synced_is_left_alone(specs: list[ServiceSpec], old: str, new: str) -> None:
    assert taken_over("clb", specs, old, new) == []


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(services("nlb"), min_size=1, max_size=2), st.sampled_from(WITH_NLB), st.sampled_from(WITH_NLB))
def test_an_nlb_that_was_synced_is_left_alone(specs: list[ServiceSpec], old: str, new: str) -> None:
    assert taken_over("nlb", specs, old, new) == []
