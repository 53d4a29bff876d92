"""`completion`: the shell's completion script, made by click."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script: `source <(ccm-upgrade completion bash)`."""
    from upgrader.cli.main import app

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(app, {}, "ccm-upgrade", "_CCM_UPGRADE_COMPLETE").source())
