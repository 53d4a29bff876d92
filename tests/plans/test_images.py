"""Where the image of another version comes from."""

from __future__ import annotations

import pytest

from upgrader.matrix.load import load_matrix
from upgrader.model.version import parse_version, version_of_image
from upgrader.plan.images import image_of, repository_of


@pytest.mark.parametrize(
    ("present", "version", "then"),
    [
        ("my.registry/ccm:v2.10.0", "v2.14.0", "my.registry/ccm:v2.14.0"),
        ("my.registry:5000/ccm", "v2.14.0", "my.registry:5000/ccm:v2.14.0"),
        ("my.registry/ccm:v1@sha256:00", "v2.14.0", "my.registry/ccm:v2.14.0"),
        ("my.registry/ccm:v1.9.3.239", "v1.9.3.376", "my.registry/ccm:v1.9.3.376-g5c84e19-aliyun"),
        ("my.registry/ccm:v2.14.0", "v2.13.99", "my.registry/ccm:v2.13.99"),
        (
            "registry.cn-beijing.aliyuncs.com/acs/cloud-controller-manager-amd64:v1.9.3.376-g5c84e19-aliyun", "v2.14.0",
            "registry-cn-beijing.ack.aliyuncs.com/acs/cloud-controller-manager:v2.14.0",
        ),
        (
            "registry-vpc.cn-beijing.aliyuncs.com/acs/cloud-controller-manager-amd64:v2.1.0", "v2.14.0",
            "registry-cn-beijing-vpc.ack.aliyuncs.com/acs/cloud-controller-manager:v2.14.0",
        ),
        (
            "registry-cn-hangzhou-vpc.ack.aliyuncs.com/acs/cloud-controller-manager:v2.14.0", "v2.13.0",
            "registry-cn-hangzhou-vpc.ack.aliyuncs.com/acs/cloud-controller-manager:v2.13.0",
        ),
    ],
)  # fmt: skip
def test_the_image_of_another_version(present: str, version: str, then: str) -> None:
    assert image_of(present, parse_version(version), load_matrix()) == then


def test_every_release_gets_an_image_of_its_own_version() -> None:
    matrix = load_matrix()
    for release in matrix.releases:
        for present in (
            "my.registry/ccm:v1",
            "registry.cn-beijing.aliyuncs.com/acs/cloud-controller-manager-amd64:v1",
            "",
        ):
            assert version_of_image(image_of(present, release.version, matrix)) == release.version


def test_the_repository_is_what_stands_before_tag_and_digest() -> None:
    assert repository_of("host:5000/a/b") == "host:5000/a/b"
    assert repository_of("host:5000/a/b:v1@sha256:0") == "host:5000/a/b"
