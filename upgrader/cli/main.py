"""The entry point: a table of lazy commands, and the one place where an error becomes words and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from upgrader import __version__
from upgrader.cli.exit_codes import Exit
from upgrader.model.errors import BugError, CcmUpgradeError

DEBUG = "CCM_UPGRADE_DEBUG"
"""Set it to see the traceback of a bug."""

# name → (module:attribute, one line of help). The module is imported only when its command runs, so that `--help`
# and the offline commands never load a vendor SDK.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("upgrader.cli.demo:demo", "The main job from start to end, on the embedded lab."),
    "discover": ("upgrader.cli.discover:discover", "Read a cluster into a redacted snapshot. Writes nothing."),
    "check": ("upgrader.cli.check:check", "Preflight only. Writes nothing."),
    "plan": ("upgrader.cli.plan:plan", "Check, forecast and order the steps. Writes nothing."),
    "apply": ("upgrader.cli.apply:apply", "Carry a plan out: fixes, upgrade, verify; rolls back on failure."),
    "verify": ("upgrader.cli.verify:verify", "Look again: events, weights, identity. Writes nothing."),
    "rollback": ("upgrader.cli.rollback:rollback", "Put back the old CCM and the cloud objects of a run."),
    "resume": ("upgrader.cli.resume:resume", "Go on with a run that was interrupted."),
    "status": ("upgrader.cli.status:status", "Where a run stands."),
    "history": ("upgrader.cli.history:history", "All runs on this machine."),
    "unlock": ("upgrader.cli.unlock:unlock", "Free the lock of a dead run."),
    "audit": ("upgrader.cli.audit:audit", "Prove that a journal is whole."),
    "fleet": ("upgrader.cli.fleet:fleet", "The fleet-wide upgrade job."),
    "report": ("upgrader.cli.report:report", "The compatibility report: html, md, json, csv, sarif, junit."),
    "diagnose": ("upgrader.cli.diagnose:diagnose", "What a Service's events mean here, and how to fix it."),
    "list": ("upgrader.cli.list:list_services", "Every LoadBalancer Service with its load balancer."),
    "explain": ("upgrader.cli.explain:explain", "The long text of a check, step, error code or exit code. Offline."),
    "matrix": ("upgrader.cli.matrix:matrix", "What each CCM version does. Offline."),
    "ram": ("upgrader.cli.ram:ram", "RAM actions that the target needs and the role lacks."),
    "tags": ("upgrader.cli.tags:tags", "Tags that legacy CLBs lack."),
    "lab": ("upgrader.cli.lab:lab", "A local cloud and Kubernetes API to rehearse on."),
    "completion": ("upgrader.cli.completion:completion", "Shell completion for bash, zsh and fish."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the table: the flow of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ccm-upgrade")
@click.option("--lang", type=click.Choice(["en", "zh"]), default=None, envvar="CCM_UPGRADE_LANG",
              help="The language of text; codes and JSON stay as they are.  [default: the locale's]")  # fmt: skip
def app(lang: str | None) -> None:
    """Upgrade Alibaba Cloud's Cloud Controller Manager without fear: plan, apply, verify, roll back, report."""
    if lang is not None:
        os.environ["CCM_UPGRADE_LANG"] = lang


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit by the contract; never a traceback for what is not our bug."""
    code = run(argv)
    judging = sys.modules.get("upgrader.cli.judging")
    if judging is not None and judging.keeps_much():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        result = app.main(args=list(argv) if argv is not None else None, prog_name="ccm-upgrade", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        error.show()
        return Exit.USAGE
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        from upgrader.cli.output import progress

        progress("Interrupted.")
        return Exit.INTERRUPTED
    except CcmUpgradeError as error:
        show(error)
        return error.exit_code
    except BrokenPipeError:
        # The reader left (`| head`): nothing is wrong, but Python would complain while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except OSError as error:
        click.echo(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
        return Exit.BUG
    except Exception as error:  # the last net: what falls in it is our bug, and is told as one
        if os.environ.get(DEBUG):
            raise
        show(our_bug(error))
        return Exit.BUG
    return result if isinstance(result, int) else Exit.DONE


def our_bug(error: Exception) -> BugError:
    """What nobody expected, in the shape of every other error: what it was, and the line of ours where it rose."""
    import traceback

    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "upgrader" in Path(frame.filename).parts]
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return BugError(
        f"a bug of ccm-upgrade: {type(error).__name__}",
        where=where,
        why=str(error)[:300],
        next_command=f"run it again with {DEBUG}=1 and report what it prints",
    )


def show(error: CcmUpgradeError) -> None:
    """The error on stderr: what and where, why, next; one line each."""
    from upgrader.cli.output import progress, words_on

    say = words_on(sys.stderr).say
    place = f"{error.where}: " if error.where else ""
    progress(f"{say('error: ')}{place}{say(error.what)}")
    if error.why:
        progress(f"{say('  why:  ')}{say(error.why)}")
    if error.next_command:
        progress(f"{say('  next: ')}{say(error.next_command)}")
