# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the local Neon refuses, by table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from emulators.framework.errors import ApiError
from emulators.neon import rules
from emulators.neon.state import Branch, Project


@pytest.mark.parametrize(("low", "high"), [(0.25, 0.25), (0.25, 8), (0.5, 2), (1, 9), (8, 16), (16, 16), (18, 18), (56, 56)])
def test_compute_sizes_that_exist(low, high):
    rules.check_compute(low, high)


@pytest.mark.parametrize(
    ("low", "high", "complaint"),
    [
        (2, 1, "must not be greater"),
        (0.25, 9, "spans more than 8"),
        (0.3, 1, "0.3 is no compute size"),
        (1, 1.5, "1.5 is no compute size"),
        (9, 17, "17 is no compute size"),
        (17, 17, "17 is no compute size"),
        (0, 0, "0 is no compute size"),
        (-2, -2, "-2 is no compute size"),
        (58, 58, "58 is no compute size"),
        (16, 18, "18 is no compute size"),
    ],
)
def test_compute_sizes_that_do_not(low, high, complaint):
    with pytest.raises(ApiError, match=complaint) as caught:
        rules.check_compute(low, high)
    assert caught.value.status == 400


@pytest.mark.parametrize("seconds", [-1, 0, 60, 300, 604800])
def test_suspend_timeouts_that_exist(seconds):
    rules.check_suspend_timeout(seconds)


@pytest.mark.parametrize("seconds", [-2, 1, 59, 604801])
def test_suspend_timeouts_that_do_not(seconds):
    with pytest.raises(ApiError, match=str(seconds)):
        rules.check_suspend_timeout(seconds)


@pytest.mark.parametrize("name", ["neon_superuser", "cloud_admin", "postgres", "public", "none", "pg_monitor", "", "x" * 64])
def test_role_names_that_are_reserved(name):
    with pytest.raises(ApiError):
        rules.check_role_name(name)


@pytest.mark.parametrize("name", ["postgres", "template1", "", "ä" * 32])
def test_database_names_that_are_reserved(name):
    with pytest.raises(ApiError):
        rules.check_database_name(name)


def restricted(project, branch):
    return {item["name"]: item["reason"] for item in rules.restricted_actions(project, branch)}


def test_what_a_branch_does_not_allow_is_named_with_the_reason():
    now = datetime(2026, 6, 1, tzinfo=UTC)
    project = Project("p", "p", "r", 17, "o", True, 0, {}, {}, now, now, default_branch_id="br-main")
    for name, parent, source in (
        ("main", None, "parent-data"),
        ("dev", "br-main", "parent-data"),
        ("pr", "br-dev", "parent-data"),
        ("copy", None, "schema-only"),
    ):
        project.branches[f"br-{name}"] = Branch(f"br-{name}", "p", name, parent, source, False, now, now, now, current_state="ready")
    main, dev, pull, copy = project.branches.values()
    default, children = "the branch is the project's default branch", "the branch has child branches"
    assert restricted(project, main) == {"delete": default, "archive": default, "reset": "the branch has no parent"}
    assert restricted(project, dev) == {"delete": children, "archive": "the branch has child branches that are not archived"}
    assert restricted(project, pull) == {}
    assert restricted(project, copy) == {"reset": "the branch has no parent"}
    pull.current_state, dev.protected = "archived", True
    protected = "the branch is protected"
    assert restricted(project, dev) == dict.fromkeys(("delete", "restore", "reset", "archive", "delete-rw-endpoint"), protected)
    dev.protected = False
    assert restricted(project, dev) == {"delete": children}
