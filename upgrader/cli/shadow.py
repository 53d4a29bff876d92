"""`plan --shadow`: run the target's own dry run in the cluster, so that the plan holds a second opinion of today.

The only way in which `plan` writes: by name, after a question, under the cluster's lock, and nothing of it stays but
events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec.structs import replace

from upgrader.cli.origins import Origin, connect_all, look
from upgrader.cli.output import confirm, progress
from upgrader.cli.running import asked_to_stop
from upgrader.model.errors import InputError

if TYPE_CHECKING:
    from upgrader.cli.origins import Connections
    from upgrader.execute.shadow.run import ShadowRun
    from upgrader.model.facts import ClusterFacts
    from upgrader.model.version import CcmVersion
    from upgrader.ports.read import Identities

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--shadow", is_flag=True,
                 help="Run the target's own dry run as a Job in this cluster: a second opinion. Writes; asks first."),
    click.option("--shadow-secret", default="", metavar="NAME",
                 help="The Secret in kube-system with a cloud-config.conf whose key only reads."),
    click.option("--shadow-timeout", default=300, show_default=True, type=click.IntRange(10, 3600), metavar="SECONDS",
                 help="How long the dry run may take."),
    click.option("--yes", is_flag=True, help="Don't ask (with --shadow)."),
)  # fmt: skip


class ShadowOptions:
    """The options above, typed."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.wanted: bool = options.pop("shadow")
        self.secret: str = options.pop("shadow_secret")
        self.timeout_s: int = options.pop("shadow_timeout")
        self.yes: bool = options.pop("yes")


def shadow_options(command: Command) -> Command:
    """All options of a dry run."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def facts_with_dry_run(
    origin: dict[str, Any], options: ShadowOptions, target_of: Callable[[ClusterFacts], CcmVersion], image: str
) -> ClusterFacts:
    """Facts read anew after a dry run of the target, with its result and without what older ones said.

    Raises `InputError` where it must not be run, `click.Abort` when the question was answered with no.
    """
    asked = Origin(**origin)
    if asked.files:
        raise InputError(what="--shadow needs a live cluster, not files", next_command="leave -f out, or --shadow")
    connections = connect_all(asked)
    facts = look(asked, connections)
    run = _prepared(facts, target_of(facts), asked, connections, options, image)
    if not options.yes:
        _tell(run)
        confirm("Run it?")
    with asked_to_stop("stopping: what the dry run made is removed; press Ctrl-C again to leave it") as stop:
        run.stop_asked = stop
        since = run.run()
    found = look(asked, connections)
    return replace(found, events=tuple(one for one in found.events if not _older(one, since)))


def _prepared(
    facts: ClusterFacts,
    target: CcmVersion,
    origin: Origin,
    connections: Connections,
    options: ShadowOptions,
    image: str,
) -> ShadowRun:
    """The run, judged before anything is written."""
    from upgrader.adapters.aliyun import connect
    from upgrader.execute.shadow.allowed import refuse_unsafe
    from upgrader.execute.shadow.identity import identify
    from upgrader.execute.shadow.run import ShadowRun
    from upgrader.matrix.load import load_matrix
    from upgrader.plan.images import image_of

    workload = refuse_unsafe(facts, target)

    def ask_as(key_id: str, secret: str) -> Identities:
        return connect(region=facts.identity.region, endpoint=origin.endpoint, key=(key_id, secret)).reader

    cloud = connections.cloud.reader if connections.cloud else None
    identity = identify(facts, options.secret, connections.cluster.reader, ask_as, cloud)
    run = ShadowRun(
        cluster=connections.cluster.reader, writer=connections.cluster.writer, clock=connections.cluster.clock,
        version=target, image=image or image_of(facts.ccm.image, target, load_matrix()), present_image=facts.ccm.image,
        workload=workload, identity=identity, deadline_s=options.timeout_s, say=progress,
    )  # fmt: skip
    run.refuse_denied()
    return run


def _tell(run: ShadowRun) -> None:
    """What would be made, before it is."""
    from upgrader.execute.shadow.names import JOB, OURS

    kinds = ", ".join(ref.kind for ref in reversed(OURS))
    click.echo(
        f"A dry run of CCM {run.version} in this cluster, for {run.deadline_s} s at most, removed when it has ended:\n"
        f"  image     {run.image}\n"
        f"  as        {run.identity.name} (reads only)\n"
        f"  creates   {kinds}, each named {JOB.name}; a Lease, and events\n"
        f"  replaces  the event CloudControllerManagerPrecheckResult of an earlier dry run",
        err=True,
    )


def _older(event: Any, since: str) -> bool:
    """Whether an event is what a dry run before this one said of a Service."""
    return bool(event.message.startswith("DryRun:") and event.last_seen < since)
