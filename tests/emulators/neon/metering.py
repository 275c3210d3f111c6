# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what computes and branches consume: time by the emulator's clock, WAL by its position, traffic by the proxy, size by the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .dataplane.errors import UnknownBranchError
from .ledger import HOUR, Ledger
from .state import Branch, Endpoint, Project, Usage

if TYPE_CHECKING:
    from .world import World

#: Branches of a project that the plan includes (Scale).
INCLUDED_BRANCHES = 25
COUNTERS = {
    "active_time_seconds": "active_seconds",
    "compute_time_seconds": "compute_seconds",
    "written_data_bytes": "written_bytes",
    "data_transfer_bytes": "transfer_bytes",
}


def period_start(now: datetime) -> datetime:
    """When the billing period of ``now`` began: the first of its month, in UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


@dataclass
class _Running:
    """A compute that is active: counted up to ``since`` and ``sent`` bytes."""

    endpoint: Endpoint
    since: float
    sent: int


class Meter:
    """What a world consumes."""

    def __init__(self, world: World) -> None:
        self.ledger = Ledger()
        self._world = world
        self._running: dict[str, _Running] = {}
        self._positions: dict[str, int] = {}
        self._stored_since: dict[str, float] = {}
        self._period = period_start(world.clock.now())

    # --- time and traffic

    def began(self, endpoint: Endpoint) -> None:
        """The endpoint's compute is active from now on."""
        self.ended(endpoint)
        self._running[endpoint.id] = _Running(endpoint, self._world.clock.time(), self._world.data_plane.sent_bytes(endpoint.id))

    def ended(self, endpoint: Endpoint) -> None:
        """The endpoint's compute is no longer active; nothing happens if it was not."""
        running = self._running.pop(endpoint.id, None)
        if running is not None:
            self._count(running, self._world.clock.time())
            self._show({(endpoint.project_id, endpoint.branch_id)})

    def settle(self) -> None:
        """Count what active computes have consumed up to now."""
        now = self._world.clock.time()
        for running in self._running.values():
            self._count(running, now)
        changed = {(running.endpoint.project_id, running.endpoint.branch_id) for running in self._running.values()}
        if (period := period_start(self._world.clock.at(now))) != self._period:
            self._period = period
            changed = {(project.id, branch_id) for project in self._world.projects.values() for branch_id in project.branches}
        self._show(changed)

    def _count(self, running: _Running, now: float) -> None:
        endpoint, since = running.endpoint, running.since
        sent = self._world.data_plane.sent_bytes(endpoint.id)
        amounts = {"active_seconds": now - since, "compute_seconds": (now - since) * endpoint.min_cu, "transfer_bytes": sent - running.sent}
        for metric, amount in amounts.items():
            self.ledger.add(endpoint.project_id, endpoint.branch_id, metric, amount, since, now)
        running.since, running.sent = now, sent

    # --- data

    async def measure(self, project: Project, branch: Branch) -> None:
        """Measure what was written to the branch and how large it is. Wakes nothing; a branch that has just been copied begins with nothing."""
        try:
            position = await self._world.data_plane.wal_position(branch.id)
            size = await self._world.data_plane.logical_size(branch.id)
        except UnknownBranchError:
            return  # deleted meanwhile
        if position is None or branch.id not in project.branches:
            return  # it is just being stopped, or deleted
        known = self._positions.get(branch.id, position)
        now = self._world.clock.time()
        self._positions[branch.id] = position
        # A branch that was restored may have gone back.
        self.ledger.add(project.id, branch.id, "written_bytes", max(0, position - known), now, now)
        self._store(project, branch)
        branch.logical_size = size
        self._show({(project.id, branch.id)})

    async def start_from_here(self, branch: Branch) -> None:
        """What was written to the branch so far was its making, and counts for nobody."""
        position = await self._world.data_plane.wal_position(branch.id)
        if position is not None:
            self._positions[branch.id] = position

    async def measure_running(self, project: Project) -> None:
        """Measure every branch of the project that has an active compute."""
        for branch_id in {running.endpoint.branch_id for running in self._running.values() if running.endpoint.project_id == project.id}:
            if branch_id in project.branches:
                await self.measure(project, project.branches[branch_id])

    def store_all(self) -> None:
        """Count what all branches have occupied up to now, by their sizes as far as known."""
        now = self._world.clock.time()
        for project in self._world.projects.values():
            for branch in project.branches.values():
                self._store(project, branch)
            since = self._stored_since.setdefault(project.id, now)
            self.ledger.add(project.id, "", "extra_branch_seconds", max(0, len(project.branches) - INCLUDED_BRANCHES) * (now - since), since, now)
            self._stored_since[project.id] = now

    def _store(self, project: Project, branch: Branch) -> None:
        now = self._world.clock.time()
        since = self._stored_since.setdefault(branch.id, now)
        size = branch.logical_size or 0
        written = self.ledger.total("written_bytes", project.id, branch.id)
        amounts = {"logical_byte_seconds": size}
        if branch.parent_id is None:
            amounts["root_byte_seconds"] = size
            kept = now - project.history_retention_seconds
            amounts["history_byte_seconds"] = int(self.ledger.total("written_bytes", project.id, branch.id, since=kept))
        else:
            amounts["child_byte_seconds"] = min(size, int(written))
        for metric, stored in amounts.items():
            self.ledger.add(project.id, branch.id, metric, stored * (now - since), since, now)
        self._stored_since[branch.id] = now

    # --- what answers show

    def _show(self, changed: set[tuple[str, str]]) -> None:
        """Let projects and branches, named by their ids, show what they have consumed."""
        for project in [self._world.projects[project_id] for project_id in {pair[0] for pair in changed} if project_id in self._world.projects]:
            project.usage = self._usage(project.id, None)
            project.storage_bytes_hour = int(self.ledger.total("logical_byte_seconds", project.id, since=self._period.timestamp()) / HOUR)
            for branch in project.branches.values():
                if (project.id, branch.id) in changed:
                    branch.usage = self._usage(project.id, branch.id)

    def _usage(self, project_id: str, branch_id: str | None) -> Usage:
        since = self._period.timestamp()
        return Usage(**{name: int(self.ledger.total(metric, project_id, branch_id, since=since)) for name, metric in COUNTERS.items()})
