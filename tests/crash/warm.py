"""Everything that an attempt imports and reads, loaded once: its process is a fork of one that has it already."""

from __future__ import annotations

from importlib import import_module

from upgrader.matrix.load import load_matrix
from upgrader.matrix.startup import load_startup
from upgrader.plugins import all_checks

for name in (
    "tests.crash.attempt", "upgrader.adapters.aliyun.client", "upgrader.adapters.aliyun.cloud",
    "upgrader.adapters.aliyun.requests", "upgrader.adapters.kube.cluster", "upgrader.adapters.kube.config",
    "upgrader.adapters.kube.transport", "upgrader.discover.collect", "upgrader.pipeline", "upgrader.verify",
):  # fmt: skip
    import_module(name)

load_matrix()
load_startup()
all_checks()
