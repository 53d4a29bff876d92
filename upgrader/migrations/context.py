"""What every check and migration looks at: facts, versions, knowledge and forecast, indexed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from upgrader.forecast import forecast_service
from upgrader.forecast.select import NLB_CLASS
from upgrader.forecast.shadow import result_in, second_opinion
from upgrader.forecast.world import World
from upgrader.matrix.model import Annotation, Matrix
from upgrader.matrix.route import Route, find_route
from upgrader.migrations.needs import Usage, required_actions
from upgrader.migrations.outlook import Outlook
from upgrader.migrations.roll import Roll
from upgrader.model.cloud import OWNER_TAG, LbKind, LoadBalancer
from upgrader.model.errors import InputError
from upgrader.model.facts import ClusterFacts, Gap
from upgrader.model.finding import Effect, Subject
from upgrader.model.forecast import Forecast, ServiceForecast
from upgrader.model.kube import Service
from upgrader.model.shadow import Shadow
from upgrader.model.version import CcmVersion, parse_version
from upgrader.ram.delta import Judged, judge

NLB_SINCE = parse_version("v2.5.1")
PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
LEGACY_PREFIX = "service.beta.kubernetes.io/alicloud-loadbalancer-"

CLUSTER = Subject(kind="Cluster")
_NO_VERSION = Gap(area="ccm", call="the running version", why="absent", detail="say it with --from")


@dataclass(frozen=True)
class Context:
    """The world of one assessment. Every index is built at most once, in one pass."""

    facts: ClusterFacts
    target: CcmVersion
    matrix: Matrix
    forecast: Forecast

    @cached_property
    def bare(self) -> Context:
        """The same without Services and what is forecast for them: versions, knowledge, the rest of the facts."""
        return Context(replace(self.facts, services=()), self.target, self.matrix, Forecast())

    @cached_property
    def running(self) -> CcmVersion | None:
        """The running version; None when it is not known or not a version."""
        return next(iter(parsed([self.facts.ccm.version])), None)

    @property
    def source(self) -> CcmVersion:
        """The running version, for checks that need `ccm` and so run only when it is known."""
        assert self.running is not None
        return self.running

    def crosses(self, version: str) -> bool:
        """True when the upgrade leads from below `version` to it or above."""
        return self.running is not None and self.running < parse_version(version) <= self.target

    @cached_property
    def downgrade(self) -> bool:
        """True when the target is older than what runs."""
        return self.running is not None and self.target < self.running

    @cached_property
    def beyond(self) -> CcmVersion | None:
        """The running or the target version, where it is newer than the data: what it does is not known."""
        versions = (version for version in (self.target, self.running) if version is not None)
        return next((version for version in versions if self.matrix.is_beyond(version)), None)

    @cached_property
    def route(self) -> Route:
        """The way from what runs to the target; straight to it where it is not known what runs."""
        identity = self.facts.identity
        start = self.running or self.target
        return find_route(self.matrix, start, self.target, kubernetes=identity.kubernetes or None, kind=identity.kind)

    @cached_property
    def offered(self) -> tuple[CcmVersion, ...]:
        """What ACK offers next for its add-on; empty where it is not known, or ACK does not run CCM."""
        return tuple(parsed(self.facts.ccm.addon_next)) if self.run_by_ack else ()

    @cached_property
    def path(self) -> tuple[CcmVersion, ...]:
        """The route's versions, without stops that ACK does not offer: what it does not offer can't be installed."""
        hops = self.route.hops
        return tuple(hop for hop in hops if not self.offered or hop in self.offered or hop == self.target)

    @property
    def run_by_ack(self) -> bool:
        """True where CCM is an add-on that ACK upgrades: by what was found, else by the cluster's kind."""
        owner = self.facts.ccm.managed_by
        return owner == "ack" or (owner is None and self.facts.identity.kind in ("managed", "dedicated"))

    def hidden(self, areas: Iterable[str]) -> tuple[Gap, ...]:
        """The gaps that hide one of `areas` as a whole; an unknown running version is one."""
        wanted = frozenset(areas)
        found = tuple(gap for gap in self.facts.gaps if gap.area in wanted - {"ccm"} and not gap.subject)
        if "ccm" in wanted and self.running is None:
            # What a check needs of CCM is its version, which can be said where it can't be read.
            found += tuple(gap for gap in self.facts.gaps if gap.area == "ccm" and not gap.subject) or (_NO_VERSION,)
        return found

    @cached_property
    def roll(self) -> Roll:
        """The Services of type LoadBalancer, with the values of those annotations that are no free text."""
        names = (one.name for one in self.matrix.annotations if one.kind != "text")
        return Roll.of(self.facts.services, (name for known in names for name in (known, legacy_name(known))))

    @property
    def services(self) -> tuple[Service, ...]:
        """All Services of type LoadBalancer."""
        return self.roll.services

    @property
    def no_service(self) -> str:
        """Why there is nothing to judge: no Service has a load balancer, or still holds one; empty where one does."""
        return "" if self.services or self.forecast.services else "there is no LoadBalancer Service"

    @cached_property
    def by_key(self) -> Mapping[str, Service]:
        """LoadBalancer Services by `namespace/name`."""
        return {f"{(meta := service.metadata).namespace}/{meta.name}": service for service in self.services}

    @property
    def annotated(self) -> Mapping[str, Sequence[Service]]:
        """Annotation name → the LoadBalancer Services that carry it."""
        return self.roll.carriers

    @cached_property
    def usage(self) -> Usage:
        """What of CCM this cluster uses."""
        return Usage.of(self.facts, self.annotated)

    def carrying(self, short: str) -> tuple[Service, ...]:
        """The Services that set `alibaba-cloud-loadbalancer-<short>`, in the new or the legacy spelling."""
        new, legacy = self.annotated.get(PREFIX + short, ()), self.annotated.get(LEGACY_PREFIX + short, ())
        return (*new, *(service for service in legacy if PREFIX + short not in service.metadata.annotations))

    def users(self, annotation: Annotation) -> Iterable[tuple[Service, str]]:
        """The Services of the annotation's kind of load balancer that set it, in either prefix, with the value."""
        name = annotation.name
        legacy = legacy_name(name)
        both = "clb" in annotation.lb and "nlb" in annotation.lb
        wanted = "nlb" in annotation.lb
        for service in self.annotated.get(name, ()):
            if both or (service.spec.load_balancer_class == NLB_CLASS) == wanted:
                yield service, service.metadata.annotations[name]
        for service in self.annotated.get(legacy, ()) if legacy != name else ():
            if name not in service.metadata.annotations and kind_of(service) in annotation.lb:
                yield service, service.metadata.annotations[legacy]

    def carriers(self, annotation: Annotation) -> int:
        """How many Services of the annotation's kind of load balancer set it, in either prefix."""
        legacy = legacy_name(annotation.name)
        if (legacy == annotation.name or legacy not in self.annotated) and not self.nlb_services:
            return len(self.annotated.get(annotation.name, ())) if "clb" in annotation.lb else 0
        return sum(1 for _ in self.users(annotation))

    @staticmethod
    def sets(service: Service, annotation: Annotation) -> bool:
        """Whether the Service sets the annotation, in either prefix."""
        annotations = service.metadata.annotations
        return annotation.name in annotations or legacy_name(annotation.name) in annotations

    def values(self, annotation: Annotation) -> set[str]:
        """Each value that some Service gives the annotation, in either prefix; of those that are not free text."""
        values = self.roll.values
        return values.get(annotation.name, set()) | values.get(legacy_name(annotation.name), set())

    @property
    def waiting(self) -> tuple[Service, ...]:
        """LoadBalancer Services that have no address yet."""
        return self.roll.waiting

    def effect_on(self, service: Service) -> Effect:
        """When a changed reading of an annotation takes effect: at a full sync now, else at the next edit."""
        forecast = self.forecasts.get(service.key)
        return "IMMEDIATE" if forecast is not None and forecast.full_sync else "LATENT"

    @cached_property
    def forecasts(self) -> Mapping[str, ServiceForecast]:
        """What the target will do, by `namespace/name`."""
        return {f"{one.namespace}/{one.name}": one for one in self.forecast.services}

    @cached_property
    def outlook(self) -> Outlook:
        """The forecast in short."""
        return Outlook.of(self.forecast)

    @cached_property
    def shadow(self) -> Shadow | None:
        """The vendor's own dry run beside the forecast; None where none left its result."""
        if result_in(self.facts.events) is None:
            return None
        return second_opinion(self.facts.events, self._as_it_stands(), self.matrix, self.target)

    def _as_it_stands(self) -> Forecast:
        """The forecast of the facts as they are: a dry run looks before the plan's tags stand."""
        lbs = self.facts.load_balancers or ()
        bare = {lb.address for lb in lbs if lb.kind == "clb" and lb.address and OWNER_TAG not in lb.tags}
        untagged = {service.key: service for service in self.clb_services if service.address in bare}
        if not untagged:
            return self.forecast
        world = World.of(self.facts, self.target, self.matrix, labels=False)
        return Forecast(
            services=tuple(
                forecast_service(world, untagged[one.key]) if one.key in untagged else one
                for one in self.forecast.services
            )
        )

    @cached_property
    def needed_actions(self) -> Mapping[str, str]:
        """Each RAM action that the target needs here → the feature that needs it; documented ones first."""
        return required_actions(self.facts, self.usage, self.target, self.matrix)

    @cached_property
    def ram(self) -> Judged:
        """What the role's policies say to each needed action."""
        return judge(self.facts.ram, self.needed_actions, self.facts.identity.region)

    @cached_property
    def load_balancers(self) -> Mapping[str, LoadBalancer]:
        """Load balancers by id; empty when the cloud was not read."""
        return {lb.id: lb for lb in self.facts.load_balancers or ()}

    @cached_property
    def by_address(self) -> Mapping[str, LoadBalancer]:
        """Load balancers by address."""
        return {lb.address: lb for lb in self.facts.load_balancers or () if lb.address}

    @property
    def nlb_services(self) -> tuple[Service, ...]:
        """Services of the class that asks for an NLB."""
        return self.roll.nlb

    def asking(self, annotation: Annotation) -> int:
        """How many Services there are of the annotation's kinds of load balancer, whether or not they set it."""
        nlbs = len(self.nlb_services)
        return ("nlb" in annotation.lb) * nlbs + ("clb" in annotation.lb) * (len(self.services) - nlbs)

    @property
    def clb_services(self) -> tuple[Service, ...]:
        """LoadBalancer Services without a class: every CCM serves them with a CLB."""
        return self.roll.unclassed


def parsed(texts: Iterable[str]) -> Iterable[CcmVersion]:
    """The versions among `texts`; what is none is left out."""
    for text in texts:
        try:
            yield parse_version(text)
        except InputError:
            continue


def legacy_name(name: str) -> str:
    """The annotation's name with the legacy prefix; the name itself where it has none."""
    return name.replace("/alibaba-cloud-", "/alicloud-", 1)


def wants_nlb(service: Service) -> bool:
    """True for the class that asks for an NLB."""
    return service.spec.load_balancer_class == NLB_CLASS


def kind_of(service: Service) -> LbKind:
    """The kind of load balancer that the Service asks for."""
    return "nlb" if wants_nlb(service) else "clb"


def value_of(service: Service, short: str) -> str | None:
    """The value of `alibaba-cloud-loadbalancer-<short>`, else of its legacy spelling; None when neither is set."""
    annotations = service.metadata.annotations
    return annotations.get(PREFIX + short, annotations.get(LEGACY_PREFIX + short))


def about(service: Service | ServiceForecast) -> Subject:
    """A Service as the subject of a finding."""
    place = service.metadata if isinstance(service, Service) else service
    return Subject(kind="Service", namespace=place.namespace, name=place.name)


def services(count: int) -> str:
    """`1 Service`, `7 Services`."""
    return f"{count} Service" if count == 1 else f"{count} Services"


def some(names: Iterable[str], limit: int = 5, total: int = 0) -> str:
    """The first few names and how many more there are: `a/b, c/d and 7 more`; `total`: of all, not of `names`."""
    known = sorted(names)
    more = max(total, len(known)) - limit
    return ", ".join(known[:limit]) + (f" and {more} more" if more > 0 else "")
