"""Another account by one of its roles: a session from STS, asked for through our own transport, renewed in time."""

from __future__ import annotations

import os
import re
import threading
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.ports.clock import Clock

_ARN = re.compile(r"acs:ram::\d+:role/.+")
SESSION_S = 3600
# A session is renewed so long before it ends: longer than any one request takes.
RENEW_BEFORE = timedelta(minutes=5)


def is_role(text: str) -> bool:
    """Whether this names a role and not a profile: `acs:ram::<account>:role/<name>`."""
    return _ARN.fullmatch(text) is not None


class SessionKey(Struct, frozen=True, kw_only=True):
    """The key of a session, and when it ends."""

    key_id: str
    secret: str
    token: str
    ends: datetime

    def get_access_key_id(self) -> str:
        """The id."""
        return self.key_id

    def get_access_key_secret(self) -> str:
        """The secret."""
        return self.secret

    def get_security_token(self) -> str | None:
        """The token of the session."""
        return self.token


class AssumedRole:
    """Hands out the key of a session of `arn`; `transport` speaks with the credentials that may assume it."""

    def __init__(self, transport: Transport, arn: str, region: str, clock: Clock) -> None:
        self._transport, self._arn, self._region, self._clock = transport, arn, region, clock
        self._key: SessionKey | None = None
        self._guard = threading.Lock()

    def get_credentials(self) -> SessionKey:
        """The key, renewed when it is about to run out. Raises our own errors when STS says no."""
        with self._guard:
            if self._key is None or self._clock.now() + RENEW_BEFORE >= self._key.ends:
                self._key = self._assume()
            return self._key

    def _assume(self) -> SessionKey:
        params = {"RoleArn": self._arn, "RoleSessionName": f"ccm-upgrade-{os.getpid()}",
                  "DurationSeconds": str(SESSION_S)}  # fmt: skip
        answer: Any = self._transport.send(
            Call(product="sts", action="AssumeRole", region=self._region, params=params)
        )  # fmt: skip
        made = answer["Credentials"]
        return SessionKey(
            key_id=made["AccessKeyId"],
            secret=made["AccessKeySecret"],
            token=made["SecurityToken"],
            ends=datetime.fromisoformat(made["Expiration"]),
        )
