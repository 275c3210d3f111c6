# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords that Neon stores. The one request behind the look-up and behind comparing two branches."""

from __future__ import annotations

from .._core.errors import ProviderError
from .answers import required
from .client import NeonClient, path_of


def role_path(project_id: str, branch_id: str, name: str) -> str:
    """Return the path of a role."""
    return path_of("projects", project_id, "branches", branch_id, "roles", name)


def reveal_password(client: NeonClient, project_id: str, branch_id: str, name: str) -> str:
    """Return the password of a role; one request. The caller hides it.

    :raises ProviderError: also if the project does not store passwords (HTTP 412).
    :raises NotFoundError: if the branch or the role does not exist.
    """
    answer = client.get(role_path(project_id, branch_id, name) + "/reveal_password")
    password = required(answer, "password", str, f"password of role {name}")
    if not password:
        raise ProviderError(
            f"Neon answered an empty password for role {name}",
            where=f"branch {branch_id} of project {project_id}",
            remedy="Reset the role's password in the console",
        )
    return password
