"""The products we speak to: package, API version, and the actions that the packages lack."""

from __future__ import annotations

from msgspec import Struct


class Product(Struct, frozen=True, kw_only=True):
    """One product: its SDK package holds a class per action, named like the action."""

    package: str
    name: str
    version: str
    folder: str


PRODUCTS = {
    "slb": Product(package="aliyunsdkslb", name="Slb", version="2014-05-15", folder="v20140515"),
    "nlb": Product(package="aliyunsdknlb", name="Nlb", version="2022-04-30", folder="v20220430"),
    "ecs": Product(package="aliyunsdkecs", name="Ecs", version="2014-05-26", folder="v20140526"),
    "vpc": Product(package="aliyunsdkvpc", name="Vpc", version="2016-04-28", folder="v20160428"),
    "ram": Product(package="aliyunsdkram", name="Ram", version="2015-05-01", folder="v20150501"),
    "sts": Product(package="aliyunsdksts", name="Sts", version="2015-04-01", folder="v20150401"),
    "cs": Product(package="aliyunsdkcs", name="CS", version="2015-12-15", folder="v20151215"),
}

# CS actions by path: the package of 2020 has only some of them, and its paths are the same.
PATHS = {
    "DescribeClustersV1": ("GET", "/api/v1/clusters"),
    "DescribeClusterDetail": ("GET", "/clusters/[ClusterId]"),
    "DescribeClusterResources": ("GET", "/clusters/[ClusterId]/resources"),
    "DescribeClusterUserKubeconfig": ("GET", "/k8s/[ClusterId]/user_config"),
    "DescribeClusterAddonsVersion": ("GET", "/clusters/[ClusterId]/components/version"),
    "GetClusterAddonInstance": ("GET", "/clusters/[ClusterId]/addon_instances/[Name]"),
    "DescribeAddon": ("GET", "/addons/[Name]"),
    "DescribeTaskInfo": ("GET", "/tasks/[TaskId]"),
    "DescribeClusterTasks": ("GET", "/clusters/[ClusterId]/tasks"),
    "UpgradeClusterAddons": ("POST", "/clusters/[ClusterId]/components/upgrade"),
    "CancelTask": ("POST", "/tasks/[TaskId]/cancel"),
}

# These have one address for the whole world.
CENTRAL = {"ram": "ram.aliyuncs.com", "sts": "sts.aliyuncs.com"}
