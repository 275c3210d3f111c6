# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A branch's time to live: which times the service takes, for which branches, and what a reset does with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emulators.framework.errors import ApiError
from emulators.framework.fields import Fields
from emulators.neon import expiry, soft_delete
from emulators.neon.state import Branch, DeletedBranch, Project

NOW = datetime(2026, 6, 1, 12, 0, 0, 500_000, tzinfo=UTC)


def branch(number, parent=None, **fields):
    values = {"id": f"br-{number}", "project_id": "p", "name": f"b{number}", "parent_id": parent, "init_source": "parent-data", "protected": False}
    return Branch(**values, created_at=NOW, updated_at=NOW, state_changed_at=NOW, **fields)


def project(*branches):
    made = Project("p", "p", "r", 17, "o", True, 0, {}, {}, NOW, NOW, default_branch_id="br-1")
    made.branches = {item.id: item for item in branches}
    return made


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-01T12:00:01Z", datetime(2026, 6, 1, 12, 0, 1, tzinfo=UTC)),
        ("2026-06-01t12:00:01z", datetime(2026, 6, 1, 12, 0, 1, tzinfo=UTC)),
        ("2026-06-01T15:30:00+02:00", datetime(2026, 6, 1, 13, 30, tzinfo=UTC)),
        ("2026-07-01T12:00:00Z", datetime(2026, 7, 1, 12, tzinfo=UTC)),
    ],
)
def test_times_that_are_taken(text, moment):
    assert expiry.parse(text, NOW) == moment


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2026-06-01T12:00:00Z", "not in the future"),
        ("2026-06-01T13:59:59+02:00", "not in the future"),
        ("2026-07-01T12:00:01Z", "more than 30 days"),
        ("2026-06-02T12:00:00", "no RFC 3339 time with a zone"),
        ("2026-06-02T12:00:00.5Z", "a precision of seconds"),
        ("2026-06-02 12:00:00Z", "no RFC 3339"),
        ("2026-06-02", "no RFC 3339"),
        ("2026-06-31T12:00:00Z", "is no time"),
        ("2026-06-02T12:00:00 CET", "no RFC 3339"),
        ("", "no RFC 3339"),
    ],
)
def test_times_that_are_refused(text, complaint):
    with pytest.raises(ApiError, match=complaint) as caught:
        expiry.parse(text, NOW)
    assert caught.value.status == 400


def test_null_clears_and_an_absent_field_keeps():
    present = NOW + timedelta(hours=1)
    assert expiry.wanted(Fields({}), present, NOW) == present
    assert expiry.wanted(Fields({"expires_at": None}), present, NOW) is None
    assert expiry.wanted(Fields({"expires_at": "2026-06-02T00:00:00Z"}), present, NOW) == datetime(2026, 6, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "protected", "reason"), [(1, False, "default branch"), (2, False, "child branches"), (3, True, "protected"), (3, False, "")]
)
def test_branches_that_must_stay_cannot_expire(number, protected, reason):
    owner = project(branch(1), branch(2, "br-1"), branch(3, "br-2"))
    subject = owner.branches[f"br-{number}"]
    expiry.check(owner, subject, None, protected=protected)
    if not reason:
        expiry.check(owner, subject, NOW, protected=protected)
        return
    with pytest.raises(ApiError, match=reason) as caught:
        expiry.check(owner, subject, NOW, protected=protected)
    assert caught.value.status == 422


def test_the_interval_is_remembered_and_applied_again():
    subject = branch(1)
    expiry.renew(subject, NOW)
    assert subject.expires_at is None
    expiry.set_expiration(subject, datetime(2026, 6, 1, 13, tzinfo=UTC), NOW.replace(microsecond=0))
    assert subject.ttl_interval_seconds == 3600
    expiry.renew(subject, NOW + timedelta(hours=5))
    assert (subject.expires_at, subject.ttl_interval_seconds) == (datetime(2026, 6, 1, 18, tzinfo=UTC), 3600)
    expiry.set_expiration(subject, None, NOW)
    assert (subject.expires_at, subject.ttl_interval_seconds) == (None, None)


def deleted(number, days_ago):
    moment = NOW - timedelta(days=days_ago)
    return DeletedBranch(branch(number), [], moment, moment + soft_delete.WINDOW, "user")


def test_what_goes_for_good_is_what_is_too_old_and_then_the_oldest_of_too_many():
    young, middle, old = deleted(1, 1), deleted(2, 3), deleted(3, 7)
    whole = soft_delete.DeletedProject(project(branch(4), branch(5)), NOW - timedelta(days=2), NOW + timedelta(days=5))
    assert soft_delete.over([whole], [young, middle, old], NOW, 4) == [old]
    assert soft_delete.over([whole], [young, middle, old], NOW, 3) == [old, middle]
    assert soft_delete.over([whole], [young, middle, old], NOW, 1) == [old, middle, whole]
    assert soft_delete.over([whole], [young, middle, old], NOW - timedelta(seconds=1), 5) == []
