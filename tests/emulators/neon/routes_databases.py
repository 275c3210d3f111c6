# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases."""

from __future__ import annotations

from aiohttp import web

from ..framework.errors import ApiError
from ..framework.fields import Fields
from . import making, rules, shapes
from .operations import Step
from .state import Branch, Database, Operation, Project
from .world import WORLD, World, branch_of, database_of, in_branch, role_of


def _answer(database: Database, branch: Branch, operations: list[Operation], status: int = 200) -> web.Response:
    body = {"database": shapes.database(database, branch.id), "operations": shapes.operations(operations)}
    return web.json_response(body, status=status)


def _schedule(world: World, project: Project, branch: Branch, step: Step) -> list[Operation]:
    return world.operations.schedule(project, world.computes.awake(project, branch.id, [step]))


def _step(project: Project, branch: Branch, work, undo=None) -> Step:
    endpoint = project.read_write_endpoint(branch.id)
    return Step("apply_config", branch.id, endpoint.id if endpoint else None, work, undo)


async def list_databases(request: web.Request) -> web.Response:
    """``GET .../databases``."""
    _world, _project, branch = in_branch(request)
    return web.json_response({"databases": [shapes.database(item, branch.id) for item in branch.databases.values()]})


async def create_database(request: web.Request) -> web.Response:
    """``POST .../databases``."""
    world, project, branch = in_branch(request)
    fields = (await Fields.of(request)).part("database", required=True)
    name, owner = fields.require("name", str), fields.require("owner_name", str)
    rules.check_database_name(name)
    role_of(branch, owner)
    if name in branch.databases:
        raise ApiError(409, f"database already exists; database_name:{name}", "DATABASE_ALREADY_EXISTS")
    world.operations.require_unlocked(project)
    database = making.new_database(world, name, owner)
    branch.databases[name] = database
    project.know(database)

    async def create() -> None:
        await world.data_plane.create_database(branch.id, name, owner)

    def undo() -> None:
        branch.databases.pop(name, None)

    return _answer(database, branch, _schedule(world, project, branch, _step(project, branch, create, undo)), 201)


async def get_database(request: web.Request) -> web.Response:
    """``GET .../databases/{database_name}``."""
    _world, _project, branch = in_branch(request)
    return web.json_response({"database": shapes.database(database_of(branch, request.match_info["database_name"]), branch.id)})


async def update_database(request: web.Request) -> web.Response:
    """``PATCH .../databases/{database_name}``: name and owner."""
    world, project, branch = in_branch(request)
    database = database_of(branch, request.match_info["database_name"])
    fields = (await Fields.of(request)).part("database", required=True)
    old_name, old_owner = database.name, database.owner_name
    name = fields.get("name", str, old_name) or old_name
    owner = fields.get("owner_name", str, old_owner) or old_owner
    rules.check_database_name(name)
    role_of(branch, owner)
    if name != old_name and name in branch.databases:
        raise ApiError(409, f"database already exists; database_name:{name}", "DATABASE_ALREADY_EXISTS")
    world.operations.require_unlocked(project)
    if (name, owner) == (old_name, old_owner):
        return _answer(database, branch, [])

    def show(shown_name: str, shown_owner: str) -> None:
        del branch.databases[database.name]
        database.name, database.owner_name, database.updated_at = shown_name, shown_owner, world.clock.now()
        branch.databases[shown_name] = database
        project.know(database)

    async def alter() -> None:
        new_name = name if name != old_name else None
        await world.data_plane.alter_database(branch.id, old_name, new_name=new_name, new_owner=owner if owner != old_owner else None)

    show(name, owner)
    step = _step(project, branch, alter, lambda: show(old_name, old_owner))
    return _answer(database, branch, _schedule(world, project, branch, step))


async def delete_database(request: web.Request) -> web.Response:
    """``DELETE .../databases/{database_name}``; 204 if it is gone already."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    branch = branch_of(project, request.match_info["branch_id"])
    database = branch.databases.get(request.match_info["database_name"])
    if database is None:
        return web.Response(status=204)
    world.operations.require_unlocked(project)

    async def drop() -> None:
        await world.data_plane.drop_database(branch.id, database.name)
        del branch.databases[database.name]

    return _answer(database, branch, _schedule(world, project, branch, _step(project, branch, drop)))


ROUTES = [
    web.get("/projects/{project_id}/branches/{branch_id}/databases", list_databases),
    web.post("/projects/{project_id}/branches/{branch_id}/databases", create_database),
    web.get("/projects/{project_id}/branches/{branch_id}/databases/{database_name}", get_database),
    web.patch("/projects/{project_id}/branches/{branch_id}/databases/{database_name}", update_database),
    web.delete("/projects/{project_id}/branches/{branch_id}/databases/{database_name}", delete_database),
]
