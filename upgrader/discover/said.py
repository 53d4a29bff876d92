"""What the user states because it can't be read; marked as such in every output."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from upgrader.model.facts import CcmInstall, ClusterIdentity, ClusterKind, Disagreement, Network


class Said(Struct, frozen=True, kw_only=True):
    """Stated facts; empty or None where nothing was said. `version` is the running CCM's."""

    version: str = ""
    kind: ClusterKind | None = None
    network: Network | None = None
    cluster_id: str = ""
    region: str = ""
    vpc_id: str = ""
    kubernetes: str = ""


def with_said(identity: ClusterIdentity, ccm: CcmInstall, said: Said) -> tuple[ClusterIdentity, CcmInstall]:
    """Both with what was said filled in. What was read wins; a contradiction is kept as a disagreement."""
    fields = {"kind": said.kind, "network": said.network, "id": said.cluster_id, "region": said.region,
              "vpc_id": said.vpc_id, "kubernetes": said.kubernetes}  # fmt: skip
    used, clashes = list(identity.said), list(ccm.disagreements)
    for name, value in fields.items():
        read = getattr(identity, name)
        if value and not read:
            identity = replace(identity, **{name: value})
            used.append(name)
        elif value and read != value:
            clashes.append(Disagreement(fact=name, values={"read": str(read), "said": str(value)}))
    if said.version and not ccm.version:
        ccm = replace(ccm, version=said.version)
        used.append("version")
    elif said.version and ccm.version != said.version:
        clashes.append(Disagreement(fact="version", values={"read": ccm.version, "said": said.version}))
    cluster_id = ccm.cluster_id or identity.id
    return replace(identity, said=tuple(dict.fromkeys(used))), replace(
        ccm, cluster_id=cluster_id, disagreements=tuple(clashes)
    )
