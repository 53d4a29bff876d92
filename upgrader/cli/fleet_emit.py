"""`fleet emit job`: a wave as a manifest."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def emit() -> None:
    """Write manifests that carry a fleet plan out."""


@emit.command()
@click.argument("plan_file", metavar="FLEET_PLAN", type=click.Path(path_type=Path))
@click.option("--wave", required=True)
@click.option("--image", required=True, help="The image of ccm-upgrade; see deploy/Containerfile.")
@click.option("--namespace", default="ccm-upgrade", show_default=True)
@click.option("--config-map", default="ccm-upgrade-plan", show_default=True, help="Holds fleet.json.")
def job(plan_file: Path, wave: str, image: str, namespace: str, config_map: str) -> None:
    """An Indexed Job, one cluster an index; its maxFailedIndexes keeps the wave's budget."""
    import yaml

    from upgrader.cli.fleet_plan import read_fleet_plan
    from upgrader.fleet.shards import indexed_job

    made = indexed_job(
        read_fleet_plan(plan_file), wave, image=image, namespace=namespace, config_map=config_map
    )  # fmt: skip
    click.echo(yaml.safe_dump(made, sort_keys=False), nl=False)
