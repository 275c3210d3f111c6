# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Points in a branch's past, passwords found by their verifiers, and positions in the WAL."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.framework.errors import ApiError
from emulators.neon.catalog import fits
from emulators.neon.dataplane import wal
from emulators.neon.state import Branch, Project
from emulators.neon.targets import check_moment, parse_timestamp

NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)
MADE = NOW - timedelta(hours=10, microseconds=-300_000)
PROJECT = Project("p-1", "shop", "aws-eu-central-1", 17, "org-1", True, 6 * 3600, {}, {}, MADE, MADE)
BRANCH = Branch("br-1", "p-1", "main", None, "parent-data", False, MADE, MADE, MADE)


@pytest.mark.parametrize("text", ["2026-05-10T12:00:00Z", "2026-05-10t12:00:00z", "2026-05-10T14:00:00+02:00", "2026-05-10T12:00:00.000Z"])
def test_times_with_a_zone_are_understood(text):
    assert parse_timestamp(text, "the timestamp") == NOW


@pytest.mark.parametrize(
    "text", ["2026-05-10T12:00:00", "2026-05-10", "yesterday", "2026-13-10T12:00:00Z", "20260510T120000Z", "0001-01-01T00:00:00+14:00"]
)
def test_other_times_are_refused(text):
    with pytest.raises(ApiError, match="RFC 3339") as caught:
        parse_timestamp(text, "the timestamp")
    assert caught.value.status == 400


def test_fractions_count():
    assert parse_timestamp("2026-05-10T12:00:00.123456Z", "x") == NOW + timedelta(microseconds=123_456)
    assert parse_timestamp("2026-05-10T13:00:00.5+01:00", "x").tzinfo is not timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("at", "word"),
    [
        (NOW + timedelta(seconds=1), "future"),
        (MADE.replace(microsecond=0) - timedelta(seconds=1), "before the beginning"),
        (NOW - timedelta(hours=7), "restore window"),
    ],
)
def test_moments_outside_of_the_history(at, word):
    with pytest.raises(ApiError, match=word) as caught:
        check_moment(PROJECT, BRANCH, at, NOW)
    assert caught.value.status == 400


def test_moments_inside_of_the_history():
    check_moment(PROJECT, BRANCH, NOW, NOW)
    check_moment(PROJECT, BRANCH, NOW - timedelta(hours=6), NOW)
    keeps_long = dataclasses.replace(PROJECT, history_retention_seconds=86_400)
    # The second the branch was made in, as its created_at shows it.
    check_moment(keeps_long, BRANCH, MADE.replace(microsecond=0), NOW)
    restored = dataclasses.replace(BRANCH, history_began_at=NOW - timedelta(hours=1))
    with pytest.raises(ApiError, match="before the beginning"):
        check_moment(keeps_long, restored, NOW - timedelta(hours=2), NOW)


def test_a_verifier_tells_its_password():
    # As RFC 5802 computes it for this password, with the salt "saltsaltsaltsalt".
    verifier = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$/suwC/QmY2R/qAD43c8zWZQkAePfwiIM+Q1ZzG9xmxE=:3qYZruY+XZX4n08POrFlCRKB9VkfPAZ2o1gGwtqbwOY="
    assert fits("npg_abcDEF123456", verifier)
    assert not fits("npg_abcDEF123457", verifier)
    assert not fits("anything", "md5c2FsdA")


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_an_lsn_is_read_as_it_is_written(position):
    assert wal.parse_lsn(wal.format_lsn(position)) == position


@pytest.mark.parametrize("text", ["", "0", "0/", "/0", "0/123456789", "g/1", "0/1 ", "-1/0", "0x0/1"])
def test_what_is_no_lsn(text):
    with pytest.raises(ValueError, match="no LSN"):
        wal.parse_lsn(text)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("000000010000000000000001", 1),
        ("0000000A0000000000000001", 1),
        ("000000010000000100000000", 256),
        ("0000000100000001000000FF", 511),
        ("00000002.history", None),
        ("archive_status", None),
        ("000000010000000000000001.partial", None),
    ],
)
def test_segment_numbers(name, number):
    assert wal.segment_number(name) == number
