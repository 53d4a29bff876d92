"""A request to a cluster's API as the lab's journal and its faults name it."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web
from msgspec import Struct

from upgrader.lab.faults import KUBERNETES
from upgrader.lab.journal import Journal, Request
from upgrader.lab.kube.asked import verb_of
from upgrader.lab.kube.paths import target_of
from upgrader.lab.kube.resource import Catalogue
from upgrader.lab.kube.reviews import OPEN_REVIEWS

_READS = ("get", "list", "watch")


class Asking(Struct, frozen=True, kw_only=True):
    """One request. `action` is verb and resource, or a document's path: `get daemonsets`, `get /version`."""

    action: str
    params: dict[str, str]
    write: bool

    def witness(self, journal: Journal, now: datetime, caller: str, status: int, landed: bool) -> None:
        """Remember it with how it was answered; `landed` says that it changed something."""
        seq = journal.next_seq()
        journal.add(
            Request(
                seq=seq, time=now, product=KUBERNETES, action=self.action, params=self.params, caller=caller,
                request_id=str(seq), status=status, landed=landed, write=self.write,
            )
        )  # fmt: skip


def asking_of(request: web.Request, rest: str, catalogue: Catalogue) -> Asking:
    """What a request is about; a review of rights is a question, though it is a POST."""
    target = target_of(rest, catalogue)
    if target is None:
        return Asking(action=f"{request.method.lower()} {rest.rstrip('/') or '/'}", params={}, write=False)
    plural = target.resource.plural
    what = f"{plural}/{target.subresource}" if target.subresource else plural
    verb = verb_of(request.method, request.query, named=bool(target.name))
    named = {"namespace": target.namespace, "name": target.name}
    return Asking(
        action=f"{verb} {what}",
        params={key: value for key, value in named.items() if value},
        write=verb not in _READS and plural not in OPEN_REVIEWS,
    )
