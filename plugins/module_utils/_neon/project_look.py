# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a project's plan may depend on beyond the project itself."""

from __future__ import annotations

from .answers import optional, required
from .client import NeonClient, path_of
from .lists import branch_pages
from .records import MANAGED_BY


def is_marked_as_ours(client: NeonClient, project_id: str, default_branch: str | None) -> bool:
    """Tell whether the project's default branch carries the mark that this collection gives to the projects it makes.

    One request, unless a project has more branches than a page and its default branch is not called as declared.

    :param default_branch: its probable name, None if nothing is known about it.
    """
    searches = ([default_branch] if default_branch else []) + [None]
    for text in searches:
        for answer in branch_pages(client, project_id, text):
            for branch in required(answer, "branches", list, "the list of branches"):
                if branch.get("default") is True:
                    marks = optional(answer, "annotations", dict, "the list of branches") or {}
                    mark = marks.get(branch.get("id")) or {}
                    return dict(mark.get("value") or {}).items() >= MANAGED_BY.items()
    return False


def available_libraries(client: NeonClient, project_id: str) -> tuple[str, ...]:
    """Return the names of the libraries that the project's computes can preload."""
    where = "the list of preload libraries"
    answer = client.get(path_of("projects", project_id, "available_preload_libraries"))
    return tuple(required(library, "library_name", str, where) for library in optional(answer, "libraries", list, where) or [])
