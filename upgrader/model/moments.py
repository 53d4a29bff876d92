"""Moments as Kubernetes writes them: RFC 3339 texts in UTC, which sort as they lie in time once cut to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# The cloud refuses requests that are stamped further off, so no CCM that works has a clock that is.
MOST_SKEW = timedelta(minutes=15)


def rfc3339(moment: datetime) -> str:
    """`2026-11-24T12:00:00Z`: UTC to the second, as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_the_second(text: str) -> str:
    """`2026-11-24T12:00:00Z` for any RFC 3339 text; what is none stays as it is."""
    found = _parsed(text)
    return text if found is None else rfc3339(found)


def by_servers_clock(created: str, first: str, last: str) -> str:
    """When something was seen last, by the clock of the API server, which gave it its creation time.

    `first` and `last` are its sender's: the time between them is true, whatever that clock says. A `first` too far from
    the creation is no first sighting (client-go sends an event that expired on the server again as a new object), and
    `last` is taken as it is.
    """
    moments = _parsed(created), _parsed(first), _parsed(last)
    made, begun, ended = moments
    if made is None or begun is None or ended is None or abs(made - begun) > MOST_SKEW:
        return to_the_second(last)
    return rfc3339(made + (ended - begun))


def _parsed(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
