"""What each verb answers: get, list, create, update, patch, delete, and the subresources' own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from upgrader.lab.kube.answers import Form, form_of, reply, shown, shown_list
from upgrader.lab.kube.asked import Asked
from upgrader.lab.kube.bodies import PROTOBUF, from_yaml, object_of
from upgrader.lab.kube.budgets import within_budget
from upgrader.lab.kube.callers import Users, service_account
from upgrader.lab.kube.events import EVENTS, forget_old
from upgrader.lab.kube.field_validation import FieldValidation
from upgrader.lab.kube.lists import page
from upgrader.lab.kube.objects import Objects
from upgrader.lab.kube.patches import APPLY, merged, patched
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.resource import RUN_IN_PODS
from upgrader.lab.kube.reviews import Reviews
from upgrader.lab.kube.scale import scale_of, scaled
from upgrader.lab.kube.shapes import as_shown, as_stored
from upgrader.lab.kube.status import bad_request, invalid_options, method_not_allowed, no_programs, success
from upgrader.lab.kube.store import Object

_TOLD_WHOLE = frozenset({"pods", "services", "serviceaccounts", "persistentvolumes", "persistentvolumeclaims",
                         "resourcequotas"})  # fmt: skip
"""Resources whose deletion answers with the object."""
TOKEN_S = 3600


class Verbs:
    """Answers the requests that are no watch."""

    def __init__(self, objects: Objects, reviews: Reviews, users: Users) -> None:
        self._objects, self._reviews, self._users = objects, reviews, users
        self.logs: list[Callable[[Object], str | None]] = []

    def answer(self, asked: Asked, *, enforced: bool) -> web.Response:
        """The answer to a request. Raises `ApiError` when it is refused."""
        target = asked.target
        form = form_of(asked.headers.get("Accept", ""), asked.query)
        if target.resource.verbs == ("create",):
            body = object_of(asked.body, asked.content_type)
            found = self._reviews.answer(target.resource.kind, body, asked.caller, target.namespace, enforced=enforced)
            kinds = {"kind": target.resource.kind, "apiVersion": target.resource.api_version}
            return reply({**kinds, **found}, status=201)
        if target.resource.key == EVENTS.key:
            forget_old(self._objects.store, self._objects.clock.now())
        if target.subresource in RUN_IN_PODS:
            raise no_programs(target.subresource)
        if target.subresource in ("scale", "log", "eviction", "token", "binding"):
            return getattr(self, f"_{target.subresource}")(asked)  # type: ignore[no-any-return]
        answers = {"get": self._get, "list": self._list, "create": self._create, "update": self._update,
                   "patch": self._patch, "delete": self._delete, "deletecollection": self._delete_all}  # fmt: skip
        if asked.verb not in answers:
            raise method_not_allowed()
        return answers[asked.verb](asked, form)

    def _shown(self, found: Object, target: Target, form: Form, status: int = 200,
               headers: Mapping[str, str] | None = None) -> web.Response:  # fmt: skip
        found = as_shown(found, target.resource)
        body = shown(found, target.resource, form, self._objects.clock.now())
        return reply(body, status=status, form=form, headers=headers)

    def _get(self, asked: Asked, form: Form) -> web.Response:
        return self._shown(self._objects.get(asked.target), asked.target, form)

    def _list(self, asked: Asked, form: Form) -> web.Response:
        found, metadata = page(self._objects.store, asked.target, asked.query)
        return self._shown_list(found, asked.target, metadata, form)

    def _shown_list(self, found: list[Object], target: Target, metadata: Object, form: Form) -> web.Response:
        if target.resource.stored is not None and not form.table:
            found = [as_shown(one, target.resource) for one in found]
        return reply(shown_list(found, target.resource, metadata, form, self._objects.clock.now()), form=form)

    def _body(self, asked: Asked, fields: FieldValidation) -> Object:
        body = object_of(asked.body, asked.content_type)
        if asked.content_type != PROTOBUF:
            body = fields.body(body)
        return as_stored(body, asked.target.resource)

    def _create(self, asked: Asked, form: Form) -> web.Response:
        if asked.target.name:
            raise method_not_allowed()
        fields = asked.fields()
        body = self._body(asked, fields)
        namespace = (body.get("metadata") or {}).get("namespace")
        target = asked.target
        if target.resource.namespaced and not target.namespace:
            if not namespace:
                raise bad_request("an empty namespace may not be set during creation")
            target = Target(resource=target.resource, namespace=namespace)
        return self._shown(self._objects.create(target, body, asked.write()), target, form, 201, fields.headers)

    def _update(self, asked: Asked, form: Form) -> web.Response:
        fields = asked.fields()
        found = self._objects.update(asked.target, self._body(asked, fields), asked.write())
        return self._shown(found, asked.target, form, 200, fields.headers)

    def _patch(self, asked: Asked, form: Form) -> web.Response:
        target, resource = asked.target, asked.target.resource
        write, fields = asked.write(), asked.fields()
        if asked.content_type == APPLY:
            if not asked.query.get("fieldManager"):
                said = "Required value: is required for apply patch"
                raise invalid_options("PatchOptions", "fieldManager", said)
            wanted = from_yaml(asked.body)
            if not isinstance(wanted, dict):
                raise bad_request("error decoding YAML: an object is expected")
            found, new = self._objects.apply(target, fields.applied(wanted), write)
            return self._shown(found, target, form, 201 if new else 200)

        def change(one: Object) -> Object:
            shown = as_shown(one, resource)
            after = patched(shown, asked.body, asked.content_type, resource, custom=resource.custom)
            known = fields.patched(after, shown, asked.body)
            return as_stored(known, resource)

        found = self._objects.patch(target, change, write)
        return self._shown(found, target, form, 200, fields.headers)

    def _delete(self, asked: Asked, form: Form) -> web.Response:
        how, dry = asked.deletion()
        target = asked.target
        write = asked.write()
        found, gone = self._objects.delete(target, how, write if not dry else type(write)(dry_run=True))
        if not gone or target.resource.plural in _TOLD_WHOLE:
            return self._shown(found, target, form)
        return reply(success(target.resource, target.name, found["metadata"].get("uid", "")))

    def _delete_all(self, asked: Asked, form: Form) -> web.Response:
        how, dry = asked.deletion()
        found, metadata = page(self._objects.store, asked.target, {**asked.query, "limit": ""})
        write = asked.write()
        for one in found:
            place = Target(resource=asked.target.resource, namespace=one["metadata"].get("namespace", ""),
                           name=one["metadata"]["name"])  # fmt: skip
            self._objects.delete(place, how, write if not dry else type(write)(dry_run=True))
        return self._shown_list(found, asked.target, metadata, form)

    def _scale(self, asked: Asked) -> web.Response:
        """The Scale of a workload, read or changed."""
        target = asked.target
        whole = Target(resource=target.resource, namespace=target.namespace, name=target.name)
        if asked.verb == "get":
            return reply(scale_of(self._objects.get(whole)))
        if asked.verb == "update":
            given = object_of(asked.body, asked.content_type)
            found = self._objects.patch(whole, lambda one: scaled(one, given), asked.write())
        elif asked.verb == "patch":

            def change(one: Object) -> Object:
                view = scale_of(one)
                kind = asked.content_type
                if kind == APPLY:
                    return scaled(one, merged(view, from_yaml(asked.body)))
                return scaled(one, patched(view, asked.body, kind, target.resource, custom=False))

            found = self._objects.patch(whole, change, asked.write())
        else:
            raise method_not_allowed()
        return reply(scale_of(found))

    def _log(self, asked: Asked) -> web.Response:
        """What a container said, as `logs` know it: most of the lab's pods say nothing. `tailLines` limits it."""
        whole = Target(resource=asked.target.resource, namespace=asked.target.namespace, name=asked.target.name)
        pod = self._objects.get(whole)
        names = [one["name"] for one in pod["spec"].get("containers") or ()]
        wanted = asked.query.get("container") or (names[0] if len(names) == 1 else "")
        name = asked.target.name
        if not wanted:
            raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
        if wanted not in names:
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        said = next((text for ask in self.logs if (text := ask(pod)) is not None), "")
        tail = asked.query.get("tailLines", "")
        lines = said.splitlines(keepends=True)
        return web.Response(text="".join(lines[max(0, len(lines) - int(tail)) :] if tail.isdigit() else lines))

    def _eviction(self, asked: Asked) -> web.Response:
        """Delete a pod as draining a node does."""
        whole = Target(resource=asked.target.resource, namespace=asked.target.namespace, name=asked.target.name)
        how, dry = asked.deletion()
        write = asked.write()
        within_budget(self._objects, self._objects.get(whole))
        self._objects.delete(whole, how, write if not dry else type(write)(dry_run=True))
        return reply({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, status=201)

    def _binding(self, asked: Asked) -> web.Response:
        """Put a pod on a node."""
        whole = Target(resource=asked.target.resource, namespace=asked.target.namespace, name=asked.target.name)
        node = (object_of(asked.body, asked.content_type).get("target") or {}).get("name", "")
        self._objects.patch(whole, lambda one: {**one, "spec": {**one["spec"], "nodeName": node}}, asked.write())
        return reply({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, status=201)

    def _token(self, asked: Asked) -> web.Response:
        """A token of a service account, known from now on where tokens are asked for."""
        target = asked.target
        whole = Target(resource=target.resource, namespace=target.namespace, name=target.name)
        account = self._objects.get(whole)
        body = object_of(asked.body, asked.content_type)
        caller = service_account(target.namespace, target.name)
        token = f"lab.{target.namespace}.{target.name}.{self._objects.store.new_uid().replace('-', '')}"
        if self._users:
            self._users[token] = (caller.name, caller.groups)
        spec: dict[str, Any] = {"expirationSeconds": TOKEN_S, **(body.get("spec") or {})}
        ends = self._objects.later(spec["expirationSeconds"])
        metadata = {"name": account["metadata"]["name"], "namespace": target.namespace,
                    "creationTimestamp": self._objects.now()}  # fmt: skip
        return reply({"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": metadata,
                      "spec": spec, "status": {"token": token, "expirationTimestamp": ends}}, status=201)  # fmt: skip
