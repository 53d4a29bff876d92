"""A dry run that is killed, at a write or while it waits, leaves nothing that the next does not remove."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import Desk, Start
from tests.e2e.shadow import RUN, give_reader, standing, without_nodes
from upgrader.adapters.kube import connect
from upgrader.adapters.kube.cluster import KubeCluster
from upgrader.adapters.kube.transport import Transport, is_write
from upgrader.cli.origins import Origin, connect_all, look
from upgrader.execute.shadow.identity import Identity, source_of
from upgrader.execute.shadow.run import ShadowRun
from upgrader.matrix.load import load_matrix
from upgrader.model.version import parse_version
from upgrader.plan.images import image_of
from upgrader.ports.clock import SystemClock


@pytest.fixture
def desk(start: Start) -> Desk:
    return start("self-managed")


def test_a_killed_one_is_cleaned_up_by_the_next(desk: Desk) -> None:
    give_reader(desk)
    cluster = desk.lab.cluster()
    node = cluster.local.list("nodes")[0]
    labels, provider = node["metadata"]["labels"], node["spec"]["providerID"]
    desk.lab.run(lambda: without_nodes(cluster))
    for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 130), (signal.SIGINT, 130)):
        assert _signalled(number) == code
        assert bool(standing(desk)) == (number == signal.SIGKILL)
    desk.lab.run(lambda: cluster.controllers.add_node("new", "192.168.0.9", labels=labels, provider_id=provider))
    assert desk.json(*RUN)["shadow"]["taken_at"]
    assert standing(desk) == []


def _signalled(number: int) -> int:
    """The exit code of a dry run that finds no place, after a signal in the middle of its wait."""
    code = f"from upgrader.cli.main import main; main({[*RUN, '--kind', 'self-managed']!r})"
    argv = [sys.executable, "-c", code]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "waiting for the dry run" in line:
            process.send_signal(number)
            break
    process.stderr.read()
    return process.wait(60)


class Killed(BaseException):
    """The process is gone."""


class MortalTransport:
    """Dies at its n-th write, before it is sent or after it has landed; what is dead sends nothing more."""

    def __init__(self, transport: Transport, at: int, *, landed: bool) -> None:
        self.host, self._transport, self.left, self._landed = transport.host, transport, at, landed

    def request(self, method: str, path: str, query: Any = None, body: Any = None, **how: Any) -> bytes:
        if is_write(method, path):
            self.left -= 1
            if self.left < 0 or (self.left == 0 and not self._landed):
                raise Killed
        answer = self._transport.request(method, path, query, body, **how)
        if self.left == 0 and is_write(method, path):
            raise Killed
        return answer

    def stream(self, *asked: Any, **how: Any) -> Iterator[bytes]:
        return self._transport.stream(*asked, **how)


@pytest.mark.parametrize("landed", [False, True])
def test_wherever_it_is_killed_the_next_one_finds_and_removes_what_it_left(desk: Desk, *, landed: bool) -> None:
    # Every third write; the next of this process takes the lock over at once, as its owner is dead.
    give_reader(desk)
    facts = look(Origin(kind="self-managed"), connect_all(Origin()))

    def attempt(transport: Any) -> str:
        cluster = KubeCluster(transport, SystemClock())
        assert facts.ccm.workload is not None
        source = source_of(cluster.reader, "reader")
        identity = Identity(name="reader", secret="reader", config_key=source.key, stamp=source.stamp)
        target = parse_version("v2.14.0")
        image = image_of(facts.ccm.image, target, load_matrix())
        return ShadowRun(cluster=cluster.reader, writer=cluster.writer, clock=SystemClock(), version=target,
                         image=image, present_image=facts.ccm.image, workload=facts.ccm.workload,
                         identity=identity, poll_s=0.05).run()  # fmt: skip

    whole, points, left = connect().transport, 0, set[str]()
    for at in range(1 + landed, 100, 3):
        try:
            attempt(MortalTransport(whole, at, landed=landed))
            break
        except Killed:
            points += 1
            left.update(standing(desk))
            assert attempt(whole)
            assert standing(desk) == []
    assert points >= 5
    assert {"ServiceAccount", "ClusterRole"} <= left
