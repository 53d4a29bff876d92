"""Discover: one cluster and its cloud, read live into `ClusterFacts`. Nothing here can write."""

from __future__ import annotations

from msgspec.structs import replace

from upgrader.discover.ask import WORKERS, Questions
from upgrader.discover.assemble import assemble
from upgrader.discover.collect_cloud import read_cloud, read_identity
from upgrader.discover.collect_cluster import read_cluster
from upgrader.discover.files import CLOUD_AREAS
from upgrader.discover.said import Said
from upgrader.model.errors import BugError
from upgrader.model.facts import ClusterFacts, Gap
from upgrader.model.moments import rfc3339
from upgrader.ports.clock import Clock
from upgrader.ports.read import CloudConnection, ClusterConnection


def discover(
    cluster: ClusterConnection | None,
    cloud: CloudConnection | None,
    said: Said,
    clock: Clock,
    *,
    base: ClusterFacts | None = None,
    at_once: int | None = None,
) -> ClusterFacts:
    """The facts of a live cluster (or `base`, the facts in files) completed by those of its cloud.

    `at_once` questions (`WORKERS` by default) are on their way together. One that fails leaves a gap. Only a cluster
    that can't be reached at all is an error.
    """
    with Questions(at_once or WORKERS) as questions:
        if cluster is not None:
            facts, objects = read_cluster(cluster.reader, questions)
            facts = assemble(facts, objects, said)
        elif base is not None:
            facts = replace(base, gaps=tuple(gap for gap in base.gaps if gap.area not in CLOUD_AREAS))
        else:
            raise BugError(what="nothing to discover from: no cluster and no files")
        facts = _with_vpc(facts)
        if cloud is None:
            for area in CLOUD_AREAS:
                questions.add(Gap(area=area, call="cloud", why="not-asked", detail="the cloud was not read"))
        else:
            # Until the cluster's region is known, CS is asked where the connection was made: it knows all regions.
            home = cloud.in_region(facts.identity.region) if facts.identity.region else cloud
            facts = read_identity(facts, home.reader, questions)
            facts = _read_cloud(facts, cloud, questions)
        # At the end: by then the server has told its time, and nothing that was read is younger than the facts.
        gaps = _sorted((*facts.gaps, *questions.gaps))
        return replace(facts, gaps=gaps, origin="live", taken_at=rfc3339(clock.now()))


def _read_cloud(facts: ClusterFacts, cloud: CloudConnection, questions: Questions) -> ClusterFacts:
    region = facts.identity.region
    if region:
        return read_cloud(facts, cloud.in_region(region).reader, questions)
    for area in CLOUD_AREAS:
        questions.add(Gap(area=area, call="cloud", why="not-asked", detail="the region is not known: say --region"))
    return facts


def _with_vpc(facts: ClusterFacts) -> ClusterFacts:
    """The facts with the VPC and the region of CCM's cloud-config, where nothing better is known."""
    config = {key.lower(): value for key, value in facts.ccm.cloud_config.items()}
    identity = facts.identity
    return replace(
        facts,
        identity=replace(
            identity,
            vpc_id=identity.vpc_id or config.get("vpcid", ""),
            region=identity.region or config.get("region", ""),
        ),
    )


def _sorted(gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
    return tuple(sorted(gaps, key=lambda gap: (gap.area, gap.subject, gap.call)))
