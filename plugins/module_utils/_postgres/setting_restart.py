# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a server may be restarted for settings that wait for it. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._core.errors import InputError
from .._core.maintenance_window import MaintenanceWindow, read_window


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
    window = read_window(params["maintenance_window"], "option maintenance_window")
    return Restart(command, window, window.open_at(now))
