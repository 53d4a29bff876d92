"""The image of another version: where it comes from, and under which tag."""

from __future__ import annotations

import re

from upgrader.matrix.model import Matrix
from upgrader.model.version import CcmVersion

# Alibaba Cloud's own registries, public and inside a VPC: registry[-vpc].<region>.aliyuncs.com and
# registry-<region>[-vpc].ack.aliyuncs.com.
_OFFICIAL = re.compile(r"^registry[a-z0-9.-]*\.aliyuncs\.com/acs/")
_REGION = re.compile(r"^registry(?P<vpc>-vpc)?\.(?P<region>[a-z0-9-]+)\.aliyuncs\.com/"
                     r"|^registry-(?P<ack_region>[a-z0-9-]+?)(?P<ack_vpc>-vpc)?\.ack\.aliyuncs\.com/")  # fmt: skip


def image_of(image: str, version: CcmVersion, matrix: Matrix) -> str:
    """The image of `version` for a workload that runs `image` now.

    Alibaba Cloud moved the image between registries: what comes from there follows the release's own place, in the
    same region and network. A registry of the user's own keeps its name, and only the tag changes; there the image
    has to be put before the upgrade.
    """
    release = matrix.release(version)
    tag = release.image.rpartition(":")[2] if release else str(version)
    if release is not None and (_OFFICIAL.match(image) or not image):
        return _in_region(release.image, image)
    return f"{repository_of(image)}:{tag}"


def repository_of(image: str) -> str:
    """The image without tag and digest."""
    plain = image.partition("@")[0]
    name, _, tag = plain.rpartition(":")
    return name if name and "/" not in tag else plain


def _in_region(published: str, present: str) -> str:
    found = _REGION.match(present)
    if found is None:
        return published
    region = found["region"] or found["ack_region"]
    inside = bool(found["vpc"] or found["ack_vpc"])
    host, _, rest = published.partition("/")
    if ".ack." in host:
        return f"registry-{region}{'-vpc' if inside else ''}.ack.aliyuncs.com/{rest}"
    return f"registry{'-vpc' if inside else ''}.{region}.aliyuncs.com/{rest}"
