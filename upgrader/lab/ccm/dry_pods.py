"""Pods that run a CCM with `--dry-run`: as which identity, with which rights, and how they end.

Sources: `cmd/manager/main.go`, `pkg/config/` (flags, cloud-config), `pkg/provider/alibaba/base` (whose key is used).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from upgrader.lab.ccm.dry_run import DryRun, arguments, is_dry
from upgrader.lab.ccm.leadership import ccm_version
from upgrader.lab.ccm.log import line
from upgrader.lab.cloud.call import Caller
from upgrader.lab.cloud.identity import caller_of
from upgrader.lab.kube.callers import service_account
from upgrader.lab.kube.controllers.program import Program
from upgrader.lab.kube.local import Local
from upgrader.lab.kube.rbac import Question, Rbac
from upgrader.lab.kube.store import Object
from upgrader.matrix.behaviour import behaviour
from upgrader.matrix.startup import load_startup
from upgrader.model.version import CcmVersion

if TYPE_CHECKING:
    from upgrader.lab.ccm.manager import Ccm

_PRODUCTION_LOCK = "ccm"
_BAD_FLAG, _FAILED, _WELL = 2, 1, 0


class DryPods:
    """Runs each such pod of a cluster once, when it starts."""

    def __init__(self, ccm: Ccm) -> None:
        self._ccm = ccm
        self._local = Local(ccm.api, "cloud-controller-manager")
        self._ended: dict[str, Program] = {}
        self._said: dict[str, str] = {}

    def program(self, pod: Object) -> Program | None:
        """What the pod does: it ends with its result, or waits for ever for a lock that another holds."""
        version = ccm_version(pod)
        if version is None or not is_dry(pod):
            return None
        uid = pod["metadata"]["uid"]
        if uid not in self._ended:
            self._ended[uid] = self._run(pod, version)
        return self._ended[uid]

    def log(self, pod: Object) -> str | None:
        """What such a pod has said; None for any other."""
        return self._said.get(pod["metadata"]["uid"])

    def _run(self, pod: Object, version: CcmVersion) -> Program:
        flags = _flags(pod)
        if behaviour(version).dry_run == "none":
            return self._ends(pod, _BAD_FLAG, "unknown flag: --dry-run")
        if self._waits_for_lock(flags):
            self._say(pod, "I", "attempting to acquire leader lease kube-system/ccm...")
            return Program(None)
        config = self._config(pod, flags.get("cloud-config", ""))
        if config is None:
            return self._ends(pod, _FAILED, "unable to load controller config: load cloud config error: no such file")
        denied = self._denied(pod, version)
        if denied:
            return self._ends(pod, _FAILED, denied)
        ccm = self._ccm
        hands = ccm.hands(version, self._caller(config))
        DryRun(version=version, view=ccm.view, local=self._local, hands=hands).run()
        return self._ends(pod, _WELL, "ccm initial process finished.")

    def _ends(self, pod: Object, code: int, said: str) -> Program:
        self._say(pod, "E" if code else "I", said)
        return Program(0.0, code)

    def _say(self, pod: Object, level: str, said: str) -> None:
        self._said[pod["metadata"]["uid"]] = line(level, self._ccm.api.objects.now(), said) + "\n"

    def _waits_for_lock(self, flags: Mapping[str, str]) -> bool:
        own = flags.get("leader-elect-resource-name", _PRODUCTION_LOCK) != _PRODUCTION_LOCK
        return flags.get("leader-elect", "true") == "true" and not own and self._ccm.leader is not None

    def _denied(self, pod: Object, version: CcmVersion) -> str:
        """The first right that is missing: the caches never fill then, and the process gives up. Empty: it has all."""
        if not self._ccm.api.rbac_enforced:
            return ""
        name = pod["spec"].get("serviceAccountName") or "default"
        caller, rbac = service_account(pod["metadata"]["namespace"], name), Rbac(self._ccm.api.store)
        wanted = [right for right in load_startup().rights if right.in_force(version) and not right.feature]
        asked = (Question(verb=verb, group=right.group, resource=right.resource) for right in wanted
                 for verb in right.verbs if verb in ("list", "watch"))  # fmt: skip
        lacks = next((one for one in asked if not rbac.allows(caller, one)[0]), None)
        if lacks is None:
            return ""
        what = f'resource "{lacks.resource}" in API group "{lacks.group}" at the cluster scope'
        return f'{lacks.resource} is forbidden: User "{caller.name}" cannot {lacks.verb} {what}'

    def _config(self, pod: Object, path: str) -> Mapping[str, Any] | None:
        """The Global section of the file that `--cloud-config` names, None when no volume brings it."""
        namespace = pod["metadata"]["namespace"]
        mounts = [one for container in pod["spec"]["containers"] for one in container.get("volumeMounts") or ()]
        mounted = next((one["name"] for one in mounts if path.startswith(one["mountPath"])), "")
        volume: Object = next((one for one in pod["spec"].get("volumes") or () if one["name"] == mounted), {})
        secret, config = volume.get("secret") or {}, volume.get("configMap") or {}
        if secret:
            found = self._local.get("secrets", secret["secretName"], namespace)
        else:
            found = self._local.get("configmaps", config.get("name", ""), namespace)
        text = ((found or {}).get("data") or {}).get(path.rpartition("/")[2])
        if text is None:
            return None
        try:
            whole = json.loads(base64.b64decode(text) if secret else text)
            return whole.get("Global") or {}
        except (ValueError, AttributeError):
            return None

    def _caller(self, config: Mapping[str, Any]) -> Caller:
        """The user whose key the file holds, else the role of the machine."""
        world = self._ccm.account.cloud.world
        try:
            key = base64.b64decode(str(config.get("accessKeyID") or "")).decode()
        except ValueError:
            key = ""
        return caller_of(world, key) if key in world.ram.keys else self._ccm.account.caller


def _flags(pod: Object) -> dict[str, str]:
    words = [str(word) for one in pod["spec"]["containers"] for word in arguments(one)]
    pairs = (word[2:].partition("=") for word in words if word.startswith("--"))
    return {name: value or "true" for name, _, value in pairs}
