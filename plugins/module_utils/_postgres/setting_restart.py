# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a server may be restarted for settings that wait for it. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from .._core.errors import InputError

_TIME: t.Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclasses.dataclass(frozen=True)
class MaintenanceWindow:
    """A span of hours that begins on certain days, in UTC. One that ends before it begins goes on into the next day.

    :param weekdays: of its beginning, 1 (Monday) to 7 (Sunday).
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
    def words(self) -> str:
        """The window for people."""
        days = ", ".join(_DAYS[day - 1] for day in self.weekdays)
        return f"{days} from {_clock(self.start)} to {_clock(self.end)} UTC"


_DAYS: t.Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclasses.dataclass(frozen=True)
class Restart:
    """What a task was told about restarts.

    :param command: program and arguments of the restart; empty where the provider's API restarts the server.
    :param open_now: whether the maintenance window is open.
    """

    command: tuple[str, ...]
    window: MaintenanceWindow
    open_now: bool


def parse_restart(params: t.Mapping[str, t.Any], now: datetime.datetime, *, by_provider: bool = False) -> Restart | None:
    """Read the options ``restart``, ``restart_command`` and ``maintenance_window``; None if restarts are not allowed.

    :param by_provider: whether the provider's API restarts the server, and no command does.
    :raises InputError: naming the option that is missing or wrong.
    """
    if params["restart"] == "never":
        return None
    command = tuple(params["restart_command"] or ())
    if by_provider and command:
        raise InputError(
            "there is a command for a restart that the provider makes",
            where="option restart_command",
            why="the server is restarted through the provider's API",
            remedy="Remove it",
        )
    if not by_provider and (not command or not command[0]):
        raise InputError(
            "a restart is allowed, but nobody says how",
            where="option restart_command",
            remedy="Give program and arguments, for example [systemctl, restart, postgresql@17-main]",
        )
    if params["maintenance_window"] is None:
        raise InputError(
            "a restart is allowed, but nobody says when",
            where="option maintenance_window",
            why="a restart ends every connection",
            remedy="Give weekdays, start_time and end_time",
        )
    window = parse_window(params["maintenance_window"])
    return Restart(command, window, window.open_at(now))


def parse_window(raw: t.Mapping[str, t.Any]) -> MaintenanceWindow:
    """Read a maintenance window.

    :raises InputError: for a day or a time that does not exist, and for a window of no length.
    """
    where = "option maintenance_window"
    days = tuple(sorted(set(raw["weekdays"])))
    if not days or not all(1 <= day <= 7 for day in days):
        raise InputError(f"weekdays is {raw['weekdays']}", where=where, remedy="List at least one number from 1 (Monday) to 7 (Sunday)")
    minutes = []
    for key in ("start_time", "end_time"):
        found = _TIME.fullmatch(raw[key])
        if not found:
            raise InputError(
                f"{key} is {raw[key]!r}",
                where=where,
                why="YAML reads 22:00 without quotes as the number 1320" if raw[key].isdigit() else None,
                remedy="Write HH:MM in UTC, in quotes, for example '03:00'",
            )
        minutes.append(int(found[1]) * 60 + int(found[2]))
    if minutes[0] == minutes[1]:
        raise InputError(f"it begins and ends at {raw['start_time']}", where=where, remedy="Give a window of some length")
    return MaintenanceWindow(days, minutes[0], minutes[1])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
