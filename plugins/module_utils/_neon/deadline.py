# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time: one deadline for a whole task, and a clock that tests can replace."""

from __future__ import annotations

import time
import typing as t


class Clock(t.Protocol):
    """What the client needs of time."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def now(self) -> float:
        """Return seconds since 1970, for HTTP dates."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Deadline:
    """The end of a task's time.

    :param seconds: how long the task may take from now on.
    """

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.seconds = seconds
        self.clock = clock
        self._end = clock.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, never less than 0."""
        return max(0.0, self._end - self.clock.monotonic())

    def over(self) -> bool:
        """Tell whether the time is used up."""
        return self.remaining() <= 0

    def allows(self, pause: float) -> bool:
        """Tell whether a pause of so many seconds leaves time for one more attempt."""
        return pause < self.remaining()
