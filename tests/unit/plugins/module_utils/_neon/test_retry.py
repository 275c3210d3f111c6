# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a request may be sent again: the pure rules."""

from __future__ import annotations

import email.utils

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.retry import backoff, pause_before_retry, retry_after

NOW = 1_700_000_000.0


def date(seconds: float) -> str:
    return email.utils.formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("value", "server_date", "expected"),
    [
        (None, None, None),
        ("7", None, 7.0),
        (" 120 ", None, 120.0),
        (date(30), None, 30.0),
        # The local clock is an hour behind; the server's own Date says what it meant.
        (date(3630), date(3600), 30.0),
        (date(-5), None, 0.0),
        ("soon", None, None),
        ("-3", None, None),
        ("1.5", None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, server_date: str | None, expected: float | None) -> None:
    assert retry_after(value, date=server_date, now=NOW) == expected


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 0.25), (2, 0.5), (5, 4.0), (6, 8.0), (7, 10.0), (5000, 10.0)])
def test_backoff_doubles_up_to_ten_seconds(attempt: int, ceiling: float) -> None:
    assert backoff(attempt, 1.0) == ceiling
    assert backoff(attempt, 0.0) == 0.0


def test_what_the_server_asks_for_is_never_shortened() -> None:
    assert pause_before_retry(60.0, 1, 0.5) == 60.0
    assert pause_before_retry(0.0, 3, 1.0) == 1.0
    assert pause_before_retry(None, 3, 0.5) == 0.5
