"""What stands in a cluster: nodes, the network plug-in, CCM with its rights and config, and applications."""

from __future__ import annotations

import json
from typing import Any

from upgrader.lab.cloud import seed as plant
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cluster import CONTAINER, PLACE, WORKLOAD, LabCluster
from upgrader.lab.scenario import ServiceSpec
from upgrader.lab.terway import Terway
from upgrader.matrix.load import load_matrix
from upgrader.matrix.startup import load_startup
from upgrader.model.version import parse_version
from upgrader.plan.images import image_of

_PORT_RANGES = 250
"""Nodes' addresses end in 11 and above; so many fit into one vSwitch."""
_OWNERS: dict[str, dict[str, str]] = {
    "manifest": {},
    "helm": {"app.kubernetes.io/managed-by": "Helm"},
    "gitops": {"argocd.argoproj.io/instance": "platform"},
}
_RIGHTS_SINCE = parse_version("v2.1.0")
_MASTER = {"node-role.kubernetes.io/control-plane": "", "node-role.kubernetes.io/master": ""}


def furnish(cluster: LabCluster, cloud: Cloud, config: dict[str, str], role: str) -> None:
    """Put everything into the cluster. `role` is the RAM role of its control-plane nodes."""
    spec = cluster.spec
    if spec.network == "terway":
        Terway(cluster.controllers, cloud.world, without=frozenset(s.name for s in spec.services if not s.interfaces))
    with_masters = spec.kind != "managed"
    if with_masters:
        _node(cluster, cloud, 0, role, _MASTER)
    for place in range(1, spec.nodes + 1):
        _node(cluster, cloud, place, "", {})
    _plug_in(cluster)
    _ccm_config(cluster, config)
    if spec.kind == "managed":
        cluster.ccm.run_in_control_plane(parse_version(spec.ccm))
    else:
        _ccm_workload(cluster)
    for service in spec.services:
        if not service.late:
            add_service(cluster, service)
    cluster.controllers.settle()


def add_service(cluster: LabCluster, spec: ServiceSpec) -> None:
    """A Service of type LoadBalancer with its pods."""
    local = cluster.local
    if local.get("namespaces", spec.namespace) is None:
        local.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": spec.namespace}})
    for place, count in enumerate(spec.pods[: cluster.spec.nodes], 1):
        for copy in range(count):
            _pod(cluster, spec, node_name(cluster, place), f"{spec.name}-{place}-{copy + 1}")
    cluster.controllers.settle()
    local.create(service_object(spec, cluster.identity.vpc_id))
    cluster.controllers.settle()


def service_object(spec: ServiceSpec, vpc_id: str) -> dict[str, Any]:
    """The Service as a user would write it; `$switch-h` in an annotation is the cluster's vSwitch in zone h."""
    body: dict[str, Any] = {
        "type": "LoadBalancer",
        "selector": {"app": spec.name},
        "ports": [port_of(text) for text in spec.ports],
        "externalTrafficPolicy": "Local" if spec.local else "Cluster",
    }
    if spec.class_:
        body["loadBalancerClass"] = spec.class_
    if spec.source_ranges:
        body["loadBalancerSourceRanges"] = list(spec.source_ranges)
    metadata = {"name": spec.name, "namespace": spec.namespace,
                "annotations": {k: v.replace("$switch", f"vsw-{vpc_id[4:]}") for k, v in spec.annotations.items()},
                "labels": {"app": spec.name, **spec.labels}}  # fmt: skip
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body}


def node_name(cluster: LabCluster, place: int) -> str:
    """The name of the node at a place; 0 is the control plane's."""
    return f"{cluster.spec.region}.192.168.0.{10 + place}"


def instance_id(cluster: LabCluster, place: int) -> str:
    """The machine behind a node."""
    return f"i-{cluster.id[1:9]}-{place}"


def _node(cluster: LabCluster, cloud: Cloud, place: int, role: str, labels: dict[str, str]) -> None:
    region, ip = cluster.spec.region, f"192.168.{place // _PORT_RANGES}.{10 + place % _PORT_RANGES}"
    machine = plant.add_instance(cloud.world, instance_id(cluster, place), ip, cluster.identity.vpc_id)
    machine.role = role
    places = {"topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": f"{region}-h",
              "failure-domain.beta.kubernetes.io/region": region}  # fmt: skip
    taints: dict[str, Any] = (
        {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]} if labels else {}
    )
    cluster.controllers.add_node(
        node_name(cluster, place), ip, provider_id=f"{region}.{machine.id}", labels={**places, **labels},
        podCIDR=f"172.20.{place}.0/24", podCIDRs=[f"172.20.{place}.0/24"], **taints,
    )  # fmt: skip


def _pod(cluster: LabCluster, spec: ServiceSpec, node: str, name: str) -> None:
    ports = [{"containerPort": int(_target(text)) if _target(text).isdigit() else 8080,
              **({} if _target(text).isdigit() else {"name": _target(text)})} for text in spec.ports]  # fmt: skip
    container = {"name": "app", "image": "nginx:1.27", "ports": ports}
    cluster.local.create(
        {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": spec.namespace, "labels": {"app": spec.name}},
            "spec": {"containers": [container], "nodeName": node},
        }
    )  # fmt: skip


def _plug_in(cluster: LabCluster) -> None:
    name, image = (
        ("terway-eniip", "terway:v1.9.3")
        if cluster.spec.network == "terway"
        else ("kube-flannel-ds", "flannel:v0.15.1")
    )
    container = {"name": name.split("-")[0], "image": f"registry-vpc.{cluster.spec.region}.aliyuncs.com/acs/{image}"}
    everywhere = {"hostNetwork": True, "tolerations": [{"operator": "Exists"}]}
    _workload(cluster, "DaemonSet", name, container, everywhere, {})


def _ccm_config(cluster: LabCluster, config: dict[str, str]) -> None:
    text = json.dumps({"Global": config}, sort_keys=True)
    cluster.local.create({"apiVersion": "v1", "kind": "ConfigMap", "data": {"cloud-config.conf": text},
                          "metadata": {"name": "cloud-config", "namespace": PLACE}})  # fmt: skip
    if cluster.spec.kind == "managed":
        return
    account = {"name": WORKLOAD, "namespace": PLACE}
    cluster.local.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    role = f"system:{WORKLOAD}"
    # What the data knows of rights begins with v2.1.0; installs of older versions had as much.
    version = max(parse_version(cluster.spec.ccm), _RIGHTS_SINCE)
    rights = [one for one in load_startup().rights if one.in_force(version)]
    rules = [{"apiGroups": [one.group], "resources": [one.resource], "verbs": list(one.verbs)} for one in rights]
    rbac = "rbac.authorization.k8s.io"
    cluster.local.create(
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": role}, "rules": rules}
    )
    cluster.local.create(
        {
            "apiVersion": f"{rbac}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": role},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", **account}],
        }
    )  # fmt: skip


def _ccm_workload(cluster: LabCluster) -> None:
    spec = cluster.spec
    version = parse_version(spec.ccm)
    args = [
        "--cloud-provider=alicloud", "--kubeconfig=/etc/kubernetes/cloud-controller-manager.conf",
        "--cloud-config=/etc/kubernetes/config/cloud-config.conf", "--leader-elect=true",
        f"--configure-cloud-routes={'true' if spec.network == 'flannel' else 'false'}",
        "--cluster-cidr=172.20.0.0/16", *spec.args,
    ]  # fmt: skip
    place = f"registry-vpc.{spec.region}.aliyuncs.com/acs/cloud-controller-manager-amd64:{version}"
    container = {"name": CONTAINER, "image": image_of(place, version, load_matrix()),
                 "command": ["/cloud-controller-manager"], "args": args}  # fmt: skip
    pod = {
        "hostNetwork": True, "serviceAccountName": WORKLOAD,
        "nodeSelector": {"node-role.kubernetes.io/control-plane": ""},
        "tolerations": [{"operator": "Exists"}],
    }  # fmt: skip
    _workload(
        cluster, spec.workload, WORKLOAD, container, pod, _OWNERS[spec.owner] if spec.kind == "self-managed" else {}
    )


def _workload(
    cluster: LabCluster, kind: str, name: str, container: dict[str, Any], pod: dict[str, Any], marks: dict[str, str]
) -> None:
    labels = {"k8s-app": name}
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}},
    }
    if kind == "Deployment":
        spec["replicas"] = cluster.spec.replicas
    metadata = {"name": name, "namespace": PLACE, "labels": {**labels, **marks}}
    cluster.local.create({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec})


def port_of(text: str) -> dict[str, Any]:
    """A port of a Service from its short form."""
    number, _, target = text.partition("/")[0].partition(":")
    protocol = text.partition("/")[2] or "TCP"
    wanted: int | str = int(target) if target.isdigit() else target or int(number)
    return {"name": f"{protocol.lower()}-{number}", "port": int(number), "protocol": protocol, "targetPort": wanted}


def _target(text: str) -> str:
    number, _, target = text.partition("/")[0].partition(":")
    return target or number
