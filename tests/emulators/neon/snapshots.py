# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots: taking, restoring, expiring, and the ones that a schedule asks for. A snapshot is a cluster that no endpoint serves."""

from __future__ import annotations

import dataclasses
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..framework.errors import ApiError
from . import backup_schedule, catalog, making, names
from .dataplane.wal import parse_lsn
from .operations import Step
from .state import Branch, Operation, Project, Snapshot
from .targets import HEAD, Target

if TYPE_CHECKING:
    from .world import World

LOG = logging.getLogger("emulator.snapshots")


def check_source(branch: Branch) -> None:
    """Refuse a branch that is no root: only those have snapshots and a backup schedule.

    :raises ApiError: 422.
    """
    if branch.parent_id is not None:
        raise ApiError(422, f"branch {branch.name} is no root branch: snapshots are taken of root branches only")


def check_limit(world: World, project: Project) -> None:
    """Refuse one manual snapshot too many. Scheduled ones do not count.

    :raises ApiError: 422.
    """
    if sum(snapshot.manual for snapshot in project.snapshots.values()) >= world.snapshot_limit:
        raise ApiError(422, f"the project has {world.snapshot_limit} manual snapshots, and no more are allowed", "SNAPSHOTS_LIMIT_EXCEEDED")


def take(
    world: World, project: Project, branch: Branch, name: str, target: Target = HEAD, *, expires_at: datetime | None = None, manual: bool = True
) -> tuple[Snapshot, list[Operation]]:
    """Schedule the taking of a snapshot in a project that is not locked."""
    now = world.clock.now()
    snapshot = Snapshot(names.snapshot_id(), project.id, name, branch.id, now, manual, lsn=target.lsn, expires_at=expires_at)
    if target.lsn is None:
        snapshot.timestamp = target.at or now
    project.snapshots[snapshot.id] = snapshot

    async def copy() -> None:
        copied = await world.data_plane.copy_cluster(branch.id, snapshot.id, **target.for_data_plane(world.clock))
        snapshot.lsn = copied.lsn
        catalog.settle(world, project, snapshot, branch, copied)
        before = _scheduled_before(project, snapshot)
        if manual or before is None or before.lsn is None:
            snapshot.full_size = await world.data_plane.logical_size(snapshot.id)
        else:
            snapshot.diff_size = max(0, parse_lsn(copied.lsn) - parse_lsn(before.lsn))
        snapshot.ready = True

    step = Step("create_branch", branch.id, None, copy, lambda: project.snapshots.pop(snapshot.id, None) and None)
    return snapshot, world.operations.schedule(project, [step])


def _scheduled_before(project: Project, snapshot: Snapshot) -> Snapshot | None:
    earlier = [
        item
        for item in project.snapshots.values()
        if item is not snapshot and item.ready and not item.manual and item.source_branch_id == snapshot.source_branch_id
    ]
    return max(earlier, key=lambda item: item.created_at, default=None)


def delete(world: World, project: Project, snapshot: Snapshot) -> list[Operation]:
    """Schedule the removal of a snapshot in a project that is not locked."""
    return world.operations.schedule(project, [delete_step(world, project, snapshot)])


def delete_step(world: World, project: Project, snapshot: Snapshot) -> Step:
    """The operation that removes a snapshot with its data."""

    async def drop() -> None:
        if project.snapshots.pop(snapshot.id, None) is not None:
            await world.data_plane.drop_cluster(snapshot.id)

    return Step("delete_timeline", None, None, drop)


def restore_steps(world: World, project: Project, branch: Branch, snapshot: Snapshot) -> list[Step]:
    """Make ``branch`` from a snapshot."""

    async def copy() -> None:
        copied = await world.data_plane.copy_cluster(snapshot.id, branch.id)
        catalog.settle(world, project, branch, snapshot, copied)
        await world.meter.start_from_here(branch)
        making.mark_ready(world, branch)

    return [Step("create_branch", branch.id, None, copy, lambda: project.branches.pop(branch.id, None) and None)]


def finalize_steps(world: World, project: Project, branch: Branch, replaced: Branch, name: str) -> list[Step]:
    """Let ``branch``, made from a snapshot, take the place of ``replaced``, which is then called ``name``.

    Each gets the other's computes; name, protection, being the default, and the backup schedule go to ``branch``.
    """
    endpoints = [*project.branch_endpoints(replaced.id), *project.branch_endpoints(branch.id)]
    active = [endpoint for endpoint in endpoints if endpoint.current_state == "active"]

    async def swap() -> None:
        now = world.clock.now()
        for endpoint in endpoints:
            endpoint.branch_id = branch.id if endpoint.branch_id == replaced.id else replaced.id
            endpoint.updated_at = now
        branch.name, replaced.name = replaced.name, name
        branch.protected, replaced.protected = replaced.protected, False
        branch.backup_schedule, replaced.backup_schedule = replaced.backup_schedule, []
        branch.backups_done_until, replaced.backups_done_until = replaced.backups_done_until, []
        branch.deletable_root, replaced.deletable_root = replaced.deletable_root, True
        if project.default_branch_id == replaced.id:
            project.default_branch_id = branch.id
        branch.restore_status = "finalized"
        branch.updated_at = replaced.updated_at = now

    steps = [world.computes.suspend_step(endpoint) for endpoint in active]
    steps.append(Step("swap_binding_id", branch.id, None, swap))
    for endpoint in active:
        moved_to = branch.id if endpoint.branch_id == replaced.id else replaced.id
        steps.append(dataclasses.replace(world.computes.start_step(project, endpoint), branch_id=moved_to))
    return steps


def name_of_replaced(project: Project, replaced: Branch) -> str:
    """``<name> (old)``, with a number when that is taken."""
    taken = {branch.name for branch in project.branches.values()}
    name, number = f"{replaced.name} (old)", 2
    while name in taken:
        name, number = f"{replaced.name} (old {number})", number + 1
    return name


def keep_up(world: World) -> None:
    """Remove the snapshots whose time is over, and take those that schedules ask for; a locked project has to wait for the next call."""
    for project in list(world.projects.values()):
        if not any(operation.pending for operation in project.operations.values()):
            _keep_up(world, project)


def _keep_up(world: World, project: Project) -> None:
    now = world.clock.now()
    expired = [snapshot for snapshot in project.snapshots.values() if snapshot.expires_at is not None and snapshot.expires_at <= now]
    if expired:
        LOG.info("project %s: %s snapshots have expired", project.id, len(expired))
        world.operations.schedule(project, [delete_step(world, project, snapshot) for snapshot in expired])
        return  # the project is locked now
    for branch in list(project.branches.values()):
        due = _due(branch, now)
        if due is not None:
            moment, entry = due
            expires_at = now + timedelta(seconds=entry["retention_seconds"])
            take(world, project, branch, f"{branch.name} {entry['frequency']} {moment:%Y-%m-%dT%H:%MZ}", expires_at=expires_at, manual=False)
            return


def _due(branch: Branch, now: datetime) -> tuple[datetime, backup_schedule.Entry] | None:
    """The next thing to be done of the branch's schedule, which counts as done from here on."""
    for index, entry in enumerate(branch.backup_schedule):
        moment = backup_schedule.latest_due(entry, branch.backups_done_until[index], now)
        if moment is not None:
            branch.backups_done_until[index] = now
            return moment, entry
    return None
