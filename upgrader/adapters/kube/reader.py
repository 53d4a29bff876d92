"""Reading a cluster: complete lists by pages, raw JSON decoded straight into our types."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from upgrader import codec
from upgrader.adapters.kube.errors import not_json
from upgrader.adapters.kube.paths import asked, path_of
from upgrader.adapters.kube.transport import Transport
from upgrader.model.described import described
from upgrader.model.errors import RefusedError, TransientError
from upgrader.model.kube import Endpoints, EndpointSlice, Event, Node, Pod, Service
from upgrader.ports.read import Ref, Right

PAGE = 500
RESTARTS = 3
"""How often a list is begun anew when its continue token has expired (410)."""
_EXPIRED = ("Expired", "Gone", "410")

T = TypeVar("T")


class _ListMeta(Struct):
    token: str | None = field(default=None, name="continue")


class _Page(Struct):
    items: builtins.list[msgspec.Raw] | None = None
    metadata: _ListMeta | None = None


class _Version(Struct):
    git_version: str = field(default="", name="gitVersion")


class _Allowed(Struct):
    allowed: bool = False


class _Review(Struct):
    status: _Allowed | None = None


class _WatchLine(Struct):
    type: str
    object: dict[str, Any]


class KubeReader:
    """A `ClusterReader` over a transport. Everything it sends is a GET, but for `may`, which is a question."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.unreadable = codec.Unreadable()

    def kubernetes_version(self) -> str:
        """`v1.28.3-aliyun.1`, as /version says."""
        body = self._transport.request("GET", "/version", asked="get /version")
        return self._decode(body, _Version, "get /version").git_version

    def services(self) -> tuple[Service, ...]:
        """All Services of all namespaces."""
        return self._typed(Ref(api_version="v1", kind="Service"), Service)

    def endpoint_slices(self) -> tuple[EndpointSlice, ...]:
        """All EndpointSlices."""
        return self._typed(Ref(api_version="discovery.k8s.io/v1", kind="EndpointSlice"), EndpointSlice)

    def endpoints(self) -> tuple[Endpoints, ...]:
        """All Endpoints."""
        return self._typed(Ref(api_version="v1", kind="Endpoints"), Endpoints)

    def nodes(self) -> tuple[Node, ...]:
        """All Nodes."""
        return self._typed(Ref(api_version="v1", kind="Node"), Node)

    def pods(self, label_selector: str = "", namespace: str = "") -> tuple[Pod, ...]:
        """Pods by selector; all when both are empty."""
        return self._typed(Ref(api_version="v1", kind="Pod", namespace=namespace), Pod, labelSelector=label_selector)

    def events(self, namespace: str = "", field_selector: str = "") -> tuple[Event, ...]:
        """Events, of all namespaces when `namespace` is empty."""
        return self._typed(
            Ref(api_version="v1", kind="Event", namespace=namespace), Event, fieldSelector=field_selector
        )

    def get(self, ref: Ref) -> dict[str, Any]:
        """One object as JSON. Raises `AbsentError` when it is not there."""
        what = asked("get", ref)
        return self._decode(self._transport.request("GET", path_of(ref), asked=what), dict[str, Any], what)

    def list(self, ref: Ref, label_selector: str = "") -> tuple[dict[str, Any], ...]:
        """All objects of a kind as JSON, each with its `kind` and `apiVersion`, which the API leaves out in lists."""
        head = {"apiVersion": ref.api_version, "kind": ref.kind}
        items = self._items(replace(ref, name=""), {"labelSelector": label_selector})
        found = []
        for item in items:
            try:
                found.append({**head, **msgspec.json.decode(item, type=dict[str, Any])})
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                self.unreadable.add(f"{ref.kind} {codec.name_in(bytes(item)) or '?'}", str(error))
        return tuple(found)

    def watch(
        self, ref: Ref, *, resource_version: str = "", timeout_s: float = 60.0
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """(ADDED | MODIFIED | DELETED, object) until `timeout_s` passes; ends silently then.

        It ends too when the server has forgotten `resource_version`: whoever waits looks anew and watches again.
        """
        query = {"watch": "true", "timeoutSeconds": str(max(1, round(timeout_s)))}
        if resource_version:
            query["resourceVersion"] = resource_version
        if ref.name:
            query["fieldSelector"] = f"metadata.name={ref.name}"
        what, path = asked("watch", ref), path_of(replace(ref, name=""))
        # A little beyond the server's own deadline, so that it is the server who ends the stream.
        for line in self._transport.stream(path, query, asked=what, timeout_s=timeout_s + 5):
            found = self._decode(line, _WatchLine, what)
            if found.type == "ERROR":
                return
            if found.type != "BOOKMARK":
                yield found.type, found.object

    def log(self, namespace: str, pod: str, *, lines: int = 20) -> str:
        """The last lines of a pod's log. Raises `AbsentError` when it is gone."""
        ref = Ref(api_version="v1", kind="Pod", namespace=namespace, name=pod)
        query, what = {"tailLines": str(lines)}, f"read the log of {pod}"
        return self._transport.request("GET", f"{path_of(ref)}/log", query, asked=what).decode(errors="replace")

    def may(self, right: Right) -> bool:
        """Whether this caller may (SelfSubjectAccessReview: a question, though it is a POST)."""
        wanted = {field: getattr(right, field) for field in ("verb", "group", "resource", "namespace", "name")}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {key: value for key, value in wanted.items() if value}},
        }
        what = f"ask whether we may {right.words}"
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        review = self._decode(self._transport.request("POST", path, body=body, asked=what), _Review, what)
        return review.status is not None and review.status.allowed

    def _typed(self, ref: Ref, kind: type[T], **query: str) -> tuple[T, ...]:
        """The objects that could be decoded; the others are named in `unreadable`, and hide nothing but themselves."""
        decoder, found = msgspec.json.Decoder(described(kind)), []
        for item in self._items(ref, query):
            try:
                found.append(codec.decode_object(item, decoder))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                self.unreadable.add(f"{ref.kind} {codec.name_in(bytes(item)) or '?'}", str(error))
        return tuple(found)

    def _items(self, ref: Ref, query: Mapping[str, str]) -> builtins.list[msgspec.Raw]:
        """Every page. Where the continue token expires (410) the list is begun anew: it must be of one moment."""
        what, path = asked("list", ref), path_of(ref)
        wanted = {key: value for key, value in query.items() if value} | {"limit": str(PAGE)}
        for _ in range(RESTARTS + 1):
            try:
                return self._pages(path, wanted, what)
            except RefusedError as error:
                if error.code not in _EXPIRED:
                    raise
        raise TransientError(what=f"can't {what}: it changes faster than it can be read", where=self._transport.host,
                             next_command="try again when fewer objects change")  # fmt: skip

    def _pages(self, path: str, query: Mapping[str, str], what: str) -> builtins.list[msgspec.Raw]:
        found: builtins.list[msgspec.Raw] = []
        token: str | None = ""
        while token is not None:
            asked_for = {**query, "continue": token} if token else query
            page = self._decode(self._transport.request("GET", path, asked_for, asked=what), _Page, what)
            found += page.items or []
            token = (page.metadata.token if page.metadata else None) or None
        return found

    def _decode(self, body: bytes, kind: type[T], what: str) -> T:
        try:
            return msgspec.json.decode(body, type=described(kind))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise not_json(asked=what, where=self._transport.host) from error
