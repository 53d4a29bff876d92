"""`diagnose`: what a Service's events mean in this cluster, and how to fix it. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.origins import gather, origin_options
from upgrader.cli.output import document, emit, output_option

if TYPE_CHECKING:
    from upgrader.diagnose.model import Diagnosis
    from upgrader.model.facts import ClusterFacts


@click.command()
@click.argument("service", metavar="[[NS/]SERVICE]", default="")
@click.option("-n", "--namespace", default="", help="Only this namespace.")
@click.option("--all", "show_all", is_flag=True, help="With notes, and with what is settled already.")
@origin_options
@output_option
@click.pass_context
def diagnose(ctx: click.Context, /, service: str, namespace: str, show_all: bool, fmt: str, **origin: object) -> None:
    """Read events, Services and load balancers; say what each message means here, what shows it, and what mends it.

    Exit codes: 0 nothing is wrong, 3 something is, 5 it is not known: a message that nobody knows, or events or
    Services that could not be read.
    """
    from upgrader.diagnose.diagnose import Selection, diagnose
    from upgrader.matrix.load import load_matrix

    place, slash, name = service.rpartition("/")
    facts = gather(origin)
    found = diagnose(facts, load_matrix(), Selection(namespace=place if slash else namespace, name=name))
    unseen = _unseen(facts)
    emit(
        document(
            "Diagnoses", cluster=facts.identity, ccm=facts.ccm.version, diagnoses=found, not_seen=unseen,
            services=len(facts.load_balancer_services),
        ),
        fmt,
        lambda: _text(facts, found, unseen, show_all=show_all or bool(name)),
    )  # fmt: skip
    standing = {one.outcome for one in found if not one.settled}
    if "FAIL" in standing:
        ctx.exit(Exit.BLOCKED)
    unknown = "UNKNOWN" in standing or facts.has_gap("events") or facts.has_gap("services")
    ctx.exit(Exit.UNKNOWN if unknown else Exit.DONE)


def _unseen(facts: ClusterFacts) -> tuple[str, ...]:
    from upgrader.assess.check import in_words

    return tuple(in_words(gap) for gap in facts.gaps)


def _text(facts: ClusterFacts, found: tuple[Diagnosis, ...], unseen: tuple[str, ...], *, show_all: bool) -> str:
    from upgrader.report.diagnoses import render_diagnoses

    return render_diagnoses(facts, found, unseen, show_all=show_all)
