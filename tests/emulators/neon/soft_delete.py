# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleted projects and branches: out of sight at once, recoverable for a week, then gone with their data."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..framework.errors import ApiError
from . import making
from .operations import Step
from .state import Branch, DeletedBranch, Endpoint, Operation, Project

if TYPE_CHECKING:
    from .world import World

LOG = logging.getLogger("emulator.soft_delete")
WINDOW = timedelta(days=7)
#: So many clusters of deleted objects are kept; what was deleted longest ago goes first. A machine's disk is finite.
KEPT_CLUSTERS = 24


@dataclass
class DeletedProject:
    """A deleted project with everything in it.

    :param recoverable_until: when it will be gone for good.
    """

    project: Project
    deleted_at: datetime
    recoverable_until: datetime


def delete_branch(world: World, project: Project, branch: Branch, *, method: str = "user", hard: bool = False) -> list[Operation]:
    """Schedule the deletion of a branch that may be deleted, in a project that is not locked.

    :param method: who deletes: ``user`` or ``ttl``.
    :param hard: for good at once.
    """
    steps = [world.computes.suspend_step(item) for item in project.branch_endpoints(branch.id) if item.current_state == "active"]
    if hard:
        steps.append(making.drop_step(world, branch, lambda: making.forget(project, branch)))
    else:
        steps.append(_put_away_step(world, project, branch, method))
    return world.operations.schedule(project, steps)


def _put_away_step(world: World, project: Project, branch: Branch, method: str) -> Step:
    async def put_away() -> None:
        endpoints = project.branch_endpoints(branch.id)
        for endpoint in endpoints:
            await world.data_plane.stop_compute(endpoint.id)
        making.forget(project, branch)
        now = world.clock.now()
        project.deleted_branches[branch.id] = DeletedBranch(branch, endpoints, now, now + WINDOW, method)

    return Step("delete_timeline", branch.id, None, put_away)


def recover_branch(world: World, project: Project, branch_id: str) -> tuple[Branch, list[Endpoint]]:
    """Bring a deleted branch back with its endpoints, idle, without its expiration.

    :raises ApiError: 404 if there is none to recover, 409 if its name is taken by now, 422 if its parent is gone, 423 if the project is locked.
    """
    deleted = project.deleted_branches.get(branch_id)
    if deleted is None:
        raise ApiError(404, "branch not found, or not recoverable")
    branch = deleted.branch
    making.check_branch_name(project, branch.name)
    if branch.parent_id is not None and branch.parent_id not in project.branches:
        raise ApiError(422, f"cannot recover branch {branch.name}: its parent {branch.parent_id} does not exist")
    world.operations.require_unlocked(project)
    del project.deleted_branches[branch_id]
    now = world.clock.now()
    branch.expires_at = branch.ttl_interval_seconds = None
    branch.updated_at = now
    project.branches[branch.id] = branch
    for endpoint in deleted.endpoints:
        _rest(endpoint, now)
        project.endpoints[endpoint.id] = endpoint
    return branch, deleted.endpoints


def delete_project(world: World, project: Project) -> None:
    """Take a project that may be deleted, and is not locked, out of sight and suspend its computes."""
    del world.projects[project.id]
    now = world.clock.now()
    world.deleted_projects[project.id] = DeletedProject(project, now, now + WINDOW)
    steps = [world.computes.suspend_step(endpoint) for endpoint in project.endpoints.values() if endpoint.current_state == "active"]
    world.operations.schedule(project, steps)


def recover_project(world: World, project_id: str) -> Project:
    """Bring a deleted project back; its endpoints are idle.

    :raises ApiError: 404 if there is none to recover, 423 while it is still being deleted.
    """
    deleted = world.deleted_projects.get(project_id)
    if deleted is None:
        raise ApiError(404, "project not found, or not recoverable")
    world.operations.require_unlocked(deleted.project)
    del world.deleted_projects[project_id]
    now = world.clock.now()
    for endpoint in deleted.project.endpoints.values():
        _rest(endpoint, now)
    deleted.project.updated_at = now
    world.projects[project_id] = deleted.project
    return deleted.project


def _rest(endpoint: Endpoint, now: datetime) -> None:
    endpoint.current_state, endpoint.pending_state = "idle", None
    endpoint.suspended_at = endpoint.suspended_at or now
    endpoint.updated_at = now


async def purge(world: World) -> None:
    """Remove, with its data, what can no longer be recovered."""
    now = world.clock.now()
    for deleted in over(list(world.deleted_projects.values()), _all_deleted_branches(world), now, KEPT_CLUSTERS):
        if isinstance(deleted, DeletedProject):
            await _purge_project(world, deleted)
        else:
            await _purge_branch(world, deleted)


def over(projects: list[DeletedProject], branches: list[DeletedBranch], now: datetime, kept_clusters: int) -> list[DeletedProject | DeletedBranch]:
    """What is to go now, oldest deletion first: what can no longer be recovered, and what exceeds ``kept_clusters``."""
    entries: list[DeletedProject | DeletedBranch] = sorted([*projects, *branches], key=lambda item: item.deleted_at)
    clusters = sum(map(_cluster_count, entries))
    found = []
    for entry in entries:
        if entry.recoverable_until <= now or clusters > kept_clusters:
            found.append(entry)
            clusters -= _cluster_count(entry)
    return found


def _cluster_count(entry: DeletedProject | DeletedBranch) -> int:
    if isinstance(entry, DeletedBranch):
        return 1
    return len(entry.project.branches) + len(entry.project.deleted_branches) + len(entry.project.snapshots)


def _all_deleted_branches(world: World) -> list[DeletedBranch]:
    return [deleted for project in world.projects.values() for deleted in project.deleted_branches.values()]


async def _purge_project(world: World, deleted: DeletedProject) -> None:
    project = deleted.project
    if any(operation.pending for operation in project.operations.values()):
        return  # still being suspended: the next round finds it
    world.deleted_projects.pop(project.id, None)
    for branch_id in [*project.snapshots, *reversed(project.branches), *project.deleted_branches]:
        await _drop(world, branch_id)
    LOG.info("project %s is gone for good", project.id)


async def _purge_branch(world: World, deleted: DeletedBranch) -> None:
    project = world.projects.get(deleted.branch.project_id)
    if project is None or project.deleted_branches.pop(deleted.branch.id, None) is None:
        return  # deleted with its project, or recovered, while others were removed
    await _drop(world, deleted.branch.id)
    LOG.info("branch %s is gone for good", deleted.branch.id)


async def _drop(world: World, branch_id: str) -> None:
    async with world.operations.branch_lock(branch_id):
        await world.data_plane.drop_cluster(branch_id)
