"""STS: who am I, and sessions of roles."""

from __future__ import annotations

from datetime import timedelta

from upgrader.lab.cloud.authorize import principal
from upgrader.lab.cloud.call import Actions, Answer, Call, as_role
from upgrader.lab.cloud.errors import CloudError, invalid
from upgrader.lab.cloud.ram.model import Role, Token
from upgrader.model.moments import rfc3339


def caller_identity(call: Call) -> Answer:
    """Account, ARN and kind of whoever asks."""
    kinds = {"root": "Account", "user": "RAMUser", "role": "AssumedRoleUser"}
    return {
        "AccountId": call.world.account_id,
        "Arn": principal(call.world, call.caller),
        "IdentityType": kinds.get(call.caller.kind, "Account"),
        "PrincipalId": call.caller.name or call.world.account_id,
        "UserId": call.caller.name or call.world.account_id,
    }


def assume_role(call: Call) -> Answer:
    """A session of the role that the ARN names."""
    return _session(call, _role_of(call))


def assume_role_with_oidc(call: Call) -> Answer:
    """A session for the bearer of a token of the cluster's own issuer. Any token that is not empty is believed."""
    call.params.required("OIDCToken")
    call.params.required("OIDCProviderArn")
    return _session(call, _role_of(call))


def _role_of(call: Call) -> Role:
    arn = call.params.required("RoleArn")
    name = arn.rpartition("/")[2]
    for role in call.world.ram.roles.values():
        if role.name.lower() == name.lower():
            return role
    raise CloudError("EntityNotExist.Role", f"The role not exists: {name}.", 404)


def _session(call: Call, role: Role) -> Answer:
    duration_s = call.params.integer("DurationSeconds", role.max_session_s, low=900)
    if duration_s > role.max_session_s:
        raise invalid("DurationSeconds", f"DurationSeconds is at most {role.max_session_s} for this role.")
    name = call.params.required("RoleSessionName")
    made = Token(
        key_id=f"STS.{call.world.new_hex('sts-key', 20)}",
        secret=call.world.new_hex("sts-secret", 40),
        token=call.world.new_hex("sts-token", 64),
        role=role.name,
        session=name,
        expires_at=call.elapsed_s + duration_s,
    )
    call.world.ram.tokens[made.key_id] = made
    return {
        "Credentials": {
            "AccessKeyId": made.key_id,
            "AccessKeySecret": made.secret,
            "SecurityToken": made.token,
            "Expiration": rfc3339(call.now + timedelta(seconds=duration_s)),
        },
        "AssumedRoleUser": {
            "Arn": principal(call.world, as_role(role.name, name)),
            "AssumedRoleId": f"{role.id}:{name}",
        },
    }


ACTIONS: Actions = {
    "GetCallerIdentity": caller_identity,
    "AssumeRole": assume_role,
    "AssumeRoleWithOIDC": assume_role_with_oidc,
}
