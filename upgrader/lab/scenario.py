"""A scenario: which clusters there are, what runs in them, and what somebody has done to them. Plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import yaml
from msgspec import Struct

from upgrader.lab.cloud.cs.model import Outcome
from upgrader.lab.faults import Fault
from upgrader.model.errors import InputError
from upgrader.model.facts import ClusterKind, Network

FOLDER = Path(__file__).parent / "scenarios"
_EXAMPLE = "ccm-upgrade lab scenario list shows those that work"


class Text(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all parts of a scenario: a name that is not known is a mistake."""


class ServiceSpec(Text, frozen=True):
    """A Service of type LoadBalancer. `pods` counts its ready pods on each node, in the nodes' order.

    `ports` are `80`, `53/UDP`, `443:8443` (port and target). `class_` is spec.loadBalancerClass. `late` ones are made
    after the edits, under the scenario's faults; `interfaces` false leaves their pods' addresses without an ENI.
    """

    name: str
    namespace: str = "default"
    pods: tuple[int, ...] = (1, 1, 1)
    ports: tuple[str, ...] = ("80",)
    local: bool = False
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}
    class_: str = msgspec.field(default="", name="class")
    source_ranges: tuple[str, ...] = ()
    late: bool = False
    interfaces: bool = True


class AddonSpec(Text, frozen=True):
    """How ACK upgrades the add-on: `offered` are the next versions, `outcome` how the upgrade ends."""

    offered: tuple[str, ...] = ()
    outcome: Outcome = "success"
    upgrade_s: float = 1.0
    precheck: str = ""


class RamSpec(Text, frozen=True):
    """The role's rights: all that CCM ever needs but for `missing`; `denied` are denied by name; `versions` many."""

    missing: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    versions: int = 1


class CloudEdit(Text, frozen=True):
    """What somebody did in the console after CCM had done its work, to the load balancer of a Service.

    `untag` removes its tags, `foreign-tag` gives it another Service's, `rename` another name, `weight` sets every
    backend's weight, `delete` deletes it, `twin` makes a second CLB with the same tags, `listener` uses CCM's server
    group at a port by hand. On the Service itself: `unlabel` takes a label away, `annotate` sets one annotation
    (`address-type=intranet`, the short name will do), `ports` sets the ports (`80,443`).
    """

    service: str
    do: Literal[
        "untag", "rename", "weight", "delete", "twin", "foreign-tag", "listener", "unlabel", "annotate", "ports"
    ]
    value: str = ""


class BroughtClb(Text, frozen=True):
    """A CLB that the user made: `id` for annotations. `vpc` other than the cluster's is another network."""

    id: str
    address_type: str = "internet"
    vpc: str = ""
    tags: dict[str, str] = {}
    listeners: tuple[int, ...] = ()
    spec: str = "slb.s1.small"
    charge_type: str = "PayBySpec"
    backend_quota: int = 200


class ClusterSpec(Text, frozen=True):
    """One cluster. `owner` is who changes CCM's workload where no add-on does; `replicas` are a Deployment's."""

    name: str
    kind: ClusterKind = "dedicated"
    network: Network = "flannel"
    region: str = "cn-hangzhou"
    kubernetes: str = "v1.32.1-aliyun.1"
    ccm: str = "v2.10.0"
    workload: Literal["DaemonSet", "Deployment"] = "DaemonSet"
    replicas: int = 1
    owner: Literal["manifest", "helm", "gitops"] = "manifest"
    nodes: int = 3
    args: tuple[str, ...] = ()
    addon: AddonSpec = AddonSpec()
    ram: RamSpec = RamSpec()
    clbs: tuple[BroughtClb, ...] = ()
    services: tuple[ServiceSpec, ...] = ()
    edits: tuple[CloudEdit, ...] = ()
    broken_images: tuple[str, ...] = ()
    ready_after_s: float = 0.0


class FaultSpec(Text, frozen=True):
    """A fault that waits from the start; `times` 0 is for ever."""

    action: str
    product: str = ""
    kind: Literal["before", "after", "timeout", "slow", "cut", "stale"] = "before"
    code: str = "ServiceUnavailable"
    message: str = ""
    times: int = 1
    delay_s: float = 0.0

    def fault(self) -> Fault:
        """The fault as the lab takes it."""
        return Fault(kind=self.kind, product=self.product, action=self.action, code=self.code, message=self.message,
                     times=self.times or None, delay_s=self.delay_s)  # fmt: skip


class Expect(Text, frozen=True):
    """What the story proves. `codes` are findings of a check for the version `to`; `errors` are entries of the error
    catalogue, by the Service whose events show them."""

    to: str = ""
    codes: tuple[str, ...] = ()
    errors: dict[str, str] = {}


class Scenario(Text, frozen=True):
    """A story, told by clusters. `try_` is a command line that shows the point."""

    name: str
    title: str
    story: str = ""
    try_: str = msgspec.field(default="", name="try")
    expect: Expect = Expect()
    clusters: tuple[ClusterSpec, ...] = ()
    faults: tuple[FaultSpec, ...] = ()
    free_ips: int = 252
    arrears: Literal["", "ORDER.ARREARAGE", "PAY.INSUFFICIENT_BALANCE"] = ""


def load_scenario(name: str) -> Scenario:
    """The scenario of that name, or in that file. Raises `InputError` with what is wrong and where."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            what=f"no scenario {name!r}", where="--scenario", next_command="ccm-upgrade lab scenario list"
        ) from error
    return parse_scenario(text, str(path))


def parse_scenario(text: str, where: str) -> Scenario:
    """The scenario in a YAML text."""
    try:
        # Texts stay texts: 1.30 is no number here.
        plain = yaml.load(text, Loader=yaml.BaseLoader)
        return msgspec.convert(plain, Scenario, strict=False)
    except yaml.YAMLError as error:
        raise InputError(
            what="the scenario is not valid YAML", where=where, why=str(error).replace("\n", " "),
            next_command=_EXAMPLE,
        ) from error  # fmt: skip
    except msgspec.ValidationError as error:
        raise InputError(
            what="the scenario can't be used", where=where, why=str(error), next_command=_EXAMPLE
        ) from error


def all_scenarios() -> tuple[Scenario, ...]:
    """Every scenario that comes with the lab, by name."""
    return tuple(load_scenario(path.stem) for path in sorted(FOLDER.glob("*.yaml")))
