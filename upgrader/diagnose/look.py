"""The cluster as a diagnosis looks at it: what runs now is taken for the target, so that nothing but today speaks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from upgrader.forecast import World, forecast
from upgrader.forecast.world import default_name
from upgrader.matrix.model import Matrix
from upgrader.migrations.context import Context, kind_of, parsed, value_of
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.facts import ClusterFacts
from upgrader.model.forecast import Forecast
from upgrader.model.kube import Event, Service
from upgrader.model.version import CcmVersion

API_SERVER_PORT = 6443


@dataclass(frozen=True)
class Look:
    """One cluster, indexed once. `context` judges what runs against itself; without `foretell` nothing is forecast."""

    facts: ClusterFacts
    matrix: Matrix
    foretell: bool = True

    @cached_property
    def running(self) -> CcmVersion | None:
        """What runs; None where it is not known."""
        return next(iter(parsed([self.facts.ccm.version])), None)

    @property
    def what_runs(self) -> str:
        """In words which CCM runs."""
        return f"CCM {self.running} runs here" if self.running else "CCM of an unknown version runs here"

    @cached_property
    def context(self) -> Context:
        """The checks' view. Where the running version is not known or beyond the knowledge, nothing is forecast."""
        running = self.running
        if not self.foretell or running is None or self.matrix.is_beyond(running):
            return Context(self.facts, running or self.matrix.newest, self.matrix, Forecast())
        today = forecast(self.facts, running, self.matrix, labels=False)
        return Context(self.facts, running, self.matrix, today)

    @cached_property
    def world(self) -> World:
        """The forecast's indices."""
        return World.of(self.facts, self.context.target, self.matrix, labels=False)

    @cached_property
    def events(self) -> Mapping[str, Sequence[Event]]:
        """Events on Services by `namespace/name`."""
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.facts.events:
            about = event.involved_object
            if about.kind == "Service":
                found[f"{about.namespace or event.metadata.namespace}/{about.name}"].append(event)
        return found

    @cached_property
    def by_key(self) -> Mapping[str, Service]:
        """Every Service, of any type, by `namespace/name`."""
        return {service.key: service for service in self.facts.services}

    @cached_property
    def owners(self) -> Mapping[str, Service]:
        """The tag value that CCM gives a Service's own load balancer → the Service."""
        return {default_name(service): service for service in self.facts.services if service.metadata.uid}

    @property
    def cloud_was_read(self) -> bool:
        """Whether "there is none" can be said of load balancers at all."""
        return self.facts.load_balancers is not None and not self.facts.has_gap("clb")

    def named(self, service: Service) -> LoadBalancer | None:
        """The load balancer that its annotation names."""
        return self.context.load_balancers.get(value_of(service, "id") or "")

    def at_its_address(self, service: Service) -> LoadBalancer | None:
        """The load balancer that has its address."""
        return self.context.by_address.get(service.address) if service.address else None

    def of(self, service: Service) -> LoadBalancer | None:
        """The load balancer that serves it: as CCM finds it, else by its address."""
        found = self.world.find(service, kind_of(service))
        return found[0] if found else self.at_its_address(service)

    def made_for(self, lb: LoadBalancer) -> str:
        """In words who made it: `CCM made it for Service prod/web`, `it is the API server's`; empty for a person's."""
        tag = lb.tags.get(OWNER_TAG)
        if tag:
            owner = self.owners.get(tag)
            return f"CCM made it for {f'Service {owner.key}' if owner else 'a Service that is not in this cluster'}"
        if serves_api(lb):
            return "it is the API server's"
        return "ACK made it" if CLUSTER_TAG in lb.tags else ""

    def ready(self, service: Service) -> tuple[str, ...]:
        """The addresses of its ready endpoints."""
        slices = self.world.slices.get(service.key, ())
        found = {a for s in slices for e in s.endpoints if e.conditions.ready is not False for a in e.addresses}
        if not slices and service.key in self.world.endpoints:
            found = {a.ip for subset in self.world.endpoints[service.key].subsets for a in subset.addresses}
        return tuple(sorted(found))

    def ready_nodes(self, service: Service) -> frozenset[str]:
        """The nodes on which a ready endpoint runs."""
        slices = self.world.slices.get(service.key, ())
        found = {e.node_name or "" for s in slices for e in s.endpoints if e.conditions.ready is not False}
        if not slices and service.key in self.world.endpoints:
            found = {a.node_name or "" for s in self.world.endpoints[service.key].subsets for a in s.addresses}
        return frozenset(found - {""})


def serves_api(lb: LoadBalancer) -> bool:
    """Whether the load balancer is the API server's: ACK made it, and it listens on 6443."""
    return OWNER_TAG not in lb.tags and any(listener.port == API_SERVER_PORT for listener in lb.listeners)
