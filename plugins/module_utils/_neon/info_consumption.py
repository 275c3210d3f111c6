# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads consumption. No compute is woken by it."""

from __future__ import annotations

import typing as t

from .._core.errors import DbinfraError, InputError, ProviderError
from .answers import optional, required
from .client import NeonClient
from .info_period import Period
from .moments import written

# Neon's upper limits.
_IDS_AT_ONCE: t.Final = 100
_PROJECTS_PAGE: t.Final = 100
_BRANCHES_PAGE: t.Final = 1000


def read_consumption(
    client: NeonClient, period: Period, projects: t.Sequence[tuple[str, str | None]], branch_ids: t.Collection[str] | None
) -> list[dict[str, t.Any]]:
    """Return the consumption of projects, or of their branches; one request for every 100 projects of an organization, and pages.

    :param projects: ids with the organization of each.
    :param branch_ids: of these branches only.
    :raises InputError: for a project outside of an organization.
    """
    by_org: dict[str, list[str]] = {}
    for project_id, org_id in projects:
        if org_id is None:
            raise InputError(
                f"nothing says which organization project {project_id} belongs to",
                where="option org_id",
                why="Neon gives consumption by organization",
                remedy="Set org_id",
            )
        by_org.setdefault(org_id, []).append(project_id)
    found: list[dict[str, t.Any]] = []
    for org_id, ids in by_org.items():
        for begin in range(0, len(ids), _IDS_AT_ONCE):
            found.extend(_ask(client, period, org_id, ids[begin : begin + _IDS_AT_ONCE], branch_ids))
    return found


def _ask(
    client: NeonClient, period: Period, org_id: str, project_ids: t.Sequence[str], branch_ids: t.Collection[str] | None
) -> t.Iterator[dict[str, t.Any]]:
    kind, limit = ("branches", _BRANCHES_PAGE) if period.per_branch else ("projects", _PROJECTS_PAGE)
    query: dict[str, t.Any] = {
        "org_id": org_id,
        "project_ids": ",".join(project_ids),
        "from": written(period.start),
        "to": written(period.end),
        "granularity": period.granularity,
        "metrics": ",".join(period.metrics),
        "limit": limit,
    }
    if period.per_branch and branch_ids is not None and len(branch_ids) <= _IDS_AT_ONCE:
        query["branch_ids"] = ",".join(sorted(branch_ids))
    where, cursor = "the consumption", None
    while True:
        answer = _get(client, f"/consumption_history/v2/{kind}", {**query, "cursor": cursor})
        page = required(answer, kind, list, where)
        for item in page:
            if not period.per_branch or branch_ids is None or item.get("branch_id") in branch_ids:
                yield _shown(item, period.per_branch)
        following = optional(optional(answer, "pagination", dict, where) or {}, "cursor", str, where)
        # As in the list of projects, the last page may carry a cursor as well.
        if len(page) < limit or not following:
            return
        if following == cursor:
            raise ProviderError("it does not end: the same page was answered twice", where=where, remedy="Report this to Neon's support")
        cursor = following


def _get(client: NeonClient, path: str, query: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    try:
        return client.get(path, query)
    except DbinfraError as error:
        status = (error.details.get("neon_error") or {}).get("status")
        if status == 403:
            error.remedy = "Consumption needs a paid plan that is billed by usage, and a key that may see it; leave it out of gather otherwise"
        elif status == 406:
            error.remedy = "Give a shorter or later range in the option consumption, or a coarser granularity"
        raise


def _shown(item: t.Mapping[str, t.Any], per_branch: bool) -> dict[str, t.Any]:
    where = "the consumption"
    timeframes = []
    for period in required(item, "periods", list, where):
        for frame in required(period, "consumption", list, where):
            metrics = optional(frame, "metrics", list, where) or []
            timeframes.append(
                {
                    "start": frame.get("timeframe_start"),
                    "end": frame.get("timeframe_end"),
                    "plan": period.get("period_plan"),
                    "metrics": {required(metric, "metric_name", str, where): required(metric, "value", int, where) for metric in metrics},
                }
            )
    branch = {"branch_id": required(item, "branch_id", str, where)} if per_branch else {}
    return {"project_id": required(item, "project_id", str, where), **branch, "timeframes": timeframes}
