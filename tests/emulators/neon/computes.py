# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes: starting, suspending, waking on connect, suspending when idle."""

from __future__ import annotations

import asyncio
import logging

from . import allowlist, preload, quotas
from .dataplane import ComputeSpec
from .dataplane.errors import DataPlaneError, RefusedError, UnknownEndpointError
from .making import mark_ready
from .operations import Step
from .state import Endpoint, Project
from .world import World

LOG = logging.getLogger("emulator.computes")
DEFAULT_SUSPEND_TIMEOUT = 300
IDLE_POLL_SECONDS = 0.5


def suspend_after(seconds: int) -> int | None:
    """Idle seconds after which a compute with ``suspend_timeout_seconds`` is suspended; None for never."""
    if seconds == -1:
        return None
    return seconds or DEFAULT_SUSPEND_TIMEOUT


def _settle(endpoint: Endpoint) -> None:
    """Nothing is about to happen to the endpoint any more: its operation failed or was cancelled."""
    endpoint.pending_state = None


class Computes:
    """Runs the computes of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def spec(self, project: Project, endpoint: Endpoint) -> ComputeSpec:
        """What the data plane needs to know to run the endpoint's compute."""
        settings = {"shared_preload_libraries": preload.shared_preload_libraries(project.settings, endpoint.settings)}
        settings.update(project.default_endpoint_settings.get("pg_settings", {}))
        settings.update(endpoint.settings.get("pg_settings", {}))
        if project.settings.get("enable_logical_replication"):
            settings["wal_level"] = "logical"
        if quotas.too_large(project, project.branches[endpoint.branch_id]):
            settings["default_transaction_read_only"] = "on"
        return ComputeSpec(
            endpoint_id=endpoint.id,
            branch_id=endpoint.branch_id,
            min_cu=endpoint.min_cu,
            max_cu=endpoint.max_cu,
            type=endpoint.type,
            pg_settings=settings,
        )

    async def start(self, project: Project, endpoint: Endpoint) -> None:
        """Run the compute if it does not run, and mark it active."""
        if not self._world.data_plane.compute_running(endpoint.id):
            await self._world.data_plane.start_compute(self.spec(project, endpoint))
            branch = project.branches[endpoint.branch_id]
            if branch.current_state == "archived":
                mark_ready(self._world, branch)
            await self._world.meter.measure(project, branch)
        self._mark(endpoint, "active")

    async def suspend(self, endpoint: Endpoint) -> None:
        """Stop the compute and mark it idle. What was written is measured before: the server has to be asked."""
        project = self._world.projects.get(endpoint.project_id)
        if project and self._world.data_plane.compute_running(endpoint.id) and endpoint.branch_id in project.branches:
            await self._world.meter.measure(project, project.branches[endpoint.branch_id])
        await self._world.data_plane.stop_compute(endpoint.id)
        self._mark(endpoint, "idle")

    async def refresh(self, project: Project, endpoint: Endpoint) -> None:
        """Let a running compute know whether its branch may be written to."""
        await self._world.data_plane.reload(self.spec(project, endpoint), ("default_transaction_read_only",))

    async def replace(self, project: Project, endpoint: Endpoint) -> None:
        """Stop the compute and run it again as its endpoint now says; connections drop."""
        await self._world.data_plane.stop_compute(endpoint.id)
        await self.start(project, endpoint)

    def start_step(self, project: Project, endpoint: Endpoint) -> Step:
        """The operation that starts the compute; the endpoint shows it at once."""
        endpoint.pending_state = "active"
        return Step("start_compute", endpoint.branch_id, endpoint.id, lambda: self.start(project, endpoint), lambda: _settle(endpoint))

    def suspend_step(self, endpoint: Endpoint) -> Step:
        """The operation that suspends the compute; the endpoint shows it at once."""
        endpoint.pending_state = "idle"
        return Step("suspend_compute", endpoint.branch_id, endpoint.id, lambda: self.suspend(endpoint), lambda: _settle(endpoint))

    def awake(self, project: Project, branch_id: str, steps: list[Step]) -> list[Step]:
        """``steps`` with the branch's read-write compute running meanwhile.

        An idle compute becomes active for that time and is suspended again; a disabled one is left alone, the data plane then starts the
        cluster for the moment of the work.
        """
        endpoint = project.read_write_endpoint(branch_id)
        if endpoint is None or endpoint.disabled or quotas.exceeded(project):
            return steps
        if endpoint.current_state == "active":
            if not self._world.data_plane.compute_running(endpoint.id):  # killed from outside
                return [self.start_step(project, endpoint), *steps]
            return steps
        start, suspend = self.start_step(project, endpoint), self.suspend_step(endpoint)
        endpoint.pending_state = "active"
        return [start, *steps, suspend]

    async def drop_connections(self, branch_id: str, project: Project) -> None:
        """Restart the branch's running computes: the API's role changes drop their connections."""
        for endpoint in project.branch_endpoints(branch_id):
            if self._world.data_plane.compute_running(endpoint.id):
                await self._world.data_plane.restart(endpoint.id)

    async def wake(self, endpoint_id: str) -> None:
        """A client connects to an endpoint whose compute does not run: start it.

        :raises UnknownEndpointError: if there is no such endpoint.
        :raises DataPlaneError: if it is disabled or does not start. The proxy tells the client.
        """
        found = [(project, endpoint) for project, endpoint in self._world.all_endpoints() if endpoint.id == endpoint_id]
        if not found:
            raise UnknownEndpointError(f"endpoint {endpoint_id} not found")
        project, endpoint = found[0]
        if endpoint.disabled:
            raise DataPlaneError(f"endpoint {endpoint_id} is disabled")
        if text := quotas.exceeded(project):
            raise RefusedError(text)
        await self._world.operations.finished(project)  # it may just be started, or suspended
        if self._world.data_plane.compute_running(endpoint_id):
            return
        self._world.operations.schedule(project, [self.start_step(project, endpoint)])
        await self._world.operations.finished(project)
        if not self._world.data_plane.compute_running(endpoint_id):
            raise DataPlaneError(f"the compute of endpoint {endpoint_id} did not start")

    def admission(self, endpoint_id: str, address: str) -> str | None:
        """Why a client from ``address`` may not connect to the endpoint; None if it may, or if there is no such endpoint."""
        for project, endpoint in self._world.all_endpoints():
            if endpoint.id == endpoint_id:
                return allowlist.refusal(project.settings, address, protected=project.branches[endpoint.branch_id].protected)
        return None

    async def suspend_idle_forever(self) -> None:
        """Background task: suspend computes that had no client for longer than their ``suspend_timeout_seconds``."""
        while True:
            await asyncio.sleep(IDLE_POLL_SECONDS)
            for project, endpoint in self._world.all_endpoints():
                if self._is_idle(project, endpoint):
                    LOG.info("endpoint %s is idle and will be suspended", endpoint.id)
                    self._world.operations.schedule(project, [self.suspend_step(endpoint)])

    def _is_idle(self, project: Project, endpoint: Endpoint) -> bool:
        timeout = suspend_after(endpoint.suspend_timeout_seconds)
        if timeout is None or endpoint.current_state != "active" or endpoint.pending_state or endpoint.started_at is None:
            return False
        if any(operation.pending for operation in project.operations.values()) or self._world.data_plane.client_count(endpoint.id):
            return False
        activity = self._world.data_plane.last_activity(endpoint.id)
        last = max(self._world.clock.from_wall(activity) if activity else 0.0, endpoint.started_at.timestamp())
        return self._world.clock.time() - last > timeout

    def _mark(self, endpoint: Endpoint, state: str) -> None:
        now = self._world.clock.now()
        endpoint.current_state, endpoint.pending_state = state, None
        endpoint.updated_at = now
        if state == "active":
            self._world.meter.began(endpoint)
            endpoint.started_at, endpoint.suspended_at = now, None
            endpoint.last_active = now
        else:
            self._world.meter.ended(endpoint)
            endpoint.suspended_at = now
