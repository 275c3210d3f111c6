# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring a branch: to its own past, to another branch, to its parent."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from ..framework.fields import Fields
from . import catalog, expiry, names, rules, shapes
from .dataplane import Copied, DataPlaneError
from .operations import Step
from .state import Branch, Project, Usage
from .targets import Target, target_of
from .world import World, branch_of, in_branch


async def restore_branch(request: web.Request) -> web.Response:
    """``POST /projects/{project_id}/branches/{branch_id}/restore``.

    The branch keeps its id, name and computes and gets other data; what it held goes on as the branch ``preserve_under_name``, if given.
    """
    world, project, branch = in_branch(request)
    fields = await Fields.of(request)
    source = branch_of(project, fields.require("source_branch_id", str))
    timestamp, lsn = fields.get("source_timestamp", str), fields.get("source_lsn", str)
    preserve = fields.get("preserve_under_name", str, "") or ""
    world.operations.require_unlocked(project)
    rules.check_restore(project, branch, source, at_head=not (timestamp or lsn), preserve=preserve)
    if source is not branch and branch.parent_id is not None:
        expiry.check_parent(source)  # which the source is about to be
    target = await target_of(world, project, source, timestamp=timestamp, lsn=lsn)
    world.operations.require_unlocked(project)
    kept = _kept(world, project, branch, source, preserve) if preserve else None
    operations = world.operations.schedule(project, _steps(world, project, branch, source, target, kept))
    return web.json_response({"branch": shapes.branch(branch, project), "operations": shapes.operations(operations)})


def _kept(world: World, project: Project, branch: Branch, source: Branch, name: str) -> Branch:
    """The branch that goes on with what ``branch`` holds now; registered in its project."""
    now = world.clock.now()
    kept = dataclasses.replace(
        branch,
        id=names.branch_id(),
        name=name,
        protected=False,
        created_at=now,
        updated_at=now,
        state_changed_at=now,
        current_state="init",
        pending_state="ready",
        history_began_at=branch.history_began_at or branch.created_at,
        annotations={},
        expires_at=None,
        ttl_interval_seconds=None,
        usage=Usage(),
        restore_status=None,
        restored_from=None,
        restored_as=None,
        backup_schedule=[],
        backups_done_until=[],
        deletable_root=branch.deletable_root or source is branch,
    )
    project.branches[kept.id] = kept
    return kept


def _steps(world: World, project: Project, branch: Branch, source: Branch, target: Target, kept: Branch | None) -> list[Step]:
    hidden_id = names.branch_id()
    result: list[Copied] = []

    async def copy() -> None:
        where = target.for_data_plane(world.clock)
        if source is branch:  # whose lock this operation holds already
            result.append(await world.data_plane.copy_cluster(source.id, hidden_id, **where))
            return
        async with world.operations.branch_lock(source.id):
            result.append(await world.data_plane.copy_cluster(source.id, hidden_id, **where))

    async def swap() -> None:
        try:
            await world.data_plane.replace_cluster(branch.id, hidden_id, keep_as=kept.id if kept else None)
        except DataPlaneError:
            await world.data_plane.drop_cluster(hidden_id)
            raise
        _settle(world, project, branch, source, target, kept, result[0])
        for changed in (branch, kept) if kept else (branch,):
            await world.meter.start_from_here(changed)

    before = branch.current_state

    def undo() -> None:
        branch.current_state, branch.pending_state = before, None
        if kept:
            project.branches.pop(kept.id, None)

    now = world.clock.now()
    branch.current_state, branch.pending_state, branch.state_changed_at = "resetting", "ready", now
    active = [endpoint for endpoint in project.branch_endpoints(branch.id) if endpoint.current_state == "active"]
    steps = [Step("create_timeline", branch.id, None, copy, undo)]
    steps += [world.computes.suspend_step(endpoint) for endpoint in active]
    steps.append(Step("create_branch", branch.id, None, swap, undo))
    return steps + [world.computes.start_step(project, endpoint) for endpoint in active]


def _settle(world: World, project: Project, branch: Branch, source: Branch, target: Target, kept: Branch | None, copied: Copied) -> None:
    """What the API shows once the data are there."""
    now = world.clock.now()
    if kept:
        kept.roles = branch.roles
        kept.databases = {name: dataclasses.replace(database, id=world.next_database_id()) for name, database in branch.databases.items()}
        kept.current_state, kept.pending_state, kept.state_changed_at = "ready", None, now
        for child in project.children(branch.id):
            child.parent_id = kept.id
    catalog.settle(world, project, branch, source, copied)
    if source.id == branch.parent_id and target.is_head:
        expiry.renew(branch, now)
    if branch.parent_id is not None:
        # A branch that was no root is now one of the branch its data come from; a root stays one.
        branch.parent_id = kept.id if kept and source is branch else source.id
        branch.parent_lsn = copied.lsn
        branch.parent_timestamp = target.at if not target.is_head else now
    branch.history_began_at = branch.last_reset_at = branch.updated_at = branch.state_changed_at = now
    branch.current_state, branch.pending_state, branch.logical_size = "ready", None, None


ROUTES = [web.post("/projects/{project_id}/branches/{branch_id}/restore", restore_branch)]
