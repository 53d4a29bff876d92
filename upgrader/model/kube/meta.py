"""What every Kubernetes object has: the base of our shapes, and ObjectMeta."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

PortNumber = Annotated[int, Meta(ge=0, le=65535)]


class KubeStruct(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """Base of all Kubernetes shapes: absent and default are the same, defaults are not written.

    Hidden from the garbage collector: trees of them hold no cycle, and walking a million of them costs seconds.
    """


class Metadata(KubeStruct, frozen=True):
    """The part of ObjectMeta that decides anything; of what else there is in tens of thousands, nothing is kept."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    deletion_timestamp: str | None = None


class Condition(KubeStruct, frozen=True):
    """A status condition."""

    type: str = ""
    status: str = ""
    reason: str = ""
