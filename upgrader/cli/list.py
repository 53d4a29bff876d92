"""`list`: every LoadBalancer Service with its load balancer. Writes nothing."""

from __future__ import annotations

import click

from upgrader.cli.judging import keep, without_gc
from upgrader.cli.origins import gather, origin_options
from upgrader.cli.output import document, emit, output_option


@click.command("list")
@click.option("-n", "--namespace", default="", help="Only this namespace.")
@origin_options
@output_option
def list_services(namespace: str, fmt: str, **origin: object) -> None:
    """Name, namespace, address, and type of each LoadBalancer Service, with its load balancer's id, specification and
    billing, what becomes of it when the Service is deleted, and which CCM versions can have made it.
    """
    from upgrader.diagnose.listing import Row, listed
    from upgrader.matrix.load import load_matrix
    from upgrader.report.paper import Paper

    with without_gc():
        facts = gather(origin)
        keep(facts)
        rows = listed(facts, load_matrix(), namespace)
    fields = Row.__struct_fields__

    def text() -> str:
        paper = Paper.of()
        paper.stated(facts.identity)
        if not rows:
            paper.line("there is no LoadBalancer Service")
            return paper.text()
        told = {"on_delete", "made_by"}

        def cell(row: object, name: str) -> str:
            text = getattr(row, name) or "-"
            return paper.say(text) if name in told else text

        cells = ([cell(row, name) for name in fields] for row in rows)
        paper.table(cells, indent=0, header=[name.replace("_", " ") for name in fields])
        return paper.text()

    emit(document("Services", cluster=facts.identity, services=rows), fmt, text)
