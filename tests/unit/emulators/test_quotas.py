# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a quota counts as exceeded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from emulators.framework.errors import ApiError
from emulators.neon import quotas
from emulators.neon.state import Branch, Project, Usage

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def project(quota, **usage):
    return Project("p", "p", "r", 17, "o", True, 0, {"quota": quota}, {}, NOW, NOW, usage=Usage(**usage))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("active_time_seconds", "active time quota"),
        ("compute_time_seconds", "compute time quota"),
        ("written_data_bytes", "written data quota"),
        ("data_transfer_bytes", "data transfer quota"),
    ],
)
def test_a_quota_is_exceeded_by_more_than_it_allows(name, words):
    assert quotas.exceeded(project({name: 10}, **{name: 10})) is None
    assert quotas.exceeded(project({name: 0}, **{name: 10})) is None
    assert quotas.exceeded(project(None, **{name: 10})) is None
    over = project({name: 10}, **{name: 11})
    assert words in quotas.exceeded(over)
    with pytest.raises(ApiError, match=words) as caught:
        quotas.check_start(over)
    assert caught.value.status == 423


def test_the_logical_size_is_each_branchs_own_and_stops_no_compute():
    owner = project({"logical_size_bytes": 100})
    small, large, unknown = (Branch(str(size), "p", "b", None, "parent-data", False, NOW, NOW, NOW, logical_size=size) for size in (100, 101, None))
    assert [quotas.too_large(owner, branch) for branch in (small, large, unknown)] == [False, True, False]
    assert quotas.exceeded(owner) is None
