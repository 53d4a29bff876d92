"""`unlock`: free the lock of a run whose process is gone."""

from __future__ import annotations

from typing import Any

import click

from upgrader.cli.origins import Origin, connect_cluster, origin_options
from upgrader.cli.output import confirm, show


@click.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@origin_options
def unlock(yes: bool, **options: Any) -> None:
    """Free the Lease kube-system/ccm-upgrade. A run that still lives is fenced out of its next write."""
    from upgrader.execute.lock import LEASE, NoFence, free
    from upgrader.model.errors import AbsentError

    cluster = connect_cluster(Origin(**options))
    try:
        holder = str((cluster.reader.get(LEASE).get("spec") or {}).get("holderIdentity") or "")
    except AbsentError:
        holder = ""
    if not holder:
        show("nobody holds the lock")
        return
    if not yes:
        confirm(f"Take the lock from {holder}?")
    show(f"freed; it was held by {free(cluster.reader, cluster.writer(NoFence()))}")
