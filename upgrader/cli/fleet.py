"""`fleet`: plan, apply, look at and steer the upgrade of many clusters. A table of lazy sub-commands."""

from __future__ import annotations

import importlib
from typing import Any

import click

from upgrader.model.errors import InputError

_EXTRA = frozenset({"dbos", "psycopg", "sqlalchemy"})
"""What `ccm-upgrade[fleet]` brings, and an upgrade of one cluster can do without."""
_PARTS: dict[str, tuple[str, str]] = {
    "plan": ("fleet_plan", "Judge every selected cluster and deal them to waves. Writes nothing."),
    "apply": ("fleet_apply", "Carry a fleet plan out: durable, resumable, within its budget."),
    "resume": ("fleet_apply", "Go on with a run that was paused, interrupted or stalled."),
    "worker": ("fleet_apply", "Help with a run on another machine (PostgreSQL)."),
    "status": ("fleet_control", "Where a run stands; the newest by default."),
    "pause": ("fleet_control", "Start no further cluster; those in flight end."),
    "abort": ("fleet_control", "End the run; clusters in flight finish their step."),
    "skip": ("fleet_control", "Leave a cluster out."),
    "retry": ("fleet_control", "Put the failed clusters back."),
    "approve": ("fleet_control", "Open the gate of a wave."),
    "deny": ("fleet_control", "Keep a gate shut: stops the run."),
    "report": ("fleet_report", "Heat map, waves, what failed and why, what is left: html, json, md, csv."),
    "drift": ("fleet_report", "What has changed since the plan or the run. Writes nothing."),
    "emit": ("fleet_emit", "A wave as an Indexed Job of Kubernetes."),
    "doctor": ("fleet_control", "Is anything stuck, and what to do."),
}


class _Parts(click.Group):
    """Knows its commands without importing them: `--help` needs no database."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The flow of the work."""
        return list(_PARTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None when there is no such name."""
        if cmd_name not in _PARTS:
            return None
        command = getattr(importlib.import_module(f"upgrader.cli.{_PARTS[cmd_name][0]}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises `InputError` where the packages that a fleet needs are not installed."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in _EXTRA:
                raise
            raise InputError(
                what="a fleet needs packages that are not installed", why=f"the package {error.name} is missing",
                next_command="install them: pip install 'ccm-upgrade[fleet]'",
            ) from error  # fmt: skip

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _PARTS.items()])


@click.group(cls=_Parts)
def fleet() -> None:
    """Upgrade many clusters: in waves, within a failure budget, resumable at any moment."""
