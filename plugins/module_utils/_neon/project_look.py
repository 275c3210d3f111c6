# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a project's plan may depend on beyond the project itself."""

from __future__ import annotations

from .answers import optional, required
from .client import NeonClient, path_of
from .lists import branches_matching
from .records import branch_from


def is_marked_as_ours(client: NeonClient, project_id: str, default_branch: str | None) -> bool:
    """Tell whether the project's default branch carries the mark that this collection gives to the projects it makes.

    One request, unless a project has more branches than a page and its default branch is not called as declared.

    :param default_branch: its probable name, None if nothing is known about it.
    """
    for text in [default_branch, None] if default_branch else [None]:
        for branch in branches_matching(client, project_id, text):
            if branch.get("default") is True:
                return branch_from(branch, project_id).managed
    return False


def available_libraries(client: NeonClient, project_id: str) -> tuple[str, ...]:
    """Return the names of the libraries that the project's computes can preload."""
    where = "the list of preload libraries"
    answer = client.get(path_of("projects", project_id, "available_preload_libraries"))
    return tuple(required(library, "library_name", str, where) for library in optional(answer, "libraries", list, where) or [])
