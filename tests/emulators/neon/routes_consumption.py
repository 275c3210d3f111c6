# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consumption history. Asking wakes no compute."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from ..framework.errors import ApiError
from . import consumption
from .paging import integer, page
from .state import Project
from .world import ORGANISATION_ID, WORLD, World

V1_PLANS = ("scale", "business", "enterprise")
V2_PLANS = ("launch", "scale", "agent", "business", "enterprise")


def _check_account(world: World, request: web.Request, plans: tuple[str, ...], *, org_required: bool) -> None:
    org_id = request.query.get("org_id")
    if org_required and not org_id:
        raise ApiError(400, "query parameter org_id is required")
    if org_id not in (None, ORGANISATION_ID):
        raise ApiError(404, f"account is not a member of the organization {org_id}")
    if world.plan not in plans:
        raise ApiError(403, f"consumption history is not available on the plan {world.plan}; it is on {', '.join(plans)}")


def _frames(world: World, request: web.Request) -> list[consumption.Frame]:
    start, end = consumption.moment(request.query.get("from"), "from"), consumption.moment(request.query.get("to"), "to")
    return consumption.frames(start, end, request.query.get("granularity", ""), world.clock.now())


async def _page_of_projects(world: World, request: web.Request) -> tuple[list[Project], dict[str, Any]]:
    """The projects of this page, newest first, measured just now, and the pagination part of the answer."""
    wanted = consumption.listed(request.query.getall("project_ids", []), "project_ids")
    projects = [project for project in world.projects.values() if not wanted or project.id in wanted]
    limit = integer(request.query, "limit", 1, 100, 10)
    selected, cursor, _more = page(
        projects,
        lambda item: (item.created_at.isoformat(timespec="microseconds"), item.id),
        limit=limit,
        cursor=request.query.get("cursor"),
        descending=True,
    )
    await _measure(world, selected)
    return selected, {"pagination": {"cursor": cursor}} if cursor else {}


async def _measure(world: World, projects: list[Project]) -> None:
    world.meter.settle()
    for project in projects:
        await world.meter.measure_running(project)
    world.meter.store_all()


def _since(found: list[consumption.Frame], created_at: datetime) -> list[consumption.Frame]:
    return [frame for frame in found if frame[1] > created_at]


async def project_history(request: web.Request) -> web.Response:
    """``GET /consumption_history/projects``, the history for plans of old."""
    world = request.app[WORLD]
    names = consumption.metrics(request.query.getall("metrics", []), consumption.V1_METRICS, required=False)
    if not names and request.query.get("include_v1_metrics", "false").lower() == "true":
        names = ["data_storage_bytes_hour"]
    _check_account(world, request, V1_PLANS, org_required=False)
    found = _frames(world, request)
    projects, pagination = await _page_of_projects(world, request)
    ledger, now = world.meter.ledger, world.clock.now()

    def history(project: Project) -> dict[str, Any]:
        def content(frame: consumption.Frame) -> dict[str, int]:
            return consumption.v1_values(ledger, names, project.id, frame)

        frames = _since(found, project.created_at)
        return {"project_id": project.id, "periods": consumption.periods(project.id, world.plan, frames, now, content)}

    return web.json_response({"projects": [history(project) for project in projects], **pagination})


async def project_history_v2(request: web.Request) -> web.Response:
    """``GET /consumption_history/v2/projects``."""
    world = request.app[WORLD]
    names = consumption.metrics(request.query.getall("metrics", []), consumption.V2_PROJECT_METRICS, required=True)
    _check_account(world, request, V2_PLANS, org_required=True)
    found = _frames(world, request)
    projects, pagination = await _page_of_projects(world, request)
    return web.json_response({"projects": [_history_v2(world, names, found, project, None) for project in projects], **pagination})


async def branch_history_v2(request: web.Request) -> web.Response:
    """``GET /consumption_history/v2/branches``: also of branches that are deleted by now."""
    world = request.app[WORLD]
    query = request.query
    names = consumption.metrics(query.getall("metrics", []), consumption.V2_BRANCH_METRICS, required=True)
    project_ids = consumption.listed(query.getall("project_ids", []), "project_ids")
    if not project_ids:
        raise ApiError(400, "query parameter project_ids is required")
    branch_ids = consumption.listed(query.getall("branch_ids", []), "branch_ids")
    _check_account(world, request, V2_PLANS, org_required=True)
    found = _frames(world, request)
    projects = [world.projects[name] for name in dict.fromkeys(project_ids) if name in world.projects]
    await _measure(world, projects)
    branches = [
        (project, branch_id)
        for project in projects
        for branch_id in dict.fromkeys((*project.branches, *world.meter.ledger.branches(project.id)))
        if branch_id and (not branch_ids or branch_id in branch_ids)
    ]
    limit = integer(query, "limit", 1, 1000, 100)
    selected, cursor, _more = page(branches, lambda item: (item[0].id, item[1]), limit=limit, cursor=query.get("cursor"))
    pagination = {"pagination": {"cursor": cursor}} if cursor else {}
    return web.json_response({"branches": [_history_v2(world, names, found, project, branch_id) for project, branch_id in selected], **pagination})


def _history_v2(world: World, names: list[str], found: list[consumption.Frame], project: Project, branch_id: str | None) -> dict[str, Any]:
    def content(frame: consumption.Frame) -> dict[str, Any]:
        return consumption.v2_values(world.meter.ledger, names, project.id, branch_id, frame)

    branch = project.branches.get(branch_id or "")
    frames = _since(found, branch.created_at if branch else project.created_at)
    identity = {"project_id": project.id, **({"branch_id": branch_id} if branch_id else {})}
    return {**identity, "periods": consumption.periods(f"{project.id} {branch_id or ''}", world.plan, frames, world.clock.now(), content)}


ROUTES = [
    web.get("/consumption_history/projects", project_history),
    web.get("/consumption_history/v2/projects", project_history_v2),
    web.get("/consumption_history/v2/branches", branch_history_v2),
]
