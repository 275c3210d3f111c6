# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which consumption is asked for. Pure functions.

Neon answers for the last 168 hours by the hour, for the last 60 days by the day, and for the last year by the month; nothing before March
2024, and nothing before the account's plan included it. A range outside is refused by HTTP 406 without saying what would fit, hence the check.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._core.errors import InputError
from .moments import moment, written

GRANULARITIES: t.Final = ("hourly", "daily", "monthly")
BRANCH_METRICS: t.Final = (
    "compute_unit_seconds",
    "root_branch_bytes_month",
    "child_branch_bytes_month",
    "instant_restore_bytes_month",
    "public_network_transfer_bytes",
    "private_network_transfer_bytes",
)
#: Two metrics exist for whole projects only.
METRICS: t.Final = (*BRANCH_METRICS, "extra_branches_month", "snapshot_storage_bytes_month")

_EARLIEST: t.Final = datetime.datetime(2024, 3, 1, tzinfo=datetime.UTC)
_REACH: t.Final = {
    "hourly": (datetime.timedelta(hours=168), "168 hours"),
    "daily": (datetime.timedelta(days=60), "60 days"),
    "monthly": (datetime.timedelta(days=366), "year"),
}
# Well inside the reach, for Neon rounds the begin down and its clock is not ours.
_USUAL: t.Final = {
    "hourly": datetime.timedelta(hours=24),
    "daily": datetime.timedelta(days=30),
    "monthly": datetime.timedelta(days=330),
}


@dataclasses.dataclass(frozen=True)
class Period:
    """What is asked for.

    :param per_branch: the figures of each branch, else of each project.
    """

    start: datetime.datetime
    end: datetime.datetime
    granularity: str
    metrics: tuple[str, ...]
    per_branch: bool


def period_of(options: t.Mapping[str, t.Any] | None, now: datetime.datetime) -> Period:
    """Return the period that a task's option declares, with what is left out filled in.

    :raises InputError: for a range that Neon does not answer for, or a metric that it does not know.
    """
    said = options or {}
    granularity = said.get("granularity") or "daily"
    per_branch = said.get("per") == "branch"
    end = moment(said["to"], "option consumption.to") if said.get("to") else now
    start = moment(said["from"], "option consumption.from") if said.get("from") else end - _USUAL[granularity]
    if start >= end:
        raise InputError(f"it ends at {written(end)} and begins at {written(start)}", where="option consumption", remedy="Give a from before to")
    reach, words = _REACH[granularity]
    if start < max(now - reach, _EARLIEST):
        raise InputError(
            f"{written(start)} is too long ago",
            where="option consumption.from",
            why=f"Neon knows {granularity} consumption of the last {words}, and none before {written(_EARLIEST)}",
            remedy="Give a later from, or a coarser granularity",
        )
    return Period(start, end, granularity, _metrics(said.get("metrics"), per_branch), per_branch)


def _metrics(names: t.Sequence[str] | None, per_branch: bool) -> tuple[str, ...]:
    known = BRANCH_METRICS if per_branch else METRICS
    if names is None:
        return known
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise InputError(
            f"there are no such metrics: {', '.join(unknown)}" if unknown else "it is an empty list",
            where="option consumption.metrics",
            why="Neon gives these two of whole projects only" if unknown and set(unknown) <= set(METRICS) else None,
            remedy=f"Use some of {', '.join(known)}",
        )
    return tuple(dict.fromkeys(names))
