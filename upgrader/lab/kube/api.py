"""One cluster's Kubernetes API as a request handler: who asks, whether they may, what they ask for, the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from upgrader.lab.clock import LabClock
from upgrader.lab.faults import KUBERNETES, Faults
from upgrader.lab.journal import Journal
from upgrader.lab.kube.answers import encode, form_of, reply
from upgrader.lab.kube.asked import Asked
from upgrader.lab.kube.bootstrap import furnish
from upgrader.lab.kube.callers import ADMIN, Caller, Users, caller_of
from upgrader.lab.kube.crds import Definitions
from upgrader.lab.kube.discovery import discovery_document, version_document
from upgrader.lab.kube.objects import Objects, allowed_verb
from upgrader.lab.kube.openapi import openapi_document
from upgrader.lab.kube.paths import target_of
from upgrader.lab.kube.rbac import Question, Rbac, refusal
from upgrader.lab.kube.resource import Catalogue
from upgrader.lab.kube.reviews import OPEN_REVIEWS, Reviews
from upgrader.lab.kube.status import ApiError, no_such_path
from upgrader.lab.kube.store import Store
from upgrader.lab.kube.verbs import Verbs
from upgrader.lab.kube.watches import Wakers, Watch
from upgrader.lab.kube.witness import asking_of
from upgrader.lab.wire import act_out

VERSION = "v1.32.1-aliyun.1"
_HEALTH = ("/healthz", "/livez", "/readyz")
_OPEN = ("/version", "/api", "/apis", "/openapi", *_HEALTH)


class KubeApi:
    """A cluster's API: its store, users and rules. Clusters share nothing but the catalogue of built-in resources.

    `after_write` is called once after each request that changed something: controllers move the cluster there.
    `logs` are asked what a pod has said. `on_load` is called when the store holds another, saved cluster.
    `journal` holds every request, `faults` those that wait to strike.
    """

    def __init__(self, seed: str = "", clock: LabClock | None = None, *, version: str = VERSION) -> None:
        self.clock = clock or LabClock()
        self.version = version
        self.store = Store(seed)
        self.catalogue = Catalogue()
        self.objects = Objects(self.store, self.clock, self.catalogue)
        self.users: Users = {}
        self.rbac = Rbac(self.store)
        self.rbac_enforced = False
        self.journal = Journal()
        self.faults = Faults()
        self.after_write: list[Callable[[], object]] = []
        self.on_load: list[Callable[[], object]] = []
        self._definitions = Definitions(self.store, self.catalogue)
        self._wakers = Wakers(self.store)
        self._verbs = Verbs(self.objects, Reviews(self.rbac), self.users)
        self.logs = self._verbs.logs
        furnish(self.objects)

    def save(self) -> bytes:
        """The cluster's objects, for `load`."""
        return self.store.save()

    def load(self, data: bytes) -> None:
        """Go back to what `save` wrote; watchers are told that their version is gone."""
        self.store.load(data)
        self.objects.allocator.forget()
        self._definitions.reload()
        for follow in self.on_load:
            follow()
        self._wakers.wake()

    async def handle(self, request: web.Request, rest: str) -> web.StreamResponse:
        """Answer a request whose path within this cluster is `rest`; journal it, and act out the fault that strikes."""
        asking = asking_of(request, rest, self.catalogue)
        fault = self.faults.take(KUBERNETES, asking.action, asking.params)
        before = self.store.revision
        if fault is not None and fault.kind == "before":
            answer: web.StreamResponse = _refused(ApiError(fault.http_status, fault.code, fault.said))
        else:
            try:
                answer = await self._answer(request, rest)
            except ApiError as error:
                answer = _refused(error)
        landed = answer.status < 300
        if fault is not None and fault.kind == "after":
            answer = _refused(ApiError(fault.http_status, fault.code, fault.said))
        caller = self._named(request)
        asking.witness(self.journal, self.clock.now(), caller, answer.status, landed and self.store.revision != before)
        # A watch has been sent already.
        return await act_out(request, answer, fault, asyncio.Event()) if isinstance(answer, web.Response) else answer

    def _named(self, request: web.Request) -> str:
        try:
            return caller_of(request.headers, self.users).name
        except ApiError:
            return "unknown"

    async def _answer(self, request: web.Request, rest: str) -> web.StreamResponse:
        caller = self._caller(request)
        target = target_of(rest, self.catalogue)
        if target is None:
            return self._document(request, rest, caller)
        asked = Asked(
            method=request.method, target=target, query=request.query, headers=request.headers,
            body=await request.read() if request.can_read_body else b"", caller=caller,
        )  # fmt: skip
        if not target.subresource:
            allowed_verb(target.resource, asked.verb)
        self._permit(asked)
        if asked.verb == "watch":
            form = form_of(request.headers.get("Accept", ""), request.query)
            return await Watch(self.store, self.clock, target, request.query, form).serve(request, self._wakers)
        before = self.store.revision
        try:
            return self._verbs.answer(asked, enforced=self.rbac_enforced)
        finally:
            if self.store.revision != before:
                self.settle()

    def settle(self) -> None:
        """Let everybody who follows writes move."""
        for follow in self.after_write:
            follow()

    def _caller(self, request: web.Request) -> Caller:
        caller = caller_of(request.headers, self.users)
        wanted = request.headers.get("Impersonate-User")
        if not wanted:
            return caller
        other = Caller(wanted, tuple(request.headers.getall("Impersonate-Group", [])))
        if self.rbac_enforced:
            asked = [Question(verb="impersonate", resource="users", name=wanted)]
            asked += [Question(verb="impersonate", resource="groups", name=group) for group in other.groups]
            for question in asked:
                if not self.rbac.allows(caller, question)[0]:
                    raise refusal(caller, question, self.catalogue.named(question.resource))
        return Caller(wanted, tuple(dict.fromkeys((*other.groups, ADMIN.groups[1]))))

    def _permit(self, asked: Asked) -> None:
        """Refuse what the caller may not do."""
        target = asked.target
        if not self.rbac_enforced or target.resource.plural in OPEN_REVIEWS:
            return
        own = target.resource.plural == "namespaces"
        question = Question(
            verb=asked.verb, group=target.resource.group, version=target.resource.version,
            resource=target.resource.plural, subresource=target.subresource, name=target.name or _selected(asked),
            namespace=target.name if own else target.namespace,
        )  # fmt: skip
        if not self.rbac.allows(asked.caller, question)[0]:
            raise refusal(asked.caller, question, target.resource)

    def _document(self, request: web.Request, rest: str, caller: Caller) -> web.Response:
        """What the server says about itself."""
        path = "/" + rest.strip("/")
        if self.rbac_enforced and not path.startswith(_OPEN):
            question = Question(verb=request.method.lower(), path=path)
            if not self.rbac.allows(caller, question)[0]:
                raise refusal(caller, question, None)
        if request.method not in ("GET", "HEAD"):
            raise no_such_path()
        if path.startswith(_HEALTH):
            return web.Response(text="ok")
        if path == "/version":
            return reply(version_document(self.version))
        if path == "/":
            roots = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]
            return reply({"paths": roots})
        found = discovery_document(path, self.catalogue) or openapi_document(path, self.catalogue)
        if found is None:
            raise no_such_path()
        return web.Response(body=encode(found), content_type="application/json")


def _selected(asked: Asked) -> str:
    """The one name that a list or watch is limited to: rules with resourceNames let it pass, as a real server does."""
    found = [part for part in asked.query.get("fieldSelector", "").split(",") if part.startswith("metadata.name=")]
    return found[0].partition("=")[2] if found else ""


def _refused(error: ApiError) -> web.Response:
    return reply(error.body, status=error.status, headers=error.headers)
