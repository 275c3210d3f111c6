# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles."""

from __future__ import annotations

from aiohttp import web

from ..framework.errors import ApiError
from ..framework.fields import Fields
from . import making, names, rules, shapes
from .operations import Step
from .state import Branch, Project, Role
from .world import WORLD, World, branch_of, in_branch, role_of


def _protected(role: Role) -> None:
    if role.protected:
        raise ApiError(422, f"role {role.name} is protected by the system")


def _answer(role: Role, branch: Branch, operations: list, *, with_password: bool = False, status: int = 200) -> web.Response:
    body = {"role": shapes.role(role, branch.id, with_password=with_password), "operations": shapes.operations(operations)}
    return web.json_response(body, status=status)


async def list_roles(request: web.Request) -> web.Response:
    """``GET .../roles``."""
    _world, _project, branch = in_branch(request)
    return web.json_response({"roles": [shapes.role(role, branch.id) for role in branch.roles.values()]})


async def create_role(request: web.Request) -> web.Response:
    """``POST .../roles``; the answer carries the password. The compute's connections drop."""
    world, project, branch = in_branch(request)
    fields = (await Fields.of(request)).part("role", required=True)
    name = fields.require("name", str)
    no_login = bool(fields.get("no_login", bool, False))
    rules.check_role_name(name)
    if no_login:
        raise ApiError(501, "the local Neon does not offer role.no_login", "NOT_OFFERED_LOCALLY")
    if name in branch.roles:
        raise ApiError(409, f"role already exists; role_name:{name}", "ROLE_ALREADY_EXISTS")
    world.operations.require_unlocked(project)
    role = making.new_role(world, name)
    branch.roles[name] = role
    project.know(role)

    async def create() -> None:
        await world.data_plane.create_role(branch.id, name, role.password)
        await world.computes.drop_connections(branch.id, project)

    step = Step("apply_config", branch.id, _compute(project, branch), create, lambda: branch.roles.pop(name, None) and None)
    operations = world.operations.schedule(project, world.computes.awake(project, branch.id, [step]))
    return _answer(role, branch, operations, with_password=True, status=201)


def _compute(project: Project, branch: Branch) -> str | None:
    endpoint = project.read_write_endpoint(branch.id)
    return endpoint.id if endpoint else None


async def get_role(request: web.Request) -> web.Response:
    """``GET .../roles/{role_name}``."""
    _world, _project, branch = in_branch(request)
    role = role_of(branch, request.match_info["role_name"])
    return web.json_response({"role": shapes.role(role, branch.id)})


async def delete_role(request: web.Request) -> web.Response:
    """``DELETE .../roles/{role_name}``; 204 if it is gone already. A role that owns a database stays."""
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    branch = branch_of(project, request.match_info["branch_id"])
    role = branch.roles.get(request.match_info["role_name"])
    if role is None:
        return web.Response(status=204)
    _protected(role)
    owned = sorted(database.name for database in branch.databases.values() if database.owner_name == role.name)
    if owned:
        raise ApiError(422, f"role {role.name} cannot be deleted: it owns the databases {', '.join(owned)}")
    world.operations.require_unlocked(project)

    async def drop() -> None:
        await world.data_plane.drop_role(branch.id, role.name)
        del branch.roles[role.name]

    step = Step("apply_config", branch.id, _compute(project, branch), drop)
    operations = world.operations.schedule(project, world.computes.awake(project, branch.id, [step]))
    return _answer(role, branch, operations)


async def reveal_password(request: web.Request) -> web.Response:
    """``GET .../reveal_password``; 412 if the project does not store passwords."""
    _world, project, branch = in_branch(request)
    role = role_of(branch, request.match_info["role_name"])
    if not project.store_passwords:
        raise ApiError(412, "Storing passwords is disabled")
    return web.json_response({"password": role.password})


async def reset_password(request: web.Request) -> web.Response:
    """``POST .../reset_password``; the old password works until the operation is done, then connections drop."""
    world, project, branch = in_branch(request)
    role = role_of(branch, request.match_info["role_name"])
    _protected(role)
    world.operations.require_unlocked(project)
    return _answer(role, branch, _schedule_reset(world, project, branch, role), with_password=True)


def _schedule_reset(world: World, project: Project, branch: Branch, role: Role) -> list:
    old = role.password
    role.password, role.updated_at = names.password(), world.clock.now()
    project.know(role)

    async def reset() -> None:
        await world.data_plane.set_password(branch.id, role.name, role.password)
        await world.computes.drop_connections(branch.id, project)

    def undo() -> None:
        role.password = old

    step = Step("apply_config", branch.id, _compute(project, branch), reset, undo)
    return world.operations.schedule(project, world.computes.awake(project, branch.id, [step]))


ROUTES = [
    web.get("/projects/{project_id}/branches/{branch_id}/roles", list_roles),
    web.post("/projects/{project_id}/branches/{branch_id}/roles", create_role),
    web.get("/projects/{project_id}/branches/{branch_id}/roles/{role_name}", get_role),
    web.delete("/projects/{project_id}/branches/{branch_id}/roles/{role_name}", delete_role),
    web.get("/projects/{project_id}/branches/{branch_id}/roles/{role_name}/reveal_password", reveal_password),
    web.post("/projects/{project_id}/branches/{branch_id}/roles/{role_name}/reset_password", reset_password),
]
