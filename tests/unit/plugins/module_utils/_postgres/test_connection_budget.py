# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.compute_sizes import COMPUTE_SIZES
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.connection_budget import (
    connection_budget,
    neon_max_connections,
    smallest_neon_compute,
)

COUNTS = st.integers(min_value=0, max_value=500)


# The vendor's own table, where it agrees with the vendor's formula (it does not at 9 CU and above).
@pytest.mark.parametrize(
    ("size", "connections"),
    [(0.25, 104), (0.5, 209), (1, 419), (2, 839), (3, 1258), (4, 1678), (5, 2098), (6, 2517), (7, 2937), (8, 3357), (10, 4000), (56, 4000)],
)
def test_neon_max_connections_of_a_fixed_compute(size: float, connections: int) -> None:
    assert neon_max_connections(size, size) == connections


def test_an_autoscaling_compute_counts_at_most_eight_times_its_minimum() -> None:
    assert neon_max_connections(0.25, 8) == neon_max_connections(2, 2)
    assert neon_max_connections(1, 4) == neon_max_connections(4, 4)


def test_a_tiny_compute_still_has_a_hundred() -> None:
    assert neon_max_connections(0.1, 0.1) == 100


@pytest.mark.parametrize(("low", "high"), [(2, 1), (0, 1), (-1, 1), (float("nan"), 1), (1, float("inf"))])
def test_impossible_compute_sizes_are_refused(low: float, high: float) -> None:
    with pytest.raises(InputError):
        neon_max_connections(low, high)


@pytest.mark.parametrize(("connections", "size"), [(1, 0.25), (104, 0.25), (105, 0.5), (420, 2), (4000, 10), (4001, None)])
def test_smallest_neon_compute(connections: int, size: float | None) -> None:
    assert smallest_neon_compute(connections) == size


def test_a_budget_that_fits_says_what_stays_free() -> None:
    budget = connection_budget(max_connections=419, application=15, monitoring=3, owner=5, superuser_reserved=7, provider="neon")
    assert budget.fits and budget.free == 389 and budget.usable == 412 and budget.remedy is None
    assert budget.verdict == (
        "15 application pool + 3 monitoring + 5 owner and migrations + 7 kept back for superusers = 30 of 419 connections; 389 stay free"
    )
    assert [row["subject"] for row in budget.as_dict()["rows"]] == [
        "application pool",
        "monitoring",
        "owner and migrations",
        "kept back for superusers",
    ]


def test_the_literal_max_connections_of_the_pool_size_does_not_fit() -> None:
    budget = connection_budget(max_connections=15, application=15, superuser_reserved=3)
    assert not budget.fits
    assert budget.verdict.endswith("= 18 connections, but the server has 15: 3 too many")
    assert budget.remedy == "Raise max_connections to at least 18, or let fewer connections be held"


def test_a_neon_compute_that_is_too_small_is_answered_with_a_size_that_is_enough() -> None:
    budget = connection_budget(max_connections=104, application=500, superuser_reserved=7, provider="neon")
    assert "at least 2 CU with a minimum of at least 0.25 CU" in str(budget.remedy)
    assert neon_max_connections(0.25, 2) >= budget.needed


def test_what_no_neon_compute_can_hold() -> None:
    budget = connection_budget(max_connections=104, application=4000, superuser_reserved=7, provider="neon")
    assert "No Neon compute has 4007 connections" in str(budget.remedy)


@pytest.mark.parametrize("field", ["application", "readonly", "monitoring", "owner", "head_room", "superuser_reserved"])
def test_negative_numbers_are_refused(field: str) -> None:
    with pytest.raises(InputError, match="-1 connections"):
        connection_budget(**{"max_connections": 100, "application": 1, "superuser_reserved": 7, field: -1})


def test_a_server_without_slots_is_refused() -> None:
    with pytest.raises(InputError, match="max_connections 0"):
        connection_budget(max_connections=0, application=1, superuser_reserved=7)


@given(
    max_connections=st.integers(1, 5000),
    application=COUNTS,
    readonly=COUNTS,
    monitoring=COUNTS,
    owner=COUNTS,
    head_room=COUNTS,
    superuser_reserved=COUNTS,
)
def test_a_budget_fits_exactly_if_there_is_a_slot_for_everybody(max_connections: int, **demand: int) -> None:
    budget = connection_budget(max_connections=max_connections, **demand)
    assert budget.fits is (sum(demand.values()) <= max_connections) is (budget.remedy is None)
    assert budget.usable + budget.reserved == max_connections and budget.needed + budget.free == max_connections


@given(st.sampled_from(COMPUTE_SIZES), st.sampled_from(COMPUTE_SIZES))
def test_a_larger_compute_never_has_fewer_connections(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert neon_max_connections(low, low) <= neon_max_connections(low, high) <= neon_max_connections(high, high)


@given(st.integers(min_value=1, max_value=4000))
def test_the_smallest_compute_is_enough(connections: int) -> None:
    size = smallest_neon_compute(connections)
    assert size is not None and neon_max_connections(size, size) >= connections
