# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account the local Neon serves, and how its objects are found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from ..framework.clock import Clock
from ..framework.errors import ApiError
from .operations import Operations
from .state import Branch, Database, Endpoint, Project, Role

if TYPE_CHECKING:
    from .computes import Computes
    from .dataplane import DataPlane
    from .metering import Meter
    from .soft_delete import DeletedProject

ORGANISATION_ID = "org-local-demo-10000000"
DOMAIN = "local.localhost"


@dataclass
class World:
    """Everything the handlers share.

    :param pg_versions: the PostgreSQL majors there are binaries for.
    :param snapshot_limit: how many manual snapshots a project may have.
    :param plan: the plan the account is on.
    """

    clock: Clock
    operations: Operations
    data_plane: DataPlane
    pg_versions: tuple[int, ...]
    snapshot_limit: int = 100
    computes: Computes = field(init=False)
    meter: Meter = field(init=False)
    projects: dict[str, Project] = field(default_factory=dict)
    deleted_projects: dict[str, DeletedProject] = field(default_factory=dict)
    last_database_id: int = 0
    plan: str = "scale"

    def project(self, project_id: str) -> Project:
        """The project.

        :raises ApiError: 404.
        """
        if project_id not in self.projects:
            raise ApiError(404, "project not found")
        return self.projects[project_id]

    def all_endpoints(self) -> Iterator[tuple[Project, Endpoint]]:
        """Every endpoint with its project."""
        for project in list(self.projects.values()):
            for endpoint in list(project.endpoints.values()):
                yield project, endpoint

    def uri(self, endpoint: Endpoint, role: Role, database_name: str, *, pooled: bool = False) -> str:
        """The connection string for ``role``.

        PgBouncer cannot do channel binding, so only the direct string demands it.
        """
        host = self.data_plane.hosts(endpoint.id)[1 if pooled else 0]
        options = "sslmode=require" if pooled else "sslmode=require&channel_binding=require"
        user, password, database = quote(role.name, safe=""), quote(role.password, safe=""), quote(database_name, safe="")
        return f"postgresql://{user}:{password}@{host}:{self.data_plane.port}/{database}?{options}"

    def next_database_id(self) -> int:
        """A number no database has had."""
        self.last_database_id += 1
        return self.last_database_id


WORLD: web.AppKey[World] = web.AppKey("world", World)


def branch_of(project: Project, branch_id: str) -> Branch:
    """The branch.

    :raises ApiError: 404.
    """
    if branch_id not in project.branches:
        raise ApiError(404, "branch not found")
    return project.branches[branch_id]


def endpoint_of(project: Project, endpoint_id: str) -> Endpoint:
    """The endpoint.

    :raises ApiError: 404.
    """
    if endpoint_id not in project.endpoints:
        raise ApiError(404, "endpoint not found")
    return project.endpoints[endpoint_id]


def role_of(branch: Branch, name: str) -> Role:
    """The role.

    :raises ApiError: 404.
    """
    if name not in branch.roles:
        raise ApiError(404, "role not found")
    return branch.roles[name]


def database_of(branch: Branch, name: str) -> Database:
    """The database.

    :raises ApiError: 404.
    """
    if name not in branch.databases:
        raise ApiError(404, "database not found")
    return branch.databases[name]


def in_branch(request: web.Request) -> tuple[World, Project, Branch]:
    """World, project and branch of a request below ``/projects/{project_id}/branches/{branch_id}``.

    :raises ApiError: 404.
    """
    world = request.app[WORLD]
    project = world.project(request.match_info["project_id"])
    return world, project, branch_of(project, request.match_info["branch_id"])
