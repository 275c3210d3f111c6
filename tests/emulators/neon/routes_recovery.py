# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery of deleted projects and branches."""

from __future__ import annotations

from aiohttp import web

from . import shapes, soft_delete
from .world import DOMAIN, WORLD


async def recover_project(request: web.Request) -> web.Response:
    """``POST /projects/{project_id}/recover``."""
    world = request.app[WORLD]
    project = soft_delete.recover_project(world, request.match_info["project_id"])
    answer = {
        "project": shapes.project(project, DOMAIN, world.clock.now()),
        "branches": [shapes.branch(branch, project) for branch in project.branches.values()],
    }
    return web.json_response(answer)


async def recover_branch(request: web.Request) -> web.Response:
    """``POST /projects/{project_id}/branches/{branch_id}/recover``."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    branch, endpoints = soft_delete.recover_branch(world, project, request.match_info["branch_id"])
    hosts = world.data_plane.hosts
    answer = {
        "branch": shapes.branch(branch, project),
        "endpoints": [shapes.endpoint(endpoint, project, hosts(endpoint.id)[0], DOMAIN) for endpoint in endpoints],
    }
    return web.json_response(answer)


ROUTES = [
    web.post("/projects/{project_id}/recover", recover_project),
    web.post("/projects/{project_id}/branches/{branch_id}/recover", recover_branch),
]
