"""Every LoadBalancer Service with its load balancer: the FAQ's query, and what else one wants to know of a CLB."""

from __future__ import annotations

from msgspec import Struct

from upgrader.diagnose.conditions.deletion import Fate, fate
from upgrader.diagnose.look import Look
from upgrader.matrix.behaviour import first_with
from upgrader.matrix.model import Matrix
from upgrader.migrations.context import kind_of, value_of
from upgrader.migrations.legacy_clb_tag import WINDOW
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LbKind, LoadBalancer
from upgrader.model.facts import ClusterFacts
from upgrader.model.kube import Service


class Row(Struct, frozen=True, kw_only=True):
    """One Service. `lb_type` is `internet` or `intranet`; `spec` and `charge_type` are None where they were not read.

    `on_delete` is what becomes of the load balancer with the Service. `made_by` are the versions that can have made
    it, by what they leave behind: `you` where it is reused, empty where it was not read.
    """

    namespace: str
    name: str
    ip: str
    lb_type: str
    kind: LbKind
    load_balancer_id: str = ""
    spec: str | None = None
    charge_type: str | None = None
    on_delete: Fate = "none"
    made_by: str = ""


def listed(facts: ClusterFacts, matrix: Matrix, namespace: str = "") -> tuple[Row, ...]:
    """A row for each Service of type LoadBalancer, by namespace and name."""
    look = Look(facts, matrix, foretell=False)
    rows = [
        _row(service, look) for service in facts.load_balancer_services if namespace in ("", service.metadata.namespace)
    ]
    return tuple(sorted(rows, key=lambda row: (row.namespace, row.name)))


def _row(service: Service, look: Look) -> Row:
    lb = look.of(service)
    attributes = lb.attributes if lb else {}
    return Row(
        namespace=service.metadata.namespace,
        name=service.metadata.name,
        ip=service.address,
        lb_type=(lb.address_type.lower() if lb else "") or value_of(service, "address-type") or "internet",
        kind=lb.kind if lb else kind_of(service),
        load_balancer_id=lb.id if lb else value_of(service, "id") or "",
        spec=attributes.get("LoadBalancerSpec"),
        charge_type=attributes.get("InstanceChargeType"),
        on_delete=fate(service, look),
        made_by=made_by(service, lb),
    )


def made_by(service: Service, lb: LoadBalancer | None) -> str:
    """The versions that can have made it: each of them leaves tags and a billing that the ones before did not."""
    if value_of(service, "id"):
        return "you"
    if lb is None:
        return ""
    if lb.kind == "nlb":
        return f"{first_with('serves_nlb', 'yes')} or later"
    if OWNER_TAG not in lb.tags:
        return f"before {WINDOW[1]}, or untagged by hand"
    tags_cluster = first_with("cluster_tag", "yes")
    if CLUSTER_TAG not in lb.tags:
        return f"{WINDOW[1]} or later, before {tags_cluster}"
    by_clcu = first_with("clcu_by_default", "yes")
    charge = lb.attributes.get("InstanceChargeType")
    if charge is None or value_of(service, "instance-charge-type") or value_of(service, "spec"):
        return f"{tags_cluster} or later"
    return f"{by_clcu} or later" if charge == "PayByCLCU" else f"{tags_cluster} or later, before {by_clcu}"
