# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup schedules: what may be asked for, and when a snapshot is due. Pure functions; times are in UTC."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ..framework.errors import ApiError
from ..framework.fields import Fields

FREQUENCIES = ("daily", "weekly", "monthly")
DEFAULT_RETENTION_SECONDS = MAX_RETENTION_SECONDS = 3_024_000
MIN_RETENTION_SECONDS = 3600
Entry = dict[str, Any]


def parse(body: Fields) -> list[Entry]:
    """The schedule of a request, with the defaults filled in.

    :raises ApiError: 400 for what the service does not offer: the contract still lists hourly and yearly, and an unlimited retention.
    """
    entries = [_entry(item) for item in body.parts("schedule")]
    if not entries:
        raise ApiError(400, "schedule needs at least one entry")
    return entries


def _entry(item: Fields) -> Entry:
    frequency = item.require("frequency", str)
    if frequency not in FREQUENCIES:
        raise ApiError(400, f"frequency {frequency} is not one of {', '.join(FREQUENCIES)}")
    entry: Entry = {"frequency": frequency, "hour": _number(item, "hour", 0, 0, 23)}
    if frequency == "weekly":
        entry["day"] = _number(item, "day", 1, 1, 7)
    elif frequency == "monthly":
        entry["day"] = _number(item, "day", 1, 1, 31)
    for name in ("day", "month"):
        if name in item and name not in entry:
            raise ApiError(400, f"{name} does not go with frequency {frequency}")
    entry["retention_seconds"] = _number(item, "retention_seconds", DEFAULT_RETENTION_SECONDS, MIN_RETENTION_SECONDS, MAX_RETENTION_SECONDS)
    return entry


def _number(item: Fields, name: str, default: int, low: int, high: int) -> int:
    value = item.get(name, int, default)
    if value is None or not low <= value <= high:
        raise ApiError(400, f"{name}: {value} is not between {low} and {high}")
    return value


def latest_due(entry: Entry, since: datetime, now: datetime) -> datetime | None:
    """The latest moment after ``since`` and until ``now`` at which the entry asks for a snapshot, None if there is none."""
    for moment in _moments_back_from(entry, now):
        if moment <= since:
            return None
        if moment <= now:
            return moment
    return None


def _moments_back_from(entry: Entry, now: datetime) -> Iterator[datetime]:
    """The entry's moments from the day of ``now`` backwards; weekdays count from Monday, and a month too short has its last day instead."""
    day = now.replace(hour=entry["hour"], minute=0, second=0, microsecond=0)
    while True:
        last = calendar.monthrange(day.year, day.month)[1]
        wanted = {"daily": True, "weekly": day.isoweekday() == entry.get("day"), "monthly": day.day == min(entry.get("day", 1), last)}
        if wanted[entry["frequency"]]:
            yield day
        day -= timedelta(days=1)
