"""core/v1 Event."""

from __future__ import annotations

from upgrader.model.kube.meta import KubeStruct, Metadata
from upgrader.model.moments import by_servers_clock, to_the_second


class ObjectReference(KubeStruct, frozen=True):
    """What an Event is about."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class EventSource(KubeStruct, frozen=True):
    """Who sent an Event."""

    component: str = ""
    host: str = ""


class EventMetadata(Metadata, frozen=True):
    """ObjectMeta of an Event: when it was made, and the API server's own count, tell it from others."""

    resource_version: str = ""
    creation_timestamp: str | None = None


class Event(KubeStruct, frozen=True):
    """A core/v1 Event; `type` is Normal or Warning."""

    metadata: EventMetadata = EventMetadata()
    involved_object: ObjectReference = ObjectReference()
    source: EventSource = EventSource()
    reporting_component: str = ""
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None

    @property
    def last_seen(self) -> str:
        """When it was last seen, UTC, RFC 3339, by the API server's clock; empty where it does not say."""
        created, first, last = self.metadata.creation_timestamp, self.first_timestamp, self.last_timestamp
        if created and first and last:
            return by_servers_clock(created, first, last)
        return to_the_second(last or self.event_time or first or created or "")
