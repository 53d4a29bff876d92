"""The lab's own switches, over HTTP beside the cloud: what was asked, faults, time, states, the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web
from msgspec import Struct

from upgrader.lab.faults import Fault
from upgrader.lab.journal import Request
from upgrader.model.errors import CcmUpgradeError, InputError
from upgrader.model.moments import rfc3339

if TYPE_CHECKING:
    from upgrader.lab.lab import Lab


class ClusterStatus(Struct, frozen=True, kw_only=True):
    """One cluster as `lab status` shows it."""

    id: str
    name: str
    kind: str
    region: str
    ccm: str
    leader: str
    services: int


class LabStatus(Struct, frozen=True, kw_only=True):
    """The lab at a glance. `unhandled` are the requests whose action the lab does not have."""

    scenario: str
    endpoint: str
    secure_endpoint: str
    time: str
    held: bool
    clusters: tuple[ClusterStatus, ...]
    load_balancers: int
    asked: int
    written: int
    unhandled: tuple[str, ...]
    faults: tuple[Fault, ...]


class Advance(Struct, frozen=True, forbid_unknown_fields=True):
    """How far to move the time."""

    seconds: float


class Control:
    """Answers `/_lab/…`. `on_stop` is called when somebody asks the lab to end."""

    def __init__(self, lab: Lab, on_stop: Callable[[], object]) -> None:
        self._lab = lab
        self._on_stop = on_stop

    async def handle(self, request: web.Request, what: str) -> web.StreamResponse:
        """The answer; our own errors come as JSON with status 400."""
        try:
            found = self._answer(request.method, what, request.query, await request.read())
        except (CcmUpgradeError, msgspec.MsgspecError, ValueError) as error:
            return _json({"error": str(error)}, status=400)
        return found if isinstance(found, web.Response) else _json(found)

    def _answer(self, method: str, what: str, query: Mapping[str, str], body: bytes) -> Any:
        lab = self._lab
        match method, what.strip("/").split("/"):
            case "GET", ["status"]:
                return self.status()
            case "GET", ["requests"]:
                return self.requests(query)
            case "GET", ["faults"]:
                return lab.cloud.faults.waiting()
            case "POST", ["faults"]:
                return lab.cloud.faults.add(msgspec.json.decode(body, type=Fault))
            case "DELETE", ["faults"]:
                lab.cloud.faults.clear()
            case "DELETE", ["faults", number]:
                return {"removed": lab.cloud.faults.remove(int(number))}
            case "POST", ["clock"]:
                lab.advance(msgspec.json.decode(body, type=Advance).seconds)
            case "GET", ["state"]:
                return web.Response(body=lab.snapshot_here(), content_type="application/json")
            case "PUT", ["state"]:
                lab.restore_here(body)
            case "POST", ["stop"]:
                self._on_stop()
            case _:
                raise InputError(what=f"the lab has no switch {method} {what}", next_command="ccm-upgrade lab --help")
        return {"time": rfc3339(lab.cloud.clock.now())}

    def status(self) -> LabStatus:
        """The lab at a glance."""
        lab, journal = self._lab, self._lab.cloud.journal
        clusters = tuple(
            ClusterStatus(
                id=one.id, name=one.spec.name, kind=one.spec.kind, region=one.spec.region,
                ccm=str(one.ccm.version or ""),
                leader=one.ccm.leader.name if one.ccm.leader else "",
                services=sum(1 for service in one.ccm.view.services() if service.is_load_balancer),
            )
            for one in lab.clusters.values()
        )  # fmt: skip
        world = lab.cloud.world
        return LabStatus(
            scenario=lab.scenario.name, endpoint=lab.url, secure_endpoint=lab.secure_url,
            time=rfc3339(lab.cloud.clock.now()), held=lab.cloud.clock.held, clusters=clusters,
            load_balancers=len(world.slb.load_balancers) + len(world.nlb.load_balancers),
            asked=len(journal.requests()), written=len(journal.requests(writes=True)),
            unhandled=tuple(sorted({f"{one.product}:{one.action}" for one in journal.unhandled()})),
            faults=lab.cloud.faults.waiting(),
        )  # fmt: skip

    def requests(self, query: Mapping[str, str]) -> tuple[Request, ...]:
        """The requests, narrowed by `since`, `writes`, `product`, `action`."""
        return self._lab.cloud.journal.requests(
            since=int(query.get("since") or 0),
            writes=True if query.get("writes") else None,
            product=query.get("product", ""),
            actions=[query["action"]] if query.get("action") else (),
        )


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", status=status)
