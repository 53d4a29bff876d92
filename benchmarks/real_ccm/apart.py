"""A place whose cloud is another process: `ccm-upgrade lab start --cloud-only`, asked by HTTP alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from benchmarks.real_ccm.binary import Ccm, find_binary
from benchmarks.real_ccm.door import Door
from benchmarks.real_ccm.place import CLUSTER_ID, REGION, VPC, Place
from upgrader.lab.cloud.seed import ROOT_KEY, ROOT_SECRET
from upgrader.lab.journal import Request
from upgrader.model.version import CcmVersion
from upgrader.ports.clock import SystemClock

_TOOL = str(Path(sys.executable).with_name("ccm-upgrade"))
_METADATA = {"region-id": REGION, "vpc-id": VPC, "zone-id": f"{REGION}-h", "vswitch-id": "vsw-lab-h",
             "instance-id": "i-node1"}  # fmt: skip


class Apart(Place):
    """The Kubernetes API is served here, the cloud by a process of its own."""

    def __init__(self, directory: Path, *, seed: int = 0) -> None:
        super().__init__(directory, seed=seed)
        self.endpoint = ""
        self._ca = Path()
        self._cloud: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Apart:
        super().__enter__()
        out = (self.directory / "cloud.json").open("wb")
        command = [_TOOL, "lab", "start", "--cloud-only", "--dir", str(self.directory / "cloud"), "-o", "json"]
        self._cloud = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, env=dict(os.environ))
        started = self._started()
        self.endpoint, self._ca = started["endpoint"], Path(started["ca"])
        if self._door is not None:
            self._door.close()
        ports = [int(started[name].rpartition(":")[2]) for name in ("secure_endpoint", "endpoint")]
        self._door = Door(*ports, _METADATA)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._cloud is not None:
            self._cloud.terminate()
            self._cloud.wait(20)
        super().__exit__(kind, error, at)

    def _started(self) -> Any:
        end = time.monotonic() + 150
        while time.monotonic() < end:
            SystemClock().sleep(0.2)
            try:
                return json.loads((self.directory / "cloud.json").read_bytes())
            except ValueError:
                continue
        self.__exit__(None, None, None)
        raise TimeoutError("the cloud has not started")

    def ccm(self, folder: Path, version: CcmVersion, *, extra: tuple[str, ...] = ()) -> Ccm:
        """A CCM of that version between the two, not yet started; it trusts both authorities."""
        assert self._door is not None
        both = self.directory / "both-ca.pem"
        both.write_bytes(self._ca.read_bytes() + self.lab.ca_file.read_bytes())
        config: dict[str, str | int] = {"clusterID": CLUSTER_ID, "region": REGION, "vpcid": VPC,
                                        "vswitchid": "vsw-lab-h"}  # fmt: skip
        return Ccm(find_binary(folder, version), version, self.directory, kubeconfig=self.kubeconfig, ca=both,
                   door=self._door.url, config=config, extra=extra)  # fmt: skip

    def requests(self, since: int = 0) -> tuple[Request, ...]:
        """The cloud's journal, as `lab status --requests` tells it."""
        found = self._status("--requests", "--since", str(since))
        return msgspec.convert(found["requests"], tuple[Request, ...])

    @property
    def last_seq(self) -> int:
        """How many requests there were; asked often, so straight by HTTP."""
        with urllib.request.urlopen(f"{self.endpoint}/_lab/status", timeout=10) as answer:  # loopback
            return int(json.load(answer)["asked"])

    def unhandled(self) -> list[str]:
        """Actions that the lab does not have."""
        return list(self._status()["unhandled"])

    def quiet(self, ccm: Ccm, *, for_s: float, limit_s: float, first_s: float = 0.0) -> bool:
        """As in a place of one process."""
        end, begun = time.monotonic() + limit_s, time.monotonic()
        seen, last = self.last_seq, begun
        while time.monotonic() < end and ccm.alive():
            SystemClock().sleep(1.0)
            now, asked = time.monotonic(), self.last_seq
            if asked != seen:
                seen, last = asked, now
            if now - last > for_s and (last > begun or now - begun > max(first_s, for_s)):
                return True
        return False

    def console(self, action: str, params: dict[str, str]) -> None:
        """One request of the account's owner, as the console sends it."""
        from upgrader.adapters.aliyun import connect
        from upgrader.execute.lock import NoFence

        connect(region=REGION, endpoint=self.endpoint, key=(ROOT_KEY, ROOT_SECRET)).writer(NoFence()).send(
            action, REGION, params
        )

    def _status(self, *more: str) -> Any:
        command = [_TOOL, "lab", "status", "--endpoint", self.endpoint, *more, "-o", "json"]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
