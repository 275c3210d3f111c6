# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service does by itself, in the background."""

from __future__ import annotations

from . import expiry, quotas, snapshots, soft_delete
from .world import World

POLL_SECONDS = 0.5
#: How often data is measured that nobody asks for, in seconds of the emulator's clock.
MEASURE_SECONDS = 60.0


async def keep_house(world: World) -> None:
    """Background task: measure, enforce quotas, delete branches and snapshots whose time is over, and for good what can no longer be recovered.

    Scheduled snapshots are taken here as well.

    The pause is one of the emulator's clock: moving that forward ends it.
    """
    measured = world.clock.time()
    while True:
        await world.clock.sleep(POLL_SECONDS)
        world.meter.settle()
        if world.clock.time() - measured >= MEASURE_SECONDS:
            measured = world.clock.time()
            for project in list(world.projects.values()):
                await world.meter.measure_running(project)
            world.meter.store_all()
        await quotas.enforce(world)
        expiry.delete_expired(world)
        snapshots.keep_up(world)
        await soft_delete.purge(world)
