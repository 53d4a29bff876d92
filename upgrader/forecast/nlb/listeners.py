"""NLB listeners at a full sync: deleted, created, started, rewritten.

Source: `nlbv2/model_applier.go` (buildActionsForListeners), `nlbv2/listeners.go` (buildListenerFromServicePort,
UpdateNLBListener, updateListenerAdditionalCertificates), `provider/alibaba/nlb/{listener,cert}.go`, each tag. On
its own NLB CCM deletes every listener that no port wants; on the user's only those that it made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.nlb.go_errors import atoi
from upgrader.forecast.nlb.servers import is_mine
from upgrader.forecast.nlb.wanted import WantedListener
from upgrader.forecast.world import World
from upgrader.model.cloud import ADDITIONAL_CERTIFICATES, Listener, LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

Changes = dict[str, tuple[str | None, str | None]]
CERTIFICATES_PER_REQUEST = 15
_LISTS = ("CertificateIds", "CaCertificateIds")
_SENT = ("Cps", "ProxyProtocolEnabled", "AlpnEnabled", "IdleTimeout", "SecurityPolicyId", "CaEnabled")
_PPV2 = "ProxyProtocolV2Config."


class Rule(Struct, frozen=True):
    """An annotation, the attribute it decides, how it is compared; `tls` alone holds for TCPSSL only."""

    short: str
    attribute: str
    kind: str
    tls: bool = False


RULES: tuple[Rule, ...] = (
    Rule("proxy-protocol", "ProxyProtocolEnabled", "switch"),
    Rule("ppv2-pvl-ep-id-enabled", _PPV2 + "Ppv2PrivateLinkEpIdEnabled", "set-switch"),
    Rule("ppv2-pvl-eps-id-enabled", _PPV2 + "Ppv2PrivateLinkEpsIdEnabled", "set-switch"),
    Rule("ppv2-pvl-vpc-id-enabled", _PPV2 + "Ppv2VpcIdEnabled", "set-switch"),
    Rule("idle-timeout", "IdleTimeout", "number"),
    Rule("cps", "Cps", "number-or-0"),
    Rule("cert-id", "CertificateIds", "list", tls=True),
    Rule("cacert-id", "CaCertificateIds", "list", tls=True),
    Rule("cacert", "CaEnabled", "switch", tls=True),
    Rule("tls-cipher-policy", "SecurityPolicyId", "text", tls=True),
    Rule("alpn", "AlpnEnabled", "switch", tls=True),
    Rule("alpn-policy", "AlpnPolicy", "text", tls=True),
)
_FROM_2_9_ANY_CASE = ("proxy-protocol", "cacert")


def settings_of(world: World, service: Service, wanted: WantedListener) -> dict[str, str]:
    """Attributes by their OpenAPI names, only those that the Service names and the version reads."""
    notes, found = Annotations(service), dict[str, str]()
    for rule in RULES:
        text = notes.get(rule.short)
        if not text or not world.reads(rule.short, "nlb"):
            continue
        if rule.short.startswith("alpn") and wanted.protocol != "TCPSSL":
            continue
        if rule.kind.endswith("switch"):
            fold = world.ways.nlb_switches == "any-case" or rule.short not in _FROM_2_9_ANY_CASE
            found[rule.attribute] = "true" if (text.lower() if fold else text) == "on" else "false"
        elif rule.kind.startswith("number"):
            value = atoi(text)[0]
            if value or rule.kind == "number-or-0":
                found[rule.attribute] = str(value)
        else:
            found[rule.attribute] = text
    return found


def certificates_of(world: World, service: Service, wanted: WantedListener) -> list[str] | None:
    """The additional certificates that the Service lists; None where it says nothing about them."""
    notes = Annotations(service)
    if wanted.protocol != "TCPSSL" or not world.reads("additional-cert-ids", "nlb"):
        return None
    if not notes.has("additional-cert-ids"):
        return None
    text = notes.get("additional-cert-ids")
    return text.split(",") if text else []


def unread_certificates(
    world: World, service: Service, lb: LoadBalancer, wanted: Sequence[WantedListener]
) -> tuple[str, ...]:
    """What could not be told, where the Service lists certificates and those of its listeners were not read."""
    return tuple(
        f"port {one.shown}: the additional certificates of {had.id} were not read"
        for one in wanted
        if certificates_of(world, service, one) is not None
        and (had := _match(one, lb.listeners)) is not None
        and ADDITIONAL_CERTIFICATES not in had.attributes
    )


def listener_writes(
    world: World,
    service: Service,
    lb: LoadBalancer,
    wanted: Sequence[WantedListener],
    group_ids: Mapping[str, str],
) -> Iterator[Write]:
    """The requests in CCM's order. `group_ids` maps a wanted group's name to its id, empty for one still to be made."""
    pairs = [(one, _match(one, lb.listeners)) for one in wanted]
    reused = bool(Annotations(service).get("id"))
    for remote in lb.listeners:
        kept = any(_fits(one, remote) for one in wanted) or (reused and not is_mine(world, service, remote.description))
        if not kept:
            yield Write(
                action="nlb:DeleteListener", object=remote.id, params={"ListenerId": remote.id},
                changes={"listener": (f"{remote.protocol}:{_shown(remote)}", None)},
            )  # fmt: skip
    for one, had in pairs:
        group_id = one.group_id or group_ids.get(one.group_name, "")
        if had is None:
            yield from create_listener(world, service, lb.id, one, group_id)
        else:
            yield from _update(world, service, one, had, group_id)


def _match(wanted: WantedListener, remotes: Sequence[Listener]) -> Listener | None:
    """The last listener of the same port or range and protocol, as CCM's loop leaves it."""
    return next((remote for remote in reversed(remotes) if _fits(wanted, remote)), None)


def _fits(wanted: WantedListener, remote: Listener) -> bool:
    if remote.protocol != wanted.protocol:
        return False
    if wanted.port:
        return remote.port == wanted.port
    first, last = (int(remote.attributes.get(name) or 0) for name in ("StartPort", "EndPort"))
    return (first, last) == (wanted.first, wanted.last)


def _shown(remote: Listener) -> str:
    if remote.port:
        return str(remote.port)
    return f"{remote.attributes.get('StartPort', '')}-{remote.attributes.get('EndPort', '')}"


def create_listener(
    world: World, service: Service, lb_id: str, wanted: WantedListener, group_id: str
) -> Iterator[Write]:
    """One new listener, and its additional certificates."""
    attributes = settings_of(world, service, wanted)
    params = {
        "LoadBalancerId": lb_id,
        "ListenerProtocol": wanted.protocol,
        "ListenerPort": str(wanted.port),
        "ListenerDescription": wanted.description,
        "ServerGroupId": group_id,
    }
    if not wanted.port:
        params |= {"StartPort": str(wanted.first), "EndPort": str(wanted.last)}
    params |= _params(attributes)
    changes: Changes = {"listener": (None, f"{wanted.protocol}:{wanted.shown}")}
    changes |= {name: (None, value) for name, value in attributes.items()}
    yield Write(
        action="nlb:CreateListener", object="", changes=changes,
        params={name: value for name, value in params.items() if value},
    )  # fmt: skip
    yield from _certificates("AssociateAdditionalCertificatesWithListener", "", certificates_of(world, service, wanted))


def _update(world: World, service: Service, wanted: WantedListener, remote: Listener, group_id: str) -> Iterator[Write]:
    if remote.status == "Stopped":
        yield Write(
            action="nlb:StartListener", object=remote.id, changes={"ListenerStatus": ("Stopped", "Running")},
            params={"ListenerId": remote.id},
        )  # fmt: skip
    certificates = certificates_of(world, service, wanted)
    if certificates is not None and ADDITIONAL_CERTIFICATES in remote.attributes:
        had = [one for one in remote.attributes[ADDITIONAL_CERTIFICATES].split(",") if one]
        if not _equal_lists(certificates, had):
            missing = [one for one in certificates if one not in had]
            surplus = [one for one in had if one not in certificates]
            yield from _certificates("AssociateAdditionalCertificatesWithListener", remote.id, missing)
            yield from _certificates("DisassociateAdditionalCertificatesWithListener", remote.id, surplus)
    changes = listener_changes(world, service, wanted, remote, group_id)
    if changes:
        after = dict(remote.attributes) | {name: value for name, (_, value) in changes.items() if value is not None}
        if not world.reads("alpn", "nlb"):
            after.pop("AlpnEnabled", None)
        params = {
            "ListenerId": remote.id,
            "ListenerDescription": wanted.description,
            "ServerGroupId": group_id,
            **_params(after),
        }
        yield Write(
            action="nlb:UpdateListenerAttribute", object=remote.id, changes=changes,
            params={name: value for name, value in params.items() if value},
        )  # fmt: skip


def listener_changes(
    world: World, service: Service, wanted: WantedListener, remote: Listener, group_id: str
) -> Changes:
    """Fields of a listener that the version rewrites, before → after."""
    found, have = Changes(), remote.attributes.get
    if remote.description != wanted.description:
        found["ListenerDescription"] = (remote.description or None, wanted.description)
    if remote.server_group_id != group_id:
        found["ServerGroupId"] = (remote.server_group_id or None, group_id or None)
    settings = settings_of(world, service, wanted)
    for rule in RULES:
        value = settings.get(rule.attribute)
        if value is None or (rule.tls and wanted.protocol != "TCPSSL"):
            continue
        if rule.short == "alpn-policy" and settings.get("AlpnEnabled") != "true":
            continue
        if not _equal(rule.kind, value, have(rule.attribute)):
            found[rule.attribute] = (have(rule.attribute), value)
    return found


def _equal(kind: str, wanted: str, had: str | None) -> bool:
    match kind:
        case "switch":
            return wanted == (had or "false").lower()
        case "set-switch":
            return had is not None and wanted == had.lower()
        case "number" | "number-or-0":
            return wanted == (had or "0")
        case "list":
            return _equal_lists(wanted.split(","), [one for one in (had or "").split(",") if one])
    return wanted == (had or "")


def _equal_lists(wanted: Sequence[str], had: Sequence[str]) -> bool:
    """As CCM compares lists: of one length, and each wanted one is there, in any case."""
    return len(wanted) == len(had) and {one.lower() for one in wanted} <= {one.lower() for one in had}


def _params(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes as the requests spell them; what is empty is not sent."""
    found = {name: attributes[name] for name in _SENT if attributes.get(name)}
    if found.get("IdleTimeout") == "0":
        del found["IdleTimeout"]
    found |= {name: value for name, value in attributes.items() if name.startswith(_PPV2) and value}
    if attributes.get("AlpnEnabled", "").lower() == "true":
        found["AlpnPolicy"] = attributes.get("AlpnPolicy", "")
    for name in _LISTS:
        values = [one for one in attributes.get(name, "").split(",") if one]
        found |= {f"{name}.{number}": one for number, one in enumerate(values, 1)}
    return found


def _certificates(call: str, listener: str, ids: Sequence[str] | None) -> Iterator[Write]:
    for start in range(0, len(ids or ()), CERTIFICATES_PER_REQUEST):
        batch = (ids or ())[start : start + CERTIFICATES_PER_REQUEST]
        adding = call.startswith("Associate")
        params = {"ListenerId": listener} if listener else {}
        params |= {f"{ADDITIONAL_CERTIFICATES}.{number}": one for number, one in enumerate(batch, 1)}
        text = ",".join(batch)
        changes: Changes = {ADDITIONAL_CERTIFICATES: (None, text) if adding else (text, None)}
        yield Write(action=f"nlb:{call}", object=listener, changes=changes, params=params)
