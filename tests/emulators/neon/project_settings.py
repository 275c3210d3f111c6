# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service refuses in a project's settings. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..framework.errors import ApiError
from . import allowlist, preload

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
ONE_WAY = {"enable_logical_replication": "logical replication", "hipaa": "HIPAA"}


def check(settings: Mapping[str, Any], present: Mapping[str, Any]) -> None:
    """Refuse settings that the service refuses.

    :param settings: what a request gives.
    :param present: the project's settings so far; empty for a new project.
    :raises ApiError: 400 naming the setting.
    """
    for name, words in ONE_WAY.items():
        if present.get(name) and settings.get(name) is False:
            raise ApiError(400, f"{words} cannot be disabled once it is enabled")
    for name, value in (settings.get("quota") or {}).items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ApiError(400, f"settings.quota.{name} is a number that is not negative")
    allowlist.check(settings.get("allowed_ips") or {})
    preload.check(settings.get("preload_libraries") or {})
    if settings.get("maintenance_window") is not None:
        check_maintenance_window(settings["maintenance_window"])


def check_maintenance_window(window: Mapping[str, Any]) -> None:
    """Refuse a window without weekdays from 1 (Monday) to 7, or without two different times of the form HH:MM.

    :raises ApiError: 400 naming the field.
    """
    days = window.get("weekdays")
    good_days = isinstance(days, list) and days and all(isinstance(day, int) and 1 <= day <= 7 for day in days)
    if not good_days or len(set(days)) != len(days):
        raise ApiError(400, "settings.maintenance_window.weekdays is a list of different days from 1 (Monday) to 7 (Sunday)")
    for name in ("start_time", "end_time"):
        value = window.get(name)
        if not isinstance(value, str) or not _TIME.fullmatch(value):
            raise ApiError(400, f"settings.maintenance_window.{name} is a time of the form HH:MM, in UTC")
    if window["start_time"] == window["end_time"]:
        raise ApiError(400, "settings.maintenance_window: start_time and end_time are the same")
