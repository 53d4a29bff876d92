"""How fast the lab's cloud starts and answers: signed requests over loopback, in process, and a list of many.

Run: PYTHONPATH=. python benchmarks/lab_cloud.py
The client is a bare socket in a process of its own, so that the figures are the server's.
"""

from __future__ import annotations

import multiprocessing
import socket
import sys
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.gateway import Gateway
from upgrader.lab.cloud.inbound import Inbound
from upgrader.lab.cloud.rpc import signature
from upgrader.lab.cloud.seed import ROOT_KEY, ROOT_SECRET, fresh_world
from upgrader.lab.cloud.slb.model import LoadBalancer
from upgrader.lab.server import LabServer
from upgrader.model.moments import rfc3339
from upgrader.ports.clock import SystemClock

REQUESTS = 4000


def signed_requests(count: int) -> list[bytes]:
    """Requests ready to be sent, each signed with a nonce of its own."""
    made = []
    for number in range(count):
        fields = {
            "Action": "DescribeLoadBalancerAttribute",
            "Version": "2014-05-15",
            "Format": "JSON",
            "LoadBalancerId": "lb-0",
            "AccessKeyId": ROOT_KEY,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": str(number),
            "Timestamp": rfc3339(SystemClock().now()),
        }
        bare = Inbound(method="GET", host="lab", path="/", query=tuple(fields.items()))
        query = urlencode({**fields, "Signature": signature(bare, fields, ROOT_SECRET)[0]})
        made.append(f"GET /?{query} HTTP/1.1\r\nHost: lab\r\n\r\n".encode())
    return made


def fire(port: int, requests: list[bytes], done: multiprocessing.Queue[float]) -> None:
    """Send one after the other on one connection; report the seconds that it took."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for request in requests:
            connection.sendall(request)
            answer = connection.recv(65536)
            if not answer.startswith(b"HTTP/1.1 200"):
                sys.exit(answer.decode())
        done.put(time.perf_counter() - began)


def timed(act: Callable[[], object]) -> float:
    """Seconds that `act` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def main() -> None:
    """Print the figures."""
    world = fresh_world()
    for number in range(10_000):
        world.slb.load_balancers[f"lb-{number}"] = LoadBalancer(
            id=f"lb-{number}", name="n", region="cn-hangzhou", address="1.2.3.4"
        )
    cloud = Cloud(world, clock=LabClock(held=True))
    server = LabServer(Gateway(cloud))
    print(f"start: {timed(server.start) * 1000:.1f} ms")
    requests = signed_requests(REQUESTS)
    done: multiprocessing.Queue[float] = multiprocessing.Queue()
    port = urlsplit(server.url).port
    worker = multiprocessing.Process(target=fire, args=(port, requests, done))
    cpu = time.process_time()
    worker.start()
    took = done.get()
    cpu = time.process_time() - cpu
    worker.join()
    print(f"signed requests over loopback: {REQUESTS / took:.0f}/s by the wall, {REQUESTS / cpu:.0f}/s of one core")
    params = {"LoadBalancerId": "lb-0"}
    seconds = timed(lambda: [cloud.call("slb", "DescribeLoadBalancerAttribute", params) for _ in range(REQUESTS)])
    print(f"in process: {REQUESTS / seconds:.0f}/s")
    page = timed(lambda: cloud.call("slb", "DescribeLoadBalancers", {"PageSize": "100"}))
    print(f"one page of 10,000 load balancers: {page * 1000:.1f} ms")
    print(f"stop: {timed(server.stop) * 1000:.1f} ms")


if __name__ == "__main__":
    main()
