# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup schedule may say, and when it asks for a snapshot."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from emulators.framework.errors import ApiError
from emulators.framework.fields import Fields
from emulators.neon.backup_schedule import MAX_RETENTION_SECONDS, latest_due, parse


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def entry(**fields):
    return parse(Fields({"schedule": [fields]}))[0]


def test_defaults_are_filled_in():
    assert entry(frequency="daily") == {"frequency": "daily", "hour": 0, "retention_seconds": 3_024_000}
    assert entry(frequency="weekly", hour=5, retention_seconds=3600) == {"frequency": "weekly", "hour": 5, "day": 1, "retention_seconds": 3600}
    assert MAX_RETENTION_SECONDS == 35 * 86_400


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"frequency": "hourly"},
        {"frequency": "yearly", "month": 1},
        {"frequency": "daily", "hour": 24},
        {"frequency": "daily", "hour": "3"},
        {"frequency": "daily", "day": 1},
        {"frequency": "daily", "month": 1},
        {"frequency": "weekly", "day": 0},
        {"frequency": "weekly", "day": 8},
        {"frequency": "monthly", "day": 32},
        {"frequency": "daily", "retention_seconds": 3599},
        {"frequency": "daily", "retention_seconds": 3_024_001},
    ],
)
def test_what_is_not_offered_is_refused(wrong):
    with pytest.raises(ApiError) as caught:
        entry(**wrong)
    assert caught.value.status == 400


def test_an_empty_schedule_is_refused():
    with pytest.raises(ApiError, match="at least one"):
        parse(Fields({"schedule": []}))


@pytest.mark.parametrize(
    ("fields", "since", "now", "due"),
    [
        ({"frequency": "daily", "hour": 3}, "2026-03-01T02:59", "2026-03-01T03:00", "2026-03-01T03:00"),
        ({"frequency": "daily", "hour": 3}, "2026-03-01T03:00", "2026-03-02T02:59", None),
        ({"frequency": "daily", "hour": 3}, "2026-03-01T03:00", "2026-03-09T02:59", "2026-03-08T03:00"),
        # 2026-03-02 is a Monday.
        ({"frequency": "weekly", "hour": 1, "day": 1}, "2026-02-28T00:00", "2026-03-05T00:00", "2026-03-02T01:00"),
        ({"frequency": "weekly", "hour": 1, "day": 7}, "2026-02-28T00:00", "2026-03-05T00:00", "2026-03-01T01:00"),
        ({"frequency": "weekly", "hour": 1, "day": 7}, "2026-03-01T01:00", "2026-03-08T00:59", None),
        ({"frequency": "monthly", "hour": 0, "day": 31}, "2026-02-01T00:00", "2026-03-01T00:00", "2026-02-28T00:00"),
        ({"frequency": "monthly", "hour": 0, "day": 31}, "2026-03-01T00:00", "2026-03-30T23:00", None),
        ({"frequency": "monthly", "hour": 12, "day": 15}, "2026-01-01T00:00", "2026-04-01T00:00", "2026-03-15T12:00"),
    ],
)
def test_the_latest_moment_that_is_due(fields, since, now, due):
    assert latest_due(entry(**fields), at(since), at(now)) == (at(due) if due else None)
