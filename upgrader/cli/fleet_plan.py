"""`fleet plan`: the inventory, the waves, and a judgement of each cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.output import document, emit, progress, refuse_unwritable, write_private
from upgrader.cli.running import state_of, state_option
from upgrader.model.errors import InputError

if TYPE_CHECKING:
    from upgrader.fleet.model import Member
    from upgrader.fleet.planning import FleetPlan

FORMATS = ("text", "json", "yaml")


@click.command()
@click.option("--strategy", "strategy_file", type=click.Path(path_type=Path), required=True, help="The strategy file.")
@click.option("--inventory", "files", multiple=True, type=click.Path(path_type=Path), help="A YAML list of clusters.")
@click.option("--kubeconfig", "kubeconfigs", multiple=True, type=click.Path(path_type=Path), help="All its contexts.")
@click.option("--profile", "profiles", multiple=True, help="All clusters of the account of this profile.")
@click.option("--assume-role", "roles", multiple=True, metavar="ARN",
              help="All clusters of the account of this role, assumed with the default credentials.")  # fmt: skip
@click.option("--account", "own_account", is_flag=True, help="All clusters of the account of the default credentials.")
@click.option("--region", "regions", multiple=True, help="Only these regions of the accounts.")
@click.option("--endpoint", default="", envvar="CCM_UPGRADE_ENDPOINT", show_envvar=True)
@click.option("--list", "only_list", is_flag=True, help="Show the inventory alone.")
@click.option("-o", "--output", "outputs", multiple=True, metavar="text|json|yaml|FILE",
              help="The format on stdout, or a file to save the fleet plan to; both may be given.")  # fmt: skip
@click.option("--parallel", type=click.IntRange(1, 64), default=8, show_default=True)
@state_option
@click.pass_context
def plan(
    ctx: click.Context,
    /,
    strategy_file: Path,
    files: tuple[Path, ...],
    kubeconfigs: tuple[Path, ...],
    profiles: tuple[str, ...],
    roles: tuple[str, ...],
    own_account: bool,
    regions: tuple[str, ...],
    endpoint: str,
    only_list: bool,
    outputs: tuple[str, ...],
    parallel: int,
    state_dir: Path | None,
) -> None:
    """Judge every selected cluster and deal them to waves. Writes nothing but the file that was asked for.

    Exit codes: 0 made, 3 a cluster is blocked, 5 a cluster is UNKNOWN or an account can't be read, 64 a mistake in the
    strategy or the inventory, or an empty selection.
    """
    from upgrader.cli.fleet_job import LiveJob
    from upgrader.fleet.planning import plan_fleet
    from upgrader.fleet.strategy import load_strategy
    from upgrader.model.moments import rfc3339
    from upgrader.ports.clock import SystemClock

    saved = next((Path(one) for one in outputs if one not in FORMATS), None)
    fmt = next((one for one in outputs if one in FORMATS), "text")
    strategy = load_strategy(strategy_file)
    if saved is not None:
        refuse_unwritable(saved)
    named = (*profiles, *_roles(roles))
    accounts = (*named, *([""] if own_account or not (named or files or kubeconfigs) else []))
    members, unread = _inventory(files, kubeconfigs, accounts, regions, endpoint)
    for account, why in unread.items():
        progress(f"account {account}: UNKNOWN ({why})")
    if only_list:
        emit(document("Inventory", clusters=members, unread=unread), fmt, lambda: inventory_text(members))
        ctx.exit(Exit.UNKNOWN if unread else Exit.DONE)
    job = LiveJob(state_of(state_dir), endpoint=endpoint, parallel=min(parallel, len(members) or 1))
    job.share(strategy, 1)
    now = rfc3339(SystemClock().now())
    made = plan_fleet(members, strategy, job.plan, now=now, unread=unread, parallel=parallel, say=progress)
    if saved is not None:
        from upgrader import codec

        write_private(saved, codec.pretty(made).encode())
        progress(f"saved: {saved}")
    emit(made, fmt, lambda: plan_text(made, saved))
    found = made.verdicts()
    unsure = found.get("UNKNOWN") or unread
    ctx.exit(Exit.BLOCKED if found.get("BLOCKED") else Exit.UNKNOWN if unsure else Exit.DONE)


def _roles(roles: tuple[str, ...]) -> tuple[str, ...]:
    from upgrader.adapters.aliyun.assume import is_role

    for role in roles:
        if not is_role(role):
            raise InputError(what=f"{role!r} is no ARN of a role", where="--assume-role",
                             next_command="write acs:ram::<account>:role/<name>")  # fmt: skip
    return roles


def _inventory(
    files: tuple[Path, ...],
    kubeconfigs: tuple[Path, ...],
    accounts: tuple[str, ...],
    regions: tuple[str, ...],
    endpoint: str,
) -> tuple[tuple[Member, ...], dict[str, str]]:
    """Each cluster once, and why some accounts could not be read."""
    from upgrader.adapters.aliyun import connect
    from upgrader.fleet.inventory.sources import merged, of_accounts, of_file, of_kubeconfig

    groups = [of_file(path) for path in files] + [of_kubeconfig(path) for path in kubeconfigs]
    found, unread = of_accounts(accounts, lambda one: connect(profile=one, endpoint=endpoint).reader, regions)
    return merged([*groups, *found]), unread


def read_fleet_plan(path: Path) -> FleetPlan:
    """The fleet plan in a file. Raises `InputError` when it is none."""
    from upgrader import codec
    from upgrader.fleet.planning import FleetPlan, refuse_torn

    try:
        plan = codec.decode(path.read_bytes(), FleetPlan, where=str(path))
        refuse_torn(plan)
        return plan
    except OSError as error:
        raise InputError(
            what="can't read the fleet plan", where=str(path), why=error.strerror or str(error),
            next_command="ccm-upgrade fleet plan --strategy FILE -o fleet.json makes one",
        ) from error  # fmt: skip


def plan_text(made: FleetPlan, saved: Path | None = None) -> str:
    """The fleet plan for a person: waves, verdicts, who can't go and why, what next."""
    from upgrader.fleet.planning import STANDS
    from upgrader.report.paper import Paper

    paper = Paper.of()
    by_id = {one.id: one for one in made.clusters}
    names = {one.id: one.name or one.id for one in made.members}
    paper.line(
        f"{_count(len(made.members), 'cluster')} to {made.strategy.target}, in {_count(len(made.waves), 'wave')}"
    )
    for wave in made.waves:
        gate = ", behind a gate" if wave.gate else ""
        paper.line(f"  {wave.name}: {_count(len(wave.members), 'cluster')}, "
                   f"at most {wave.budget.allowed} in danger{gate}")  # fmt: skip
    dealt = {wave.name for wave in made.waves}
    for spec in made.strategy.waves:
        if spec.name not in dealt:
            paper.line(f"  {spec.name}: nobody is left for it")
    paper.line("  " + ", ".join(f"{n} {v}" for v, n in sorted(made.verdicts().items())))
    for wave in made.waves:
        for one in (by_id[id_] for id_ in wave.members):
            if one.verdict in STANDS:
                more = len({f.code for f in one.findings if f.outcome == STANDS[one.verdict]}) - 1
                why = (one.error or one.why) + (f" (and {_count(more, 'check')} more)" if more > 0 else "")
                paper.para(why, 2, f"{one.verdict:8} {names[one.id]} ({wave.name}): ")
    for account, why in made.unread.items():
        paper.para(f"in no wave, for its clusters are not known: {why}", 2, f"UNKNOWN  account {account}: ")
    paper.line(f"next: ccm-upgrade fleet apply {saved}" if saved else "next: add -o fleet.json, then fleet apply")
    return paper.text()


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def inventory_text(members: tuple[Member, ...]) -> str:
    """The inventory as a table."""
    rows = [("ID", "NAME", "ACCOUNT", "REGION", "KIND", "STATE")]
    rows += [(m.id, m.name, m.account, m.region, m.kind or "", m.state) for m in members]
    # A column that nobody fills is left out.
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(len(cell) for cell in column) for column in columns]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in zip(*columns, strict=True))  # fmt: skip
    return "\n".join(lines)
