"""The words that random Services are made of: annotations with values that people give, wrong ones, and odd texts."""

from __future__ import annotations

# Groups of annotations that mean something together, each with some of the values that people give.
CLB: tuple[dict[str, tuple[str, ...]], ...] = (
    {"spec": ("slb.s1.small", "slb.s2.small", "slb.s3.small")},
    {"instance-charge-type": ("PayBySpec", "PayByCLCU")},
    {"instance-charge-type": ("PayBySpec",), "spec": ("slb.s2.small",)},
    {"charge-type": ("paybytraffic",)},
    {"charge-type": ("paybybandwidth",), "bandwidth": ("10", "50", "100")},
    {"bandwidth": ("50",)},
    {"address-type": ("intranet",)},
    {"address-type": ("intranet",), "vswitch-id": ("vsw-lab-h",)},
    {"address-type": ("internet",)},
    {"additional-resource-tags": ("a=1,b=2", "team=net", "中=文", "k1=v1,k2=")},
    {"name": ("my-lb", "prod_lb.1", "中文名")},
    {"delete-protection": ("on", "off")},
    {"modification-protection": ("ConsoleProtection", "NonProtection")},
    {"master-zoneid": ("cn-hangzhou-h",), "slave-zoneid": ("cn-hangzhou-i",)},
    {"ip-version": ("ipv4",)},
    {"network-type": ("vpc",)},
    {"resource-group-id": ("rg-x",)},
    {"backend-label": ("kubernetes.io/hostname=node1",)},
    {"remove-unscheduled-backend": ("on", "off")},
    {"external-ip-type": ("eip",)},
    {"hostname": ("n.example.com",)},
    {"preserve-lb-on-delete": ("true",)},
    {"default-weight": ("10", "50")},
    {"ignore-weight-update": ("on",)},
    {"weight": ("60", "100")},
    {"scheduler": ("rr", "wrr", "wlc")},
    {"persistence-timeout": ("0", "1800")},
    {"established-timeout": ("60", "900")},
    {"connection-drain": ("on",), "connection-drain-timeout": ("30",)},
    {"connection-drain": ("off",)},
    {"proxy-protocol": ("on", "off")},
    {"acl-status": ("on",), "acl-id": ("acl-1",), "acl-type": ("white", "black")},
    {"acl-status": ("off",)},
    {"health-check-flag": ("on", "off")},
    {"health-check-switch": ("on", "off")},
    {"health-check-type": ("tcp",), "health-check-connect-port": ("8081",), "health-check-connect-timeout": ("6",)},
    {"health-check-flag": ("on",), "health-check-type": ("http",), "health-check-uri": ("/healthz",),
     "health-check-httpcode": ("http_2xx,http_3xx",)},
    {"healthy-threshold": ("4",), "unhealthy-threshold": ("4",), "health-check-interval": ("5",),
     "health-check-timeout": ("8",)},
    {"health-check-domain": ("h.example.com",), "health-check-type": ("http",), "health-check-uri": ("/h",)},
)  # fmt: skip
L7: tuple[dict[str, tuple[str, ...]], ...] = (
    {},
    {"sticky-session": ("on",), "sticky-session-type": ("insert",), "cookie-timeout": ("1800",)},
    {"sticky-session": ("on",), "sticky-session-type": ("server",), "cookie": ("B490B5EB",)},
    {"xforwardedfor-proto": ("on", "off"), "xforwardedfor-slbport": ("on",), "xforwardedfor-clientsrcport": ("on",)},
    {"domain-extensions": ("a.example.com:cert-1", "a.example.com:cert-2,b.example.com:cert-1")},
    {"idle-timeout": ("30",), "request-timeout": ("40",)},
    {"http2-enabled": ("on", "off")},
    {"tls-cipher-policy": ("tls_cipher_policy_1_2",)},
    {"health-check-method": ("get", "head"), "health-check-type": ("http",), "health-check-uri": ("/x",)},
)
BROKEN = (
    ("ip-version", "ipv9"), ("bandwidth", "abc"), ("bandwidth", "-1"), ("persistence-timeout", "x"),
    ("address-type", "nowhere"), ("scheduler", "bogus"), ("not-a-real-option", "x"), ("health-check-interval", "2s"),
    ("protocol-port", "http"), ("protocol-port", "ftp:80"), ("weight", "101"), ("weight", "x"),
    ("default-weight", "-1"), ("forward-port", "80"), ("additional-resource-tags", "=,a"), ("idle-timeout", "1m"),
    ("acl-status", "maybe"), ("delete-protection", "yes"), ("spec", "slb.bogus"), ("charge-type", "free"),
    ("instance-charge-type", "paybyclcu"), ("connection-drain", "true"), ("health-check-type", "icmp"),
    ("health-check-connect-port", "http"), ("resource-group-id", "rg-none"), ("vswitch-id", "vsw-none"),
    ("preserve-lb-on-delete", "maybe"), ("external-ip-type", "nat"), ("network-type", "overlay"),
    ("modification-protection", "on"), ("ignore-weight-update", "true"), ("cert-id", "cert-none"),
)  # fmt: skip
ODD = (
    "null", "yes", "No", "true", "0x1F", "0o17", "007", "1e3", "1_000", "+1", ".5", "12:30:45", "2026-11-24", "~", "-",
    "...", "?", "%", "@x", "`x`", "[]", '{"a":[1,2,{"b":null}]}', "!!str x", "# not a comment", "key: value", "*anchor",
    "  leading", "trailing  ", " ", "", "tab\there", "\\n\\t", "a\nb\n", "a\nb\nc", "line1\nline2", "line1\r\nline2",
    "\u2028sep", "\ufeffbom", "\u200bzero", "负载均衡 größe ☃ 🚀", '"quoted"', "word " * 40, "x" * 500,
)  # fmt: skip
# Annotations of the other kind of load balancer, as they stand on a CLB's Service by mistake.
OF_NLB = (
    ("cps", "100"), ("cross-zone-enabled", "off"), ("security-group-ids", "sg-1"), ("backend-ip-version", "ipv4"),
    ("zone-maps", "cn-hangzhou-h:vsw-lab-h,cn-hangzhou-i:vsw-lab-i"), ("server-group-type", "Ip"),
)  # fmt: skip
