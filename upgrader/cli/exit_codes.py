"""The exit codes of the contract, by name. `explain EXIT<code>` shows each sentence."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process says when it ends."""

    DONE = 0
    BUG = 1
    CHANGES = 2
    BLOCKED = 3
    WARNED = 4
    UNKNOWN = 5
    STALE = 6
    ROLLED_BACK = 7
    NEEDS_PERSON = 8
    LOCKED = 9
    BUDGET = 10
    STALLED = 11
    USAGE = 64
    INTERRUPTED = 130


MEANING: dict[Exit, str] = {
    Exit.DONE: "Done, nothing to do, or all passed.",
    Exit.BUG: "A bug of ours, or input/output failed.",
    Exit.CHANGES: "Changes are pending (`plan --detailed-exitcode`), or drift was found.",
    Exit.BLOCKED: "Findings with the outcome FAIL stand in the way.",
    Exit.WARNED: "Only warnings, and `--fail-on warn` was asked for.",
    Exit.UNKNOWN: "Results are UNKNOWN that the policy does not accept (the default of `apply`).",
    Exit.STALE: "The plan is stale, already applied, or of another cluster.",
    Exit.ROLLED_BACK: "Apply or verify failed, and everything was put back.",
    Exit.NEEDS_PERSON: "It failed and could not all be put back: a person is needed, and is told what is left.",
    Exit.LOCKED: "Another run holds the cluster.",
    Exit.BUDGET: "The fleet stopped by its failure budget or by a denied gate.",
    Exit.STALLED: "Work remains and nothing moves; the cause and the next command are printed.",
    Exit.USAGE: "Usage or input was wrong; nothing was written.",
    Exit.INTERRUPTED: "Interrupted cleanly; `resume` goes on.",
}
