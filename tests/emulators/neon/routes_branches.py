# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..framework.errors import ApiError
from ..framework.fields import Fields
from . import expiry, making, rules, shapes, soft_delete
from .paging import boolean, integer, page
from .state import Branch, Project
from .targets import target_of
from .world import DOMAIN, WORLD, World, branch_of, in_branch

SORT_KEYS = {
    "name": lambda branch: branch.name,
    "created_at": lambda branch: branch.created_at.isoformat(timespec="microseconds"),
    "updated_at": lambda branch: branch.updated_at.isoformat(timespec="microseconds"),
}
INIT_SOURCES = ("parent-data", "schema-only")


def _matching(project: Project, search: str, *, deleted: bool = False) -> list[Branch]:
    branches = [*project.branches.values(), *(item.branch for item in project.deleted_branches.values() if deleted)]
    return [branch for branch in branches if search.lower() in branch.name.lower() or search in branch.id]


async def list_branches(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/branches``. Sorted by ``updated_at``, newest first, unless told otherwise."""
    project = request.app[WORLD].project(request.match_info["project_id"])
    query = request.query
    sort_by, order = query.get("sort_by", "updated_at"), query.get("sort_order", "desc")
    if sort_by not in SORT_KEYS or order not in ("asc", "desc"):
        raise ApiError(400, f"sort_by is one of {', '.join(SORT_KEYS)}, sort_order asc or desc")
    selected, cursor, more = page(
        _matching(project, query.get("search", ""), deleted=boolean(query, "include_deleted")),
        lambda branch: (SORT_KEYS[sort_by](branch), branch.id),
        limit=integer(query, "limit", 1, 10_000, None),
        cursor=query.get("cursor"),
        descending=order == "desc",
    )
    pagination = {"sort_by": sort_by, "sort_order": order.upper()}
    if more and cursor:
        pagination["next"] = cursor
    answer = {
        "branches": [shapes.branch(branch, project) for branch in selected],
        "annotations": {branch.id: shapes.annotation(branch) for branch in selected if branch.annotations},
        "pagination": pagination,
    }
    return web.json_response(answer)


async def count_branches(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/branches/count``."""
    project = request.app[WORLD].project(request.match_info["project_id"])
    return web.json_response({"count": len(_matching(project, request.query.get("search", "")))})


async def create_branch(request: web.Request) -> web.Response:
    """``POST /projects/{project_id}/branches``."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    body = await Fields.of(request)
    fields = body.part("branch")
    init_source = fields.get("init_source", str, "parent-data") or "parent-data"
    if init_source not in INIT_SOURCES:
        raise ApiError(400, f"init_source {init_source} is not one of {', '.join(INIT_SOURCES)}")
    source = branch_of(project, fields.get("parent_id", str) or project.default_branch_id)
    protected, archived = bool(fields.get("protected", bool, False)), bool(fields.get("archived", bool, False))
    expires_at = expiry.wanted(fields, None, world.clock.now())
    if init_source == "parent-data":
        expiry.check_parent(source)
    world.operations.require_unlocked(project)
    target = await target_of(world, project, source, timestamp=fields.get("parent_timestamp", str), lsn=fields.get("parent_lsn", str))
    world.operations.require_unlocked(project)
    items = body.parts("endpoints")
    making.check_endpoint_list(items)
    branch = making.new_branch(world, project, fields.get("name", str), parent=source, init_source=init_source, protected=protected)
    try:
        expiry.check(project, branch, expires_at, protected=protected)
        if archived:
            rules.check_archive(project, branch)
        if branch.parent_id and not target.is_head:
            branch.parent_timestamp, branch.parent_lsn = target.at, target.lsn
        branch.annotations = dict(body.get("annotation_value", dict, {}) or {})
        endpoints = [making.new_endpoint(world, project, branch, item) for item in items]
    except ApiError:
        making.forget(project, branch)
        raise
    expiry.set_expiration(branch, expires_at, world.clock.now())
    operations = world.operations.schedule(project, making.branch_steps(world, project, branch, source, endpoints, target, archived=archived))
    answer: dict[str, Any] = {
        "branch": shapes.branch(branch, project),
        "endpoints": [shapes.endpoint(item, project, world.data_plane.hosts(item.id)[0], DOMAIN) for item in endpoints],
        "operations": shapes.operations(operations),
        "roles": [shapes.role(item, branch.id) for item in branch.roles.values()],
        "databases": [shapes.database(item, branch.id) for item in branch.databases.values()],
    }
    read_write = project.read_write_endpoint(branch.id)
    if read_write and project.store_passwords:
        answer["connection_uris"] = making.connection_details(world, branch, read_write)
    return web.json_response(answer, status=201)


async def get_branch(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/branches/{branch_id}``. The size is measured now, and shown by lists from then on."""
    world, project, branch = in_branch(request)
    await _measure(world, project, branch)
    answer = {"branch": shapes.branch(branch, project), "annotation": shapes.annotation(branch)}
    return web.json_response(answer)


async def _measure(world: World, project: Project, branch: Branch) -> None:
    if branch.current_state == "ready" and not any(operation.pending for operation in project.operations.values()):
        world.meter.settle()
        await world.meter.measure(project, branch)


async def update_branch(request: web.Request) -> web.Response:
    """``PATCH /projects/{project_id}/branches/{branch_id}``: name, protection and expiration."""
    world, project, branch = in_branch(request)
    fields = (await Fields.of(request)).part("branch", required=True)
    now = world.clock.now()
    protected = bool(fields.get("protected", bool, branch.protected))
    expires_at = expiry.wanted(fields, branch.expires_at, now)
    expiry.check(project, branch, expires_at, protected=protected)
    world.operations.require_unlocked(project)
    name = fields.get("name", str, branch.name) or branch.name
    making.check_branch_name(project, name, own_id=branch.id)
    if "expires_at" in fields:
        expiry.set_expiration(branch, expires_at, now)
    branch.protected, branch.name, branch.updated_at = protected, name, now
    return web.json_response({"branch": shapes.branch(branch, project), "operations": []})


async def delete_branch(request: web.Request) -> web.Response:
    """``DELETE /projects/{project_id}/branches/{branch_id}``; 204 if it is gone already, also if it can be recovered."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    branch = project.branches.get(request.match_info["branch_id"])
    hard = boolean(request.query, "hard_delete")
    if branch is None:
        return web.Response(status=204)
    rules.check_branch_delete(project, branch)
    world.operations.require_unlocked(project)
    operations = soft_delete.delete_branch(world, project, branch, hard=hard)
    return web.json_response({"branch": shapes.branch(branch, project), "operations": shapes.operations(operations)})


async def set_as_default(request: web.Request) -> web.Response:
    """``POST /projects/{project_id}/branches/{branch_id}/set_as_default``."""
    world, project, branch = in_branch(request)
    expiry.check_default(branch)
    world.operations.require_unlocked(project)
    now = world.clock.now()
    project.branches[project.default_branch_id].updated_at = now
    project.default_branch_id = branch.id
    branch.updated_at = now
    return web.json_response({"branch": shapes.branch(branch, project), "operations": []})


ROUTES = [
    web.get("/projects/{project_id}/branches", list_branches),
    web.post("/projects/{project_id}/branches", create_branch),
    web.get("/projects/{project_id}/branches/count", count_branches),
    web.get("/projects/{project_id}/branches/{branch_id}", get_branch),
    web.patch("/projects/{project_id}/branches/{branch_id}", update_branch),
    web.delete("/projects/{project_id}/branches/{branch_id}", delete_branch),
    web.post("/projects/{project_id}/branches/{branch_id}/set_as_default", set_as_default),
]
