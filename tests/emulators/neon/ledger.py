# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much was consumed, by branch and hour. Plain bookkeeping; nothing here measures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

HOUR = 3600

Hours = defaultdict[int, dict[str, float]]


class Ledger:
    """Amounts by project, branch, hour and metric. They outlive the branch: what was consumed was consumed.

    The metrics are ``active_seconds``, ``compute_seconds``, ``written_bytes`` (WAL), ``transfer_bytes`` (sent to clients) and stored bytes times
    seconds: ``logical_byte_seconds``, ``root_byte_seconds``, ``child_byte_seconds`` (by which a child differs from its parent),
    ``history_byte_seconds``; ``extra_branch_seconds`` belong to the project, under a branch without an id.
    """

    def __init__(self) -> None:
        self._projects: defaultdict[str, defaultdict[str, Hours]] = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))

    def add(self, project_id: str, branch_id: str, metric: str, amount: float, start: float, end: float) -> None:
        """Add ``amount``, which came about evenly from ``start`` to ``end`` (seconds since 1970)."""
        hours = self._projects[project_id][branch_id]
        for hour, share in shares(start, end):
            hours[hour][metric] = hours[hour].get(metric, 0.0) + amount * share

    def total(self, metric: str, project_id: str, branch_id: str | None = None, *, since: float = 0.0, until: float = float("inf")) -> float:
        """The sum over all hours that begin from ``since`` on and before ``until``, of one branch or of all branches of the project."""
        branches = self._projects.get(project_id, {})
        chosen = branches.values() if branch_id is None else [branches.get(branch_id, {})]
        return sum(amounts.get(metric, 0.0) for hours in chosen for hour, amounts in hours.items() if since <= hour < until)

    def branches(self, project_id: str) -> list[str]:
        """Ids of the project's branches that have consumed anything, deleted ones included."""
        return list(self._projects.get(project_id, {}))


def shares(start: float, end: float) -> Iterator[tuple[int, float]]:
    """The hours (their beginnings) that the time from ``start`` to ``end`` touches, each with its share of it; the shares sum to 1."""
    hour = int(start // HOUR) * HOUR
    if end <= start:
        yield hour, 1.0
        return
    while hour < end:
        yield hour, (min(end, hour + HOUR) - max(start, hour)) / (end - start)
        hour += HOUR
