"""Who we are in the cloud: the chain that every tool of this cloud reads, bridged to the SDK's signer."""

from __future__ import annotations

import os
from typing import Any, Protocol

from aliyunsdkcore.auth.signers.signer import Signer

from upgrader.adapters.aliyun.errors import redacted
from upgrader.model.errors import CcmUpgradeError, InputError


class Key(Protocol):
    """An access key, possibly of a session."""

    def get_access_key_id(self) -> str:
        """The id."""

    def get_access_key_secret(self) -> str:
        """The secret."""

    def get_security_token(self) -> str | None:
        """The token of a session."""


class Provider(Protocol):
    """Hands out the current key."""

    def get_credentials(self) -> Key:
        """The key, renewed when it has run out."""


def static(key_id: str, secret: str) -> Provider:
    """One long-lived key."""
    from alibabacloud_credentials.provider import StaticAKCredentialsProvider

    return StaticAKCredentialsProvider(access_key_id=key_id, access_key_secret=secret)  # type: ignore[no-any-return]


def provider(profile: str) -> Provider:
    """The named profile, else the environment, else the vendor's default chain.

    The environment is looked at here because the vendor's package looks only once, when it is imported.
    """
    from alibabacloud_credentials.provider import (
        CLIProfileCredentialsProvider,
        DefaultCredentialsProvider,
        StaticAKCredentialsProvider,
        StaticSTSCredentialsProvider,
    )

    if profile:
        return CLIProfileCredentialsProvider(profile_name=profile)  # type: ignore[no-any-return]
    key_id = os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID")
    secret = os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    token = os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN")
    if key_id and secret and token:
        return StaticSTSCredentialsProvider(access_key_id=key_id, access_key_secret=secret, security_token=token)  # type: ignore[no-any-return]
    if key_id and secret:
        return StaticAKCredentialsProvider(access_key_id=key_id, access_key_secret=secret)  # type: ignore[no-any-return]
    return DefaultCredentialsProvider()  # type: ignore[no-any-return]


class BridgeSigner(Signer):  # type: ignore[misc]
    """Asks the provider before each signature, so that a session's key never runs out under a long run."""

    def __init__(self, profile: str, source: Provider | None = None) -> None:
        self._profile = profile
        self._provider = source or provider(profile)

    def sign(self, region_id: str, request: Any) -> tuple[dict[str, str], str]:
        """Signed headers and URL of the request."""
        key = self._key()
        token = key.get_security_token()
        if token:
            if request.get_style() == "RPC":
                request.add_query_param("SecurityToken", token)
            else:
                request.add_header("x-acs-security-token", token)
        pair = key.get_access_key_id(), key.get_access_key_secret()
        headers = request.get_signed_header(region_id, *pair)
        return headers, request.get_url(region_id, *pair)

    def _key(self) -> Key:
        try:
            return self._provider.get_credentials()
        except CcmUpgradeError:  # a role that may not be assumed says so itself
            raise
        except Exception as error:  # the providers raise whatever their sources raise
            where = (
                f"profile {self._profile}" if self._profile else "environment, ~/.aliyun/config.json, RRSA, ECS role"
            )
            raise InputError(
                what="no cloud credentials", where=where, why=redacted(str(error))[:300],
                next_command="aliyun configure, or export ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET",
            ) from error  # fmt: skip
