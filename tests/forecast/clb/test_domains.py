"""The additional certificates of HTTPS listeners, from v2.13.0 on.

Source: `clbv1/listeners.go` (updateDomainExtensions, diffDomainExtensions) at v2.13.0.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import a_clb, a_service, now_of, told_of
from upgrader.model.cloud import Listener, LoadBalancer

NOTES = {"protocol-port": "https:80", "cert-id": "cert-1"}


def _https(**attributes: str) -> LoadBalancer:
    listener = Listener(
        port=80, protocol="https", description="k8s/80/web/prod/c1", server_group_id="rsp-1", status="running",
        attributes={"ServerCertificateId": "cert-1", **attributes},
    )  # fmt: skip
    return a_clb(listeners=(listener,))


@pytest.mark.parametrize(("version", "calls"), [("v2.12.4", 0), ("v2.13.0", 2), ("v2.14.0", 2)])
def test_each_domain_is_added_to_a_listener_that_lacks_it(version: str, calls: int) -> None:
    service = a_service({**NOTES, "domain-extensions": "a.example.com:cert-1, b.example.com:cert-2"})
    for lb in (_https(DomainExtensions=""), _https()):
        assert now_of(told_of(version, service, lb)) == [("CreateDomainExtension", "lb-1")] * calls


def test_nothing_is_sent_where_the_domains_are_there_or_the_annotation_is_empty() -> None:
    lb = _https(DomainExtensions="a.example.com:cert-1:de-1")
    for text in ("a.example.com:cert-1", ""):
        assert now_of(told_of("v2.14.0", a_service({**NOTES, "domain-extensions": text}), lb)) == []


def test_another_certificate_can_only_be_refused_and_a_domain_too_many_goes() -> None:
    lb = _https(DomainExtensions="a.example.com:cert-1:de-1,z.example.com:cert-1:de-2")
    told = told_of("v2.14.0", a_service({**NOTES, "domain-extensions": "a.example.com:cert-2"}), lb)
    assert now_of(told) == [("SetDomainExtensionAttribute", ""), ("DeleteDomainExtension", "de-2")]
    assert told.writes[0].params == {"ServerCertificateId": "cert-1"}
    assert [doubt.kind for doubt in told.doubts] == ["refused"]


def test_a_stopped_listener_is_started_first() -> None:
    lb = _https(DomainExtensions="")
    lb = replace(lb, listeners=tuple(replace(one, status="stopped") for one in lb.listeners))
    told = told_of("v2.14.0", a_service({**NOTES, "domain-extensions": "a.example.com:cert-1"}), lb)
    assert now_of(told) == [("StartLoadBalancerListener", "lb-1:80"), ("CreateDomainExtension", "lb-1")]
