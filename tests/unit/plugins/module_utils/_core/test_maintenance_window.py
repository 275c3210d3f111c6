# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows of maintenance: when they are open, and what is none."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.maintenance_window import MaintenanceWindow, read_window

RAW = {"weekdays": [7, 3, 7], "start_time": "22:30", "end_time": "04:00"}
NIGHT = read_window(RAW, "option x")


def test_a_window_is_read_in_order_and_without_repetitions() -> None:
    assert MaintenanceWindow((3, 7), 22 * 60 + 30, 4 * 60) == NIGHT
    assert NIGHT.words == "Wednesday, Sunday from 22:30 to 04:00 UTC"


@pytest.mark.parametrize(
    ("start", "end", "over"), [("22:30", "04:00", True), ("22:30", "00:00", False), ("00:00", "00:01", False), ("03:00", "05:00", False)]
)
def test_one_that_ends_at_midnight_does_not_reach_over_it(start: str, end: str, over: bool) -> None:
    assert read_window({**RAW, "start_time": start, "end_time": end}, "option x").over_midnight is over


@pytest.mark.parametrize(
    ("day", "time", "is_open"),
    [
        (24, "23:00", False),  # Tuesday
        (25, "22:29", False),
        (25, "22:30", True),
        (26, "00:00", True),
        (26, "03:59", True),
        (26, "04:00", False),
        (29, "23:59", True),  # Sunday
        (30, "01:00", True),
        (30, "22:45", False),
    ],
)
def test_a_window_over_midnight(day: int, time: str, is_open: bool) -> None:
    moment = datetime.datetime.fromisoformat(f"2026-11-{day}T{time}:00+00:00")
    assert NIGHT.open_at(moment) is is_open
    assert NIGHT.open_at(moment.astimezone(datetime.timezone(datetime.timedelta(hours=9)))) is is_open


def test_a_window_that_ends_at_midnight_is_open_until_then() -> None:
    evening = read_window({**RAW, "end_time": "00:00"}, "option x")
    moments = [f"2026-11-25T{time}+00:00" for time in ("22:29:59", "22:30:00", "23:59:59")] + ["2026-11-26T00:00:00+00:00"]
    assert [evening.open_at(datetime.datetime.fromisoformat(moment)) for moment in moments] == [False, True, True, False]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weekdays": []}, "option x: weekdays is"),
        ({"weekdays": [0]}, "at least one number from 1"),
        ({"weekdays": [1, 8]}, "at least one number from 1"),
        ({"start_time": "1320"}, "YAML reads 22:00 without quotes"),
        ({"end_time": "24:00"}, "end_time is '24:00'"),
        ({"end_time": "4:00"}, "Write HH:MM in UTC"),
        ({"end_time": "22:30"}, "begins and ends at 22:30"),
    ],
)
def test_what_is_no_window_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_window({**RAW, **changes}, "option x")
