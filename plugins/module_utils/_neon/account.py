# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads projects with all their branches and computes in as few requests as there are: one list of projects, two lists for each project."""

from __future__ import annotations

import typing as t

from .._core.errors import UnreachableError
from .branch_hosts import Facts, project_facts, select_projects
from .client import NeonClient
from .lists import all_endpoints, branches_matching, projects_matching
from .records import project_from


def read_projects(client: NeonClient, wanted: t.Sequence[str], org_id: str | None, *, partial: bool) -> tuple[list[Facts], list[str]]:
    """Return the facts of the projects that ``wanted`` names (empty: all that the key can see), and the ids of those Neon cannot show.

    :param partial: a list that is not complete is accepted. A project that ``wanted`` names is never missing from the result all the same.
    :raises UnreachableError: if the list of projects is not complete.
    :raises NotFoundError, AmbiguousError: see :func:`select_projects`.
    """
    # The search matches parts of names and ids, so it finds the one that is named exactly, too.
    found, unavailable = projects_matching(client, wanted[0] if len(wanted) == 1 else None, org_id)
    chosen = select_projects(found, unavailable, wanted)
    if unavailable and not wanted and not partial:
        raise UnreachableError(
            "Neon could not show all projects, so branches would be missing",
            where="Neon API, GET /projects",
            why=f"Unavailable at the moment: {', '.join(unavailable)}",
            remedy="Run again later, name the projects by their ids in the option projects, or set on_partial_list to warn",
        )
    facts = []
    for project in chosen:
        project_id = project_from(project).id
        facts.append(project_facts(project, branches_matching(client, project_id, None), all_endpoints(client, project_id)))
    # Projects that are named by their ids are complete, whatever else the list lacks.
    return facts, [] if wanted else unavailable
