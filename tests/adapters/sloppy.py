"""Somebody's own stand-in for the cloud: what CCM asks of it is answered, carelessly; nothing is checked or counted.

It shares no code with the lab: what the lab is exact in, this is not.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Params = Mapping[str, str]
Body = dict[str, Any] | bytes
Way = Callable[[Params], Body | tuple[int, Body]]

TAGS = {"kubernetes.do.not.delete": "a1", "ack.aliyun.com": "c1"}
CLB = {
    "LoadBalancerId": "lb-1", "LoadBalancerName": "a1", "Address": "47.0.0.1", "AddressType": "internet",
    "NetworkType": "classic", "AddressIPVersion": "ipv4", "MasterZoneId": "z-h", "SlaveZoneId": "z-i",
    "ResourceGroupId": "rg-1", "InternetChargeType": "paybytraffic", "InstanceChargeType": "PayBySpec",
    "LoadBalancerSpec": "slb.s2.small", "Bandwidth": 5120, "DeleteProtection": "on",
    "ModificationProtectionStatus": "ConsoleProtection", "LoadBalancerStatus": "active",
    "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in TAGS.items()]},
}  # fmt: skip
LISTENERS = [
    {"LoadBalancerId": lb_id, "ListenerPort": port, "ListenerProtocol": "tcp", "Status": "running",
     "Description": f"k8s/{port}/web/default/c1", "VServerGroupId": "rsp-1", "Scheduler": "rr",
     "TCPListenerConfig": {"HealthyThreshold": 4, "HealthCheckSwitch": "on"}}
    for lb_id, port in (("lb-1", 80), ("lb-1", 443), ("lb-2", 80))
]  # fmt: skip
NLB = {
    "LoadBalancerId": "nlb-1", "LoadBalancerName": "a1", "DNSName": "nlb-1.example.com", "AddressType": "internet",
    "LoadBalancerStatus": "Active", "CrossZoneEnabled": True,
    "Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()],
}  # fmt: skip
GROUP = {"ServerGroupId": "sgp-1", "ServerGroupName": "k8s.30080.TCP.web.default.c1"}


def without(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The record, some of its fields left out."""
    return {name: value for name, value in record.items() if name not in names}


def clbs(*records: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of DescribeLoadBalancers."""
    return {"LoadBalancers": {"LoadBalancer": list(records)}}


USUAL: dict[str, Way] = {
    "DescribeLoadBalancers": lambda asked: clbs(CLB, {**CLB, "LoadBalancerId": "lb-2"}),
    "DescribeLoadBalancerAttribute": lambda asked: {**CLB, "LoadBalancerId": asked["LoadBalancerId"]},
    "DescribeLoadBalancerListeners": lambda asked: {
        "Listeners": [one for one in LISTENERS if one["LoadBalancerId"] in asked.values()]
    },
    "DescribeVServerGroups": lambda asked: {"VServerGroups": {"VServerGroup": []}},
    "ListLoadBalancers": lambda asked: {"LoadBalancers": [NLB]},
    "GetLoadBalancerAttribute": lambda asked: NLB,
    "ListListeners": lambda asked: {
        "Listeners": [{"LoadBalancerId": "nlb-1", "ListenerId": "lsn-1", "ListenerPort": 80, "ListenerProtocol": "TCP",
                       "ServerGroupId": "sgp-1"}]},
    "ListServerGroups": lambda asked: {"ServerGroups": [{**GROUP, "Tags": NLB["Tags"]}]},
    "ListServerGroupServers": lambda asked: {"Servers": None},
}  # fmt: skip


@contextmanager
def sloppy(ways: Mapping[str, Way] = {}) -> Iterator[tuple[str, Counter[str]]]:
    """Its address, and how often each action was asked; `ways` come before the usual answers. 404 for the others."""
    answers, asked, guard = {**USUAL, **ways}, Counter[str](), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            params = dict(parse_qsl(urlsplit(self.path).query) + parse_qsl(body))
            action = params.get("Action", self.path)
            with guard:
                asked[action] += 1
            answer = answers[action](params) if action in answers else (404, b"404 page not found")
            status, content = answer if isinstance(answer, tuple) else (200, answer)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing is told on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
