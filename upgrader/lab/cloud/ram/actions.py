"""All RAM actions by name."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions
from upgrader.lab.cloud.ram import holders, policies

ACTIONS: Actions = {**holders.ACTIONS, **policies.ACTIONS}
