"""Where facts come from: files, a live cluster with its cloud, or both; and what the user states beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct

from upgrader.model.errors import InputError

if TYPE_CHECKING:
    from upgrader.adapters.aliyun import AliyunCloud
    from upgrader.adapters.aliyun.retry import Bucket
    from upgrader.adapters.kube import KubeCluster
    from upgrader.discover.said import Said
    from upgrader.model.facts import ClusterFacts, ClusterKind, Network

Command = TypeVar("Command", bound=Callable[..., Any])

# Every option by its parameter name. The environment names are those that other tools of this cloud read, and our own.
_OPTIONS = (
    click.option("-f", "--file", "files", multiple=True, type=click.Path(path_type=Path, allow_dash=True),
                 help="A snapshot, a kubectl dump, a manifest, or a folder of them; - is stdin. May be repeated."),
    click.option("--kubeconfig", type=click.Path(path_type=Path), default=None,
                 help="[default: $KUBECONFIG, ~/.kube/config]"),
    click.option("--context", "kube_context", default="", help="The kubeconfig's context."),
    click.option("--profile", default="", help="The profile in ~/.aliyun/config.json."),
    click.option("--endpoint", default="", envvar="CCM_UPGRADE_ENDPOINT", show_envvar=True,
                 help="All OpenAPI products at one address (the lab, a proxy)."),
    click.option("--live-cloud", is_flag=True, help="Read the cloud live beside -f."),
    click.option("--no-cloud", is_flag=True, help="Read the cluster alone; the cloud stays UNKNOWN."),
    click.option("--cluster-id", default="", help="The cluster's id (also the clusterID of CCM's cloud-config)."),
    click.option("--region", default="", help="The cluster's region."),
    click.option("--vpc-id", default="", help="The cluster's VPC."),
    click.option("--from", "running", default="", metavar="VERSION", help="The running CCM, where it can't be read."),
    click.option("--kind", type=click.Choice(["managed", "dedicated", "self-managed"]), default=None),
    click.option("--network", type=click.Choice(["flannel", "terway"]), default=None),
    click.option("--kubernetes", default="", metavar="VERSION", help="The Kubernetes version, where it can't be read."),
)  # fmt: skip


class Origin(Struct, frozen=True, kw_only=True):
    """The options above, typed."""

    files: tuple[Path, ...] = ()
    kubeconfig: Path | None = None
    kube_context: str = ""
    profile: str = ""
    endpoint: str = ""
    live_cloud: bool = False
    no_cloud: bool = False
    cluster_id: str = ""
    region: str = ""
    vpc_id: str = ""
    running: str = ""
    kind: ClusterKind | None = None
    network: Network | None = None
    kubernetes: str = ""


class Connections(Struct, frozen=True, kw_only=True):
    """What was connected; None where it was not asked for. A look asks `at_once` questions together (None: its own)."""

    cluster: Any = None
    cloud: Any = None
    at_once: int | None = None


def origin_options(command: Command) -> Command:
    """All options of an origin."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def said_by(origin: Origin) -> Said:
    """What the user states. Raises `InputError` for a version that is none."""
    from upgrader.discover.said import Said
    from upgrader.model.version import parse_version

    return Said(
        version=str(parse_version(origin.running)) if origin.running else "",
        kind=origin.kind,
        network=origin.network,
        cluster_id=origin.cluster_id,
        region=origin.region,
        vpc_id=origin.vpc_id,
        kubernetes=origin.kubernetes,
    )


def gather(options: Mapping[str, Any]) -> ClusterFacts:
    """The facts of the origin that the options name: files first, else the live cluster."""
    origin = Origin(**options)
    said = said_by(origin)
    if not origin.files:
        return look(origin, connect_all(origin))
    from upgrader.discover.files import read_files

    found = read_files(origin.files, said)
    # A snapshot of a live look has its cloud of that moment: an endpoint in the environment must not mix in another.
    whole = found.origin != "files"
    if origin.live_cloud or (origin.endpoint and not whole):
        return look(origin, connect_all(origin), base=found)
    return found


def look(origin: Origin, connections: Connections, base: ClusterFacts | None = None) -> ClusterFacts:
    """A fresh look over connections that are open already; `base` stands for the cluster where there is one."""
    from upgrader.discover.collect import discover
    from upgrader.ports.clock import SystemClock

    clock = connections.cluster.clock if connections.cluster is not None else SystemClock()
    return discover(
        connections.cluster, connections.cloud, said_by(origin), clock, base=base, at_once=connections.at_once
    )


def connect_all(origin: Origin) -> Connections:
    """The cluster (unless files stand for it) and the cloud (unless --no-cloud), connected lazily."""
    cluster = None if origin.files else connect_cluster(origin)
    cloud = None if origin.no_cloud else connect_cloud(origin)
    return Connections(cluster=cluster, cloud=cloud)


def connect_cluster(origin: Origin) -> KubeCluster:
    """The Kubernetes API of the kubeconfig's context, or of the pod that we run in."""
    from upgrader.adapters.kube import connect

    return connect(kubeconfig=origin.kubeconfig, context=origin.kube_context)


def connect_cloud(origin: Origin, bucket: Bucket | None = None) -> AliyunCloud | None:
    """The cloud's OpenAPI, at the pace of `bucket`; None when nobody gave a way to it and the cluster alone will do."""
    from upgrader.adapters.aliyun import connect

    try:
        return connect(region=origin.region, profile=origin.profile, endpoint=origin.endpoint, bucket=bucket)
    except InputError:
        if origin.endpoint or origin.profile or origin.live_cloud:
            raise
        return None
