"""Glyph and word for each outcome: never a colour alone, and ASCII where the terminal knows no more."""

from __future__ import annotations

from typing import NamedTuple

from upgrader.model.facts import ClusterIdentity
from upgrader.model.shadow import Agreement, Shadow


class Mark(NamedTuple):
    """How an outcome is shown: a glyph, its ASCII stand-in, the word, and the ANSI colour code."""

    glyph: str
    ascii: str
    word: str
    colour: str


MARKS: dict[str, Mark] = {
    "FAIL": Mark("✗", "x", "FAIL", "31"),
    "BLOCKED": Mark("✗", "x", "BLOCKED", "31"),
    "FAILED": Mark("✗", "x", "FAILED", "31"),
    "failed": Mark("✗", "x", "failed", "31"),
    "UNKNOWN": Mark("?", "?", "UNKNOWN", "35"),
    "INCONCLUSIVE": Mark("?", "?", "INCONCLUSIVE", "35"),
    "WARN": Mark("!", "!", "WARN", "33"),
    "WARNINGS": Mark("!", "!", "WARNINGS", "33"),
    "NOTE": Mark("·", "-", "NOTE", "36"),
    "READY": Mark("✓", "+", "READY", "32"),
    "PASS": Mark("✓", "+", "PASS", "32"),
    "SUCCEEDED": Mark("✓", "+", "SUCCEEDED", "32"),
    "done": Mark("✓", "+", "done", "32"),
    "skipped": Mark("=", "=", "skipped (already so)", "36"),
    "ACCEPTED": Mark("=", "=", "ACCEPTED", "36"),
    "undone": Mark("↩", "<", "undone", "33"),
    "intent": Mark("…", ".", "in progress", "35"),
    "pending": Mark("·", "-", "pending", "36"),
    "ROLLED_BACK": Mark("↩", "<", "ROLLED_BACK", "33"),
    "PARTLY_ROLLED_BACK": Mark("✗", "x", "PARTLY_ROLLED_BACK", "31"),
    "PAUSED": Mark("‖", "|", "PAUSED", "33"),
    "STALLED": Mark("‖", "|", "STALLED", "31"),
    "PLANNED": Mark("·", "-", "PLANNED", "36"),
    "STOPPED": Mark("✗", "x", "STOPPED", "31"),
    "ABORTED": Mark("✗", "x", "ABORTED", "31"),
    "waiting": Mark("·", "-", "waiting", "36"),
    "running": Mark("…", ".", "running", "36"),
    "gate": Mark("‖", "|", "at its gate", "33"),
    "soaking": Mark("…", ".", "soaking", "36"),
    "stopped": Mark("✗", "x", "stopped", "31"),
    "succeeded": Mark("✓", "+", "succeeded", "32"),
    "rolled-back": Mark("↩", "<", "rolled back", "33"),
    "unknown": Mark("?", "?", "unknown", "35"),
    "left-out": Mark("=", "=", "left out", "36"),
    "paused": Mark("‖", "|", "paused", "33"),
    "stalled": Mark("‖", "|", "stalled", "31"),
    "RUNNING": Mark("…", ".", "RUNNING", "36"),
}

AGREEMENTS: dict[Agreement, str] = {
    "agree": "both see the same",
    "differ": "they see different changes",
    "dry-run-only": "the dry run alone sees a change",
    "forecast-only": "the forecast alone sees a change",
    "unknown": "one of them can't tell",
}

WHY_FULL_SYNC: dict[str, str] = {
    "hash-formula-changed": "the formula of the service hash changed",
    "no-hash": "the Service has no hash label",
    "service-changed": "the Service was changed since its last sync",
    "none": "",
}


def stated(identity: ClusterIdentity) -> str:
    """Which facts the user stated instead of our reading them; empty where there is none."""
    return f"as stated by you: {', '.join(identity.said)}" if identity.said else ""


def plural(count: int, one: str, many: str = "") -> str:
    """`1 Service`, `2 Services`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def second_opinion(shadow: Shadow) -> str:
    """A dry run's result beside the forecast, in a sentence or two."""
    if shadow.problem:
        return shadow.problem
    when = f"Result of {shadow.taken_at}" if shadow.taken_at else "Result of an unknown time"
    told = f"{when}: {plural(shadow.failed, 'finding')}, {shadow.told} of them listed."
    return (
        f"{told} Neither sees a change of {plural(shadow.silent, 'more CLB Service')}; it looks at no NLB, no weight."
    )
