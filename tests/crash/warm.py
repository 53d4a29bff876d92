"""Everything that an attempt imports and reads, loaded once: its process is a fork of one that has it already."""

from __future__ import annotations

import upgrader.adapters.aliyun.client
import upgrader.adapters.aliyun.cloud
import upgrader.adapters.kube.cluster
import upgrader.adapters.kube.config
import upgrader.adapters.kube.transport
import upgrader.discover.collect
import upgrader.pipeline
import upgrader.verify  # noqa: F401
from tests.crash import attempt  # noqa: F401
from upgrader.adapters.aliyun.requests import build  # noqa: F401
from upgrader.matrix.load import load_matrix
from upgrader.matrix.startup import load_startup
from upgrader.plugins import all_checks

load_matrix()
load_startup()
all_checks()
