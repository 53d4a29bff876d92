"""The lab: an account with clusters, served on loopback by one thread, with everything that a client needs to reach it.

`start` returns when it listens. What a request sets off (controllers, CCM, add-on upgrades) is carried out on the
server's own loop, so that nothing in the lab is ever changed from two sides at once.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from upgrader.lab.agenda import Agenda
from upgrader.lab.build import build
from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.call import ROOT, Call
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.cs.tasks import settle_all
from upgrader.lab.cloud.gateway import Gateway
from upgrader.lab.cloud.params import Params
from upgrader.lab.cloud.seed import ROOT_KEY, ROOT_SECRET
from upgrader.lab.cloud.state import World
from upgrader.lab.cluster import WORKLOAD, LabCluster
from upgrader.lab.control import Control
from upgrader.lab.journal import Request
from upgrader.lab.kube.store import Change
from upgrader.lab.kubeconfig import TOKEN, kubeconfig, token_of
from upgrader.lab.scenario import Scenario
from upgrader.lab.server import LabServer
from upgrader.lab.tls import make_authority
from upgrader.model.errors import InputError

_SLICE_S = 0.2
Result = TypeVar("Result")
_FOLLOWED = frozenset({"ram", "vpc", "ecs"})


class Saved(Struct, kw_only=True):
    """A lab as a file keeps it. `broken_images` are by cluster those that are never pulled, and are no object of it."""

    scenario: Scenario
    seed: int
    cloud: msgspec.Raw
    clusters: dict[str, msgspec.Raw]
    broken_images: dict[str, list[str]] = {}


class Lab:
    """One lab. Several live side by side; each has ports, files and an account of its own."""

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        port: int = 0,
        seed: int = 0,
        directory: Path | None = None,
        strict: bool = True,
        clock: LabClock | None = None,
    ) -> None:
        self.scenario = scenario or Scenario(name="cloud-only", title="A cloud without clusters")
        self.cloud = Cloud(World(seed=seed), clock=clock or LabClock())
        self._own_directory = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="ccm-upgrade-lab-"))
        self._authority = make_authority(self.directory)
        self.clusters: dict[str, LabCluster] = build(self.scenario, self.cloud)
        self.stopping = threading.Event()
        self._server = LabServer(
            Gateway(self.cloud, strict=strict),
            port=port,
            tls=self._authority.context(),
            kubernetes=self._kubernetes,
            control=Control(self, self.stopping.set).handle,
        )
        self._server.after_request = self._stir
        self._agenda = Agenda(self.cloud.clock)
        self._timer: asyncio.TimerHandle | None = None
        self.cloud.on_addon_version(self._addon_changed)
        self.cloud.journal.listeners.append(self._asked)
        for cluster in self.clusters.values():
            for token in (TOKEN, token_of(cluster.id)):
                cluster.api.users[token] = ("kubernetes-admin", ("system:masters",))
            cluster.api.rbac_enforced = True
            cluster.api.faults = self.cloud.faults
            cluster.api.after_write.append(self._stir)
            cluster.api.store.listeners.append(partial(self._moved, cluster.id))
            self._agenda.wake(cluster.id)

    # -- reaching it -----------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The plain address: what `--endpoint` takes."""
        return self._server.url

    @property
    def secure_url(self) -> str:
        """The https address, whose certificate `ca_file` vouches for."""
        return self._server.secure_url

    @property
    def server(self) -> LabServer:
        """The HTTP side."""
        return self._server

    @property
    def ca_file(self) -> Path:
        """The certificate of the lab's own authority."""
        return self._authority.ca_file

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with one context a cluster; the first cluster is the current one."""
        return self.directory / "kubeconfig"

    @property
    def environment(self) -> dict[str, str]:
        """What to export so that our tool, `aliyun` and `kubectl` reach the lab."""
        found = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": ROOT_KEY,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ROOT_SECRET,
            "ALIBABA_CLOUD_REGION_ID": self.cloud.world.region,
            "CCM_UPGRADE_ENDPOINT": self.url,
        }
        return {**found, "KUBECONFIG": str(self.kubeconfig)} if self.clusters else found

    def cluster(self, name: str = "") -> LabCluster:
        """A cluster by name or id; the first one when nothing is named."""
        for cluster in self.clusters.values():
            if name in ("", cluster.id, cluster.spec.name):
                return cluster
        raise InputError(what=f"no cluster {name!r} in the lab", next_command="ccm-upgrade lab status")

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> Lab:
        """Listen, and write the kubeconfig. Raises `InputError` when the port is taken."""
        self._server.start()
        reached = partial(kubeconfig, self.secure_url, self.ca_file.read_bytes())
        if self.clusters:
            self.kubeconfig.write_text(reached(list(self.clusters.values())), encoding="utf-8")
            self.kubeconfig.chmod(0o600)
        for one in self.clusters.values():
            known = self.cloud.world.cs.clusters.get(one.id)
            if known is not None:
                known.kubeconfig = reached([one])
        self.run(self._stir)
        return self

    def stop(self) -> None:
        """Close everything; safe to call twice. The files go too, unless the directory was given."""
        self._server.stop()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Lab:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, action: Callable[[], Result]) -> Result:
        """Do something to the lab's state on its own loop, and wait for it: the way to change a served lab."""
        if not self._server.loop.is_running():
            return action()

        async def act() -> Result:
            return action()

        return asyncio.run_coroutine_threadsafe(act(), self._server.loop).result()

    def settle(self) -> None:
        """Let every controller and every CCM finish what is due."""
        self.run(lambda: [cluster.work() for cluster in self.clusters.values()])

    # -- states ----------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """The whole state: account, clusters, waiting faults, time."""
        return self.run(self.snapshot_here)

    def restore(self, snapshot: bytes) -> None:
        """Go back to a snapshot of this very lab. The journal stays."""
        self.run(lambda: self.restore_here(snapshot))

    def advance(self, seconds: float) -> None:
        """Move the time forward, and do what has become due. On the lab's own loop, or before it is served."""
        self.cloud.clock.advance(seconds)
        call = Call(self.cloud.world, Params({}), ROOT, self.cloud.clock, self.cloud.addon_hooks)
        for cluster_id in self.clusters:
            settle_all(call, cluster_id)
        self._stir()

    def snapshot_here(self) -> bytes:
        """The state, for callers on the lab's own loop."""
        saved = Saved(
            scenario=self.scenario,
            seed=self.cloud.world.seed,
            cloud=msgspec.Raw(self.cloud.snapshot()),
            clusters={one.id: msgspec.Raw(one.api.save()) for one in self.clusters.values()},
            broken_images={one.id: sorted(one.controllers.broken_images) for one in self.clusters.values()},
        )
        return msgspec.json.encode(saved)

    def restore_here(self, snapshot: bytes) -> None:
        """Go back to a snapshot, for callers on the lab's own loop."""
        saved = msgspec.json.decode(snapshot, type=Saved)
        if set(saved.clusters) != set(self.clusters):
            raise InputError(what="the saved lab has other clusters", next_command="ccm-upgrade lab start --load FILE")
        self.cloud.restore(bytes(saved.cloud))
        self._agenda.clear()
        for cluster_id, state in saved.clusters.items():
            if cluster_id in saved.broken_images:
                broken = self.clusters[cluster_id].controllers.broken_images
                broken.clear()
                broken.update(saved.broken_images[cluster_id])
            self.clusters[cluster_id].load(bytes(state))
            self._agenda.wake(cluster_id)
            known = self.cloud.world.cs.clusters.get(cluster_id)
            if known is not None and self.clusters[cluster_id].spec.kind == "managed":
                # No object of the cluster says what runs in ACK's control plane.
                self.clusters[cluster_id].addon_changed(known.addons[WORKLOAD].version)
        self._stir()

    # -- what requests set off ----------------------------------------------------------------------------------------

    def _stir(self) -> None:
        """Let what is due happen, and come back when the next thing is."""
        for cluster_id in self._agenda.due():
            self._agenda.later(cluster_id, self.clusters[cluster_id].work(_SLICE_S))
        loop, pause_s = self._server.loop, self._agenda.next_s()
        if pause_s is not None and loop.is_running():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_later(max(0.01, pause_s), self._stir)

    def _moved(self, cluster_id: str, _: Change) -> None:
        self._agenda.wake(cluster_id)

    def _addon_changed(self, cluster_id: str, addon: str, version: str) -> None:
        cluster = self.clusters.get(cluster_id)
        if cluster is not None and addon == "cloud-controller-manager":
            cluster.addon_changed(version)
            self._agenda.wake(cluster_id)

    def _asked(self, request: Request) -> None:
        """Rights that moved are tried at once: nobody wants to wait for a work queue in a rehearsal."""
        if request.product in _FOLLOWED and request.write and request.status == 200:
            for cluster in self.clusters.values():
                if cluster.ccm.retry_now():
                    self._agenda.wake(cluster.id)

    async def _kubernetes(self, request: web.Request, cluster_id: str, rest: str) -> web.StreamResponse:
        if not cluster_id:
            cluster_id = request.headers["Authorization"].rpartition(".")[2]
            cluster_id = cluster_id if cluster_id in self.clusters else next(iter(self.clusters), "")
        cluster = self.clusters.get(cluster_id)
        if cluster is None:
            return web.json_response({"message": f"no cluster {cluster_id}"}, status=404)
        return await cluster.api.handle(request, rest)


def open_saved(
    data: bytes,
    *,
    port: int = 0,
    directory: Path | None = None,
    strict: bool = True,
    clock: LabClock | None = None,
) -> Lab:
    """A lab as it was saved, with its clusters, time and waiting faults. Raises `InputError` for no such file."""
    try:
        saved = msgspec.json.decode(data, type=Saved)
    except msgspec.MsgspecError as error:
        raise InputError(
            what="this is no saved lab", why=str(error), next_command="ccm-upgrade lab save FILE"
        ) from error
    lab = Lab(saved.scenario, port=port, seed=saved.seed, directory=directory, strict=strict, clock=clock)
    lab.restore(data)
    return lab
