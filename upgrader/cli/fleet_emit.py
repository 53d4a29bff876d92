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
@click.option("--kubeconfigs", "secret", default="", metavar="SECRET",
              help="A Secret with the kubeconfig files that the inventory names.")  # fmt: skip
def job(plan_file: Path, wave: str, image: str, namespace: str, secret: str) -> None:
    """A ConfigMap with the wave's part of the plan, and an Indexed Job, one cluster an index.

    Its maxFailedIndexes and parallelism together keep the wave's budget. Exit codes: 0 printed, 64 the plan has no such
    wave, or is none.
    """
    import yaml

    from upgrader.cli.fleet_plan import read_fleet_plan
    from upgrader.fleet.shards import in_pods, indexed_job, object_name, plan_map

    plan = read_fleet_plan(plan_file)
    plan = in_pods(plan) if secret else plan
    where = {"namespace": namespace, "config_map": object_name(wave)}
    made = [plan_map(plan, wave, **where), indexed_job(plan, wave, image=image, secret=secret, **where)]
    click.echo(yaml.safe_dump_all(made, sort_keys=False), nl=False)
