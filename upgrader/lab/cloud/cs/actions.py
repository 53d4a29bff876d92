"""CS's actions by name."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions
from upgrader.lab.cloud.cs import addons, clusters, tasks

ACTIONS: Actions = {**clusters.ACTIONS, **addons.ACTIONS, **tasks.ACTIONS}
