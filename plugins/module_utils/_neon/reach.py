# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be asked of Neon to know where a database is reached."""

from __future__ import annotations

from .._core.runner import Context
from .answers import required
from .client import NeonClient, path_of
from .records import Database, database_from, endpoint_from


def databases_path(project_id: str, branch_id: str) -> str:
    """Return the path of a branch's databases."""
    return path_of("projects", project_id, "branches", branch_id, "databases")


def database_called(client: NeonClient, project_id: str, branch_id: str, name: str) -> Database | None:
    """Return the database with exactly this name, or None; one request."""
    answer = client.get(databases_path(project_id, branch_id))
    for data in required(answer, "databases", list, f"databases of branch {branch_id}"):
        if isinstance(data, dict) and data.get("name") == name:
            return database_from(data, branch_id)
    return None


def role_exists(client: NeonClient, project_id: str, branch_id: str, name: str) -> bool:
    """Return whether the branch has a role with exactly this name; one request."""
    answer = client.get(path_of("projects", project_id, "branches", branch_id, "roles"))
    return any(isinstance(data, dict) and data.get("name") == name for data in required(answer, "roles", list, f"roles of branch {branch_id}"))


def hosts_of(client: NeonClient, project_id: str, branch_id: str) -> list[str]:
    """Return the direct hosts of a branch's computes; one request."""
    answer = client.get(path_of("projects", project_id, "branches", branch_id, "endpoints"))
    listed = required(answer, "endpoints", list, f"endpoints of branch {branch_id}")
    endpoints = [endpoint_from(data, branch_id) for data in listed]
    return [endpoint.host for endpoint in endpoints if endpoint.host is not None]


def connection_uri_of(context: Context, client: NeonClient, project_id: str, branch_id: str, *, database: str, role: str) -> str:
    """Return the URI that Neon gives for a database and a role; one request. It holds a password, and is masked in whatever the task prints.

    :raises NotFoundError, ProviderError: Neon's refusals, for example for a branch without a compute.
    """
    # Without branch_id the API would answer for the default branch.
    query = {"branch_id": branch_id, "database_name": database, "role_name": role, "pooled": False}
    uri = required(client.get(path_of("projects", project_id, "connection_uri"), query), "uri", str, "the connection URI")
    context.hide(uri)
    return uri
