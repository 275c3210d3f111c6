# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A window of maintenance, as options give it: weekdays and two times of day in UTC. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from .errors import InputError

_TIME: t.Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DAYS: t.Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclasses.dataclass(frozen=True)
class MaintenanceWindow:
    """A span of hours that begins on certain days, in UTC. One that ends before it begins goes on into the next day.

    :param weekdays: of its beginning, 1 (Monday) to 7 (Sunday), in order and each once.
    :param start: minutes after midnight, likewise ``end``.
    """

    weekdays: tuple[int, ...]
    start: int
    end: int

    def open_at(self, now: datetime.datetime) -> bool:
        """Return whether a moment lies in it; the end does not belong to it."""
        now = now.astimezone(datetime.UTC)
        minute, today = now.hour * 60 + now.minute, now.isoweekday()
        if self.start < self.end:
            return today in self.weekdays and self.start <= minute < self.end
        yesterday = (today - 2) % 7 + 1
        return (today in self.weekdays and minute >= self.start) or (yesterday in self.weekdays and minute < self.end)

    @property
    def over_midnight(self) -> bool:
        """Whether some of it lies on the day after its beginning. One that ends at midnight does not reach into that day."""
        return 0 < self.end < self.start

    @property
    def words(self) -> str:
        """The window for people."""
        days = ", ".join(_DAYS[day - 1] for day in self.weekdays)
        return f"{days} from {clock(self.start)} to {clock(self.end)} UTC"


def read_window(raw: t.Mapping[str, t.Any], where: str) -> MaintenanceWindow:
    """Read a declared window.

    :param raw: ``weekdays``, ``start_time`` and ``end_time``.
    :param where: the option, for the error.
    :raises InputError: for a day or a time that does not exist, and for a window of no length.
    """
    days = tuple(sorted(set(raw["weekdays"])))
    if not days or not all(1 <= day <= 7 for day in days):
        raise InputError(f"weekdays is {raw['weekdays']}", where=where, remedy="List at least one number from 1 (Monday) to 7 (Sunday)")
    start, end = (_minutes(raw, name, where) for name in ("start_time", "end_time"))
    if start == end:
        raise InputError(f"it begins and ends at {raw['start_time']}", where=where, remedy="Give a window of some length")
    return MaintenanceWindow(days, start, end)


def clock(minutes: int) -> str:
    """Return a time of day, ``HH:MM``.

    :param minutes: after midnight.
    """
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(raw: t.Mapping[str, t.Any], name: str, where: str) -> int:
    found = _TIME.fullmatch(raw[name])
    if found is None:
        raise InputError(
            f"{name} is {raw[name]!r}",
            where=where,
            why="YAML reads 22:00 without quotes as the number 1320" if raw[name].isdigit() else None,
            remedy="Write HH:MM in UTC, in quotes, for example '03:00'",
        )
    return int(found[1]) * 60 + int(found[2])
