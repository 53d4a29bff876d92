"""A Service that goes: its load balancer goes with it, as the forecast of its end has it."""

from __future__ import annotations

from upgrader.forecast.clb.sync import end_clb
from upgrader.forecast.nlb.end import end_nlb
from upgrader.forecast.world import World
from upgrader.lab.ccm.carry import Hands
from upgrader.model.cloud import LbKind
from upgrader.model.kube import Service


def remove(world: World, service: Service, kind: LbKind, hands: Hands) -> None:
    """Delete what CCM made for the Service. Raises `CloudError` where the cloud refuses."""
    hands.carry((end_nlb if kind == "nlb" else end_clb)(world, service).writes)
