"""`ccm.addon`: ACK upgrades the add-on. Undone only while the task can be cancelled: ACK documents no downgrade."""

from __future__ import annotations

from typing import Any

from upgrader.execute.session import Session
from upgrader.execute.steps.base import Hands, Observed, Undone
from upgrader.execute.wait import Look
from upgrader.model.errors import BugError, CcmUpgradeError, InputError
from upgrader.model.params import AddonParams, decode_params
from upgrader.model.plan import Step
from upgrader.model.version import parse_version
from upgrader.ports.read import CloudReader, Ref, Right, TaskInfo

_BUSY = ("upgrading", "updating", "initial", "deleting")


class CcmAddon:
    """The handler of `ccm.addon`."""

    def _cloud(self, session: Session) -> CloudReader:
        if session.cloud is None:
            raise BugError("a step of the cloud without a way to the cloud", where="ccm.addon")
        return session.cloud

    def observe(self, session: Session, step: Step) -> Observed:
        """The installed version. A task under way counts as neither before nor wanted, unless the version is there."""
        params = decode_params(step, AddonParams)
        addon = self._cloud(session).addon(params.cluster_id, params.name)
        tasks = self._cloud(session).running_tasks(params.cluster_id)
        busy = addon.state.lower() in _BUSY or bool(tasks)
        # Tasks of other kinds stand in the way of a beginning, but are never ours to wait for or to cancel.
        upgrades = [task.id for task in tasks if "addon" in task.type.lower()]
        state = {"version": addon.version, "state": addon.state, "tasks": upgrades}
        return Observed(
            state=state,
            as_wanted=_same(addon.version, params.to_version) and not busy,
            as_before=_same(addon.version, params.from_version) and not busy,
            words=f"add-on {addon.version or 'unknown'}, {addon.state or 'state unknown'}"
            + (f", task {tasks[0].id} under way" if tasks else ""),
            under_way=addon.state.lower() in _BUSY or bool(upgrades),
        )

    def rights(self, step: Step) -> tuple[Right, ...]:
        """None: it is a matter of the cloud."""
        return ()

    def watches(self, step: Step) -> Ref | None:
        """Nothing: the cloud has no watch."""
        return None

    def do(self, session: Session, step: Step, hands: Hands, before: Any) -> tuple[str, ...]:
        """Start the upgrade; one request."""
        params = decode_params(step, AddonParams)
        _, request = hands.cloud.upgrade_addon(
            params.cluster_id, params.name, params.from_version, params.to_version, params.config
        )
        return (request,)

    def settled(self, session: Session, step: Step) -> Look:
        """The installed version is the wanted one and nothing is under way.

        A task that "failed" although the version changed has landed; one that "succeeded" without a change has failed.
        """
        params = decode_params(step, AddonParams)
        found = self.observe(session, step)
        if found.as_wanted:
            return Look(met=True, seen=found.words)
        if found.under_way or _same(str(found.state["version"]), params.to_version):
            return Look(met=False, seen=found.words + self._stage(session, found.state["tasks"]))
        return Look(
            met=False, seen=found.words,
            failed=f"ACK's task ended, but the add-on is at {found.state['version']}, not {params.to_version}",
        )  # fmt: skip

    def _stage(self, session: Session, tasks: list[str]) -> str:
        try:
            infos: list[TaskInfo] = [self._cloud(session).task(task) for task in tasks[:1]]
        except CcmUpgradeError:
            return ""
        return "".join(f"; {info.state} {info.stage} {info.message}".rstrip() for info in infos)

    def gone(self, session: Session, step: Step, before: Any) -> Look:
        """What was there before is there again."""
        found = self.observe(session, step)
        return Look(met=found.as_before, seen=found.words)

    def undo(self, session: Session, step: Step, hands: Hands, before: Any, ours: Any) -> Undone:
        """Cancel the add-on's task while it runs; a version that has landed stays, and is said to."""
        params = decode_params(step, AddonParams)
        now = self.observe(session, step)
        if now.as_before:
            return Undone()
        ids = tuple(hands.cloud.cancel_task(task) for task in now.state["tasks"])
        if _same(str(now.state["version"]), params.from_version):
            return Undone(request_ids=ids)
        return Undone(
            left=f"the add-on is at {now.state['version']}: ACK documents no downgrade; go forward to a fixed version, "
            "or open a ticket",
            request_ids=ids,
        )


def _same(one: str, other: str) -> bool:
    try:
        return parse_version(one) == parse_version(other)
    except InputError:
        return one == other
