"""The vendor's own dry run as a second opinion, beside the forecast."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Agreement = Literal["agree", "differ", "dry-run-only", "forecast-only", "unknown"]


class SecondOpinion(Struct, frozen=True, kw_only=True):
    """One Service, by both. `dry_run` and `forecast` are OpenAPI actions without their product; `refusals` is the dry
    run's own text where it would refuse. `codes` explain it (`ccm-upgrade explain CODE`).

    `agree`: both name the same action, or both refuse; `differ`: they name none in common; `dry-run-only` and
    `forecast-only`: the other sees no change; `unknown`: one of them could not tell.
    """

    namespace: str
    name: str
    agreement: Agreement
    dry_run: tuple[str, ...] = ()
    forecast: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


class Shadow(Struct, frozen=True, kw_only=True):
    """What a dry run found, Service by Service, where either of the two sees a change.

    `failed` is its own count of findings, `told` how many it lists: it lists few, so that the rest is not known.
    `silent` counts the CLB Services in which neither sees a change; `apart` those it does not look at (NLB).
    `taken_at` is empty where the event has no time; `problem` says why the result could not be read.
    """

    taken_at: str = ""
    failed: int = 0
    told: int = 0
    silent: int = 0
    apart: int = 0
    services: tuple[SecondOpinion, ...] = ()
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether the dry run lists all that it found."""
        return not self.problem and self.told >= self.failed
