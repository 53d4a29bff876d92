"""A scenario made real: account and clusters, CCM of the old version at work, then faults, edits, late Services."""

from __future__ import annotations

import hashlib

from upgrader.lab.ccm.manager import Account
from upgrader.lab.cloud import seed as plant
from upgrader.lab.cloud.call import Caller, as_role
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.cs.model import Addon, Cluster
from upgrader.lab.cloud.slb.model import Listener, LoadBalancer
from upgrader.lab.cluster import WORKLOAD, LabCluster
from upgrader.lab.edit import edit
from upgrader.lab.furnish import add_service, furnish
from upgrader.lab.kube.api import KubeApi
from upgrader.lab.scenario import BroughtClb, ClusterSpec, Scenario
from upgrader.matrix.load import load_matrix
from upgrader.model.facts import ClusterIdentity
from upgrader.model.version import parse_version

MANAGED_ROLE = "AliyunCSManagedKubernetesRole"
_TYPES = {"managed": "ManagedKubernetes", "dedicated": "Kubernetes"}
_PLUGINS = {"flannel": "flannel", "terway": "terway-eniip"}


def build(scenario: Scenario, cloud: Cloud) -> dict[str, LabCluster]:
    """The clusters by id. The journal is empty afterwards: what comes is what others ask."""
    plant.add_account(cloud.world)
    if not scenario.clusters:
        # A Kubernetes API elsewhere brings machines and vSwitches that this cloud has never heard of.
        plant.add_network(cloud.world)
        cloud.world.rules.adopt_unknown = True
        return {}
    # The simulated CCM does not wait for jobs: they are done at once.
    cloud.world.rules.nlb_create_s = cloud.world.rules.nlb_job_s = 0.0
    found = {}
    for spec in scenario.clusters:
        cluster = build_cluster(spec, cloud)
        found[cluster.id] = cluster
    for switch in cloud.world.vpc.vswitches.values():
        switch.free_ips = min(switch.free_ips, scenario.free_ips)
    cloud.world.rules.arrears = scenario.arrears
    for fault in scenario.faults:
        cloud.faults.add(fault.fault())
    for cluster in found.values():
        for change in cluster.spec.edits:
            edit(cluster, cloud, change)
        cluster.work()
        for late in [one for one in cluster.spec.services if one.late]:
            add_service(cluster, late)
        cluster.work()
    cloud.journal.clear()
    return found


def build_cluster(spec: ClusterSpec, cloud: Cloud) -> LabCluster:
    """One cluster, as it stands after a while under its CCM."""
    cluster_id = cluster_id_of(spec, cloud.world.seed)
    vpc_id = f"vpc-{cluster_id[1:13]}"
    vpc = plant.add_network(cloud.world, vpc_id, region=spec.region)
    identity = ClusterIdentity(
        id=cluster_id, name=spec.name, region=spec.region, kind=spec.kind, kubernetes=spec.kubernetes,
        network=spec.network, vpc_id=vpc.id, vpc_cidrs=(vpc.cidr,),
    )  # fmt: skip
    switch = f"vsw-{vpc_id[4:]}-h"
    role = _role(spec, cluster_id, cloud)
    _register(spec, identity, cloud, role)
    for clb in spec.clbs:
        _bring(clb, identity, cloud)
    api = KubeApi(f"{cloud.world.seed}/{cluster_id}", cloud.clock, version=spec.kubernetes)
    config = {"clusterID": cluster_id, "region": spec.region, "vpcid": vpc.id, "vswitchid": switch}
    if spec.network == "terway":
        config["serviceBackendType"] = "eni"
    account = Account(cloud=cloud, caller=role, vswitch_id=switch)
    cluster = LabCluster(spec, identity, api, account, config)
    furnish(cluster, cloud, config, role.name if spec.kind != "managed" else "")
    cluster.work()
    cluster.controllers.broken_images.update(spec.broken_images)
    cluster.controllers.ready_after_s = spec.ready_after_s
    return cluster


def cluster_id_of(spec: ClusterSpec, seed: int) -> str:
    """`c` and 32 digits, the same for the same name and seed."""
    return "c" + hashlib.sha256(f"{seed}/{spec.name}".encode()).hexdigest()[:32]


def _role(spec: ClusterSpec, cluster_id: str, cloud: Cloud) -> Caller:
    """The role that CCM calls the cloud with, and its policy."""
    world = cloud.world
    if spec.kind == "managed":
        if MANAGED_ROLE not in world.ram.roles:
            plant.add_policy(world, f"{MANAGED_ROLE}Policy", plant.allow("*"), kind="System")
            plant.add_role(world, MANAGED_ROLE, f"{MANAGED_ROLE}Policy")
        return as_role(MANAGED_ROLE, cluster_id)
    matrix, missing = load_matrix(), set(spec.ram.missing)
    versions = (parse_version(spec.ccm), matrix.newest)
    needed = {one.action for version in versions for one in matrix.actions(version, network=spec.network)}
    document = plant.allow(*sorted(needed - missing))
    if spec.ram.denied:
        document["Statement"].append({"Effect": "Deny", "Action": list(spec.ram.denied), "Resource": "*"})
    policy = plant.add_policy(world, f"k8sMasterRolePolicy-Ccm-{cluster_id}", document)
    for number in range(2, spec.ram.versions + 1):
        policy.versions[f"v{number}"] = type(policy.versions["v1"])(
            id=f"v{number}", document=document, created=plant.CREATED
        )
    policy.default = f"v{spec.ram.versions}"
    name = f"KubernetesMasterRole-{cluster_id[1:]}" if spec.kind == "dedicated" else f"ccm-{spec.name}"
    plant.add_role(world, name, policy.name)
    return as_role(name, f"i-{cluster_id[1:9]}-1")


def _register(spec: ClusterSpec, identity: ClusterIdentity, cloud: Cloud, role: Caller) -> None:
    """What CS knows of the cluster; nothing of a self-managed one."""
    if spec.kind == "self-managed":
        return
    addon = Addon(
        name=WORKLOAD, version=str(parse_version(spec.ccm)), next_versions=list(spec.addon.offered),
        managed=spec.kind == "managed", precheck=spec.addon.precheck, outcome=spec.addon.outcome,
        upgrade_s=spec.addon.upgrade_s,
    )  # fmt: skip
    cloud.world.cs.clusters[identity.id] = Cluster(
        id=identity.id, name=spec.name, region=spec.region, type=_TYPES[spec.kind],
        spec="ack.pro.small" if spec.kind == "managed" else "", version=spec.kubernetes.removeprefix("v"),
        network=_PLUGINS[spec.network], vpc_id=identity.vpc_id, size=spec.nodes,
        vswitch_ids=[f"vsw-{identity.vpc_id[4:]}-h", f"vsw-{identity.vpc_id[4:]}-i"],
        worker_role=f"KubernetesWorkerRole-{identity.id[1:]}", created=plant.CREATED, addons={WORKLOAD: addon},
        master_role=role.name if spec.kind == "dedicated" else "",
    )  # fmt: skip


def _bring(clb: BroughtClb, identity: ClusterIdentity, cloud: Cloud) -> None:
    """A CLB that the user made before any Service named it."""
    vpc_id = clb.vpc or identity.vpc_id
    if vpc_id not in cloud.world.vpc.vpcs:
        plant.add_network(cloud.world, vpc_id, region=identity.region)
    intranet = clb.address_type == "intranet"
    number = 200 + len(cloud.world.slb.load_balancers) % 50
    address = f"192.168.0.{number}" if intranet else cloud.world.new_public_ip()
    cloud.world.slb.load_balancers[clb.id] = LoadBalancer(
        id=clb.id, name=clb.id, region=identity.region, tags=dict(clb.tags), spec=clb.spec,
        charge_type=clb.charge_type, backend_quota=clb.backend_quota,
        address=address,
        address_type=clb.address_type, vpc_id=vpc_id, vswitch_id=f"vsw-{vpc_id[4:]}-h" if intranet else "",
        created=plant.CREATED,
        listeners={
            f"tcp:{port}": Listener(port=port, protocol="tcp", status="running",
                                    settings={"Description": f"by-hand-{port}", "Bandwidth": -1, "Scheduler": "rr"})
            for port in clb.listeners
        },
    )  # fmt: skip
