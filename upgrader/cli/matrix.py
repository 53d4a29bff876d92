"""`matrix`: what each CCM version does, offline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.output import document, emit, output_option, progress
from upgrader.model.errors import InputError
from upgrader.model.version import CcmVersion, parse_version

if TYPE_CHECKING:
    from upgrader.matrix.model import Annotation, Change, EventKind, Matrix, Release, RequiredAction


class VersionType(click.ParamType[CcmVersion]):
    """A CCM version on the command line."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> CcmVersion:
        """The version; our own error names the nearest valid spelling."""
        return value if isinstance(value, CcmVersion) else parse_version(value)


VERSION = VersionType()
# More pods than nine digits count are on no node.
_COUNT = re.compile(r"[0-9]{1,9}")
version_option = click.option("--ccm", "version", type=VERSION, required=True, help="The CCM version.")


@click.group()
def matrix() -> None:
    """What each CCM version does: versions, annotations, RAM actions, events, weights, hashes, changes, paths."""


def _matrix(version: CcmVersion | None = None) -> Matrix:
    """The knowledge; a version beyond it is refused, never guessed."""
    from upgrader.matrix.load import load_matrix

    found = load_matrix()
    if version is not None and found.is_beyond(version):
        raise InputError(
            what=f"UNKNOWN: {version} is newer than {found.newest}, the newest version that is known",
            next_command="update ccm-upgrade; `ccm-upgrade matrix versions` lists what it knows",
        )
    return found


def _table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    from upgrader.report.paper import Paper

    paper = Paper.of()
    # Our own knowledge, and Services by namespace and name: no name is taken for a word.
    paper.table([[paper.say(cell) for cell in row] for row in rows], indent=0, header=header)
    return paper.text()


@matrix.command()
@output_option
def versions(fmt: str) -> None:
    """Every known release, oldest first."""
    found = _matrix().releases
    rows = [(str(r.version), r.date, r.line, r.known_bad or "; ".join(r.notes)) for r in found]
    emit(
        document("Versions", versions=[_release(r) for r in found]),
        fmt,
        lambda: _table(rows, ("version", "date", "line", "notes")),
    )


def _release(release: Release) -> dict[str, Any]:
    return {
        "version": str(release.version), "date": release.date or None, "line": release.line, "image": release.image,
        "notes": list(release.notes), "sources": list(release.sources), "certainty": release.certainty,
        "kubernetes_min": release.kubernetes_min or None, "kinds": list(release.kinds),
        "known_bad": release.known_bad or None,
    }  # fmt: skip


@matrix.command("annotations")
@click.option("--ccm", "version", type=VERSION, default=None, help="Only what this version reads.")
@click.option("--lb", type=click.Choice(["clb", "nlb"]), default=None, help="Only for one kind of load balancer.")
@output_option
def annotations_command(version: CcmVersion | None, lb: str | None, fmt: str) -> None:
    """Annotations: since when they are read, defaults, values, whether they may change."""
    found = [
        a
        for a in _matrix(version).annotations
        if (lb is None or lb in a.lb) and (version is None or a.read_by(version))
    ]
    rows = [(a.name, ",".join(a.lb), a.since, a.until or "", _default(a, version)) for a in found]
    emit(
        document("Annotations", annotations=[_annotation(a) for a in found]),
        fmt,
        lambda: _table(rows, ("annotation", "lb", "since", "until", "default")),
    )


def _default(annotation: Annotation, version: CcmVersion | None) -> str:
    if version is not None:
        return annotation.default(version) or ""
    return ", ".join(f"{value or 'none'} ({since})" for since, value in annotation.defaults.items())


def _annotation(a: Annotation) -> dict[str, Any]:
    values: Any = list(a.values) if a.values else ["on", "off"] if a.kind == "on-off" else None
    if a.kind == "int":
        values = {"min": a.minimum, "max": a.maximum}
    return {
        "name": a.name, "lb": list(a.lb), "since": a.since, "until": a.until or None, "default": a.defaults,
        "values": values, "mutable": a.mutable, "renamed_from": a.renamed_from or None, "sources": list(a.sources),
        "certainty": a.certainty, "docs_since": a.docs_since or None, "note": a.note or None,
    }  # fmt: skip


@matrix.command()
@version_option
@click.option("--network", type=click.Choice(["flannel", "terway"]), default=None, help="The network plug-in.")
@click.option(
    "--kind", type=click.Choice(["managed", "dedicated", "self-managed"]), default=None, help="The kind of cluster."
)
@click.option("--lb", default="", help="clb, nlb or both: clb,nlb.")
@output_option
def actions(version: CcmVersion, network: str | None, kind: str | None, lb: str, fmt: str) -> None:
    """RAM actions that a version calls, and when."""
    lbs = tuple(part for part in lb.split(",") if part)
    found = _matrix(version).actions(version, network=network, kind=kind, lbs=lbs)
    rows = [(a.action, a.feature, a.required_when or ("always" if a.always else ""), a.since) for a in found]
    emit(
        document("Actions", actions=[_action(a) for a in found]),
        fmt,
        lambda: _table(rows, ("action", "feature", "required when", "since")),
    )


def _action(a: RequiredAction) -> dict[str, Any]:
    return {
        "action": a.action, "feature": a.feature, "required_when": a.required_when or ("always" if a.always else None),
        "since": a.since, "sources": list(a.sources), "access": a.access, "lb": a.lb or None,
        "network": a.network or None, "official": a.official, "certainty": a.certainty,
    }  # fmt: skip


@matrix.command()
@version_option
@output_option
def events(version: CcmVersion, fmt: str) -> None:
    """Events that a version sends."""
    found = _matrix(version).events(version)
    rows = [(e.object, e.type, e.reason, e.when) for e in found]
    emit(
        document("Events", events=[_event(e) for e in found]),
        fmt,
        lambda: _table(rows, ("object", "type", "reason", "when")),
    )


def _event(e: EventKind) -> dict[str, Any]:
    return {
        "reason": e.reason, "type": e.type, "object": e.object, "when": e.when, "message_pattern": e.pattern,
        "sources": list(e.sources), "certainty": e.certainty,
    }  # fmt: skip


@matrix.command()
@version_option
@click.option("--policy", type=click.Choice(["Local", "Cluster"]), required=True, help="externalTrafficPolicy.")
@click.option("--backend", type=click.Choice(["ecs", "eni", "eci"]), default="ecs", show_default=True)
@click.option("--pods", required=True, help="Ready pods of each node: 1,2,3 (for eni: one entry a pod).")
@click.option("--weight", type=click.IntRange(0, 100), default=None, help="The annotation loadbalancer-weight.")
@click.option("--default-weight", type=click.IntRange(0, 100), default=None, help="The annotation default-weight.")
@click.option("--lb", type=click.Choice(["clb", "nlb"]), default="clb", show_default=True)
@output_option
def weights(
    version: CcmVersion,
    policy: str,
    backend: str,
    pods: str,
    weight: int | None,
    default_weight: int | None,
    lb: str,
    fmt: str,
) -> None:
    """The weight of each backend; null where the node is no backend."""
    from upgrader.forecast.tabled_weights import table_of_weights
    from upgrader.matrix.behaviour import behaviour

    _matrix(version)
    if lb == "nlb" and not behaviour(version).serves_nlb:
        raise InputError(what=f"{version} serves no NLB", next_command="ccm-upgrade matrix versions")
    found = table_of_weights(version, policy, backend, _counts(pods), weight, default_weight, lb)
    emit(document("Weights", weights=found), fmt, lambda: " ".join("-" if w is None else str(w) for w in found))


def _counts(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(_COUNT.fullmatch(part) for part in parts):
        raise InputError(what=f"--pods {text[:60]!r} is no list of numbers", next_command="write --pods 1,2,3")
    return [int(part) for part in parts]


@matrix.command("hash")
@version_option
@click.option("-f", "files", type=click.Path(path_type=Path, allow_dash=True), required=True, multiple=True,
              help="Services as JSON or YAML, one or many; - is stdin. May be repeated.")  # fmt: skip
@output_option
@click.pass_context
def hash_command(ctx: click.Context, /, version: CcmVersion, files: tuple[Path, ...], fmt: str) -> None:
    """The service hash that a version would write, beside the label that is there.

    Exit codes: 0 all hashed, 5 some objects could not be read, 64 there is no Service in the files.
    """
    from upgrader.discover.files import read_files
    from upgrader.discover.said import Said
    from upgrader.forecast.hash import HASH_LABEL, service_hash

    _matrix(version)
    found, facts = [], read_files(files, Said())
    if not facts.services and not facts.unreadable:
        raise InputError(what="there is no Service in the files", where=" ".join(map(str, files)),
                         next_command="kubectl get svc -A -o json > dump.json")  # fmt: skip
    for service in facts.services:
        label, computed = service.metadata.labels.get(HASH_LABEL), service_hash(service, version)
        found.append(
            {
                "namespace": service.metadata.namespace, "name": service.metadata.name, "label": label,
                "computed": computed, "changed": computed is not None and computed != label,
            }
        )  # fmt: skip
    rows = [
        (f"{s['namespace']}/{s['name']}", str(s["label"]), str(s["computed"]), "changed" if s["changed"] else "same")
        for s in found
    ]
    broken: dict[str, object] = {"unreadable": facts.unreadable} if facts.unreadable else {}
    value = document("Hashes", services=found, **broken)
    emit(value, fmt, lambda: _table(rows, ("service", "label", "computed", "")))
    for name, why in facts.unreadable.items():
        progress(f"not hashed: {name} ({why})")
    ctx.exit(Exit.UNKNOWN if facts.unreadable else Exit.DONE)


@matrix.command()
@click.argument("frm", metavar="FROM", type=VERSION)
@click.argument("to", type=VERSION)
@output_option
def diff(frm: CcmVersion, to: CcmVersion, fmt: str) -> None:
    """What changes between two versions, up or down."""
    _matrix(frm)
    found = _matrix(to).changes(frm, to)
    rows = [(str(c.version), c.area, c.effect, c.summary) for c in found]
    emit(
        document("Changes", changes=[_change(c) for c in found], **{"from": str(frm), "to": str(to)}),
        fmt,
        lambda: _table(rows, ("since", "area", "effect", "change")),
    )


def _change(c: Change) -> dict[str, Any]:
    return {
        "id": c.id, "version": str(c.version), "area": c.area, "summary": c.summary, "effect": c.effect,
        "reversible": c.reversible, "annotations": list(c.annotations), "actions": list(c.actions),
        "sources": list(c.sources), "certainty": c.certainty,
    }  # fmt: skip


@matrix.command()
@click.argument("frm", metavar="FROM", type=VERSION)
@click.argument("to", type=VERSION)
@click.option("--kubernetes", default=None, help="The cluster's Kubernetes version.")
@click.option(
    "--kind", type=click.Choice(["managed", "dedicated", "self-managed"]), default=None, help="The kind of cluster."
)
@output_option
def path(frm: CcmVersion, to: CcmVersion, kubernetes: str | None, kind: str | None, fmt: str) -> None:
    """The versions to go through, and why; or what stands in the way."""
    from upgrader.matrix.route import find_route

    route = find_route(_matrix(), frm, to, kubernetes=kubernetes, kind=kind)
    blocked = {"by": route.blocked.by, "why": route.blocked.why} if route.blocked else None
    text = "\n".join([" -> ".join(map(str, (frm, *route.hops))), *route.why])
    if route.blocked:
        text = f"blocked by {route.blocked.by}: {route.blocked.why}"
    value = document("Path", hops=[str(hop) for hop in route.hops], blocked=blocked, why=list(route.why))
    emit(value, fmt, text)
