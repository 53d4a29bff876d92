"""No hand-made listener is taken over.

What it checks
    Which listeners that somebody made by hand the target CCM makes its own.
Why it matters
    A listener on a port of the Service is CCM's, whoever made it: its description, its server group and its annotated
    settings are overwritten, and the backends that were put there by hand get no traffic any more.
How it is decided
    From the forecast: a write to a listener that changes a description which is not of CCM's form, or the server
    group alone.
What to do
    Move the hand-made listener to another port, or take the port out of the Service.
Sources
    ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding
from upgrader.model.forecast import Write

CODE = "CCM054"
TITLE = "No hand-made listener is taken over"
NEEDS: tuple[str, ...] = ("services", "ccm")

DESCRIPTIONS = ("Description", "ListenerDescription")
GROUPS = frozenset({"VServerGroupId", "ServerGroupId"})
OWN_DESCRIPTION = "k8s/"


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """WARN for each Service with such a listener."""
    for forecast in context.outlook.eventful:
        taken = [write for write in forecast.writes if takes_over(write)]
        if taken:
            now = any(write.effect == "IMMEDIATE" for write in taken)
            yield Finding(
                code=CODE,
                outcome="WARN",
                effect="IMMEDIATE" if now else "LATENT",
                subject=about(forecast),
                message=f"{context.target} makes {', '.join(write.object for write in taken)} its own",
                evidence={"listeners": {write.object: write.changes for write in taken}},
                remedy="move the hand-made listener to another port, or take the port out of the Service",
                sources=("ccm-source", "observed"),
            )


def takes_over(write: Write) -> bool:
    """True for a write to a listener that carried somebody else's description or server group.

    A listener that CCM makes anew takes nothing over; nor does one whose description has another form of CCM's own.
    """
    if not (write.action.endswith("ListenerAttribute") and write.object):
        return False
    described = next((write.changes[name][0] for name in DESCRIPTIONS if name in write.changes), None)
    if described is not None:
        return not described.startswith(OWN_DESCRIPTION)
    return any(name in GROUPS and change[0] for name, change in write.changes.items())
