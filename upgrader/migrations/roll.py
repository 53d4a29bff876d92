"""The LoadBalancer Services, sorted by what checks ask of them: one pass, for each costs a walk through all memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from upgrader.forecast.select import NLB_CLASS
from upgrader.model.kube import Service


class Roll(Struct, frozen=True, kw_only=True):
    """Services of type LoadBalancer, in the order of the facts.

    `nlb` are those of the class that asks for an NLB, `unclassed` those without a class, `waiting` those that have no
    address yet. `carriers` maps each annotation to those that set it, `values` each of the annotations that were asked
    for to the values that are given to it.
    """

    services: tuple[Service, ...]
    nlb: tuple[Service, ...]
    unclassed: tuple[Service, ...]
    waiting: tuple[Service, ...]
    carriers: Mapping[str, Sequence[Service]]
    values: Mapping[str, set[str]]

    @classmethod
    def of(cls, services: Iterable[Service], names: Iterable[str]) -> Roll:
        """The roll of `services`, with the values of the annotations `names`."""
        found = list[Service]()
        nlb, unclassed, waiting = list[Service](), list[Service](), list[Service]()
        carriers, values = defaultdict[str, list[Service]](list), {name: set[str]() for name in names}
        for service in services:
            spec = service.spec
            if spec.type != "LoadBalancer":
                continue
            found.append(service)
            if spec.load_balancer_class is None:
                unclassed.append(service)
            elif spec.load_balancer_class == NLB_CLASS:
                nlb.append(service)
            if not service.status.load_balancer.ingress or not service.address:
                waiting.append(service)
            for name, value in service.metadata.annotations.items():
                carriers[name].append(service)
                if name in values:
                    values[name].add(value)
        return cls(
            services=tuple(found), nlb=tuple(nlb), unclassed=tuple(unclassed), waiting=tuple(waiting),
            carriers=dict(carriers), values=values,
        )  # fmt: skip
