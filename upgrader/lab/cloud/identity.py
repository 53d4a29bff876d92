"""Who sent a request: the key pair or the session token it was signed with."""

from __future__ import annotations

from upgrader.lab.cloud.call import Caller
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.state import World


def secret_of(world: World, key_id: str, token: str, now_s: float) -> str:
    """The secret that belongs to a key. Refuses unknown and inactive keys, and tokens that are wrong or expired."""
    session = world.ram.tokens.get(key_id)
    if session is not None:
        if token != session.token:
            raise CloudError("InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
        if now_s >= session.expires_at:
            raise CloudError("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
        return session.secret
    key = world.ram.keys.get(key_id)
    if key is None:
        raise CloudError("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    if not key.active:
        raise CloudError("InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
    return key.secret


def caller_of(world: World, key_id: str) -> Caller:
    """The caller that a known key stands for."""
    session = world.ram.tokens.get(key_id)
    if session is not None:
        return Caller(kind="role", name=session.role, session=session.session)
    owner = world.ram.keys[key_id].owner
    return Caller(kind="user", name=owner) if owner else Caller()
