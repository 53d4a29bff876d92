"""An annotation whose value CCM does not read: which one it is."""

from __future__ import annotations

from upgrader.diagnose.case import Case
from upgrader.diagnose.model import Answer
from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.migrations.context import LEGACY_PREFIX, PREFIX

_DROP_RANGES = (
    "kubectl -n NAMESPACE patch service SERVICE --type=json "
    '-p \'[{"op":"remove","path":"/spec/loadBalancerSourceRanges"}]\''
)


def offending(case: Case) -> Answer:
    """The annotations whose value stands in the message."""
    values = {
        name: value
        for name, value in sorted(case.service.metadata.annotations.items())
        if name.startswith((PREFIX, LEGACY_PREFIX)) or name == BACKEND_TYPE
    }
    hits = [f'{name} is "{value}"' for name, value in values.items() if value and value in case.message]
    return Answer(evidence=tuple(hits))


def certificate(case: Case) -> Answer:
    """The certificate that the Service names."""
    return Answer(evidence=(case.says("cert-id"),))


def source_ranges(case: Case) -> Answer:
    """The ranges and the reused load balancer."""
    ranges = case.service.spec.load_balancer_source_ranges or ()
    return Answer(
        evidence=(f"spec.loadBalancerSourceRanges is {', '.join(ranges) or 'empty'}", case.says("id")),
        fix=(
            _DROP_RANGES,
            "put a security group on the NLB yourself",
        ),
    )
