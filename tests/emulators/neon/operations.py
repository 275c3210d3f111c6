# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations: the work of the control plane that takes time and locks the project meanwhile."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..framework.clock import Clock
from ..framework.errors import ApiError
from .state import Operation, Project

LOG = logging.getLogger("emulator.operations")


@dataclass(frozen=True)
class Step:
    """One operation to be done.

    :param action: the operation's ``action``.
    :param work: what it does; None for one that only takes its time.
    :param undo: called when the work fails, to take back what the API already shows.
    """

    action: str
    branch_id: str | None = None
    endpoint_id: str | None = None
    work: Callable[[], Awaitable[None]] | None = None
    undo: Callable[[], None] | None = None


class Operations:
    """Schedules operations and runs each chain in order, in the background.

    :param seconds: how long an operation takes at least; a third of it as ``scheduling``.
    :param on_failure: told about every work that failed, with the operation.
    """

    def __init__(self, clock: Clock, seconds: float, on_failure: Callable[[Operation, Exception], None]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._on_failure = on_failure
        self._chains: set[asyncio.Task[None]] = set()
        self._closing = False
        self._branch_locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def require_unlocked(self, project: Project) -> None:
        """Refuse a mutation while the project has an operation that is not done.

        :raises ApiError: 423.
        """
        if any(operation.pending for operation in project.operations.values()):
            raise ApiError(423, "project already has running conflicting operations, scheduling of new ones is prohibited")

    def schedule(self, project: Project, steps: list[Step]) -> list[Operation]:
        """Register one operation per step and start the chain. The caller has made sure that the project is unlocked."""
        operations = [self._new(project, step) for step in steps]
        if operations:
            chain = asyncio.create_task(self._run(list(zip(operations, steps, strict=True))), name=f"operations of {project.id}")
            self._chains.add(chain)
            chain.add_done_callback(self._chains.discard)
        return operations

    async def finished(self, project: Project) -> None:
        """Wait until the project has no pending operation."""
        while any(operation.pending for operation in project.operations.values()):
            await asyncio.sleep(0.01)

    def branch_lock(self, branch_id: str) -> asyncio.Lock:
        """The lock under which a branch's cluster is worked on."""
        return self._branch_locks[branch_id]

    async def close(self) -> None:
        """The emulator ends: what runs comes to its end, what waits does not begin.

        Work is not cancelled: it may be a thread that writes in a folder about to be removed.
        """
        self._closing = True
        await asyncio.gather(*self._chains, return_exceptions=True)

    def _new(self, project: Project, step: Step) -> Operation:
        now = self._clock.now()
        operation = Operation(str(uuid.uuid4()), project.id, step.action, now, now, step.branch_id, step.endpoint_id)
        project.operations[operation.id] = operation
        return operation

    async def _run(self, chain: list[tuple[Operation, Step]]) -> None:
        failed = False
        for operation, step in chain:
            if failed or self._closing:
                self._to(operation, "cancelled")
                if step.undo:
                    step.undo()
                continue
            started = time.monotonic()
            await asyncio.sleep(self.seconds / 3)
            self._to(operation, "running")
            try:
                await self._work(step)
            except Exception as error:  # whatever the work raises becomes the operation's outcome, as on the service
                LOG.exception("operation %s of %s failed", operation.action, operation.project_id)
                failed = True
                operation.error = f"{type(error).__name__}: {error}"
                operation.failures_count += 1
                if step.undo:
                    step.undo()
                self._on_failure(operation, error)
            await asyncio.sleep(max(0.0, self.seconds - (time.monotonic() - started)))
            operation.total_duration_ms = int((time.monotonic() - started) * 1000)
            self._to(operation, "failed" if failed else "finished")

    async def _work(self, step: Step) -> None:
        if step.work is None:
            return
        if step.branch_id is None:
            await step.work()
            return
        async with self.branch_lock(step.branch_id):
            await step.work()

    def _to(self, operation: Operation, status: str) -> None:
        operation.status = status
        operation.updated_at = self._clock.now()
