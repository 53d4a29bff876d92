"""`lab`: a local cloud and Kubernetes API to rehearse on. It listens on loopback only."""

from __future__ import annotations

import json
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upgrader.cli.output import emit, output_option, progress
from upgrader.model.errors import InputError

if TYPE_CHECKING:
    from upgrader.lab.lab import Lab
    from upgrader.lab.scenario import Scenario

_ANSWER_TIMEOUT_S = 60

endpoint_option = click.option(
    "--endpoint", envvar="CCM_UPGRADE_ENDPOINT", show_envvar=True, default="",
    help="The lab's address, as `lab start` prints it.",
)  # fmt: skip


@click.group()
def lab() -> None:
    """A local cloud and Kubernetes API to rehearse on, on loopback only."""


@lab.command()
@click.option("--scenario", "name", default="", metavar="NAME|FILE", help="Which story.  [default: dedicated-flannel]")
@click.option("--cloud-only", is_flag=True, help="The cloud alone, for a Kubernetes API that runs elsewhere.")
@click.option("--clusters", type=int, default=0, help="A fleet of so many clusters instead of a scenario.")
@click.option("--services", type=int, default=3, show_default=True, help="Services in each cluster of the fleet.")
@click.option("--sick", type=int, default=0, metavar="PERCENT", help="The share of the fleet's clusters that is sick.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same ids and answers.")
@click.option("--port", type=int, default=0, help="The plain port.  [default: a free one]")
@click.option("--dir", "directory", type=click.Path(path_type=Path, file_okay=False), default=None,
              help="Where kubeconfig and CA are written.  [default: a temporary directory]")  # fmt: skip
@click.option("--strict-signature/--no-strict-signature", default=True, help="Check signatures, times and nonces.")
@click.option("--hold-time", is_flag=True, help="The lab's time stands still until `lab clock advance`.")
@click.option("--load", "saved", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
              help="Go on from a state that `lab save` wrote.")  # fmt: skip
@output_option
def start(
    name: str, cloud_only: bool, clusters: int, services: int, sick: int, seed: int, port: int, directory: Path | None,
    strict_signature: bool, hold_time: bool, saved: Path | None, fmt: str,
) -> None:  # fmt: skip
    """Serve in the foreground until Ctrl-C or `lab stop`; prints what to export in another terminal."""
    from upgrader.lab.clock import LabClock
    from upgrader.lab.lab import Lab, open_saved

    clock = LabClock(held=hold_time)
    if saved is not None:
        served = open_saved(saved.read_bytes(), port=port, directory=directory, strict=strict_signature, clock=clock)
    else:
        story = None if cloud_only else _story(name, clusters, services, sick, seed)
        served = Lab(story, port=port, seed=seed, directory=directory, strict=strict_signature, clock=clock)
    with served:
        emit(_started(served), fmt, lambda: _exports(served))
        sys.stdout.flush()
        _wait(served)
    progress("the lab has stopped")


def _story(name: str, clusters: int, services: int, sick: int, seed: int) -> Scenario:
    from upgrader.lab.fleet import fleet
    from upgrader.lab.scenario import load_scenario

    if clusters:
        return fleet(clusters=clusters, services=services, seed=seed, sick_percent=sick)
    return load_scenario(name or "dedicated-flannel")


def _started(served: Lab) -> dict[str, Any]:
    return {
        "apiVersion": "ccm-upgrade/v1", "kind": "Lab", "scenario": served.scenario.name, "endpoint": served.url,
        "secure_endpoint": served.secure_url, "ca": str(served.ca_file), "environment": served.environment,
        "clusters": [{"id": one.id, "name": one.spec.name, "kind": one.spec.kind, "ccm": one.spec.ccm}
                     for one in served.clusters.values()],
    }  # fmt: skip


def _exports(served: Lab) -> str:
    lines = [f"# {served.scenario.title}: listening on loopback only, {served.url} and {served.secure_url}",
             f"# the certificate of its own authority: {served.ca_file}"]  # fmt: skip
    lines += [f"export {key}={value}" for key, value in served.environment.items()]
    lines += [
        f"# cluster {one.spec.name}: {one.id}, {one.spec.kind}, CCM {one.spec.ccm}" for one in served.clusters.values()
    ]
    if served.scenario.try_:
        lines.append(f"# try: {served.scenario.try_}")
    return "\n".join([*lines, "# Ctrl-C stops it"])


def _wait(served: Lab) -> None:
    """Until somebody asks for the end, by a signal or by `lab stop`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: served.stopping.set())
    while not served.stopping.wait(1.0):
        pass


@lab.command()
@click.option("--requests", is_flag=True, help="Every request that the cloud was asked.")
@click.option("--writes", is_flag=True, help="Of these, only what changes something.")
@click.option("--since", type=int, default=0, help="Only requests after this number.")
@endpoint_option
@output_option
def status(requests: bool, writes: bool, since: int, endpoint: str, fmt: str) -> None:
    """What runs in the lab, and what was asked of it."""
    found = _ask(endpoint, "GET", "status")
    document = {"apiVersion": "ccm-upgrade/v1", "kind": "LabStatus", **found}
    if requests or writes:
        document["requests"] = _ask(endpoint, "GET", f"requests?since={since}{'&writes=1' if writes else ''}")
    emit(document, fmt, lambda: _status_text(document))


def _status_text(found: dict[str, Any]) -> str:
    lines = [f"{found['scenario']} at {found['endpoint']}, {found['time']}{' (held)' if found['held'] else ''}"]
    lines += [f"  {one['name']}  {one['id']}  {one['kind']}  CCM {one['ccm'] or 'none'}  {one['services']} Services"
              for one in found["clusters"]]  # fmt: skip
    lines.append(f"  {found['asked']} requests, {found['written']} of them writes")
    for one in found.get("requests") or ():
        answer = one["code"] or one["status"]
        lines.append(f"  {one['seq']:5} {one['caller']:20.20} {one['product']}:{one['action']} {answer}")
    if found["unhandled"]:
        lines.append(f"  actions that the lab does not have: {', '.join(found['unhandled'])}")
    return "\n".join(lines)


@lab.group()
def scenario() -> None:
    """The stories that come with the lab."""


@scenario.command("list")
@output_option
def list_scenarios(fmt: str) -> None:
    """Every scenario with its point."""
    from upgrader.lab.scenario import all_scenarios

    found = all_scenarios()
    width = max(len(one.name) for one in found)
    document = {"apiVersion": "ccm-upgrade/v1", "kind": "Scenarios",
                "scenarios": [{"name": one.name, "title": one.title, "story": one.story} for one in found]}  # fmt: skip
    emit(document, fmt, lambda: "\n".join(f"{one.name:{width}}  {one.title}" for one in found))


@scenario.command("show")
@click.argument("name")
def show_scenario(name: str) -> None:
    """A scenario's file: copy it, change it, start it with --scenario FILE."""
    from upgrader.lab.scenario import FOLDER, load_scenario

    load_scenario(name)
    click.echo((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), nl=False)


@lab.group()
def fault() -> None:
    """What goes wrong, for which request, how many times."""


@fault.command("add")
@click.option("--action", required=True, help="The request's name, CreatePolicyVersion or Create*; empty means any.")
@click.option("--product", default="", help="slb, nlb, ecs, vpc, ram, sts, cs.")
@click.option("--kind", type=click.Choice(["before", "after", "timeout", "slow", "cut", "stale"]), default="before",
              show_default=True, help="When it strikes, or how.")  # fmt: skip
@click.option("--code", default="ServiceUnavailable", show_default=True)
@click.option("--message", default="")
@click.option("--status", "http_status", type=int, default=0, help="The HTTP status.")
@click.option("--times", type=int, default=1, show_default=True, help="How often; 0 means for ever.")
@click.option("--skip", type=int, default=0, help="So many requests pass first.")
@click.option("--over", "over_per_s", type=float, default=0.0, metavar="PER SECOND",
              help="Only what goes beyond so many requests a second; with --times 0, flow control.")  # fmt: skip
@click.option("--delay", "delay_s", type=float, default=0.0, metavar="SECONDS")
@click.option("--match", multiple=True, metavar="PARAM=VALUE", help="Only requests with this parameter.")
@endpoint_option
@output_option
def add_fault(
    action: str, product: str, kind: str, code: str, message: str, http_status: int, times: int, skip: int,
    over_per_s: float, delay_s: float, match: tuple[str, ...], endpoint: str, fmt: str,
) -> None:  # fmt: skip
    """Script a fault."""
    if any("=" not in one for one in match):
        raise InputError(what="--match is PARAM=VALUE", next_command="--match LoadBalancerId=lb-…")
    body = {"action": action, "product": product, "kind": kind, "code": code, "message": message, "status": http_status,
            "times": times or None, "skip": skip, "over_per_s": over_per_s, "delay_s": delay_s,
            "match": dict(one.split("=", 1) for one in match)}  # fmt: skip
    made = _ask(endpoint, "POST", "faults", body)
    emit(
        {"apiVersion": "ccm-upgrade/v1", "kind": "Fault", **made, "fault_kind": made["kind"]},
        fmt,
        f"fault {made['id']} waits",
    )


@fault.command("list")
@endpoint_option
@output_option
def list_faults(endpoint: str, fmt: str) -> None:
    """The faults that have not been spent."""
    found = _ask(endpoint, "GET", "faults")
    lines = [f"{one['id']:3}  {one['kind']:7}  {one['product'] or '*'}:{one['action'] or '*'}  {one['code']}  "
             f"{'for ever' if one['times'] is None else one['times']}" for one in found]  # fmt: skip
    emit({"apiVersion": "ccm-upgrade/v1", "kind": "Faults", "faults": found}, fmt, "\n".join(lines) or "no fault waits")


@fault.command("clear")
@click.argument("number", type=int, required=False)
@endpoint_option
def clear_faults(number: int | None, endpoint: str) -> None:
    """Take one fault back, or all of them."""
    _ask(endpoint, "DELETE", "faults" if number is None else f"faults/{number}")


@lab.group()
def clock() -> None:
    """The lab's time."""


@clock.command("advance")
@click.argument("seconds", type=float)
@endpoint_option
def advance(seconds: float, endpoint: str) -> None:
    """Move the lab's time forward."""
    click.echo(_ask(endpoint, "POST", "clock", {"seconds": seconds})["time"])


@lab.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@endpoint_option
def save(file: Path, endpoint: str) -> None:
    """Write the lab's whole state to a file: `lab load FILE` and `lab start --load FILE` bring it back."""
    file.write_bytes(_fetch(endpoint, "GET", "state", None))
    progress(f"saved: {file}")


@lab.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@endpoint_option
def load(file: Path, endpoint: str) -> None:
    """Bring a running lab back to a state that it once had."""
    _fetch(endpoint, "PUT", "state", file.read_bytes())
    progress(f"loaded: {file}")


@lab.command()
@endpoint_option
def stop(endpoint: str) -> None:
    """End a running lab."""
    _ask(endpoint, "POST", "stop")


def _ask(endpoint: str, method: str, what: str, body: Any = None) -> Any:
    return json.loads(_fetch(endpoint, method, what, None if body is None else json.dumps(body).encode()))


def _fetch(endpoint: str, method: str, what: str, body: bytes | None) -> bytes:
    """One request to the lab's own switches. Raises `InputError` where no lab answers."""
    if not endpoint:
        raise InputError(what="which lab?", where="--endpoint",
                         next_command="export CCM_UPGRADE_ENDPOINT=… as `ccm-upgrade lab start` prints it")  # fmt: skip
    if not endpoint.startswith(("http://127.0.0.1:", "http://localhost:")):
        raise InputError(
            what="a lab is on loopback", where=endpoint, next_command="ccm-upgrade lab start prints its address"
        )
    request = urllib.request.Request(f"{endpoint.rstrip('/')}/_lab/{what}", data=body, method=method)
    # Loopback never goes through a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_ANSWER_TIMEOUT_S) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        raise InputError(
            what="the lab refused", where=endpoint, why=_why(error), next_command="ccm-upgrade lab status"
        ) from error
    except OSError as error:
        raise InputError(what="no lab answers", where=endpoint, why=str(error.args[-1] if error.args else error),
                         next_command="ccm-upgrade lab start") from error  # fmt: skip


def _why(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"])
    except (ValueError, KeyError, TypeError):
        return str(error)
