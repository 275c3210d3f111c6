# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that tests can move forward."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """Wall time plus an offset.

    Moving it forward wakes every sleeper, so that a test need not wait five minutes to see a compute being suspended.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._moves: list[tuple[float, float]] = []
        self._moved = asyncio.Event()

    def time(self) -> float:
        """Seconds since the epoch, offset included."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """The same as an aware datetime in UTC."""
        return self.at(self.time())

    @staticmethod
    def at(seconds: float) -> datetime:
        """``seconds`` since the epoch as an aware datetime in UTC."""
        return datetime.fromtimestamp(seconds, tz=UTC)

    def from_wall(self, seconds: float) -> float:
        """What this clock showed when the wall clock showed ``seconds`` since the epoch."""
        return seconds + max((offset for moment, offset in self._moves if moment <= seconds), default=0.0)

    def to_wall(self, seconds: float) -> float:
        """What the wall clock showed when this clock showed ``seconds``; for a time that was skipped, when it was skipped."""
        skipped = 0.0
        for moment, offset in self._moves:
            if seconds < moment + skipped:
                break
            if seconds < moment + offset:
                return moment
            skipped = offset
        return seconds - skipped

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds`` and wake the sleepers.

        :raises ValueError: if ``seconds`` is negative: time stamps already given out would lie in the future.
        """
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self._offset += seconds
        self._moves.append((time.time(), self._offset))
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Sleep until the clock shows ``seconds`` more than now."""
        deadline = self.time() + seconds
        while (left := deadline - self.time()) > 0:
            try:
                await asyncio.wait_for(self._moved.wait(), left)
            except TimeoutError:
                continue
