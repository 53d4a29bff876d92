"""Who asks: bearer tokens, service accounts' tokens, anonymous callers, and those who act as another."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from upgrader.lab.kube.status import unauthorized

ADMINS = "system:masters"
AUTHENTICATED = "system:authenticated"
_ACCOUNTS = "system:serviceaccounts"


class Caller(Struct, frozen=True):
    """A user with groups."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether every rule lets them pass."""
        return ADMINS in self.groups


ADMIN = Caller("kubernetes-admin", (ADMINS, AUTHENTICATED))
ANONYMOUS = Caller("system:anonymous", ("system:unauthenticated",))

Users = dict[str, tuple[str, tuple[str, ...]]]
"""Token to user and groups."""


def service_account(namespace: str, name: str) -> Caller:
    """The caller that a service account is."""
    groups = (_ACCOUNTS, f"{_ACCOUNTS}:{namespace}", AUTHENTICATED)
    return Caller(f"system:serviceaccount:{namespace}:{name}", groups)


def caller_of(headers: Mapping[str, str], users: Users) -> Caller:
    """Who a request comes from. Refuses a token that is not known. A cluster without users trusts everybody."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if not users:
        return ADMIN
    if scheme.lower() != "bearer" or not token.strip():
        return ANONYMOUS
    found = users.get(token.strip())
    if found is None:
        raise unauthorized()
    name, groups = found
    return Caller(name, tuple(dict.fromkeys((*groups, AUTHENTICATED))))
