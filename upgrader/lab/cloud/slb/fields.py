"""The fields of a listener by protocol: which there are, which are numbers, and their defaults."""

from __future__ import annotations

from collections.abc import Mapping

from upgrader.lab.cloud.slb.model import Setting

COMMON: Mapping[str, Setting] = {
    "Bandwidth": -1,
    "Scheduler": "wrr",
    "Description": "",
    "VServerGroupId": "",
    "MasterSlaveServerGroupId": "",
    "BackendServerPort": 0,
    "AclId": "",
    "AclStatus": "off",
    "AclType": "",
}
"""What the list of listeners shows at the top of each."""

_LAYER_4: Mapping[str, Setting] = {
    "PersistenceTimeout": 0,
    "HealthCheckConnectPort": 0,
    "HealthCheckConnectTimeout": 5,
    "HealthCheckInterval": 2,
    "HealthyThreshold": 3,
    "UnhealthyThreshold": 3,
    "HealthCheckHttpCode": "",
    "HealthCheckDomain": "",
    "HealthCheckURI": "",
    "HealthCheckMethod": "",
    "HealthCheck": "on",
    "HealthCheckSwitch": "on",
    "ConnectionDrain": "off",
    "ConnectionDrainTimeout": 0,
    "ProxyProtocolV2Enabled": "false",
    "FullNatEnabled": "off",
}
TCP: Mapping[str, Setting] = {**_LAYER_4, "EstablishedTimeout": 900, "HealthCheckType": "tcp"}
UDP: Mapping[str, Setting] = {
    **_LAYER_4,
    "HealthCheckType": "udp",
    "HealthCheckReq": "",
    "HealthCheckExp": "",
    "QuicVersion": "",
    "HealthCheckConnectTimeout": 10,
    "HealthCheckInterval": 5,
}
HTTP: Mapping[str, Setting] = {
    "StickySession": "off",
    "StickySessionType": "",
    "CookieTimeout": 0,
    "Cookie": "",
    "HealthCheck": "off",
    "HealthCheckDomain": "",
    "HealthCheckURI": "",
    "HealthCheckConnectPort": 0,
    "HealthCheckTimeout": 5,
    "HealthCheckInterval": 2,
    "HealthyThreshold": 3,
    "UnhealthyThreshold": 3,
    "HealthCheckHttpCode": "",
    "HealthCheckMethod": "",
    "HealthCheckType": "http",
    "HealthCheckHttpVersion": "",
    "XForwardedFor": "on",
    "XForwardedFor_SLBIP": "off",
    "XForwardedFor_SLBID": "off",
    "XForwardedFor_proto": "off",
    "XForwardedFor_SLBPORT": "off",
    "XForwardedFor_ClientSrcPort": "off",
    "Gzip": "on",
    "IdleTimeout": 15,
    "RequestTimeout": 60,
    "ListenerForward": "off",
    "ForwardPort": 0,
    "ForwardCode": 0,
}
HTTPS: Mapping[str, Setting] = {
    **{name: value for name, value in HTTP.items() if name not in ("ListenerForward", "ForwardPort", "ForwardCode")},
    "ServerCertificateId": "",
    "CACertificateId": "",
    "EnableHttp2": "on",
    "TLSCipherPolicy": "tls_cipher_policy_1_0",
}

BY_PROTOCOL: Mapping[str, Mapping[str, Setting]] = {"tcp": TCP, "udp": UDP, "http": HTTP, "https": HTTPS}
PROTOCOLS = tuple(BY_PROTOCOL)

ALIASES: Mapping[str, str] = {
    "XForwardedForProto": "XForwardedFor_proto",
    "XForwardedForSLBIP": "XForwardedFor_SLBIP",
    "XForwardedForSLBID": "XForwardedFor_SLBID",
    "XForwardedForSLBPORT": "XForwardedFor_SLBPORT",
    "XForwardedForClientSrcPort": "XForwardedFor_ClientSrcPort",
    "VpcIds": "",
    "healthCheckInterval": "HealthCheckInterval",
}
"""Names that some clients send without the underscore that the API writes; one is in small letters where a TCP or UDP
listener is made (SLB OpenAPI, CreateLoadBalancerTCPListener and CreateLoadBalancerUDPListener)."""

LIMITS: Mapping[str, tuple[int, int]] = {
    "PersistenceTimeout": (0, 3600),
    "EstablishedTimeout": (10, 900),
    "HealthCheckConnectTimeout": (1, 300),
    "HealthCheckTimeout": (1, 300),
    "HealthCheckInterval": (1, 50),
    "HealthyThreshold": (2, 10),
    "UnhealthyThreshold": (2, 10),
    "IdleTimeout": (1, 60),
    "RequestTimeout": (1, 180),
    "Bandwidth": (-1, 5120),
    "BackendServerPort": (0, 65535),
    "ConnectionDrainTimeout": (0, 900),
    "CookieTimeout": (0, 86400),
}
SCHEDULERS = ("wrr", "rr", "wlc", "sch", "tch", "qch")
