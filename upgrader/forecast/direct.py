"""Whether a Service's pods are attached to its load balancer directly, by their network interfaces.

Source: `controller/helper/service_utils.go` (IsENIBackendType), each tag; v1.9.3 `utils/const.go`.
"""

from __future__ import annotations

from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.model.facts import CcmInstall
from upgrader.model.kube import Service


def direct_by_default(ccm: CcmInstall, *, v1: bool = False) -> bool:
    """Whether they are where the Service does not say: CCM's variable goes before its cloud-config.

    v1.9.3 (`v1`) knows the variable alone. Go reads the keys of cloud-config in any case.
    """
    if ccm.force_eni or v1:
        return ccm.force_eni == "true"
    return any(key.lower() == "servicebackendtype" and value == "eni" for key, value in ccm.cloud_config.items())


def is_direct(ccm: CcmInstall, service: Service, *, v1: bool = False) -> bool:
    """Whether they are for this Service."""
    chosen = service.metadata.annotations.get(BACKEND_TYPE)
    return chosen == "eni" if chosen else direct_by_default(ccm, v1=v1)
