# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots and backup schedules."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from ..framework.errors import ApiError
from ..framework.fields import Fields
from . import backup_schedule, making, rules, shapes, snapshots
from .state import Branch, Project, Snapshot
from .targets import parse_timestamp, target_of
from .world import DOMAIN, WORLD, World, branch_of, in_branch


def _found(request: web.Request) -> tuple[World, Project, Snapshot]:
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    snapshot = project.snapshots.get(request.match_info["snapshot_id"])
    if snapshot is None:
        raise ApiError(404, "snapshot not found")
    return world, project, snapshot


def _expiration(world: World, text: str | None) -> datetime | None:
    if not text:
        return None
    moment = parse_timestamp(text, "expires_at")
    if moment <= world.clock.now():
        raise ApiError(400, f"expires_at {text} is not in the future")
    return moment


async def list_snapshots(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/snapshots``."""
    project = request.app[WORLD].project(request.match_info["project_id"])
    return web.json_response({"snapshots": [shapes.snapshot(item) for item in project.snapshots.values()]})


async def create_snapshot(request: web.Request) -> web.Response:
    """``POST /projects/{project_id}/branches/{branch_id}/snapshot``; everything is in the query."""
    world, project, branch = in_branch(request)
    query = request.query
    world.operations.require_unlocked(project)
    snapshots.check_source(branch)
    snapshots.check_limit(world, project)
    expires_at = _expiration(world, query.get("expires_at"))
    target = await target_of(world, project, branch, timestamp=query.get("timestamp"), lsn=query.get("lsn"))
    world.operations.require_unlocked(project)
    name = query.get("name") or f"{branch.name} {shapes.stamp(world.clock.now())}"
    snapshot, operations = snapshots.take(world, project, branch, name, target, expires_at=expires_at)
    return web.json_response({"snapshot": shapes.snapshot(snapshot), "operations": shapes.operations(operations)})


async def update_snapshot(request: web.Request) -> web.Response:
    """``PATCH /projects/{project_id}/snapshots/{snapshot_id}``: the name, and the expiration, which newer contracts have; null removes it."""
    world, project, snapshot = _found(request)
    fields = (await Fields.of(request)).part("snapshot", required=True)
    name = fields.get("name", str, snapshot.name)
    expires_at = snapshot.expires_at
    if "expires_at" in fields:
        expires_at = None if fields.data["expires_at"] is None else _expiration(world, fields.require("expires_at", str))
    world.operations.require_unlocked(project)
    snapshot.name, snapshot.expires_at = name or snapshot.name, expires_at
    return web.json_response({"snapshot": shapes.snapshot(snapshot)})


async def delete_snapshot(request: web.Request) -> web.Response:
    """``DELETE /projects/{project_id}/snapshots/{snapshot_id}``."""
    world, project, snapshot = _found(request)
    world.operations.require_unlocked(project)
    return web.json_response({"operations": shapes.operations(snapshots.delete(world, project, snapshot))}, status=202)


async def restore_snapshot(request: web.Request) -> web.Response:
    """``POST /projects/{project_id}/snapshots/{snapshot_id}/restore``: a new root branch, which at once or later replaces another one."""
    world, project, snapshot = _found(request)
    fields = await Fields.of(request)
    name = fields.get("name", str) or request.query.get("name") or None
    target_id = fields.get("target_branch_id", str) or snapshot.source_branch_id
    finalize = bool(fields.get("finalize_restore", bool, False))
    world.operations.require_unlocked(project)
    if fields.get("target_branch_id", str) or finalize:
        branch_of(project, target_id)
    rules.check_new_branch_name(project, name or "")
    branch = making.new_branch(world, project, name, parent=None, init_source="parent-data", protected=False)
    branch.deletable_root = True
    branch.restore_status, branch.restored_from = "restored", snapshot.id
    branch.restored_as = target_id if target_id in project.branches else None
    steps = snapshots.restore_steps(world, project, branch, snapshot)
    answer = {"endpoints": []}
    if finalize:
        replaced = project.branches[target_id]
        steps += snapshots.finalize_steps(world, project, branch, replaced, snapshots.name_of_replaced(project, replaced))
        moved = project.branch_endpoints(replaced.id)
        answer = {"endpoints": [shapes.endpoint(item, project, world.data_plane.hosts(item.id)[0], DOMAIN) for item in moved]}
    operations = world.operations.schedule(project, steps)
    return web.json_response({"branch": shapes.branch(branch, project), **answer, "operations": shapes.operations(operations)})


async def finalize_restore(request: web.Request) -> web.Response:
    """``POST /projects/{project_id}/branches/{branch_id}/finalize_restore``."""
    world, project, branch = in_branch(request)
    name = (await Fields.of(request)).get("name", str)
    replaced = _replaced(project, branch)
    rules.check_new_branch_name(project, name or "")
    world.operations.require_unlocked(project)
    steps = snapshots.finalize_steps(world, project, branch, replaced, name or snapshots.name_of_replaced(project, replaced))
    return web.json_response({"operations": shapes.operations(world.operations.schedule(project, steps))})


def _replaced(project: Project, branch: Branch) -> Branch:
    if branch.restore_status != "restored":
        state = "its restore is finalized already" if branch.restore_status else "it was not restored from a snapshot"
        raise ApiError(422, f"cannot finalize the restore of branch {branch.name}: {state}")
    if branch.restored_as not in project.branches:
        raise ApiError(422, f"cannot finalize the restore of branch {branch.name}: the branch it was to replace does not exist")
    return project.branches[branch.restored_as]


async def get_schedule(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/branches/{branch_id}/backup_schedule``."""
    _world, _project, branch = in_branch(request)
    return web.json_response({"schedule": branch.backup_schedule})


async def set_schedule(request: web.Request) -> web.Response:
    """``PUT /projects/{project_id}/branches/{branch_id}/backup_schedule``: replaces all entries."""
    world, _project, branch = in_branch(request)
    snapshots.check_source(branch)
    entries = backup_schedule.parse(await Fields.of(request))
    branch.backup_schedule, branch.backups_done_until = entries, [world.clock.now()] * len(entries)
    return web.json_response({})


ROUTES = [
    web.get("/projects/{project_id}/snapshots", list_snapshots),
    web.post("/projects/{project_id}/branches/{branch_id}/snapshot", create_snapshot),
    web.patch("/projects/{project_id}/snapshots/{snapshot_id}", update_snapshot),
    web.delete("/projects/{project_id}/snapshots/{snapshot_id}", delete_snapshot),
    web.post("/projects/{project_id}/snapshots/{snapshot_id}/restore", restore_snapshot),
    web.post("/projects/{project_id}/branches/{branch_id}/finalize_restore", finalize_restore),
    web.get("/projects/{project_id}/branches/{branch_id}/backup_schedule", get_schedule),
    web.put("/projects/{project_id}/branches/{branch_id}/backup_schedule", set_schedule),
]
