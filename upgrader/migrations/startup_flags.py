"""A flag that the target does not know stops it at start-up.

What it checks
    Every argument of CCM's container is a flag that the target CCM knows, and every name in --controllers is a
    controller that it has. From v2.1.0 on: --cloud-config is set, and --cluster-cidr with cloud routes.
Why it matters
    From v2.1.0 on an unknown flag is fatal: CCM prints its usage and exits, over and over, and no Service is synced.
    The manifest of v1.9.3 (--address, --port, --profiling, …) can't start any v2; --sync-period stops v2.8.0 and
    later, --feature-gates v2.9.1 and later.
How it is decided
    By the flags of each version, read from its source, and the container's arguments.
What to do
    Let the plan drop what the target does not know, in the same step that changes the image: rolling back puts both
    back. What a dropped flag was good for is told here; see whether the target needs it another way.
Sources
    ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from upgrader.matrix.startup import load_startup
from upgrader.migrations.context import Context
from upgrader.migrations.migration import Mends
from upgrader.model.finding import Finding, Subject
from upgrader.model.version import CcmVersion, parse_version

ID = "startup-flags"
CODE = "CCM072"
TITLE = "The target knows every flag that CCM is started with"
NEEDS: tuple[str, ...] = ("ccm",)
WINDOW = ("v1.9.3", "v2.9.1")

STRICT_SINCE = parse_version("v2.1.0")
"""The first version that exits for an unknown flag, and that demands --cloud-config."""

CONTROLLERS = "controllers"


def flag_name(argument: str) -> str:
    """The flag's name without dashes and value; empty for what is no flag (the binary, a value of its own)."""
    return argument.lstrip("-").partition("=")[0] if argument.startswith("-") else ""


def flag_values(args: Sequence[str], name: str) -> tuple[str, ...]:
    """The values of each `--name=value` or `--name value`, in order; empty text for a bare flag."""
    return tuple(value or "" for flag, value, _ in _parsed(args) if flag == name)


def flag_value(args: Sequence[str], name: str) -> str | None:
    """The value that counts, the last one given; empty for a bare flag, None when it is not there."""
    return next(reversed(flag_values(args, name)), None)


def unknown_flags(args: Sequence[str], version: CcmVersion) -> tuple[str, ...]:
    """The names of flags that `version` would exit for; none below v2.1.0, which is only guarded by the data."""
    known = {flag.name for flag in load_startup().flags if flag.in_force(version)}
    names = [flag_name(argument) for argument in args]
    return tuple(name for name in names if name and name.replace("_", "-") not in known and name not in known)


def unknown_controllers(args: Sequence[str], version: CcmVersion) -> tuple[str, ...]:
    """The names in all --controllers (a list that each one adds to) that `version` does not have."""
    known = {controller.name for controller in load_startup().controllers if controller.in_force(version)}
    names = [_controller(name) for value in flag_values(args, CONTROLLERS) for name in value.split(",")]
    return tuple(name for name in names if name and name != "*" and name not in known)


def cleaned(args: Sequence[str], version: CcmVersion) -> tuple[str, ...]:
    """The arguments without flags and controllers that `version` does not know; the rest as it was spelled."""
    flags, controllers = set(unknown_flags(args, version)), set(unknown_controllers(args, version))
    kept: list[str] = []
    for name, value, spelled in _parsed(args):
        if name and name in flags:
            continue
        if name == CONTROLLERS and value and controllers.intersection(map(_controller, value.split(","))):
            rest = ",".join(one for one in value.split(",") if _controller(one) not in controllers)
            # A list that is empty now would switch every controller off.
            kept += [f"--{CONTROLLERS}={rest}"] if rest else []
        else:
            kept += spelled
    return tuple(kept)


def _parsed(args: Sequence[str]) -> Iterator[tuple[str, str | None, Sequence[str]]]:
    """Each flag with its value (None when bare) and its own arguments; what is no flag has an empty name."""
    position = 0
    while position < len(args):
        argument, following = args[position], args[position + 1 : position + 2]
        name = flag_name(argument)
        width = 1
        value: str | None = argument.partition("=")[2] if "=" in argument else None
        if name and value is None and following and not following[0].startswith("-"):
            value, width = following[0], 2
        yield name, value, args[position : position + width]
        position += width


def _controller(name: str) -> str:
    return name.strip().lstrip("-")


def applies(context: Context) -> str:
    """Only where CCM's arguments are ours to see and the target is strict."""
    if context.run_by_ack:
        return "ACK sets the arguments of its add-on"
    return "" if context.target >= STRICT_SINCE else "versions below v2.1.0 do not exit for unknown flags"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for unknown flags and controllers (mended by the plan), and for what the target demands and lacks."""
    args = context.facts.ccm.args
    if not args:
        yield replace(_finding(context, "The arguments that CCM is started with are not known", {},
                               "let its workload be read, or add it to the files"), outcome="UNKNOWN",
                      effect="NONE")  # fmt: skip
        return
    flags, controllers = unknown_flags(args, context.target), unknown_controllers(args, context.target)
    if flags or controllers:
        names = [*(f"--{name}" for name in flags), *(f"the controller {name}" for name in controllers)]
        yield _finding(context, f"{context.target} does not know {', '.join(names)} and exits at once",
                       {"flags": list(flags), "controllers": list(controllers), "mend": True},
                       "drop them together with the change of the image")  # fmt: skip
    if not flag_value(args, "cloud-config"):
        yield _finding(context, f"{context.target} demands --cloud-config", {"lacks": "cloud-config"},
                       "mount a cloud-config and name it with --cloud-config")  # fmt: skip
    routes = flag_value(args, "configure-cloud-routes")
    if routes in (None, "", "true") and not flag_value(args, "cluster-cidr"):
        yield _finding(context, f"{context.target} demands --cluster-cidr while it configures cloud routes",
                       {"lacks": "cluster-cidr"}, "set --cluster-cidr, or --configure-cloud-routes=false on Terway"
                       )  # fmt: skip


def steps(findings: Iterable[Finding], context: Context) -> Mends:
    """None of its own: the step that changes the image carries the cleaned arguments."""
    return ()


def _finding(context: Context, message: str, evidence: dict[str, object], remedy: str) -> Finding:
    workload = context.facts.ccm.workload
    return Finding(
        code=CODE,
        outcome="FAIL",
        effect="IMMEDIATE",
        subject=Subject(kind="Workload", namespace=workload.namespace, name=workload.name)
        if workload
        else Subject(kind="Workload"),
        message=message,
        evidence=evidence,
        remedy=remedy,
        sources=("ccm-source",),
    )
