# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consumption history: which ranges exist, how they are cut, what the numbers mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emulators.framework.errors import ApiError
from emulators.neon import consumption
from emulators.neon.ledger import Ledger

NOW = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)


def starts(found):
    return [frame[0] for frame in found]


def test_hours_days_and_months_are_rounded_down_and_end_with_now():
    hours = consumption.frames(NOW - timedelta(hours=2), NOW + timedelta(hours=5), "hourly", NOW)
    assert starts(hours) == [datetime(2026, 6, 15, hour, tzinfo=UTC) for hour in (10, 11, 12)]
    days = consumption.frames(datetime(2026, 6, 13, 15, 30, tzinfo=UTC), datetime(2026, 6, 15, 1, tzinfo=UTC), "daily", NOW)
    assert days == [(datetime(2026, 6, day, tzinfo=UTC), datetime(2026, 6, day + 1, tzinfo=UTC)) for day in (13, 14)]
    months = consumption.frames(datetime(2025, 11, 20, tzinfo=UTC), NOW, "monthly", NOW)
    assert starts(months)[:2] == [datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)]
    assert months[-1] == (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "end", "granularity"),
    [
        (NOW - timedelta(hours=169), NOW, "hourly"),
        (NOW - timedelta(days=61), NOW, "daily"),
        (NOW - timedelta(days=400), NOW, "monthly"),
        (NOW, NOW - timedelta(hours=1), "hourly"),
        (NOW, NOW + timedelta(days=61), "daily"),
    ],
)
def test_a_range_that_a_granularity_does_not_have_is_not_acceptable(start, end, granularity):
    with pytest.raises(ApiError, match=granularity) as caught:
        consumption.frames(start, end, granularity, NOW)
    assert caught.value.status == 406


def test_the_history_begins_in_march_2024():
    early = datetime(2024, 3, 10, tzinfo=UTC)
    with pytest.raises(ApiError) as caught:
        consumption.frames(datetime(2024, 2, 29, tzinfo=UTC), early, "daily", early)
    assert caught.value.status == 406


@pytest.mark.parametrize(("granularity", "days"), [("hourly", 7), ("daily", 60), ("monthly", 365)])
def test_the_longest_range_is_acceptable(granularity, days):
    assert consumption.frames(NOW - timedelta(days=days), NOW, granularity, NOW)


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-06-15", "2026-06-15T12:00:00"])
def test_a_time_needs_a_zone(text):
    with pytest.raises(ApiError, match="from") as caught:
        consumption.moment(text, "from")
    assert caught.value.status == 400


def test_lists_are_repeated_or_comma_separated():
    assert consumption.listed(["a,b", "c"], "project_ids") == ["a", "b", "c"]
    with pytest.raises(ApiError, match="at most 100"):
        consumption.listed([",".join("x" * 101)], "project_ids")


def test_metrics_are_required_and_known():
    known = consumption.V2_BRANCH_METRICS
    assert consumption.metrics(["compute_unit_seconds,compute_unit_seconds"], known, required=True) == ["compute_unit_seconds"]
    for values, words in (([], "is required"), (["extra_branches_month"], "not supported here: extra_branches_month")):
        with pytest.raises(ApiError, match=words) as caught:
            consumption.metrics(values, known, required=True)
        assert caught.value.status == 400


def test_frames_are_grouped_by_calendar_month_and_only_a_past_period_has_an_end():
    found = consumption.frames(datetime(2026, 5, 30, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC), "daily", NOW)
    past, present = consumption.periods("p", "scale", found, NOW, lambda frame: {"metrics": []})
    assert (past["period_start"], past["period_end"], len(past["consumption"])) == ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", 2)
    assert (present["period_start"], "period_end" in present, len(present["consumption"])) == ("2026-06-01T00:00:00Z", False, 1)
    assert past["period_id"] != present["period_id"]
    assert past["consumption"][0]["timeframe_start"] == "2026-05-30T00:00:00Z"


def test_values_are_those_of_the_frame():
    ledger = Ledger()
    noon = datetime(2026, 6, 10, 12, tzinfo=UTC).timestamp()
    ledger.add("p", "b", "compute_seconds", 900, noon, noon + 3600)
    ledger.add("p", "b", "root_byte_seconds", 30 * 86_400 * 1000, noon, noon + 3600)
    ledger.add("p", "b", "logical_byte_seconds", 86_400 * 500, noon, noon + 3600)
    ledger.add("p", "b", "written_bytes", 7, noon, noon)
    names = ["compute_unit_seconds", "root_branch_bytes_month", "private_network_transfer_bytes"]
    day = (datetime(2026, 6, 10, tzinfo=UTC), datetime(2026, 6, 11, tzinfo=UTC))
    values = {item["metric_name"]: item["value"] for item in consumption.v2_values(ledger, names, "p", "b", day)["metrics"]}
    assert values == {"compute_unit_seconds": 900, "root_branch_bytes_month": 1000, "private_network_transfer_bytes": 0}
    other = consumption.v2_values(ledger, names, "p", "b", (day[1], day[1] + timedelta(days=1)))
    assert {item["value"] for item in other["metrics"]} == {0}
    old = consumption.v1_values(ledger, ["logical_size_bytes"], "p", day)
    assert old.keys() == {*consumption.V1_ALWAYS, "logical_size_bytes"}
    assert (old["compute_time_seconds"], old["written_data_bytes"], old["logical_size_bytes"]) == (900, 7, 500)
