# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects."""

from __future__ import annotations

import copy
from typing import Any

from aiohttp import web

from ..framework.errors import ApiError
from ..framework.fields import Fields
from . import making, names, pg_settings, preload, project_settings, rules, shapes, soft_delete
from .paging import boolean, integer, page
from .regions import DEFAULT_REGION, REGIONS
from .state import Project
from .world import DOMAIN, ORGANISATION_ID, WORLD, World, branch_of, endpoint_of, role_of

DEFAULT_RETENTION_SECONDS = 86_400
MAX_RETENTION_SECONDS = 2_592_000
DEFAULT_PG_VERSION = 17


async def list_projects(request: web.Request) -> web.Response:
    """``GET /projects``. A full last page carries a cursor too, as on the service: what follows it is an empty page."""
    world = request.app[WORLD]
    query = request.query
    search = query.get("search", "").lower()
    org_id = query.get("org_id", ORGANISATION_ID)
    if org_id != ORGANISATION_ID:
        raise ApiError(404, f"organization {org_id} not found")
    deleted = world.deleted_projects
    found = [item.project for item in deleted.values()] if boolean(query, "recoverable") else list(world.projects.values())
    found = [project for project in found if search in project.name.lower() or search in project.id]
    limit = integer(query, "limit", 1, 400, 10)
    selected, cursor, _more = page(
        found, lambda item: (item.created_at.isoformat(timespec="microseconds"), item.id), limit=limit, cursor=query.get("cursor")
    )
    answer: dict[str, Any] = {"projects": [_list_item(world, item) for item in selected], "applications": {}, "integrations": {}}
    if cursor:
        answer["pagination"] = {"cursor": cursor}
    return web.json_response(answer)


def _list_item(world: World, project: Project) -> dict[str, Any]:
    shape = shapes.project_list_item(project, DOMAIN)
    if deleted := world.deleted_projects.get(project.id):
        shape |= {"deleted_at": shapes.stamp(deleted.deleted_at), "recoverable_until": shapes.stamp(deleted.recoverable_until)}
    return shape


async def list_shared_projects(request: web.Request) -> web.Response:
    """``GET /projects/shared``: nobody else is there to share any. The vendor's CLI asks when it lists projects."""
    return web.json_response({"projects": []})


async def create_project(request: web.Request) -> web.Response:
    """``POST /projects``."""
    world = request.app[WORLD]
    fields = (await Fields.of(request)).part("project", required=True)
    project = _new_project(world, fields)
    first = fields.part("branch")
    database_name = first.get("database_name", str, "neondb") or "neondb"
    role_name = first.get("role_name", str, f"{database_name}_owner") or f"{database_name}_owner"
    rules.check_database_name(database_name)
    rules.check_role_name(role_name)
    branch = making.new_branch(world, project, first.get("name", str, "main"), parent=None, init_source="parent-data", protected=False)
    branch.annotations = dict(first.get("annotations", dict, {}) or {})
    branch.roles[role_name] = making.new_role(world, role_name)
    branch.databases[database_name] = making.new_database(world, database_name, role_name)
    project.know(branch.roles[role_name], branch.databases[database_name])
    project.default_branch_id = branch.id
    endpoint = making.new_endpoint(world, project, branch, Fields({"type": "read_write"}))
    world.projects[project.id] = project
    operations = world.operations.schedule(project, making.root_branch_steps(world, project, branch, endpoint))
    answer = {
        "project": shapes.project(project, DOMAIN, world.clock.now()),
        "connection_uris": making.connection_details(world, branch, endpoint),
        "roles": [shapes.role(item, branch.id, with_password=True) for item in branch.roles.values()],
        "databases": [shapes.database(item, branch.id) for item in branch.databases.values()],
        "operations": shapes.operations(operations),
        "branch": shapes.branch(branch, project),
        "endpoints": [shapes.endpoint(endpoint, project, world.data_plane.hosts(endpoint.id)[0], DOMAIN)],
    }
    return web.json_response(answer, status=201)


def _new_project(world: World, fields: Fields) -> Project:
    pg_version = fields.get("pg_version", int, DEFAULT_PG_VERSION)
    if pg_version not in world.pg_versions:
        offered = ", ".join(map(str, world.pg_versions))
        raise ApiError(422, f"pg_version {pg_version} is not available in the local Neon, which has binaries of: {offered}")
    org_id = fields.get("org_id", str, ORGANISATION_ID)
    if org_id != ORGANISATION_ID:
        raise ApiError(404, f"organization {org_id} not found")
    region_id = fields.get("region_id", str, DEFAULT_REGION)
    if region_id not in {region["region_id"] for region in REGIONS}:
        raise ApiError(400, f"region {region_id} is not available")
    defaults = fields.part("default_endpoint_settings")
    # The two direct fields are deprecated in favour of default_endpoint_settings, yet still in the contract.
    low, high = making.compute_size(fields, None, None)
    low, high = making.compute_size(defaults, low, high)
    settings = copy.deepcopy(fields.get("settings", dict, {}) or {})
    project_settings.check(settings, {})
    now = world.clock.now()
    project_id = names.two_words_and_digits()
    project = Project(
        id=project_id,
        name=fields.get("name", str, project_id) or project_id,
        region_id=region_id,
        pg_version=pg_version,
        org_id=org_id,
        store_passwords=bool(fields.get("store_passwords", bool, True)),
        history_retention_seconds=_retention(fields, DEFAULT_RETENTION_SECONDS),
        settings=settings,
        default_endpoint_settings={},
        created_at=now,
        updated_at=now,
    )
    _set_default_endpoint_settings(project, defaults, low, high)
    return project


def _retention(fields: Fields, default: int) -> int:
    seconds: Any = fields.get("history_retention_seconds", int, default)
    if not 0 <= seconds <= MAX_RETENTION_SECONDS:
        raise ApiError(400, f"requested history retention seconds exceeds allowed maximum of {MAX_RETENTION_SECONDS}")
    return seconds


def _set_default_endpoint_settings(project: Project, fields: Fields, low: float, high: float) -> None:
    timeout: Any = fields.get("suspend_timeout_seconds", int, project.default_endpoint_settings.get("suspend_timeout_seconds", 0))
    rules.check_suspend_timeout(timeout)
    pg_settings.check(fields.data)
    merged = {**project.default_endpoint_settings, **fields.data}
    merged |= {"autoscaling_limit_min_cu": low, "autoscaling_limit_max_cu": high, "suspend_timeout_seconds": timeout}
    project.default_endpoint_settings = merged


async def get_project(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}``."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    world.meter.settle()
    await world.meter.measure_running(project)
    return web.json_response({"project": shapes.project(project, DOMAIN, world.clock.now())})


async def get_available_preload_libraries(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/available_preload_libraries``."""
    request.app[WORLD].project(request.match_info["project_id"])
    return web.json_response({"libraries": preload.LIBRARIES})


async def update_project(request: web.Request) -> web.Response:
    """``PATCH /projects/{project_id}``. Settings are merged by their top-level key."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    fields = (await Fields.of(request)).part("project", required=True)
    world.operations.require_unlocked(project)
    settings = fields.part("settings")
    project_settings.check(settings.data, project.settings)
    had_logical, wants_logical = (bool(item.get("enable_logical_replication")) for item in (project.settings, {**project.settings, **settings.data}))
    retention = _retention(fields, project.history_retention_seconds)
    name = fields.get("name", str, project.name) or project.name
    if "default_endpoint_settings" in fields:
        defaults = fields.part("default_endpoint_settings")
        present = project.default_endpoint_settings
        low, high = making.compute_size(defaults, present["autoscaling_limit_min_cu"], present["autoscaling_limit_max_cu"])
        _set_default_endpoint_settings(project, defaults, low, high)
    project.settings = {**project.settings, **copy.deepcopy(settings.data)}
    project.history_retention_seconds, project.name = retention, name
    project.updated_at = world.clock.now()
    steps = []
    if wants_logical and not had_logical:  # the contract: "All active endpoints will be suspended"
        steps = [world.computes.suspend_step(item) for item in project.endpoints.values() if item.current_state == "active"]
    operations = world.operations.schedule(project, steps)
    return web.json_response({"project": shapes.project(project, DOMAIN, world.clock.now()), "operations": shapes.operations(operations)})


async def delete_project(request: web.Request) -> web.Response:
    """``DELETE /projects/{project_id}``."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    rules.check_project_delete(project)
    world.operations.require_unlocked(project)
    soft_delete.delete_project(world, project)
    answer = {"project": shapes.project(project, DOMAIN, world.clock.now())}
    return web.json_response(answer)


async def get_connection_uri(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/connection_uri``. Without ``branch_id`` it answers for the default branch, as the service does."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    query = request.query
    for name in ("database_name", "role_name"):
        if not query.get(name):
            raise ApiError(400, f"query parameter {name} is required")
    if query.get("endpoint_id"):
        endpoint = endpoint_of(project, query["endpoint_id"])
        branch = branch_of(project, query.get("branch_id") or endpoint.branch_id)
        if endpoint.branch_id != branch.id:
            raise ApiError(400, f"endpoint {endpoint.id} does not belong to branch {branch.id}")
    else:
        branch = branch_of(project, query.get("branch_id") or project.default_branch_id)
        read_write = project.read_write_endpoint(branch.id)
        if read_write is None:
            raise ApiError(404, f"no read-write endpoint for branch {branch.id}")
        endpoint = read_write
    role = role_of(branch, query["role_name"])
    if query["database_name"] not in branch.databases:
        raise ApiError(404, "database not found")
    if not project.store_passwords:
        raise ApiError(412, "Storing passwords is disabled")
    uri = world.uri(endpoint, role, query["database_name"], pooled=boolean(query, "pooled"))
    return web.json_response({"uri": uri})


ROUTES = [
    web.get("/projects", list_projects),
    web.post("/projects", create_project),
    web.get("/projects/shared", list_shared_projects),
    web.get("/projects/{project_id}", get_project),
    web.patch("/projects/{project_id}", update_project),
    web.delete("/projects/{project_id}", delete_project),
    web.get("/projects/{project_id}/connection_uri", get_connection_uri),
    web.get("/projects/{project_id}/available_preload_libraries", get_available_preload_libraries),
]
