"""Which English is left in a text that should be Chinese: words that are neither names, nor codes, nor terms."""

from __future__ import annotations

import re

# What is never translated: what is quoted, versions, codes, names of things, options, addresses.
_NAMES = re.compile(
    r"""`[^`]*` | '[^']*' | "[^"]*" | \bv\d[\w.-]* | --[\w-]+ | \b[A-Z]+\d+\b | https?://\S+ |
    ccm-upgrade(\ [\w.-]+)* | (kubectl|aliyun)\ (?:'[^']*'|(?!,\ )[^，。；）(])+ |
    [\w.-]*[/:=@_][\w./:=@*-]* | \b\w+(-\w+)+-? |
    \b\w*[a-z][A-Z]\w* | \b\d\w* | \([\w,\ ]*\) | \b[A-Z]{2,}\w* | \b\w+\.\w[\w.]* | \[\w+\] | \b[0-9a-f]{32,}\b""",
    re.VERBOSE,
)
# Words of the field that Chinese engineers write in English.
_TERMS = frozenset(
    re.findall(
        r"\w+",
        """
    Service Services Pod Pods Deployment DaemonSet ClusterRole ClusterRoles Lease Endpoints EndpointSlice Kubernetes
    Terway Flannel Local Cluster Role Deny Allow Statement class Helm kubelet leases endpoints Ingress Node NodePort tag
    status finalizer leader master spec none API Server policy get list watch patch create update delete rr wrr wlc sch
    tch qch clb nlb ram ccm image kubernetes flannel terway pods services nodes events endpointslices Normal ip vSwitch
    https
    """,
    )
)


def english_in(text: str) -> list[str]:
    """The words of a text that are English and need not be."""
    bare = _NAMES.sub(" ", text)
    return [word for word in re.findall(r"[A-Za-z][a-z']+", bare) if word not in _TERMS]
