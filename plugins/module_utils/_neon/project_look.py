# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a project's plan may depend on beyond the project itself."""

from __future__ import annotations

import typing as t

from .._core.errors import NotFoundError
from .answers import optional, required
from .client import NeonClient, path_of
from .lists import branches_matching
from .records import branch_from


def is_marked_as_ours(client: NeonClient, project_id: str, default_branch: str | None) -> bool:
    """Tell whether the project's default branch carries the mark that this collection gives to the projects it makes.

    A branch that was restored from a snapshot has no mark, so the branch that it replaced counts instead. One request, unless the default
    branch was restored, or a project has more branches than a page and its default branch is not called as declared.

    :param default_branch: its probable name, None if nothing is known about it.
    """
    for text in [default_branch, None] if default_branch else [None]:
        for branch in branches_matching(client, project_id, text):
            if branch.get("default") is True:
                return _is_marked(client, project_id, branch)
    return False


def _is_marked(client: NeonClient, project_id: str, branch: t.Any) -> bool:
    seen: set[str] = set()
    while not branch_from(branch, project_id).managed:
        replaced = branch.get("restored_as")
        if not replaced or replaced in seen:
            return False
        seen.add(replaced)
        try:
            answer = client.get(path_of("projects", project_id, "branches", replaced))
        except NotFoundError:
            return False
        branch = {**required(answer, "branch", dict, f"branch {replaced}"), "annotation": answer.get("annotation")}
    return True


def available_libraries(client: NeonClient, project_id: str) -> tuple[str, ...]:
    """Return the names of the libraries that the project's computes can preload."""
    where = "the list of preload libraries"
    answer = client.get(path_of("projects", project_id, "available_preload_libraries"))
    return tuple(required(library, "library_name", str, where) for library in optional(answer, "libraries", list, where) or [])


def protected_branches(client: NeonClient, project_id: str) -> tuple[str, ...]:
    """Return the names of the project's protected branches; one request for each page of branches."""
    branches = (branch_from(data, project_id) for data in branches_matching(client, project_id, None))
    return tuple(sorted(branch.name for branch in branches if branch.protected))
