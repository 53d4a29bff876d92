"""Reading a Service's annotations as a CCM version does: the current prefix first, the legacy one as a fall-back."""

from __future__ import annotations

from upgrader.model.kube import Service

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
LEGACY_PREFIX = "service.beta.kubernetes.io/alicloud-loadbalancer-"
BACKEND_TYPE = "service.beta.kubernetes.io/backend-type"
CLASS = "service.beta.kubernetes.io/class"


class Annotations:
    """One Service's annotations by their short names (`id`, `backend-label`)."""

    __slots__ = ("all",)

    def __init__(self, service: Service) -> None:
        self.all = service.metadata.annotations

    def get(self, short: str) -> str:
        """The value, empty where it is absent. An empty value under the current prefix does not fall back."""
        value = self.all.get(PREFIX + short)
        return value if value is not None else self.all.get(LEGACY_PREFIX + short, "")

    def has(self, short: str) -> bool:
        """Whether either spelling is there."""
        return PREFIX + short in self.all or LEGACY_PREFIX + short in self.all

    def is_on(self, short: str) -> bool:
        """Whether the value is `on`, in any case."""
        return self.get(short).lower() == "on"

    def percent(self, short: str) -> int | None:
        """A whole number from 0 to 100; None where it is absent or no such number (v2 then refuses to sync)."""
        text = self.get(short)
        try:
            number = int(text)
        except ValueError:
            return None
        return number if 0 <= number <= 100 else None
