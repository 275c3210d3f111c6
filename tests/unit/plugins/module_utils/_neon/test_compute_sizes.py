# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sizes and ranges Neon has: the rule says the same as the local Neon, for every pair."""

from __future__ import annotations

import contextlib
import itertools

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.compute_sizes import COMPUTE_SIZES, range_faults
from emulators.framework.errors import ApiError
from emulators.neon import rules

SIZES = (*COMPUTE_SIZES, 0.0, -1.0, 0.3, 0.75, 1.5, 17.0, 19.0, 57.0, 58.0, 64.0)


def test_the_rule_is_that_of_the_local_neon() -> None:
    for small, large in itertools.product(SIZES, SIZES):
        refused = True
        with contextlib.suppress(ApiError):
            rules.check_compute(small, large)
            refused = False
        assert bool(range_faults(small, large)) is refused, (small, large)


@pytest.mark.parametrize("size", SIZES)
def test_one_end_alone_is_judged_by_its_size(size: float) -> None:
    known = size in COMPUTE_SIZES
    assert [fault.option for fault in range_faults(size, None)] == ([] if known else ["min_cu"])
    assert [fault.option for fault in range_faults(None, size, ("a", "b"))] == ([] if known else ["b"])


def test_both_ends_are_named() -> None:
    assert [(fault.option, fault.value) for fault in range_faults(0.3, 1.5)] == [("min_cu", 0.3), ("max_cu", 1.5)]


def test_the_remedy_is_a_size_that_goes() -> None:
    for small, large in itertools.product(COMPUTE_SIZES, COMPUTE_SIZES):
        for fault in range_faults(small, large):
            if fault.remedy.startswith("Declare at most"):
                most = float(fault.remedy.split()[3].rstrip(","))
                assert range_faults(small, most) == [], (small, large)
