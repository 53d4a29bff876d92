"""A small account on the lab's cloud, served on loopback, for the adapters to talk to as they talk to the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.cs.model import Addon, Cluster
from upgrader.lab.cloud.ecs.model import Interface
from upgrader.lab.cloud.gateway import Gateway
from upgrader.lab.cloud.nlb.model import Nlb, NlbListener, Server, ServerGroup
from upgrader.lab.cloud.ram.model import AccessKey, Policy, PolicyVersion, Role
from upgrader.lab.cloud.slb.model import Backend, Group, Listener, LoadBalancer
from upgrader.lab.cloud.state import World
from upgrader.lab.cloud.vpc.model import Vpc
from upgrader.lab.server import LabServer

CLUSTER = "c0123456789abcdef0123456789abcdef"
REGION = "cn-hangzhou"
VPC = "vpc-1"
ROLE = "KubernetesMasterRole-1"
KEY, SECRET = "LTAI5tLabLabLabLab", "a-secret-that-must-never-be-shown"
DOCUMENT = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["slb:*"], "Resource": ["*"]}]}


def world(clbs: int = 3) -> World:
    """A dedicated Flannel cluster with CLBs `lb-000`…, one NLB, a role with one policy."""
    found = World(region=REGION)
    for number in range(clbs):
        _add_clb(found, number)
    _add_nlb(found)
    found.ecs.interfaces["eni-1"] = Interface(
        id="eni-1", region=REGION, vpc_id=VPC, instance_id="i-1", private_ips=["10.0.0.9"]
    )
    found.vpc.vpcs[VPC] = Vpc(id=VPC, region=REGION, cidr="10.0.0.0/8")
    found.ram.keys[KEY] = AccessKey(id=KEY, secret=SECRET)
    found.ram.roles[ROLE] = Role(name=ROLE, id="1", policies=[("Custom", "k8sMasterRolePolicy-Ccm-1")])
    found.ram.policies["k8sMasterRolePolicy-Ccm-1"] = Policy(
        name="k8sMasterRolePolicy-Ccm-1", versions={"v1": PolicyVersion(id="v1", document=DOCUMENT)}
    )
    found.cs.clusters[CLUSTER] = Cluster(
        id=CLUSTER, name="shop", region=REGION, type="Kubernetes", network="flannel", vpc_id=VPC, worker_role=ROLE,
        addons={"cloud-controller-manager": Addon(
            name="cloud-controller-manager", version="v2.10.0", next_versions=["v2.14.0"], config='{"a":1}')},
    )  # fmt: skip
    return found


@contextmanager
def served(state: World) -> Iterator[tuple[Cloud, str]]:
    """The cloud and its address, as `--endpoint` takes it. Signatures are checked."""
    cloud = Cloud(state)
    server = LabServer(Gateway(cloud)).start()
    try:
        yield cloud, server.url
    finally:
        server.stop()


def asked(cloud: Cloud) -> list[str]:
    """The names of the requests so far."""
    return [f"{request.product}:{request.action}" for request in cloud.journal.requests()]


def text_of(value: object) -> str:
    """Anything as text, to be searched for secrets."""
    return json.dumps(value, default=str)


def _add_clb(found: World, number: int) -> None:
    lb_id = f"lb-{number:03}"
    found.slb.load_balancers[lb_id] = LoadBalancer(
        id=lb_id, name=f"name-{number}", region=REGION, address=f"47.0.{number // 250}.{number % 250}",
        tags={"kubernetes.do.not.delete": f"name-{number}", "ack.aliyun.com": CLUSTER},
        listeners={"tcp:80": Listener(
            port=80, protocol="tcp", status="running",
            settings={"Description": "k8s/80/web/default/c", "VServerGroupId": f"rsp-{number}", "Bandwidth": -1,
                      "Scheduler": "rr", "PersistenceTimeout": 0, "HealthCheckConnectTimeout": 5})},
    )  # fmt: skip
    found.slb.groups[f"rsp-{number}"] = Group(
        id=f"rsp-{number}", name="k8s/30080/web/default/c", load_balancer_id=lb_id,
        backends=[Backend(server_id="i-2", port=30080, weight=33, description="d"),
                  Backend(server_id="i-1", port=30080, weight=66, description="d")],
    )  # fmt: skip


def _add_nlb(found: World) -> None:
    tags = {"kubernetes.do.not.delete": "nlb-name", "ack.aliyun.com": CLUSTER}
    found.nlb.load_balancers["nlb-1"] = Nlb(id="nlb-1", name="nlb-name", region=REGION, vpc_id=VPC, tags=tags)
    found.nlb.groups["sgp-1"] = ServerGroup(
        id="sgp-1", name="k8s.30081.TCP.api.default.c", region=REGION, vpc_id=VPC, tags=tags,
        servers=[Server(server_id="i-1", port=30081, weight=3)],
    )  # fmt: skip
    found.nlb.groups["sgp-lost"] = ServerGroup(
        id="sgp-lost", name="k8s.1.TCP.gone.default.c", region=REGION, vpc_id=VPC,
        tags={"kubernetes.do.not.delete": "gone", "ack.aliyun.com": CLUSTER},
    )  # fmt: skip
    found.nlb.groups["sgp-mine"] = ServerGroup(id="sgp-mine", name="by-hand", region=REGION, vpc_id=VPC)
    found.nlb.listeners["lsn-1@80"] = NlbListener(
        id="lsn-1@80", load_balancer_id="nlb-1", region=REGION, port=80, protocol="TCP", group_id="sgp-1"
    )
