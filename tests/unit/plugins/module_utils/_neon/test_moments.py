# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times, spans and places in the log, as people write them."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.moments import answered_moment, lsn, moment, span, span_words, written


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-24T18:00:00Z", "2026-11-24T18:00:00Z"),
        ("2026-11-24t18:00:00z", "2026-11-24T18:00:00Z"),
        ("2026-11-24T19:00:00+01:00", "2026-11-24T18:00:00Z"),
        ("2026-11-24T13:30:00-04:30", "2026-11-24T18:00:00Z"),
        # What Ansible hands over for a time without quotes in YAML.
        ("2026-11-24 18:00:00+00:00", "2026-11-24T18:00:00Z"),
        ("2026-11-24T18:00:00.5Z", "2026-11-24T18:00:00.500000Z"),
        ("2026-11-24T18:00:00.123456789Z", "2026-11-24T18:00:00.123456Z"),
        ("2026-11-24T18:00:00.000Z", "2026-11-24T18:00:00Z"),
        ("2026-12-31T23:59:59-00:01", "2027-01-01T00:00:59Z"),
    ],
)
def test_one_moment_has_one_form(text: str, same: str) -> None:
    assert written(moment(text, "x")) == same


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("2026-11-24", "is no time of RFC 3339"),
        ("2026-W48-2T18:00:00Z", "is no time of RFC 3339"),
        ("2026-11-24T18:00Z", "is no time of RFC 3339"),
        ("1795543200", "is no time of RFC 3339"),
        ("2026-11-24T18:00:00", "has no zone"),
        ("2026-11-24 18:00:00", "has no zone"),
        ("2026-11-24T18:00:00+0100", "the zone '\\+0100' of"),
        ("2026-11-24T18:00:00+24:00", "the zone '\\+24:00' of"),
        ("2026-11-24T18:00:00 UTC", "the zone 'UTC' of"),
        ("2026-11-24T18:00:00Europe/Berlin", "the zone 'Europe/Berlin' of"),
        ("2026-02-29T18:00:00Z", "does not exist"),
        ("2026-11-24T25:00:00Z", "does not exist"),
        ("0001-01-01T00:00:00+01:00", "does not exist"),
        ("\uff12026-11-24T18:00:00Z", "is no time of RFC 3339"),
    ],
)
def test_what_is_no_moment_says_why(text: str, wrong: str) -> None:
    with pytest.raises(InputError, match=f"option x: .*{wrong}"):
        moment(text, "option x")
    assert answered_moment(text) is None


ZONES = st.integers(-1439, 1439).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001 (timezones gives the zone)


@given(TIMES)
def test_any_time_survives_being_written(time: datetime.datetime) -> None:
    assert moment(time.isoformat(), "x") == time
    assert moment(written(time), "x") == time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1", 1), ("90s", 90), ("15m", 900), ("12h", 43200), ("3d", 259200), ("2w", 1209600), ("1d12h", 129600), (" 1H30M ", 5400), ("1m30", 90)],
)
def test_spans(text: str, seconds: int) -> None:
    assert span(text, "x") == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "0d", "-1", "1.5h", "h", "3 d", "12h1d", "3months", "1e3", "9" * 4400, "9" * 4400 + "d", "5215w", "36501d", "999999999999w"]
)
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(InputError, match=r"option x: .* is no span of time above 0"):
        span(text, "option x")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (90061, "1 d 1 h"), (604800, "7 d"), (86459, "1 d 59 s")]
)
def test_span_words(seconds: float, words: str) -> None:
    assert span_words(seconds) == words


@pytest.mark.parametrize("text", ["0/0", "0/1DE2850", "ffffffff/FFFFFFFF", " 16/B374D848 "])
def test_lsn(text: str) -> None:
    assert lsn(text, "x") == text.strip()


@pytest.mark.parametrize("text", ["", "0", "1DE2850", "0/", "/0", "0/123456789", "0/G", "0/1/2", "0x1/2"])
def test_what_is_no_lsn(text: str) -> None:
    with pytest.raises(InputError, match=r"option x: .* is no LSN"):
        lsn(text, "option x")
