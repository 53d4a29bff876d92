"""The products: their names, API versions and actions; how a request finds its product."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from upgrader.lab.cloud.call import Actions

VERSIONS: Mapping[str, str] = {
    "2014-05-15": "slb",
    "2022-04-30": "nlb",
    "2014-05-26": "ecs",
    "2016-04-28": "vpc",
    "2015-05-01": "ram",
    "2015-04-01": "sts",
    "2015-12-15": "cs",
    "2015-06-12": "location",
    "2018-01-01": "pvtz",
    "2018-07-13": "cas",
    "2020-04-07": "cas",
    "2022-12-15": "eflo",
    "2020-06-16": "alb",
    "2014-08-28": "ess",
}
"""API version → product: what tells products apart when all share one address."""

HOSTS: Mapping[str, str] = {
    "slb": "slb",
    "nlb": "nlb",
    "ecs": "ecs",
    "vpc": "vpc",
    "ram": "ram",
    "sts": "sts",
    "cs": "cs",
    "location": "location",
    "location-readonly": "location",
    "pvtz": "pvtz",
    "cas": "cas",
    "eflo-controller": "eflo",
    "alb": "alb",
    "ess": "ess",
}

SHARED: Mapping[str, str] = {"ecs": "vpc"}
"""ECS of 2014-05-26 still answers VPC's older calls; a first-generation CCM sends them there."""


@functools.cache
def actions_of(product: str) -> Actions:
    """The actions of a product by name; empty for a product that the lab does not serve."""
    from upgrader.lab.cloud.cs.actions import ACTIONS as CS
    from upgrader.lab.cloud.ecs.actions import ACTIONS as ECS
    from upgrader.lab.cloud.misc import cas, eflo, location, pvtz
    from upgrader.lab.cloud.nlb.actions import ACTIONS as NLB
    from upgrader.lab.cloud.ram.actions import ACTIONS as RAM
    from upgrader.lab.cloud.ram.sts import ACTIONS as STS
    from upgrader.lab.cloud.slb.actions import ACTIONS as SLB
    from upgrader.lab.cloud.vpc.actions import ACTIONS as VPC

    tables: Mapping[str, Actions] = {
        "slb": SLB,
        "nlb": NLB,
        "ecs": ECS,
        "vpc": VPC,
        "ram": RAM,
        "sts": STS,
        "cs": CS,
        "location": location.ACTIONS,
        "pvtz": pvtz.ACTIONS,
        "cas": cas.ACTIONS,
        "eflo": eflo.ACTIONS,
    }
    return tables.get(product, {})


def product_of(host: str, version: str) -> str:
    """The product that a request is for: by its host's name, else by its API version; empty when neither tells."""
    first = host.partition(":")[0].lower()
    if first.endswith(".aliyuncs.com"):
        label = first.split(".")[0].removesuffix("-vpc").removesuffix("-intl")
        for name, product in HOSTS.items():
            if label == name or label.startswith((f"{name}-cn-", f"{name}-ap-")):
                return product
    return VERSIONS.get(version, "")
