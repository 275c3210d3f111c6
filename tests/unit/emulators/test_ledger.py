# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The book of what was consumed: nothing is lost between hours, and sums are of what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.neon.ledger import HOUR, Ledger, shares

NOON = 1_800_000_000 // HOUR * HOUR


@given(start=st.floats(1e9, 2e9), seconds=st.floats(0, 10 * HOUR))
def test_the_shares_of_the_hours_sum_to_one(start, seconds):
    found = list(shares(start, start + seconds))
    assert sum(share for _hour, share in found) == pytest.approx(1)
    assert all(hour % HOUR == 0 and share >= 0 for hour, share in found)
    assert len({hour for hour, _share in found}) == len(found)


def test_an_amount_is_spread_over_the_hours_it_took():
    ledger = Ledger()
    ledger.add("p", "b", "active_seconds", 5400, NOON - 1800, NOON + HOUR)
    assert ledger.total("active_seconds", "p", "b", until=NOON) == pytest.approx(1800)
    assert ledger.total("active_seconds", "p", "b", since=NOON) == pytest.approx(3600)
    assert ledger.total("active_seconds", "p", "b", since=NOON + HOUR) == 0


def test_a_project_is_the_sum_of_its_branches_and_of_nothing_else():
    ledger = Ledger()
    ledger.add("p", "one", "written_bytes", 1, NOON, NOON)
    ledger.add("p", "two", "written_bytes", 2, NOON, NOON)
    ledger.add("p", "two", "transfer_bytes", 4, NOON, NOON)
    ledger.add("other", "two", "written_bytes", 8, NOON, NOON)
    assert ledger.total("written_bytes", "p") == 3
    assert ledger.total("written_bytes", "p", "two") == 2
    assert ledger.total("written_bytes", "nobody") == ledger.total("written_bytes", "p", "nobody") == 0
    assert ledger.branches("p") == ["one", "two"]
