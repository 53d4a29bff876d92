"""Which look at the cluster belongs to which error, by an explicit table; an error without one has its general text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from upgrader.diagnose.case import Case
from upgrader.diagnose.evidence import backends, billing, fixed, lost, networks, reuse, rights, values
from upgrader.diagnose.model import Answer

EVIDENCE: Mapping[str, Callable[[Case], Answer]] = {
    "lb-lost-by-name": lost.lost,
    "lb-lost": lost.lost,
    "lb-not-found-by-tag": lost.lost,
    "nlb-gone": lost.lost,
    "lb-several": lost.several,
    "lb-id-unknown": lost.unknown_id,
    "lb-reuse-made-by-ccm": reuse.made_by_ccm,
    "lb-reuse-bound": reuse.bound,
    "lb-reuse-refused": reuse.made_by_ccm,
    "lb-network-conflict": reuse.another_vpc,
    "fixed-resource-group": fixed.fixed("resource-group-id", "ResourceGroupId", removable=True),
    "fixed-address-type": fixed.fixed("address-type", "AddressType"),
    "fixed-zone": fixed.fixed_zone,
    "fixed-ip-version": fixed.fixed("ip-version", "AddressIPVersion"),
    "fixed-network-type": fixed.fixed("network-type", "NetworkType", removable=True),
    "fixed-address": fixed.fixed("ip", "Address", removable=True),
    "clcu-and-spec": billing.clcu_and_spec,
    "shared-clb-not-sold": billing.shared_clb,
    "arrears": billing.account,
    "low-balance": billing.account,
    "backend-quota": backends.quota,
    "eni-on-shared-clb": backends.eni_on_shared,
    "no-backends": backends.none_there,
    "eni-not-found": backends.eni_not_found,
    "named-target-port": backends.named_port,
    "backend-without-id": backends.no_node,
    "endpoint-without-node": backends.no_node,
    "provider-id": backends.no_node,
    "weight-range": values.offending,
    "protocol-unknown": values.offending,
    "not-a-number": values.offending,
    "forward-port-form": values.offending,
    "group-unknown": values.offending,
    "group-made-by-ccm": values.offending,
    "port-range-needs-eni": values.offending,
    "certificate-expired": values.certificate,
    "certificate-unknown": values.certificate,
    "group-in-use": networks.group_in_use,
    "vswitch-full": networks.vswitch,
    "vswitch-unknown": networks.vswitch,
    "vswitch-none": networks.vswitch,
    "eip-missing": networks.eip,
    "nlb-zones-missing": networks.zones,
    "nlb-source-ranges-reused": values.source_ranges,
    "ram-denied": rights.denied,
    "throttled": rights.throttled,
}
