"""Cloud objects as the OpenAPI describes them.

What identifies an object is a field of its own; every further attribute stays in `attributes` under the name that
the OpenAPI uses in its *responses*, as text (`"on"`, `"5"`, `"true"`): diffs, before-states and evidence then speak
the vendor's language, and a new attribute needs no new type. Nested NLB settings are flattened with dots
(`HealthCheck.HealthCheckEnabled`); lists of texts are joined by commas.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

LbKind = Literal["clb", "nlb"]

OWNER_TAG = "kubernetes.do.not.delete"
"""The tag by which CCM knows what it made: its value is the Service's."""
CLUSTER_TAG = "ack.aliyun.com"
"""The tag that names the cluster."""


class CloudStruct(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all cloud shapes."""


class Backend(CloudStruct, frozen=True):
    """One backend of a server group. `type` is `ecs`, `eni`, `eci` (CLB) or `Ecs`, `Eni`, `Eci`, `Ip` (NLB)."""

    server_id: str
    port: int
    weight: int
    type: str = "ecs"
    server_ip: str = ""
    description: str = ""

    @property
    def label(self) -> str:
        """What people know it by: a machine's id, else the address.

        Some versions of CCM register a machine with the address of one of its pods.
        """
        return self.server_id if self.type.lower() == "ecs" else self.server_ip or self.server_id


class ServerGroup(CloudStruct, frozen=True):
    """A CLB vServer group or an NLB server group. `load_balancer_id` is empty for NLB groups, which stand alone."""

    id: str
    name: str
    load_balancer_id: str = ""
    backends: tuple[Backend, ...] = ()
    tags: dict[str, str] = {}
    attributes: dict[str, str] = {}


ADDITIONAL_CERTIFICATES = "AdditionalCertificateIds"
"""The attribute of a TCPSSL listener that holds its certificates beside the default one; absent where not read."""
DOMAIN_EXTENSIONS = "DomainExtensions"
"""The same of an HTTPS listener of a CLB: `domain:certificate:id`, separated by commas."""


class Listener(CloudStruct, frozen=True):
    """A listener. `protocol` is lower-case for CLB (`tcp`), upper-case for NLB (`TCP`, `UDP`, `TCPSSL`).

    `id` is NLB's ListenerId, empty for CLB, where port and protocol identify it. `port` is 0 for an NLB listener
    of a port range (`attributes["StartPort"]`, `["EndPort"]`).
    """

    port: int
    protocol: str
    id: str = ""
    description: str = ""
    server_group_id: str = ""
    status: str = ""
    tags: dict[str, str] = {}
    attributes: dict[str, str] = {}


class LoadBalancer(CloudStruct, frozen=True):
    """A CLB or an NLB with its listeners. `address` is CLB's IP or NLB's DNS name.

    `detailed` is False where only the list call was made (listeners and attributes are then not known, not empty).
    `server_groups` holds what hangs below a CLB, or the NLB groups that carry this load balancer's tag.
    """

    kind: LbKind
    id: str
    name: str = ""
    address: str = ""
    address_type: str = ""
    vpc_id: str = ""
    status: str = ""
    tags: dict[str, str] = {}
    attributes: dict[str, str] = {}
    listeners: tuple[Listener, ...] = ()
    server_groups: tuple[ServerGroup, ...] = ()
    detailed: bool = True


class SecurityGroup(CloudStruct, frozen=True):
    """An ECS security group that CCM ≥ v2.14.0 attaches to NLBs."""

    id: str
    name: str
    description: str = ""
    vpc_id: str = ""
    tags: dict[str, str] = {}
    permissions: tuple[dict[str, str], ...] = ()


class NetworkInterface(CloudStruct, frozen=True):
    """An elastic network interface, found by its IP; CCM names ENI backends by its id."""

    id: str
    ip: str
    instance_id: str = ""
    type: str = ""
