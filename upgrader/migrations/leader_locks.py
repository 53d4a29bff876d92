"""Which leader lock two versions share."""

from __future__ import annotations

from collections.abc import Sequence

from upgrader.matrix.startup import load_startup
from upgrader.migrations.startup_flags import flag_value
from upgrader.model.version import CcmVersion

CODE = "CCM073"
FLAG = "leader-elect-resource-lock"
# What the flag takes (client-go's resourcelock): the kinds of object that a leader then holds.
_FLAGGED = {
    "endpoints": frozenset({"endpoints"}),
    "configmaps": frozenset({"configmaps"}),
    "leases": frozenset({"leases"}),
    "endpointsleases": frozenset({"endpoints", "leases"}),
    "configmapsleases": frozenset({"configmaps", "leases"}),
}


def held(version: CcmVersion, args: Sequence[str] = ()) -> frozenset[str]:
    """The kinds of object that a leader of this version holds, by the flag among `args`, else by default.

    Empty when it is not known.
    """
    flag = flag_value(args, FLAG)
    return _FLAGGED.get(flag, frozenset()) if flag else load_startup().locks(version)


def shared(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether leaders that hold these respect each other; not, where it is not known of one of them."""
    return bool(one & other)
