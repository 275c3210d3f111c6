# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Project quotas: what is exceeded, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..framework.errors import ApiError
from .state import Branch, Project

if TYPE_CHECKING:
    from .world import World

# The service's own texts, in the order in which they are looked at.
_TEXTS = {
    "active_time_seconds": "Your project has exceeded the active time quota. Upgrade your plan to increase limits.",
    "compute_time_seconds": "Your account or project has exceeded the compute time quota. Upgrade your plan to increase limits.",
    "written_data_bytes": "Your project has exceeded the written data quota. Upgrade your plan to increase limits.",
    "data_transfer_bytes": "Your project has exceeded the data transfer quota. Upgrade your plan to increase limits.",
}


def quota(project: Project, name: str) -> int:
    """The project's quota of that name; 0 for none."""
    return (project.settings.get("quota") or {}).get(name) or 0


def exceeded(project: Project) -> str | None:
    """Why no compute of the project may run, in the service's words; None if they may. As of the last measurement."""
    return next((text for name, text in _TEXTS.items() if 0 < quota(project, name) < getattr(project.usage, name)), None)


def check_start(project: Project) -> None:
    """Refuse to start a compute of a project that has exceeded a quota.

    :raises ApiError: 423 with the service's text.
    """
    if text := exceeded(project):
        raise ApiError(423, text, "QUOTA_EXCEEDED")


def too_large(project: Project, branch: Branch) -> bool:
    """Whether the branch exceeds the quota of its logical size: its computes run, but take no writes."""
    return 0 < quota(project, "logical_size_bytes") < (branch.logical_size or 0)


async def enforce(world: World) -> None:
    """Suspend the computes of projects that have exceeded a quota; block or allow writes to branches by their size."""
    for project in list(world.projects.values()):
        if not any(endpoint.current_state == "active" for endpoint in project.endpoints.values()):
            continue
        if quota(project, "written_data_bytes") or quota(project, "logical_size_bytes"):
            await world.meter.measure_running(project)
        if any(operation.pending for operation in project.operations.values()):
            continue
        active = [endpoint for endpoint in project.endpoints.values() if endpoint.current_state == "active"]
        if exceeded(project):
            world.operations.schedule(project, [world.computes.suspend_step(endpoint) for endpoint in active])
            continue
        for endpoint in active:
            if endpoint.id in project.endpoints:  # not deleted while another one was refreshed
                await world.computes.refresh(project, endpoint)
