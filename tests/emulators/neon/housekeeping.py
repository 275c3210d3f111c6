# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service does by itself, in the background."""

from __future__ import annotations

from . import expiry, soft_delete
from .world import World

POLL_SECONDS = 0.5


async def keep_house(world: World) -> None:
    """Background task: delete branches whose time is over, and for good what can no longer be recovered.

    The pause is one of the emulator's clock: moving that forward ends it.
    """
    while True:
        await world.clock.sleep(POLL_SECONDS)
        expiry.delete_expired(world)
        await soft_delete.purge(world)
