"""What RAM and STS keep: users with keys, roles, policies with versions, tokens."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class PolicyVersion(Struct, kw_only=True):
    """One version of a policy; its document as JSON."""

    id: str
    document: dict[str, Any]
    created: str = ""


class Policy(Struct, kw_only=True):
    """A policy; a custom one keeps at most five versions."""

    name: str
    type: str = "Custom"
    description: str = ""
    versions: dict[str, PolicyVersion] = {}
    default: str = "v1"
    highest: int = 1
    created: str = ""
    updated: str = ""


class Role(Struct, kw_only=True):
    """A role with the policies attached to it, as (type, name)."""

    name: str
    id: str
    description: str = ""
    trust: dict[str, Any] = {}
    policies: list[tuple[str, str]] = []
    max_session_s: int = 3600
    created: str = ""


class User(Struct, kw_only=True):
    """A RAM user."""

    name: str
    id: str
    policies: list[tuple[str, str]] = []
    created: str = ""


class AccessKey(Struct, kw_only=True):
    """A long-lived key pair. `owner` is a user's name; empty means the account itself."""

    id: str
    secret: str
    owner: str = ""
    active: bool = True


class Token(Struct, kw_only=True):
    """A session of a role. `expires_at` in seconds of the lab's time."""

    key_id: str
    secret: str
    token: str
    role: str
    session: str
    expires_at: float


class RamStore(Struct, kw_only=True):
    """RAM's and STS's objects by name."""

    users: dict[str, User] = {}
    roles: dict[str, Role] = {}
    policies: dict[str, Policy] = {}
    keys: dict[str, AccessKey] = {}
    tokens: dict[str, Token] = {}
