"""`discover`: a read-only, redacted snapshot of a cluster and its cloud: the input of everything offline."""

from __future__ import annotations

from pathlib import Path

import click

from upgrader import codec
from upgrader.cli.origins import gather, origin_options
from upgrader.cli.output import document, progress, write_private


@click.command()
@click.option("-o", "--output", "target", default="-", metavar="FILE",
              help="Where the snapshot goes; - (or `json`) is stdout.")  # fmt: skip
@origin_options
def discover(target: str, **origin: object) -> None:
    """Read a cluster and its cloud into a snapshot for check, plan and report -f. Writes nothing but the file.

    What could not be read is named on stderr and kept as a gap in the snapshot. Secrets are taken out at once.
    """
    facts = gather(origin)
    text = codec.pretty(document("ClusterFacts", **codec.plain(facts)))
    if target in ("-", "json"):
        click.echo(text, nl=False)
    else:
        write_private(Path(target), text.encode())
        progress(f"{target}: {len(facts.services)} Services, {len(facts.load_balancers or ())} load balancers")
    for gap in facts.gaps:
        subject = f" {gap.subject}" if gap.subject else ""
        progress(f"not read: {gap.area}{subject}: {gap.call}: {gap.detail or gap.why}")
