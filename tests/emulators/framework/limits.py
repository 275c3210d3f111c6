# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits: so many requests a minute in all, so many a second for one operation. Off until a test switches them on."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError

MINUTE = 60.0


@dataclass
class RateLimits:
    """Two sliding windows, by the emulator's clock. A request that is refused counts in neither.

    :param now: the emulator's clock.
    :param requests_per_minute: for all operations together.
    :param burst_per_second: for each operation.
    :param enabled: whether they act.
    """

    now: Callable[[], float]
    requests_per_minute: int
    burst_per_second: int
    enabled: bool = False
    _minute: deque[float] = field(default_factory=deque, repr=False)
    _seconds: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque), repr=False)

    def check(self, operation: str) -> None:
        """Count one request of ``operation``.

        :raises ApiError: 429 with ``Retry-After`` in seconds, after which one request more is possible.
        """
        if not self.enabled:
            return
        now = self.now()
        windows = ((self._minute, MINUTE, self.requests_per_minute), (self._seconds[operation], 1.0, self.burst_per_second))
        wait = max(_wait(times, span, most, now) for times, span, most in windows)
        if wait > 0:
            raise ApiError(429, "too many requests", headers={"Retry-After": str(math.ceil(wait))})
        for times, _span, _most in windows:
            times.append(now)

    def change(self, data: dict[str, Any]) -> None:
        """Switch on or off, or set other numbers; the windows begin empty.

        :raises ValueError: naming the field that is wrong.
        """
        for name, value in data.items():
            if name not in ("enabled", "requests_per_minute", "burst_per_second"):
                raise ValueError(f"unknown field {name}; known: enabled, requests_per_minute, burst_per_second")
            if name == "enabled" and not isinstance(value, bool):
                raise ValueError("enabled is true or false")
            if name != "enabled" and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ValueError(f"{name} is a number from 1 on")
        for name, value in data.items():
            setattr(self, name, value)
        self._minute.clear()
        self._seconds.clear()

    def as_data(self) -> dict[str, Any]:
        """The limits as JSON."""
        return {"enabled": self.enabled, "requests_per_minute": self.requests_per_minute, "burst_per_second": self.burst_per_second}


def _wait(times: deque[float], span: float, most: int, now: float) -> float:
    """Seconds until a window of ``span`` seconds with at most ``most`` requests has room for one more; older ones leave it."""
    while times and times[0] <= now - span:
        times.popleft()
    return times[len(times) - most] + span - now if len(times) >= most else 0.0
