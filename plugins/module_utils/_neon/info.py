# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at projects and what is in them. Every request only reads, and none wakes a compute."""

from __future__ import annotations

import typing as t

from .._core.errors import InputError, NotFoundError, ProviderError
from .._core.runner import Context
from .answers import optional, required
from .client import NeonClient, path_of
from .info_consumption import read_consumption
from .info_period import Period, period_of
from .info_shape import (
    branch_shown,
    compute_shown,
    database_shown,
    operation_shown,
    project_shown,
    role_shown,
    snapshot_shown,
)
from .lists import all_endpoints, branches_matching, projects_matching
from .moments import at
from .options import client_of

GATHERED: t.Final = ("projects", "branches", "computes", "roles", "databases", "operations", "snapshots", "consumption")
USUAL: t.Final = ("projects", "branches", "computes")
_OPERATIONS_PAGE: t.Final = 1000
# Of these, each object belongs to a branch, or names one.
_OF_BRANCHES: t.Final = frozenset({"branches", "roles", "databases"})

Shown = dict[str, t.Any]


def look_at_neon(context: Context) -> dict[str, t.Any]:
    """Return what a task's options ask for, as the module's result."""
    # An empty id, as a template without a value gives it, is none.
    params = {**context.params, "project_id": context.params["project_id"] or None, "org_id": context.params["org_id"] or None}
    for option, kind in (("name", "projects"), ("branch", "branches")):
        _refuse_empty(params[option], option, kind)
    client = client_of(context)
    gather = frozenset(params["gather"])
    period = period_of(params["consumption"], at(client.deadline.clock.now())) if "consumption" in gather else None
    projects, unavailable = _projects(client, params["project_id"], params["name"], params["org_id"])
    found: dict[str, list[Shown]] = {kind: [] for kind in GATHERED if kind in gather}
    if "projects" in found:
        found["projects"] = projects
    branch_ids: set[str] | None = None if params["branch"] is None else set()
    for project in projects:
        ids = _look_into(client, project["id"], params["branch"], found)
        if branch_ids is not None:
            branch_ids |= ids or set()
    if period is not None:
        found["consumption"] = _consumption(client, period, projects, params["org_id"], branch_ids)
    if unavailable:
        context.warn(f"Neon cannot show all projects at the moment, these are missing in the result: {', '.join(unavailable)}")
    return {**found, "complete": not unavailable, "unavailable_project_ids": unavailable}


def _refuse_empty(text: str | None, option: str, kind: str) -> None:
    """Refuse an empty name: nothing has it, and whoever meant one object would be shown all of them without it."""
    if text is not None and not text.strip():
        raise InputError(
            "it is empty",
            where=f"option {option}",
            why=f"An unset variable gives that, and no {kind} can have such a name",
            remedy=f"Give the exact {'name' if option == 'name' else 'name or id'}, or leave the option out for all {kind}",
        )


def _projects(client: NeonClient, project_id: str | None, name: str | None, org_id: str | None) -> tuple[list[Shown], list[str]]:
    if project_id is not None:
        try:
            answer = client.get(path_of("projects", project_id))
        except NotFoundError:
            return [], []
        shown = [project_shown(required(answer, "project", dict, f"project {project_id}"))]
        unavailable: list[str] = []
    else:
        listed, unavailable = projects_matching(client, name, org_id)
        shown = [project_shown(data) for data in listed]
    return [project for project in shown if name is None or project["name"] == name], unavailable


def _look_into(client: NeonClient, project_id: str, wanted: str | None, found: dict[str, list[Shown]]) -> set[str] | None:
    """Add what is asked for of one project. Return the ids of the branches that it is limited to, None for no limit."""
    branches: list[Shown] = []
    if wanted is not None or _OF_BRANCHES & set(found):
        branches = [branch_shown(data, project_id) for data in branches_matching(client, project_id, wanted)]
        branches = [branch for branch in branches if wanted is None or wanted in (branch["name"], branch["id"])]
    ids = None if wanted is None else {str(branch["id"]) for branch in branches}

    def fits(branch_id: t.Any) -> bool:
        return ids is None or branch_id in ids

    if "branches" in found:
        found["branches"] += branches
    # A branch that is not there has nothing that could be asked for.
    if ids == set():
        return ids
    if "computes" in found:
        found["computes"] += [compute_shown(data, project_id) for data in all_endpoints(client, project_id) if fits(data.get("branch_id"))]
    for kind, shown in (("roles", role_shown), ("databases", database_shown)):
        if kind in found:
            for branch in branches:
                answer = client.get(path_of("projects", project_id, "branches", branch["id"], kind))
                found[kind] += [shown(data, project_id, branch["id"]) for data in required(answer, kind, list, f"the list of {kind}")]
    if "operations" in found:
        found["operations"] += [operation_shown(data) for data in _operations(client, project_id) if fits(data.get("branch_id"))]
    if "snapshots" in found:
        listed = required(client.get(path_of("projects", project_id, "snapshots")), "snapshots", list, "the list of snapshots")
        found["snapshots"] += [snapshot_shown(data, project_id) for data in listed if fits(data.get("source_branch_id"))]
    return ids


def _operations(client: NeonClient, project_id: str) -> t.Iterator[t.Any]:
    where, cursor = "the list of operations", None
    while True:
        answer = client.get(path_of("projects", project_id, "operations"), {"limit": _OPERATIONS_PAGE, "cursor": cursor})
        page = required(answer, "operations", list, where)
        yield from page
        following = optional(optional(answer, "pagination", dict, where) or {}, "cursor", str, where)
        if len(page) < _OPERATIONS_PAGE or not following:
            return
        if following == cursor:
            raise ProviderError("it does not end: the same page was answered twice", where=where, remedy="Report this to Neon's support")
        cursor = following


def _consumption(client: NeonClient, period: Period, projects: t.Sequence[Shown], org_id: str | None, branch_ids: set[str] | None) -> list[Shown]:
    if not projects or branch_ids == set():
        return []
    return read_consumption(client, period, [(project["id"], project["org_id"] or org_id) for project in projects], branch_ids)
