# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account: user, organization, regions, and the operations of a project."""

from __future__ import annotations

from aiohttp import web

from ..framework.errors import ApiError
from . import shapes
from .paging import integer, page
from .regions import REGIONS
from .rules import MAX_AUTOSCALING_CU
from .world import ORGANISATION_ID, WORLD

USER_ID = "00000000-0000-4000-8000-000000000001"
SINCE = "2026-01-01T00:00:00Z"


async def get_user(request: web.Request) -> web.Response:
    """``GET /users/me``."""
    account = {"provider": "github", "email": "local@example.com", "name": "local", "login": "local", "image": ""}
    user = {
        "active_seconds_limit": 0,
        "auth_accounts": [account],
        "email": account["email"],
        "id": USER_ID,
        "image": "",
        "login": "local",
        "name": "Local",
        "last_name": "Neon",
        "projects_limit": 1000,
        "branches_limit": 1000,
        "max_autoscaling_limit": MAX_AUTOSCALING_CU,
        "plan": request.app[WORLD].plan,
    }
    return web.json_response(user)


async def get_organizations(request: web.Request) -> web.Response:
    """``GET /users/me/organizations``."""
    organization = {
        "id": ORGANISATION_ID,
        "name": "Local",
        "handle": "local",
        "plan": request.app[WORLD].plan,
        "managed_by": "console",
        "created_at": SINCE,
        "updated_at": SINCE,
    }
    return web.json_response({"organizations": [organization]})


async def get_auth(request: web.Request) -> web.Response:
    """``GET /auth``: what the key is."""
    return web.json_response({"account_id": ORGANISATION_ID, "auth_method": "api_key_org"})


async def get_regions(request: web.Request) -> web.Response:
    """``GET /regions``."""
    return web.json_response({"regions": REGIONS})


async def list_operations(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/operations``, newest first."""
    project = request.app[WORLD].project(request.match_info["project_id"])
    # Operations of one request share their time stamp: their order of registration decides, not their random id.
    numbered = list(enumerate(project.operations.values()))
    selected, cursor, _more = page(
        numbered,
        lambda item: (f"{item[0]:012d}", item[1].id),
        limit=integer(request.query, "limit", 1, 1000, 1000),
        cursor=request.query.get("cursor"),
        descending=True,
    )
    answer: dict[str, object] = {"operations": shapes.operations(item for index, item in selected)}
    if cursor:
        answer["pagination"] = {"cursor": cursor}
    return web.json_response(answer)


async def get_operation(request: web.Request) -> web.Response:
    """``GET /projects/{project_id}/operations/{operation_id}``."""
    project = request.app[WORLD].project(request.match_info["project_id"])
    operation = project.operations.get(request.match_info["operation_id"])
    if operation is None:
        raise ApiError(404, "operation not found")
    return web.json_response({"operation": shapes.operation(operation)})


ROUTES = [
    web.get("/users/me", get_user),
    web.get("/users/me/organizations", get_organizations),
    web.get("/auth", get_auth),
    web.get("/regions", get_regions),
    web.get("/projects/{project_id}/operations", list_operations),
    web.get("/projects/{project_id}/operations/{operation_id}", get_operation),
]
