# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New branches and endpoints, and the operations that make them real. Shared by the project, branch and endpoint routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..framework.errors import ApiError
from ..framework.fields import Fields
from . import catalog, names, pg_settings, preload, quotas, rules
from .operations import Step
from .state import Branch, Database, Endpoint, Project, Role
from .targets import HEAD, Target
from .world import World

DEFAULT_CU = 0.25
NUMBER = (int, float)


def new_role(world: World, name: str, *, no_login: bool = False) -> Role:
    """A role with a random password."""
    now = world.clock.now()
    return Role(name, names.password(), now, now, no_login=no_login)


def new_database(world: World, name: str, owner_name: str) -> Database:
    """A database with a new id."""
    now = world.clock.now()
    return Database(world.next_database_id(), name, owner_name, now, now)


def check_branch_name(project: Project, name: str | None, *, own_id: str = "") -> None:
    """Refuse a name that another branch of the project has; a deleted branch's name is free.

    :param own_id: the branch that is to have the name.
    :raises ApiError: 409.
    """
    if any(branch.name == name and branch.id != own_id for branch in project.branches.values()):
        raise ApiError(409, f"branch already exists; branch_name:{name}", "BRANCH_ALREADY_EXISTS")


def forget(project: Project, branch: Branch) -> None:
    """Take the branch and its endpoints out of the project."""
    project.branches.pop(branch.id, None)
    for endpoint in project.branch_endpoints(branch.id):
        project.endpoints.pop(endpoint.id, None)


def new_branch(world: World, project: Project, name: str | None, *, parent: Branch | None, init_source: str, protected: bool) -> Branch:
    """A branch, registered in its project; an unnamed one is named by its id.

    A child, or a schema-only branch, knows its source's roles and databases. If the source is protected, the passwords are new.

    :raises ApiError: 409 if the project has a branch of that name.
    """
    branch_id = names.branch_id()
    check_branch_name(project, name)
    now = world.clock.now()
    is_child = parent is not None and init_source == "parent-data"
    branch = Branch(
        id=branch_id,
        project_id=project.id,
        name=name or branch_id,
        parent_id=parent.id if parent and is_child else None,
        parent_timestamp=now if is_child else None,
        init_source=init_source,
        protected=protected,
        created_at=now,
        updated_at=now,
        state_changed_at=now,
    )
    for role in parent.roles.values() if parent else ():
        password = names.password() if parent and parent.protected else role.password
        branch.roles[role.name] = Role(role.name, password, now, now, role.protected, role.no_login)
    for database in parent.databases.values() if parent else ():
        branch.databases[database.name] = new_database(world, database.name, database.owner_name)
    project.know(*branch.roles.values(), *branch.databases.values())
    project.branches[branch.id] = branch
    return branch


def new_endpoint(world: World, project: Project, branch: Branch, fields: Fields) -> Endpoint:
    """An endpoint as ``fields`` ask for it, the rest from the project's defaults; registered in its project.

    :raises ApiError: 400 for values the service refuses, 409 if the branch already has a read-write endpoint, 423 for an exceeded quota.
    """
    kind = fields.require("type", str)
    if kind not in ("read_write", "read_only"):
        raise ApiError(400, f"endpoint type {kind} is unknown")
    if kind == "read_write" and project.read_write_endpoint(branch.id):
        raise ApiError(409, f"branch {branch.name} already has a read_write endpoint", "ENDPOINT_ALREADY_EXISTS")
    defaults = project.default_endpoint_settings
    min_cu, max_cu = compute_size(fields, defaults.get("autoscaling_limit_min_cu"), defaults.get("autoscaling_limit_max_cu"))
    timeout = fields.get("suspend_timeout_seconds", int, defaults.get("suspend_timeout_seconds", 0))
    rules.check_suspend_timeout(timeout)
    settings = fields.get("settings", dict, {}) or {}
    preload.check(settings.get("preload_libraries") or {})
    pg_settings.check(settings)
    disabled = bool(fields.get("disabled", bool, False))
    if not disabled:
        quotas.check_start(project)
    now = world.clock.now()
    endpoint = Endpoint(
        id=names.endpoint_id(),
        project_id=project.id,
        branch_id=branch.id,
        type=kind,
        min_cu=min_cu,
        max_cu=max_cu,
        suspend_timeout_seconds=timeout,
        settings=settings,
        created_at=now,
        updated_at=now,
        name=fields.get("name", str),
        disabled=disabled,
    )
    project.endpoints[endpoint.id] = endpoint
    return endpoint


def compute_size(fields: Fields, min_cu: float | None, max_cu: float | None) -> tuple[float, float]:
    """Minimum and maximum compute size: what ``fields`` give, else the defaults, moved as far as the given one demands.

    :raises ApiError: 400 if the service has no such size.
    """
    given_min: Any = fields.get("autoscaling_limit_min_cu", NUMBER)
    given_max: Any = fields.get("autoscaling_limit_max_cu", NUMBER)
    low = given_min if given_min is not None else (min_cu or DEFAULT_CU)
    high = given_max if given_max is not None else (max_cu or DEFAULT_CU)
    if given_min is None:
        low = min(low, high)
    if given_max is None:
        high = max(low, high)
    rules.check_compute(low, high)
    return low, high


def check_endpoint_list(items: list[Fields]) -> None:
    """Refuse more than one read-write endpoint in a branch's create request.

    :raises ApiError: 400.
    """
    if sum(item.get("type", str) == "read_write" for item in items) > 1:
        raise ApiError(400, "a branch has at most one read_write endpoint")


def root_branch_steps(world: World, project: Project, branch: Branch, endpoint: Endpoint) -> list[Step]:
    """Make the first branch of a project: an empty cluster, its compute, then its roles and databases."""

    async def create() -> None:
        await world.data_plane.create_cluster(branch.id, project.pg_version)

    async def start() -> None:
        await world.computes.start(project, endpoint)
        for role in branch.roles.values():
            await world.data_plane.create_role(branch.id, role.name, role.password)
        for database in branch.databases.values():
            await world.data_plane.create_database(branch.id, database.name, database.owner_name)
        await world.meter.start_from_here(branch)
        mark_ready(world, branch)

    endpoint.pending_state = "active"
    return [Step("create_timeline", branch.id, None, create), Step("start_compute", branch.id, endpoint.id, start)]


def branch_steps(
    world: World, project: Project, branch: Branch, source: Branch, endpoints: list[Endpoint], target: Target = HEAD, *, archived: bool = False
) -> list[Step]:
    """Make a branch from ``source`` as it is or was: copy the cluster, then start its computes.

    A protected source's passwords are replaced before the branch counts as ready. With ``archived`` it is archived instead of started.
    """
    schema_only = branch.init_source == "schema-only"

    async def copy() -> None:
        async with world.operations.branch_lock(source.id):
            copied = await world.data_plane.copy_cluster(source.id, branch.id, schema_only=schema_only, **target.for_data_plane(world.clock))
        if not target.is_head:
            catalog.settle(world, project, branch, source, copied, new_passwords=source.protected)
        if branch.parent_id:
            branch.parent_lsn = copied.lsn
        if source.protected:
            for role in branch.roles.values():
                if not role.no_login:
                    await world.data_plane.set_password(branch.id, role.name, role.password)
        mark_ready(world, branch)

    async def archive() -> None:
        mark(world, branch, "archived")
        for endpoint in endpoints:
            endpoint.current_state = "idle"

    def undo() -> None:
        forget(project, branch)

    steps = [Step("create_branch", branch.id, None, copy, undo)]
    if archived:
        return [*steps, Step("timeline_archive", branch.id, None, archive)]
    return steps + [world.computes.start_step(project, endpoint) for endpoint in endpoints if not endpoint.disabled]


def mark_ready(world: World, branch: Branch) -> None:
    """The branch can be used."""
    mark(world, branch, "ready")


def mark(world: World, branch: Branch, state: str) -> None:
    """The branch is in that state."""
    branch.current_state, branch.pending_state = state, None
    branch.state_changed_at = world.clock.now()


def connection_details(world: World, branch: Branch, endpoint: Endpoint) -> list[dict[str, Any]]:
    """``connection_uris`` of a create answer: one for each database, as its owner."""
    direct, pooled = world.data_plane.hosts(endpoint.id)
    details = []
    for database in branch.databases.values():
        role = branch.roles[database.owner_name]
        parameters = {"database": database.name, "password": role.password, "role": role.name, "host": direct, "pooler_host": pooled}
        details.append({"connection_uri": world.uri(endpoint, role, database.name), "connection_parameters": parameters})
    return details


def drop_step(world: World, branch: Branch, forget: Callable[[], None] | None = None) -> Step:
    """The operation that removes the branch's cluster, and then what the API knows about it."""

    async def drop() -> None:
        await world.data_plane.drop_cluster(branch.id)
        if forget:
            forget()

    return Step("delete_timeline", branch.id, None, drop)
