# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists and exact names. A search of the API is a substring match on names and ids, so names are compared here.

No function of this file ever falls back to another object than the one that was asked for.
"""

from __future__ import annotations

import typing as t

from .._core.errors import AmbiguousError, NotFoundError, ProviderError, UnreachableError
from .answers import optional, required, texts
from .client import NeonClient, Query, path_of

_PROJECTS_PAGE: t.Final = 400
_BRANCHES_PAGE: t.Final = 1000
# A partial list of projects is asked for again after these pauses.
_PARTIAL_PAUSES: t.Final = (1.0, 3.0)


def projects_named(client: NeonClient, name: str, org_id: str | None) -> list[dict[str, t.Any]]:
    """Return all projects whose name is exactly ``name``.

    :raises UnreachableError: if the provider could not show all projects: absence is then not proven, and nothing may be created.
    """
    found, unavailable = projects_matching(client, name, org_id)
    if not unavailable:
        return [project for project in found if project.get("name") == name]
    raise UnreachableError(
        f"Neon could not show all projects, so nobody can tell whether one is named {name!r}",
        where="Neon API, GET /projects",
        why=f"Unavailable at the moment: {', '.join(unavailable)}",
        remedy="Run again later, or pin the project's id with the option id",
    )


def projects_matching(client: NeonClient, text: str | None, org_id: str | None) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Return all projects whose name or id contains ``text`` (None: all), and the ids of those that the provider cannot show.

    A partial list is asked for again, twice; what is unavailable then stays so.
    """
    for pause in (*_PARTIAL_PAUSES, None):
        found, unavailable = _search_projects(client, text, org_id)
        if not unavailable or pause is None or not client.pause(pause):
            break
    # A deleted project can be recovered for some days; until then it is not there.
    return [project for project in found if not project.get("deleted_at")], unavailable


def _search_projects(client: NeonClient, text: str | None, org_id: str | None) -> tuple[list[dict[str, t.Any]], list[str]]:
    found: list[dict[str, t.Any]] = []
    missing: list[str] = []
    cursor: str | None = None
    while True:
        query: Query = {"search": text, "limit": _PROJECTS_PAGE, "org_id": org_id, "cursor": cursor}
        answer = client.get("/projects", query)
        page = required(answer, "projects", list, "the list of projects")
        found.extend(page)
        unavailable = texts(answer, "unavailable_project_ids", "the list of projects")
        missing.extend(unavailable)
        pagination = optional(answer, "pagination", dict, "the list of projects") or {}
        following = optional(pagination, "cursor", str, "the list of projects")
        # The last page carries a cursor as well (its own last project), so a short page is the end.
        if len(page) + len(unavailable) < _PROJECTS_PAGE or not following:
            return found, missing
        cursor = moved(cursor, following, "projects")


def branches_matching(client: NeonClient, project_id: str, text: str | None) -> list[dict[str, t.Any]]:
    """Return all branches whose name or id contains ``text``, or all there are. The order is stable while paging.

    A branch carries its ``annotation`` like the answer to a GET does: lists keep them in a place of their own.
    """
    found: list[dict[str, t.Any]] = []
    cursor: str | None = None
    while True:
        query: Query = {"search": text, "limit": _BRANCHES_PAGE, "sort_by": "created_at", "sort_order": "asc", "cursor": cursor}
        answer = client.get(path_of("projects", project_id, "branches"), query)
        annotations = optional(answer, "annotations", dict, "the list of branches") or {}
        for branch in required(answer, "branches", list, "the list of branches"):
            branch_id = required(branch, "id", str, "a branch")
            annotation = optional(annotations, branch_id, dict, f"the annotations of branch {branch_id}")
            found.append({**branch, "annotation": annotation} if annotation else branch)
        pagination = optional(answer, "pagination", dict, "the list of branches") or {}
        following = optional(pagination, "next", str, "the list of branches")
        if not following:
            return found
        cursor = moved(cursor, following, "branches")


def branch_named(client: NeonClient, project_id: str, name: str) -> dict[str, t.Any] | None:
    """Return the branch whose name is exactly ``name``, or None."""
    matches = [branch for branch in branches_matching(client, project_id, name) if branch.get("name") == name]
    return only(matches, f"branch {name!r} of project {project_id}")


def branches_by_name(client: NeonClient, project_id: str, names: t.Sequence[str]) -> dict[str, dict[str, t.Any] | None]:
    """Return for each name the branch that has exactly it, or None.

    A search finds every name that contains the text, so a name that is part of others needs no request of its own for them.
    """
    found: dict[str, dict[str, t.Any] | None] = {}
    for text in sorted(set(names), key=lambda name: (len(name), name)):
        if text in found:
            continue
        listed = branches_matching(client, project_id, text)
        for name in names:
            if name not in found and text in name:
                found[name] = only([branch for branch in listed if branch.get("name") == name], f"branch {name!r} of project {project_id}")
    return found


def branch_called(client: NeonClient, project_id: str, name_or_id: str, *, where: str, variable: str | None = None) -> dict[str, t.Any]:
    """Return the branch with exactly this name, or else with exactly this id; see :func:`called`."""
    return called(branches_matching(client, project_id, name_or_id), project_id, name_or_id, where=where, variable=variable)


def called(listed: t.Sequence[dict[str, t.Any]], project_id: str, name_or_id: str, *, where: str, variable: str | None = None) -> dict[str, t.Any]:
    """Return from a list of branches the one with exactly this name, or else with exactly this id.

    :param where: the option that names the branch.
    :param variable: the inventory's variable that site.yml fills this option from.
    :raises NotFoundError: if there is none. Another branch is never taken instead.
    """
    by_name = only([branch for branch in listed if branch.get("name") == name_or_id], f"branch {name_or_id!r} of project {project_id}")
    if by_name is not None:
        return by_name
    for branch in listed:
        if branch.get("id") == name_or_id:
            return branch
    raise NotFoundError(
        f"project {project_id} has no branch named {name_or_id!r}, nor one with that id",
        where=where,
        remedy=f"Correct the name (it is compared exactly{f'; in an inventory: {variable}' if variable else ''}), or make that branch first",
    )


def all_endpoints(client: NeonClient, project_id: str) -> list[dict[str, t.Any]]:
    """Return the computes of all branches of a project. Neon does not page them."""
    return required(client.get(path_of("projects", project_id, "endpoints")), "endpoints", list, "the list of endpoints")


ItemT = t.TypeVar("ItemT", bound=t.Mapping[str, t.Any])


def only(matches: t.Sequence[ItemT], subject: str) -> ItemT | None:
    """Return the one match, or None for none.

    :raises AmbiguousError: for more than one, naming the ids.
    """
    if len(matches) > 1:
        ids = ", ".join(sorted(str(match.get("id")) for match in matches))
        raise AmbiguousError(
            f"{len(matches)} objects fit {subject}",
            why=f"Names are not unique here; their ids are {ids}",
            remedy="Pin the right one with the option id (that of a project in an inventory: neon_project_id)",
            details={"ids": sorted(str(match.get("id")) for match in matches)},
        )
    return matches[0] if matches else None


def moved(before: str | None, after: str, what: str) -> str:
    """Return the cursor of the next page.

    :raises ProviderError: if it leads to the same page again.
    """
    if before == after:
        raise ProviderError(
            f"the list of {what} does not end: the same page was answered twice",
            where=f"Neon API, list of {what}",
            remedy="Report this to Neon's support",
        )
    return after
