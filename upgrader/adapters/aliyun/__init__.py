"""The cloud's OpenAPI. Importing this package imports no SDK: `connect` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upgrader.ports.clock import Clock, SystemClock

if TYPE_CHECKING:
    from upgrader.adapters.aliyun.cloud import AliyunCloud
    from upgrader.adapters.aliyun.retry import Bucket

__all__ = ["AliyunCloud", "connect"]

# Central products answer anywhere; the rest is asked again once discovery knows the region.
DEFAULT_REGION = "cn-hangzhou"


def connect(
    region: str = "",
    *,
    profile: str = "",
    endpoint: str = "",
    clock: Clock | None = None,
    bucket: Bucket | None = None,
    key: tuple[str, str] | None = None,
) -> AliyunCloud:
    """A connection to all products: at their own endpoints by https, or all at `endpoint`.

    `profile` may also be the ARN of a role to assume. `bucket` is a pace that several connections of one account
    share. `key` is an access key (id, secret) to ask as, in place of all other credentials. Nothing is asked yet.
    Raises `InputError` for an endpoint that is no URL, or that is plain http and not loopback.
    """
    from upgrader.adapters.aliyun.client import SdkTransport
    from upgrader.adapters.aliyun.cloud import AliyunCloud
    from upgrader.adapters.aliyun.endpoint import parse_endpoint
    from upgrader.adapters.aliyun.retry import LOOPBACK_PER_S, Bucket

    clock = clock or SystemClock()
    where = parse_endpoint(endpoint)
    if bucket is None:
        here = where is not None and where.loopback
        bucket = Bucket(clock, rate_per_s=LOOPBACK_PER_S, burst=LOOPBACK_PER_S) if here else Bucket(clock)
    return AliyunCloud(
        SdkTransport(profile=profile, endpoint=where, key=key),
        region=region or DEFAULT_REGION,
        clock=clock,
        bucket=bucket,
    )
