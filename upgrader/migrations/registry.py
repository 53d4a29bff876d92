"""All migrations, in the order in which their steps are wanted."""

from __future__ import annotations

from upgrader.migrations import (
    legacy_clb_tag,
    ram_nlb_actions,
    ram_route_actions,
    ram_source_actions,
    rbac_rights,
    startup_flags,
)
from upgrader.migrations.migration import Migration

MIGRATIONS: tuple[Migration, ...] = (
    ram_nlb_actions,
    ram_route_actions,
    ram_source_actions,
    rbac_rights,
    legacy_clb_tag,
    startup_flags,
)
