"""One real CCM as a process: its flags by generation, its cloud-config, its way to the lab."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from pathlib import Path

from upgrader.lab.cloud.seed import ROOT_KEY, ROOT_SECRET
from upgrader.model.errors import InputError
from upgrader.model.version import CcmVersion, parse_version

_V2 = parse_version("v2.1.0")
_NLB_SINCE = parse_version("v2.5.0")
_PPROF_SINCE = parse_version("v2.8.0")
_CONCURRENCY_IN_CONFIG_SINCE = parse_version("v2.9.1")
_STOP_S = 20


def find_binary(folder: Path, version: CcmVersion) -> Path:
    """The file in `folder` whose name ends in the version, with or without a commit behind it."""
    found = sorted(p for p in folder.iterdir() if p.is_file() and _names(p.name, version))
    if not found:
        raise InputError(what=f"no binary of {version}", where=str(folder), next_command="name it ccm-vX.Y.Z")
    return found[0]


def _names(name: str, version: CcmVersion) -> bool:
    rest = name.rpartition(str(version))[2] if str(version) in name else None
    return rest is not None and (not rest or rest.startswith("-"))


class Ccm:
    """A running CCM: `with Ccm(…): …`. Its log is `log`."""

    def __init__(
        self, binary: Path, version: CcmVersion, directory: Path, *, kubeconfig: Path, ca: Path, door: str,
        config: dict[str, str | int], extra: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.version = version
        self.log = directory / f"ccm-{version}.log"
        self._argv = [str(binary), *_flags(version, _write_config(directory, config), kubeconfig), *extra]
        # Nothing of the caller's environment: no credentials, no other proxy.
        self._env = {
            "PATH": os.environ["PATH"], "HOME": str(directory), "SSL_CERT_FILE": str(ca), "KUBECONFIG": str(kubeconfig),
            "HTTPS_PROXY": door, "HTTP_PROXY": door, "NO_PROXY": "127.0.0.1,localhost",
            "POD_NAMESPACE": "kube-system", "POD_NAME": "ccm",
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Ccm:
        self.start()
        return self

    def start(self) -> None:
        """Start it, once more where it has ended: as a kubelet would."""
        self._process = subprocess.Popen(
            ["nice", *self._argv], env=self._env, stdout=self.log.open("ab"), stderr=subprocess.STDOUT
        )

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def said(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _write_config(directory: Path, config: dict[str, str | int]) -> Path:
    secrets = {"accessKeyID": ROOT_KEY, "accessKeySecret": ROOT_SECRET}
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in secrets.items()}
    path = directory / "cloud-config.conf"
    path.write_text(json.dumps({"Global": {**config, **encoded}}), encoding="utf-8")
    return path


def _flags(version: CcmVersion, config: Path, kubeconfig: Path) -> list[str]:
    shared = [f"--cloud-config={config}", "--configure-cloud-routes=false", "--leader-elect=false"]
    if version < _V2:
        return [*shared, "--cloud-provider=alicloud", f"--kubeconfig={kubeconfig}", "--port=0", "--address=127.0.0.1",
                "--allow-untagged-cloud=true", "--logtostderr=true", "--v=2"]  # fmt: skip
    controllers = "service,nlb" if version >= _NLB_SINCE else "service"
    flags = [*shared, f"--controllers={controllers}", "--metrics-bind-addr=0", "--health-probe-bind-addr=0",
             "--network=public", "--kube-api-qps=200", "--kube-api-burst=400"]  # fmt: skip
    if version < _CONCURRENCY_IN_CONFIG_SINCE:
        flags.append("--concurrent-service-syncs=12")
    return [*flags, "--pprof-bind-addr=0"] if version >= _PPROF_SINCE else flags
