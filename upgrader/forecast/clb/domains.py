"""The additional certificates of HTTPS listeners (`domain-extensions`, from v2.13.0 on).

Source: `clbv1/listeners.go` (SetListenerDomainExtensions, updateDomainExtensions, diffDomainExtensions) at v2.13.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from upgrader.forecast.annotations import PREFIX
from upgrader.forecast.world import World
from upgrader.model.cloud import DOMAIN_EXTENSIONS, Listener
from upgrader.model.forecast import Write

_NAME = PREFIX + "domain-extensions"


def created_domain(lb_id: str, port: int, domain: str, certificate: str) -> Write:
    """A certificate for one more domain."""
    params = {"LoadBalancerId": lb_id, "ListenerPort": str(port), "Domain": domain, "ServerCertificateId": certificate}
    return Write(action="slb:CreateDomainExtension", object=lb_id, changes={domain: (None, certificate)}, params=params)


def domain_writes(world: World, lb_id: str, remote: Listener, wanted: Mapping[str, str] | None) -> Iterator[Write]:
    """The requests that make a listener's certificates those of the annotation; an empty one asks for nothing.

    Where a domain has another certificate, CCM sends the one that is there, and no id: the cloud can only refuse it.
    """
    if not wanted:
        return
    have = _known(world, remote, wanted)
    for domain, certificate in wanted.items():
        if domain in have and have[domain][0] != certificate:
            params = {"ServerCertificateId": have[domain][0]}
            yield Write(action="slb:SetDomainExtensionAttribute", object="", changes={}, params=params)
    for domain, certificate in wanted.items():
        if domain not in have:
            yield created_domain(lb_id, remote.port, domain, certificate)
    for domain, (certificate, extension) in have.items():
        if domain not in wanted and extension:
            yield Write(
                action="slb:DeleteDomainExtension", object=extension, changes={domain: (certificate, None)},
                params={"DomainExtensionId": extension},
            )  # fmt: skip


def _known(world: World, remote: Listener, wanted: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Domain → certificate and id. Where they were not read, only a CCM that knows the annotation has made them."""
    text, running = remote.attributes.get(DOMAIN_EXTENSIONS), world.running
    if text is None:
        named = world.matrix.annotation(_NAME, "clb")
        made = named is not None and running is not None and named.read_by(running)
        return {domain: (certificate, "") for domain, certificate in wanted.items()} if made else {}
    parts = (f"{one}::".split(":") for one in text.split(",") if one)
    return {domain: (certificate, extension) for domain, certificate, extension, *_ in parts}
