# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a snapshot, and to restore one: by table and by property."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import re
import typing as t

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import (
    ConfirmationError,
    DbinfraError,
    ImmutableError,
    InputError,
    NotFoundError,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.history_point import History, PastMoment
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.moments import at, written
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.snapshot_plan import SnapshotWish, expiry, lsn_number, plan_snapshot
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.snapshot_record import Snapshot, SnapshotBranch
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.snapshot_restore_plan import (
    RestoreState,
    RestoreWish,
    is_replaced,
    plan_restore,
)

NOW = at(1_800_000_000)
TODAY = "2027-01-15T08:00:00Z"
OURS = Snapshot("snap-1", "dbinfra-x", "br-1", "0/A", "2027-01-15T07:00:00Z", TODAY, None, True, None)
FOREIGN = dataclasses.replace(OURS, name="nightly")
ROOT = SnapshotBranch("br-1", "production")


def past(seconds: int) -> PastMoment:
    """So many seconds ago."""
    return PastMoment(written(at(1_800_000_000 - seconds)), 1_800_000_000.0 - seconds)


@pytest.mark.parametrize(
    ("snapshot", "source", "wish", "actions"),
    [
        (None, ROOT, {"branch": "production"}, ["create"]),
        (None, None, {"present": False}, []),
        (OURS, None, {}, []),
        (OURS, ROOT, {"branch": "production", "lsn": "0/0a", "timestamp": past(3600)}, []),
        (OURS, None, {"ttl": 60}, []),
        (OURS, SnapshotBranch("br-9", "production", restored_as="br-1"), {"branch": "production"}, []),
        (OURS, None, {"expires_at": at(1_800_000_001)}, ["update"]),
        (dataclasses.replace(OURS, expires_at="2027-01-15T08:00:01.000+00:00"), None, {"expires_at": at(1_800_000_001)}, []),
        # One that ended already is not refused as long as nothing would be changed.
        (dataclasses.replace(OURS, expires_at=TODAY), None, {"expires_at": NOW}, []),
        # What Neon does not say cannot be compared.
        (dataclasses.replace(OURS, lsn=None, timestamp=None, source_branch_id=None), ROOT, {"branch": "x", "lsn": "5/5"}, []),
        (OURS, None, {"present": False, "confirm_destroy": "dbinfra-x"}, ["delete"]),
        (FOREIGN, None, {"present": False, "confirm_destroy": "nightly", "adopt": True}, ["delete"]),
        (FOREIGN, None, {"present": False, "confirm_destroy": "nightly", "pinned": True}, ["delete"]),
    ],
)
def test_snapshot(snapshot: Snapshot | None, source: SnapshotBranch | None, wish: dict[str, t.Any], actions: list[str]) -> None:
    plan = plan_snapshot(snapshot, source, SnapshotWish(snapshot.name if snapshot else "dbinfra-x", **wish), NOW)
    assert [change.action for change in plan.changes] == actions
    assert bool(plan.before or plan.after) is bool(actions)


@pytest.mark.parametrize(
    ("snapshot", "source", "wish", "error", "text"),
    [
        (None, None, {}, InputError, "nothing says which branch"),
        (None, SnapshotBranch("br-2", "preview", "br-1"), {"branch": "preview"}, InputError, "root branches only"),
        (None, ROOT, {"branch": "x", "expires_at": NOW}, InputError, "in the past"),
        (OURS, SnapshotBranch("br-2", "staging"), {"branch": "staging"}, ImmutableError, r"was taken of branch br-1, declared is staging \(br-2\)"),
        (OURS, None, {"lsn": "0/B"}, ImmutableError, "shows 0/A, declared is 0/B"),
        (OURS, None, {"timestamp": past(0)}, ImmutableError, f"declared is {TODAY}"),
        (OURS, None, {"expires_at": NOW}, InputError, "in the past"),
        (FOREIGN, None, {"expires_at": at(1_900_000_000)}, InputError, "would be changed"),
        (FOREIGN, None, {"present": False, "confirm_destroy": "nightly"}, InputError, "would be deleted"),
        (OURS, None, {"present": False}, ConfirmationError, "refused to delete snapshot dbinfra-x"),
        (FOREIGN, None, {"present": False, "adopt": True}, ConfirmationError, "confirm_destroy: nightly"),
    ],
)
def test_snapshot_refusals(
    snapshot: Snapshot | None, source: SnapshotBranch | None, wish: dict[str, t.Any], error: type[DbinfraError], text: str
) -> None:
    with pytest.raises(error, match=text):
        plan_snapshot(snapshot, source, SnapshotWish(snapshot.name if snapshot else "dbinfra-x", **wish), NOW)


@pytest.mark.parametrize(
    ("ago", "history", "refused"),
    [
        (86400, History(86400, None), None),
        (
            86401,
            History(86400, None),
            "option timestamp: 2027-01-14T07:59:59Z is 1 d 1 s ago, outside of the project's history. The project keeps 1 d",
        ),
        (1, History(0, None), "The project keeps 0 s of it"),
        (3600, History(86400, 1_800_000_000 - 3600 + 0.7), None),
        (3601, History(86400, 1_800_000_000 - 3600), "option timestamp: 2027-01-15T06:59:59Z is before the project was made"),
        (10**8, History(None, None), None),
        (10**8, None, None),
    ],
)
def test_a_snapshot_is_taken_within_the_projects_history(ago: int, history: History | None, refused: str | None) -> None:
    wish = SnapshotWish("dbinfra-x", branch="x", timestamp=past(ago))
    with pytest.raises(InputError, match=re.escape(refused)) if refused else contextlib.nullcontext():
        assert plan_snapshot(None, ROOT, wish, NOW, history).changes
    # One that is there is only compared.
    there = dataclasses.replace(OURS, timestamp=past(ago).text)
    assert not plan_snapshot(there, ROOT, wish, NOW, history).changes


def test_an_expiry_is_absolute_or_counted_from_the_creation() -> None:
    assert expiry(SnapshotWish("x"), NOW) is None
    assert expiry(SnapshotWish("x", expires_at=at(5)), NOW) == at(5)
    assert expiry(SnapshotWish("x", ttl=90), NOW) == NOW + datetime.timedelta(seconds=90)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_places_in_the_log_are_numbers(high: int, low: int) -> None:
    assert lsn_number(f"{high:X}/{low:08X}") == lsn_number(f"{high:08x}/{low:x}") == high * 2**32 + low


TARGETS = st.one_of(
    st.none(),
    st.builds(
        SnapshotBranch,
        id=st.just("br-new"),
        name=st.just("look"),
        restored_from=st.sampled_from([None, "snap-1", "snap-2"]),
        restored_as=st.sampled_from([None, "br-1", "br-2"]),
        restore_status=st.sampled_from([None, "restored"]),
    ),
)
REPLACED = st.builds(
    SnapshotBranch,
    id=st.sampled_from(["br-1", "br-2"]),
    name=st.just("production"),
    restored_from=st.sampled_from([None, "snap-1", "snap-2"]),
    restore_status=st.sampled_from([None, "restored", "finalized", "detaching"]),
)
STATES = st.builds(
    RestoreState,
    snapshot=st.one_of(st.none(), st.just(OURS)),
    predicted=st.just(False),
    target=TARGETS,
    replaced=REPLACED,
    preserved=st.one_of(st.none(), st.just(SnapshotBranch("br-old", "before"))),
)
FINAL = RestoreWish("dbinfra-x", "look", "production", True, "before", "production")


@given(STATES, st.sampled_from([None, "production", "look", "dbinfra-x"]))
def test_a_branch_is_only_replaced_by_this_snapshot_with_a_confirmation_and_under_a_free_name(state: RestoreState, confirmed: str | None) -> None:
    wish = dataclasses.replace(FINAL, confirm_destroy=confirmed)
    try:
        plan = plan_restore(state, wish)
    except DbinfraError:
        return
    assert state.snapshot is not None
    if not plan.changes:
        assert is_replaced(state)
        return
    assert state.replaced is not None
    assert (confirmed, state.preserved, plan.changes[-1].action) == ("production", None, "replace")
    if state.target is None:
        assert plan.changes[0].payload["body"]["target_branch_id"] == state.replaced.id
    else:
        assert state.target.restored_from == "snap-1"
        assert (state.target.restored_as or "br-1") == state.replaced.id


@given(STATES)
def test_without_finalize_no_existing_branch_is_touched(state: RestoreState) -> None:
    assume(state.snapshot is not None)
    wish = RestoreWish("dbinfra-x", "look", confirm_destroy="production")
    if state.target is not None and state.target.restored_from != "snap-1":
        with pytest.raises(InputError, match="is not this snapshot restored"):
            plan_restore(state, wish)
        return
    assert [change.action for change in plan_restore(state, wish).changes] == (["restore"] if state.target is None else [])


def test_a_snapshot_that_is_not_there_is_not_restored() -> None:
    with pytest.raises(NotFoundError, match="to restore"):
        plan_restore(RestoreState(), RestoreWish("dbinfra-x", "look"))
    assert [change.action for change in plan_restore(RestoreState(predicted=True), FINAL).changes] == ["restore", "replace"]
