# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compute endpoints."""

from __future__ import annotations

from aiohttp import web

from ..framework.errors import ApiError
from ..framework.fields import Fields
from . import making, pg_settings, preload, quotas, rules, shapes
from .operations import Step
from .state import Endpoint, Operation, Project
from .world import DOMAIN, WORLD, World, branch_of, endpoint_of, in_branch


def _shape(world: World, project: Project, endpoint: Endpoint) -> dict[str, object]:
    activity = world.data_plane.last_activity(endpoint.id)
    if activity is not None:
        endpoint.last_active = world.clock.at(world.clock.from_wall(activity))
    return shapes.endpoint(endpoint, project, world.data_plane.hosts(endpoint.id)[0], DOMAIN)


def _found(request: web.Request) -> tuple[World, Project, Endpoint]:
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    return world, project, endpoint_of(project, request.match_info["endpoint_id"])


def _answer(world: World, project: Project, endpoint: Endpoint, operations: list[Operation], status: int = 200) -> web.Response:
    return web.json_response({"endpoint": _shape(world, project, endpoint), "operations": shapes.operations(operations)}, status=status)


async def list_endpoints(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/endpoints``."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    return web.json_response({"endpoints": [_shape(world, project, item) for item in project.endpoints.values()]})


async def list_branch_endpoints(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/branches/{branch_id}/endpoints``."""
    world, project, branch = in_branch(request)
    return web.json_response({"endpoints": [_shape(world, project, item) for item in project.branch_endpoints(branch.id)]})


async def create_endpoint(request: web.Request) -> web.Response:
    """``POST /projects/{project_id}/endpoints``."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    fields = (await Fields.of(request)).part("endpoint", required=True)
    branch = branch_of(project, fields.require("branch_id", str))
    world.operations.require_unlocked(project)
    endpoint = making.new_endpoint(world, project, branch, fields)
    steps = []
    if endpoint.disabled:
        endpoint.current_state = "idle"
    else:
        steps.append(world.computes.start_step(project, endpoint))
    return _answer(world, project, endpoint, world.operations.schedule(project, steps), 201)


async def get_endpoint(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/endpoints/{endpoint_id}``."""
    world, project, endpoint = _found(request)
    return web.json_response({"endpoint": _shape(world, project, endpoint)})


async def update_endpoint(request: web.Request) -> web.Response:
    """``PATCH /projects/{project_id}/endpoints/{endpoint_id}``.

    Everything but the name goes through the compute: an idle one is woken for it and suspended again, a running one is restarted if its
    size or settings differ. A request that changes nothing is treated the same: the service bills such a wake-up as well.
    """
    world, project, endpoint = _found(request)
    fields = (await Fields.of(request)).part("endpoint", required=True)
    if fields.get("branch_id", str, endpoint.branch_id) != endpoint.branch_id:
        raise ApiError(501, "the local Neon does not move an endpoint to another branch", "NOT_OFFERED_LOCALLY")
    low, high = making.compute_size(fields, endpoint.min_cu, endpoint.max_cu)
    timeout = fields.get("suspend_timeout_seconds", int, endpoint.suspend_timeout_seconds)
    rules.check_suspend_timeout(timeout)
    settings = {**endpoint.settings, **(fields.get("settings", dict, {}) or {})}
    preload.check(settings.get("preload_libraries") or {})
    pg_settings.check(settings)
    disabled = bool(fields.get("disabled", bool, endpoint.disabled))
    name = fields.get("name", str, endpoint.name)
    world.operations.require_unlocked(project)
    differs = (low, high, settings) != (endpoint.min_cu, endpoint.max_cu, endpoint.settings)
    was_active = endpoint.current_state == "active"
    endpoint.min_cu, endpoint.max_cu, endpoint.suspend_timeout_seconds, endpoint.settings = low, high, timeout, settings
    endpoint.name, endpoint.disabled, endpoint.updated_at = name, disabled, world.clock.now()
    if disabled:
        steps = [world.computes.suspend_step(endpoint)] if was_active else []
    elif fields.data.keys() <= {"name", "disabled"}:
        steps = []
    else:
        steps = _apply(world, project, endpoint, restart=differs and was_active)
    return _answer(world, project, endpoint, world.operations.schedule(project, steps))


def _apply(world: World, project: Project, endpoint: Endpoint, *, restart: bool) -> list[Step]:
    async def apply() -> None:
        if restart:
            await world.computes.replace(project, endpoint)

    apply_step = Step("apply_config", endpoint.branch_id, endpoint.id, apply)
    if endpoint.current_state == "active" or quotas.exceeded(project):
        return [apply_step]
    steps = [world.computes.start_step(project, endpoint), apply_step, world.computes.suspend_step(endpoint)]
    endpoint.pending_state = "active"
    return steps


async def delete_endpoint(request: web.Request) -> web.Response:
    """``DELETE /projects/{project_id}/endpoints/{endpoint_id}``; 204 if it is gone already."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    endpoint = project.endpoints.get(request.match_info["endpoint_id"])
    if endpoint is None:
        return web.Response(status=204)
    rules.check_endpoint_delete(branch_of(project, endpoint.branch_id))
    world.operations.require_unlocked(project)

    async def remove() -> None:
        await world.computes.suspend(endpoint)
        del project.endpoints[endpoint.id]

    step = Step("suspend_compute", endpoint.branch_id, endpoint.id, remove)
    return _answer(world, project, endpoint, world.operations.schedule(project, [step]))


async def start_endpoint(request: web.Request) -> web.Response:
    """``POST .../start``. A compute that runs already has nothing to do."""
    world, project, endpoint = _found(request)
    if endpoint.disabled:
        raise ApiError(422, f"endpoint {endpoint.id} is disabled")
    quotas.check_start(project)
    world.operations.require_unlocked(project)
    running = endpoint.current_state == "active" and world.data_plane.compute_running(endpoint.id)
    steps = [] if running else [world.computes.start_step(project, endpoint)]
    return _answer(world, project, endpoint, world.operations.schedule(project, steps))


async def suspend_endpoint(request: web.Request) -> web.Response:
    """``POST .../suspend``. A compute that is idle already has nothing to do."""
    world, project, endpoint = _found(request)
    world.operations.require_unlocked(project)
    steps = [] if endpoint.current_state == "idle" else [world.computes.suspend_step(endpoint)]
    return _answer(world, project, endpoint, world.operations.schedule(project, steps))


async def restart_endpoint(request: web.Request) -> web.Response:
    """``POST .../restart``: suspend and start; only an active compute can be restarted."""
    world, project, endpoint = _found(request)
    if endpoint.current_state != "active":
        raise ApiError(422, f"endpoint {endpoint.id} is not active; only an active endpoint can be restarted")
    quotas.check_start(project)
    world.operations.require_unlocked(project)
    steps = [world.computes.suspend_step(endpoint), world.computes.start_step(project, endpoint)]
    return _answer(world, project, endpoint, world.operations.schedule(project, steps))


ROUTES = [
    web.get("/projects/{project_id}/endpoints", list_endpoints),
    web.post("/projects/{project_id}/endpoints", create_endpoint),
    web.get("/projects/{project_id}/branches/{branch_id}/endpoints", list_branch_endpoints),
    web.get("/projects/{project_id}/endpoints/{endpoint_id}", get_endpoint),
    web.patch("/projects/{project_id}/endpoints/{endpoint_id}", update_endpoint),
    web.delete("/projects/{project_id}/endpoints/{endpoint_id}", delete_endpoint),
    web.post("/projects/{project_id}/endpoints/{endpoint_id}/start", start_endpoint),
    web.post("/projects/{project_id}/endpoints/{endpoint_id}/suspend", suspend_endpoint),
    web.post("/projects/{project_id}/endpoints/{endpoint_id}/restart", restart_endpoint),
]
