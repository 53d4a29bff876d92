"""World: the facts indexed once, for one target version."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from upgrader.forecast.annotations import PREFIX, Annotations
from upgrader.matrix.behaviour import Behaviour, HashFormula, behaviour
from upgrader.matrix.model import Matrix
from upgrader.model.cloud import OWNER_TAG, LoadBalancer, ServerGroup
from upgrader.model.errors import InputError
from upgrader.model.facts import ClusterFacts
from upgrader.model.kube import Endpoints, EndpointSlice, Node, Pod, Service
from upgrader.model.version import CcmVersion, parse_version

# What CCM takes for its cluster's id when cloud-config names none (pkg/provider/alibaba/base).
DEFAULT_CLUSTER_ID = "clusterid"
_GATE = re.compile(r"\b(EndpointSlice|IPv6DualStack|LoadBalancerTypeAnnotation)=(true|false)\b", re.IGNORECASE)
REUSED_TAG = "kubernetes.reused.by.user"


def default_name(service: Service) -> str:
    """The name and tag value of a load balancer made for a Service: "a" and the UID without dashes, 32 characters."""
    return ("a" + service.metadata.uid.replace("-", ""))[:32]


@dataclass(frozen=True)
class World:
    """Indices over the facts. Build it with `World.of`; those that are not always asked are built when they are."""

    facts: ClusterFacts
    target: CcmVersion
    matrix: Matrix
    ways: Behaviour
    by_id: dict[str, LoadBalancer] = field(default_factory=dict)
    by_tag: dict[str, list[LoadBalancer]] = field(default_factory=dict)
    by_name: dict[str, list[LoadBalancer]] = field(default_factory=dict)
    eni_by_ip: dict[str, str] = field(default_factory=dict)
    labels: bool = True
    made_now: bool = False

    @classmethod
    def of(
        cls, facts: ClusterFacts, target: CcmVersion, matrix: Matrix, *, labels: bool = True, made_now: bool = False
    ) -> World:
        """The indices for one snapshot and one target.

        Without `labels` nobody asks what a hash label becomes, and it is computed only where it decides something.
        `made_now` says that the Service's load balancer was made in the very sync that goes on.
        """
        world = cls(facts, target, matrix, behaviour(target), labels=labels, made_now=made_now)
        for lb in facts.load_balancers or ():
            world.by_id[lb.id] = lb
            world.by_name.setdefault(lb.name, []).append(lb)
            if lb.tags.get(OWNER_TAG):
                world.by_tag.setdefault(lb.tags[OWNER_TAG], []).append(lb)
        world.eni_by_ip.update((eni.ip, eni.id) for eni in facts.network_interfaces or ())
        return world

    @property
    def cluster_id(self) -> str:
        """The id in names and tags."""
        return self.facts.ccm.cluster_id or DEFAULT_CLUSTER_ID

    @cached_property
    def config(self) -> dict[str, str]:
        """The Global section of cloud-config by its keys in small letters: Go reads them in any case."""
        return {key.lower(): value for key, value in self.facts.ccm.cloud_config.items()}

    @cached_property
    def gates(self) -> dict[str, bool]:
        """The feature gates that CCM's arguments set, by their names in small letters."""
        found = _GATE.findall(" ".join(self.facts.ccm.args))
        return {name.lower(): value.lower() == "true" for name, value in found}

    @cached_property
    def running_formulas(self) -> frozenset[HashFormula]:
        """The formulas that the running version may compute its hash labels by."""
        if self.running is None:
            return frozenset({"H1", "H2", "H3", "H4"})
        return frozenset({behaviour(self.running).hash_formula}) - {"none"}

    @cached_property
    def running(self) -> CcmVersion | None:
        """The version that runs now, None when it is not known."""
        try:
            return parse_version(self.facts.ccm.version) if self.facts.ccm.version else None
        except InputError:
            return None

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Nodes by name."""
        return {node.metadata.name: node for node in self.facts.nodes}

    @cached_property
    def slices(self) -> dict[str, list[EndpointSlice]]:
        """EndpointSlices by their Service's `namespace/name`."""
        found: dict[str, list[EndpointSlice]] = defaultdict(list)
        for piece in self.facts.endpoint_slices:
            found[piece.service_key].append(piece)
        return dict(found)

    @cached_property
    def endpoints(self) -> dict[str, Endpoints]:
        """Endpoints by their Service's `namespace/name`."""
        return {f"{one.metadata.namespace}/{one.metadata.name}": one for one in self.facts.endpoints}

    @cached_property
    def pods(self) -> dict[str, Pod]:
        """Pods by `namespace/name`."""
        return {f"{p.metadata.namespace}/{p.metadata.name}": p for p in self.facts.pods}

    @cached_property
    def nlb_groups_by_id(self) -> dict[str, ServerGroup]:
        """NLB server groups by id: those below an NLB, and those that no NLB uses."""
        below = (g for lb in self.facts.load_balancers or () if lb.kind == "nlb" for g in lb.server_groups)
        return {group.id: group for group in (*below, *self.facts.orphan_groups)}

    def reads(self, short: str, kind: str) -> bool:
        """Whether the target reads an annotation, by its short name."""
        known = self.matrix.annotation(PREFIX + short, kind)
        return known is not None and known.read_by(self.target)

    def find(self, service: Service, kind: str) -> tuple[LoadBalancer, ...]:
        """The load balancers that CCM finds for a Service: by its id annotation, else by tag, else by name.

        More than one is an ambiguity: an error from v2.3.0 on, before that the first one is taken.
        """
        notes = Annotations(service)
        wanted = notes.get("id")
        if wanted:
            found = self.by_id.get(wanted)
            return (found,) if found is not None and found.kind == kind else ()
        tagged = tuple(lb for lb in self.by_tag.get(default_name(service), ()) if lb.kind == kind)
        if tagged:
            return tagged
        # CCM looks for the default name, also where an annotation gave the load balancer another one.
        return tuple(lb for lb in self.by_name.get(default_name(service), ()) if lb.kind == kind)
