"""The cloud's half of the facts, read live: calls grow with pages, and with the load balancers that matter here."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from upgrader.discover.ask import Questions
from upgrader.discover.own_id import with_own_id
from upgrader.discover.related import asks_for_eni, lists_certificates, named_groups, pod_ips_of, related_ids
from upgrader.discover.unlisted import unlisted
from upgrader.model.cloud import ADDITIONAL_CERTIFICATES, DOMAIN_EXTENSIONS, LbKind, Listener, LoadBalancer
from upgrader.model.errors import AbsentError
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity, Disagreement, Gap, RamFacts
from upgrader.model.kube import Node
from upgrader.ports.read import AddonInfo, CloudCluster, CloudSurvey

ADDON = "cloud-controller-manager"
_MASTER_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


def read_identity(facts: ClusterFacts, cloud: CloudSurvey, questions: Questions) -> ClusterFacts:
    """The facts with what CS knows of the cluster and of its add-on; a cluster it does not know stays as it is."""
    if facts.identity.kind == "self-managed" and "kind" in facts.identity.said:
        return facts
    cluster_id = facts.identity.id or facts.ccm.cluster_id
    if not cluster_id:
        if facts.ccm.managed_by in (None, "ack"):
            questions.add(Gap(area="identity", call="cs:DescribeClusterDetail", why="not-asked",
                              detail="the cluster's id is not known: say it with --cluster-id"))  # fmt: skip
        return facts
    known = questions.now("identity", "cs:DescribeClusterDetail", lambda: _cluster(cloud, cluster_id), None)
    if known is None:
        return facts
    facts = replace(
        facts,
        identity=_merged_identity(facts.identity, known),
        ccm=_under_ack(facts.ccm, known),
        ram=RamFacts(role=known.ram_role),
    )
    addon = questions.now("addon", "cs:GetClusterAddonInstance", lambda: _addon(cloud, cluster_id), None)
    return replace(facts, ccm=_with_addon(facts.ccm, addon)) if addon is not None else facts


def read_cloud(facts: ClusterFacts, cloud: CloudSurvey, questions: Questions) -> ClusterFacts:
    """The facts with load balancers, groups, interfaces, addresses and the role's policies."""
    region, vpc_id = facts.identity.region, facts.identity.vpc_id
    clbs = questions.ask("clb", "slb:DescribeLoadBalancers", lambda: cloud.clbs(region), None)
    nlbs = questions.ask("nlb", "nlb:ListLoadBalancers", lambda: cloud.nlbs(region, ""), None)
    groups = questions.ask("nlb", "nlb:ListServerGroups", lambda: cloud.nlb_groups(region), None)
    ram = questions.ask("ram", "ram:ListPoliciesForRole", lambda: _ram(facts, cloud), RamFacts())
    cidrs = questions.ask("vpc", "vpc:DescribeVpcAttribute", lambda: cloud.vpc_cidrs(vpc_id) if vpc_id else (), ())
    all_clbs, all_nlbs, all_groups = clbs.result(), nlbs.result(), groups.result()
    listed = (*(all_clbs or ()), *(all_nlbs or ()))
    facts = with_own_id(facts, listed)
    wanted = related_ids(facts, listed)
    chosen = [lb for lb in listed if lb.id in wanted]
    known = cloud.listeners(region, chosen)

    def in_full(lb: LoadBalancer) -> LoadBalancer:
        return cloud.detail(region, lb, all_groups or (), known.get(lb.id))

    full: list[LoadBalancer | None] = []
    for kind, call in (("clb", "slb:DescribeLoadBalancerAttribute"), ("nlb", "nlb:GetLoadBalancerAttribute")):
        about = [(lb, lb.id) for lb in chosen if lb.kind == kind]
        full += questions.each(kind, call, in_full, about)
    lists: dict[LbKind, object] = {"clb": all_clbs, "nlb": all_nlbs}
    more = unlisted(
        facts, listed, [kind for kind in lists if lists[kind] is not None], all_groups or (), cloud, questions
    )
    known_in_full = [lb for lb in (*full, *more) if lb is not None]
    facts = with_own_id(facts, known_in_full)
    detailed = {lb.id: lb for lb in _with_certificates(facts, known_in_full, cloud, questions)}
    own = facts.ccm.cluster_id or facts.identity.id
    named = named_groups(facts)
    # Whose load balancer is not there can be told only of whole lists; that one was not read is a gap already.
    orphans = questions.ask(
        "nlb", "nlb:ListServerGroupServers",
        lambda: cloud.orphan_groups(region, own, all_nlbs, all_groups, named)
        if (own or named) and all_nlbs is not None and all_groups is not None else (), (),
    )  # fmt: skip
    security = questions.ask(
        "security-groups", "ecs:DescribeSecurityGroups",
        lambda: cloud.security_groups(region, vpc_id) if any(lb.kind == "nlb" for lb in known_in_full) else (), None,
    )  # fmt: skip
    ips = pod_ips_of(facts) if asks_for_eni(facts) else ()
    enis = questions.ask(
        "eni", "ecs:DescribeNetworkInterfaces",
        lambda: cloud.network_interfaces(vpc_id, ips) if ips else (), None,
    )  # fmt: skip
    return replace(
        facts,
        identity=replace(facts.identity, vpc_cidrs=cidrs.result()),
        load_balancers=tuple(
            sorted(({lb.id: lb for lb in listed} | detailed).values(), key=lambda lb: (lb.kind, lb.id))
        ),
        orphan_groups=orphans.result(),
        security_groups=security.result(),
        network_interfaces=enis.result(),
        ram=ram.result(),
    )


def _with_certificates(
    facts: ClusterFacts, lbs: list[LoadBalancer], cloud: CloudSurvey, questions: Questions
) -> list[LoadBalancer]:
    """The load balancers with the additional certificates of TLS listeners, where some Service lists such."""
    region = facts.identity.region
    nlbs = related_ids(lists_certificates(facts), lbs)
    clbs = related_ids(lists_certificates(facts, "domain-extensions"), lbs)
    secure = [(lb, one) for lb in lbs for one in lb.listeners if one.protocol in ("TCPSSL", "https")]
    of_nlbs = [((lb.id, one), one.id) for lb, one in secure if lb.kind == "nlb" and lb.id in nlbs]
    of_clbs = [((lb.id, one), lb.id) for lb, one in secure if lb.kind == "clb" and lb.id in clbs]
    if not (of_nlbs or of_clbs):
        return lbs
    call = "nlb:ListListenerCertificates"
    found = questions.each("nlb", call, lambda one: cloud.additional_certificates(region, one[1].id), of_nlbs)
    call = "slb:DescribeDomainExtensions"
    found += questions.each("clb", call, lambda one: cloud.domain_extensions(region, one[0], one[1].port), of_clbs)
    places = [(lb_id, one.id, one.port) for (lb_id, one), _ in (*of_nlbs, *of_clbs)]
    lists = {place: ",".join(ids) for place, ids in zip(places, found, strict=True) if ids is not None}

    def told(lb: LoadBalancer, one: Listener) -> Listener:
        ids = lists.get((lb.id, one.id, one.port)) if one.protocol in ("TCPSSL", "https") else None
        name = DOMAIN_EXTENSIONS if lb.kind == "clb" else ADDITIONAL_CERTIFICATES
        return one if ids is None else replace(one, attributes={**one.attributes, name: ids})

    return [replace(lb, listeners=tuple(told(lb, one) for one in lb.listeners)) for lb in lbs]


def _cluster(cloud: CloudSurvey, cluster_id: str) -> CloudCluster | None:
    try:
        return cloud.cluster(cluster_id)
    except AbsentError:
        return None


def _addon(cloud: CloudSurvey, cluster_id: str) -> AddonInfo | None:
    try:
        return cloud.addon(cluster_id, ADDON)
    except AbsentError:
        return None


def _merged_identity(identity: ClusterIdentity, known: CloudCluster) -> ClusterIdentity:
    """CS is asked about this very cluster: what it says goes before what was guessed from nodes and workloads."""
    return replace(
        identity,
        id=known.id or identity.id,
        name=known.name,
        region=known.region or identity.region,
        kind=known.kind or identity.kind,
        kubernetes=identity.kubernetes or known.kubernetes,
        network=known.network or identity.network,
        vpc_id=known.vpc_id or identity.vpc_id,
    )


def _under_ack(ccm: CcmInstall, known: CloudCluster) -> CcmInstall:
    """In a cluster of ACK's a plain workload is the add-on's, unless Helm or GitOps marks say otherwise."""
    return replace(ccm, managed_by="ack") if known.kind and ccm.managed_by in (None, "manifest") else ccm


def _with_addon(ccm: CcmInstall, addon: AddonInfo) -> CcmInstall:
    """The install with what the add-on API says; where the image says another version, both are kept."""
    clash: tuple[Disagreement, ...] = ()
    if ccm.version and addon.version and ccm.version != addon.version:
        clash = (Disagreement(fact="version", values={"image": ccm.version, "add-on": addon.version}),)
    return replace(
        ccm,
        version=ccm.version or addon.version,
        addon_version=addon.version,
        addon_next=addon.next_versions,
        addon_state=addon.state,
        addon_config=addon.config,
        disagreements=ccm.disagreements + clash,
    )


def _ram(facts: ClusterFacts, cloud: CloudSurvey) -> RamFacts:
    """The policies of the role that CCM runs with; nothing where ACK itself grants it, or no role was found."""
    if facts.identity.kind == "managed":
        return RamFacts()
    role = ""
    if facts.identity.kind == "dedicated" and facts.identity.id:
        try:
            role = cloud.master_role(facts.identity.id)
        except AbsentError:
            role = ""
    if not role:
        instance = _ccm_instance(facts.nodes)
        role = cloud.instance_role(instance) if instance else ""
    # Last, the role that CS names for the workers: where CCM's pods run beside them, it is theirs too.
    role = role or facts.ram.role
    if not role:
        raise AbsentError(what="the role that CCM uses was not found", where="nodes and cluster resources",
                          next_command="ccm-upgrade ram policy --all prints what its policy must allow")  # fmt: skip
    return cloud.ram(role)


def _ccm_instance(nodes: Iterable[Node]) -> str:
    """The instance of a control-plane node, where CCM runs; any node where none is marked."""
    machines = [node for node in nodes if node.instance_id]
    masters = [node for node in machines if set(_MASTER_LABELS) & set(node.metadata.labels)]
    return next((node.instance_id for node in [*masters, *machines]), "")
