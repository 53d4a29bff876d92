"""A few plans for the report tests, built by hand: healthy, sick, hostile."""

from __future__ import annotations

from msgspec.structs import replace

from upgrader.model.facts import ClusterIdentity
from upgrader.model.finding import CheckRun, Coverage, Finding, Subject
from upgrader.model.forecast import Forecast, ServiceForecast, TrafficShift, Write
from upgrader.model.plan import Digests, Plan, RamDelta, Step, Touched

HOSTILE = "<script>alert(1)</script>\u202eevil\u202c | =1+1 \U0001f600" + "x" * 200


def service(namespace: str = "prod", name: str = "web", *, writes: int = 1) -> ServiceForecast:
    return ServiceForecast(
        namespace=namespace,
        name=name,
        lb="clb",
        load_balancer_id="lb-1",
        full_sync=True,
        why="no-hash",
        writes=tuple(
            Write(action="slb:SetVServerGroupAttribute", object=f"rsp-{n}", changes={"i-1:30080 weight": ("50", "3")})
            for n in range(writes)
        ),
        traffic=(
            TrafficShift(group="rsp-0", backend="node1", weight=(50, 3), share=(50.5, 50.0)),
            TrafficShift(group="rsp-0", backend="node2", weight=(33, 2), share=(33.3, 33.4)),
            TrafficShift(group="rsp-0", backend="node3", weight=(None, 1), share=(None, 16.6)),
        ),
    )


def finding(code: str = "CCM001", outcome: str = "WARN", name: str = "web", **more: object) -> Finding:
    return Finding(
        code=code,
        outcome=outcome,  # type: ignore[arg-type]
        effect="IMMEDIATE",
        subject=Subject(kind="Service", namespace="prod", name=name),
        message=str(more.get("message", "weights will change")),
        remedy=str(more.get("remedy", "look at the shares")),
        sources=("faq",),
    )


def accepted(code: str) -> Finding:
    """A finding that somebody accepted."""
    return replace(finding(code, "FAIL", "old"), waived="known (ops, until 2027-01-31)")


def plan(
    *, findings: tuple[Finding, ...] = (), services: tuple[ServiceForecast, ...] = (), verdict: str = "READY"
) -> Plan:
    return Plan(
        cluster=ClusterIdentity(id="c1", name="prod-hz", region="cn-hangzhou", kind="dedicated", network="flannel"),
        from_version="v1.9.3.239",
        to_version="v2.14.0",
        path=("v2.14.0",),
        verdict=verdict,  # type: ignore[arg-type]
        coverage=Coverage(services=len(services), judged=len(services)),
        findings=findings,
        checks=(
            CheckRun(code="CCM001", title="Weights stay as they are", state="found", found=1),
            CheckRun(code="CCM002", title="CLBs carry their tag", state="pass"),
            CheckRun(code="CCM003", title="RAM documents allow all", state="skipped", reason="self-managed"),
        ),
        forecast=Forecast(services=services),
        ram=RamDelta(role="KubernetesMasterRole-x", policy="k8sMasterRolePolicy-Ccm-x", missing=("nlb:ListAsynJobs",),
                     document={"Version": "1", "Statement": []}),
        steps=(Step(id="ram-1", kind="ram.policy-version", summary=f"Allow it in {'k' * 120}", params={}),
               Step(id="ccm", kind="ccm.addon", summary="Upgrade the add-on", params={}, reversible="no",
                    why_not="ACK documents no add-on downgrade", impact="traffic", needs=("ram-1",))),
        digests=Digests(facts="sha256:a", matrix="sha256:b"),
        created="2026-01-01T00:00:00Z",
        expires="2026-01-02T00:00:00Z",
        nonce="n",
        id="sha256:plan",
        changes=(Touched(id="w", version="v1.9.3.254", area="weights", summary="Local weights are pod counts",
                         effect="IMMEDIATE", reversible="yes", count=1, services=("prod/web",), sources=("faq",)),),
    )  # fmt: skip


def large(findings: int) -> Plan:
    """As many Services as findings, each with one."""
    names = [f"web-{n}" for n in range(findings)]
    return plan(
        findings=tuple(finding(f"CCM{n % 60:03}", ("FAIL", "WARN")[n % 2], name) for n, name in enumerate(names)),
        services=tuple(service(name=name, writes=1 + n % 3) for n, name in enumerate(names)),
        verdict="BLOCKED",
    )
