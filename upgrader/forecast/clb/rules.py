"""Which annotation decides which attribute of a CLB listener, and for which protocols.

Source: `clbv1/listeners.go` (buildListenerFromServicePort, isNeedUpdate), `provider/alibaba/slb/listener.go`.
"""

from __future__ import annotations

from msgspec import Struct

L4, L7 = ("tcp", "udp"), ("http", "https")
ALL = L4 + L7
NOT_UDP = ("tcp", "http", "https")


class Rule(Struct, frozen=True):
    """One attribute. `words` is CCM's name for a number; `zero` says that 0 is a value.

    With `needs_on` it is compared only where that attribute is wanted to be on; it is sent with a new one all the same.
    """

    short: str
    attribute: str
    protocols: tuple[str, ...]
    words: str = ""
    needs_on: str = ""
    zero: bool = False


RULES: tuple[Rule, ...] = (
    Rule("scheduler", "Scheduler", ALL),
    Rule("persistence-timeout", "PersistenceTimeout", ("tcp",), "persistence timeout", zero=True),
    Rule("established-timeout", "EstablishedTimeout", ("tcp",), "EstablishedTimeout"),
    Rule("tls-cipher-policy", "TLSCipherPolicy", ("https",)),
    Rule("http2-enabled", "EnableHttp2", ("https",)),
    Rule("idle-timeout", "IdleTimeout", L7, "IdleTimeout"),
    Rule("request-timeout", "RequestTimeout", L7, "RequestTimeout"),
    Rule("acl-status", "AclStatus", ALL),
    Rule("acl-type", "AclType", ALL, needs_on="AclStatus"),
    Rule("acl-id", "AclId", ALL, needs_on="AclStatus"),
    Rule("connection-drain", "ConnectionDrain", L4),
    Rule("connection-drain-timeout", "ConnectionDrainTimeout", L4, "ConnectionDrainTimeout", "ConnectionDrain"),
    Rule("cookie", "Cookie", L7),
    Rule("cookie-timeout", "CookieTimeout", L7, "CookieTimeout"),
    Rule("sticky-session", "StickySession", L7),
    Rule("sticky-session-type", "StickySessionType", L7),
    Rule("xforwardedfor-proto", "XForwardedFor_proto", L7),
    Rule("xforwardedfor-slbport", "XForwardedFor_SLBPORT", L7),
    Rule("xforwardedfor-clientsrcport", "XForwardedFor_ClientSrcPort", L7),
    Rule("healthy-threshold", "HealthyThreshold", ALL, "HealthyThreshold"),
    Rule("unhealthy-threshold", "UnhealthyThreshold", ALL, "UnhealthyThreshold"),
    Rule("health-check-connect-timeout", "HealthCheckConnectTimeout", L4, "HealthCheckConnectTimeout"),
    Rule("health-check-connect-port", "HealthCheckConnectPort", ALL, "HealthCheckConnectPort"),
    Rule("health-check-interval", "HealthCheckInterval", ALL, "HealthCheckInterval"),
    Rule("health-check-domain", "HealthCheckDomain", NOT_UDP),
    Rule("health-check-uri", "HealthCheckURI", NOT_UDP),
    Rule("health-check-httpcode", "HealthCheckHttpCode", NOT_UDP),
    Rule("health-check-type", "HealthCheckType", ("tcp",)),
    Rule("health-check-flag", "HealthCheck", L7),
    Rule("health-check-timeout", "HealthCheckTimeout", L7, "HealthCheckTimeout"),
    Rule("health-check-method", "HealthCheckMethod", L7),
    Rule("health-check-switch", "HealthCheckSwitch", L4),
)
