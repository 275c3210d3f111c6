# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a branch by table and by property: what is there, what is wanted, what has to be done, what is refused."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import (
    AmbiguousError,
    ConfirmationError,
    DbinfraError,
    ImmutableError,
    InputError,
    NotFoundError,
    ProviderError,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.reconcile import Plan
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.branch_plan import plan_branch
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.branch_state import BranchState
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.branch_wish import BranchWish, Expiry, RestoreWish
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.history_point import History, PastMoment
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.moments import answered_moment, at, written
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.records import Branch, Compute, Endpoint

NOW = 1_800_000_000
ROOT = Branch("br-1", "p-1", "production", default=True, protected=True, init_source="parent-data", managed=True)
SCHEMA = Branch("br-2", "p-1", "staging", default=False, protected=False, init_source="schema-only", managed=True)
CHILD = Branch("br-3", "p-1", "preview", default=False, protected=False, parent_id="br-2", init_source="parent-data", managed=True)
COPY = Branch("br-9", "p-1", "kept", default=False, protected=False)
COMPUTE = Endpoint("ep-1", "br-3", "read_write", "ep-1.x", "ep-1-pooler.x", Compute(0.25, 2.0, 0))


def in_days(days: float) -> str:
    return written(at(NOW + days * 86400))


def until(days: float, **more: t.Any) -> Expiry:
    return Expiry(in_days(days), NOW + days * 86400, **more)


def steps(plan: Plan) -> list[str]:
    return [change.action for change in plan.changes]


def plan(branch: Branch | None, known: t.Mapping[str, t.Any] | None = None, /, **wish: t.Any) -> Plan:
    return plan_branch(BranchState(branch, **(known or {})), BranchWish(**{"name": branch.name if branch else "new", "now": NOW, **wish}))


@pytest.mark.parametrize(
    ("branch", "wish", "actions", "before", "after"),
    [
        (ROOT, {"protected": True, "default": True}, [], {}, {}),
        (ROOT, {}, [], {}, {}),
        # Whatever started the default branch, it is not made anew.
        (ROOT, {"init_source": "schema-only"}, [], {}, {}),
        (ROOT, {"protected": False}, ["unprotect"], {"protected": True}, {"protected": False}),
        (SCHEMA, {"parent": "production", "init_source": "schema-only"}, [], {}, {}),
        (SCHEMA, {"default": False, "protected": False}, [], {}, {}),
        (
            SCHEMA,
            {"default": True, "protected": True},
            ["set as default", "protect"],
            {"default": False, "protected": False},
            {"default": True, "protected": True},
        ),
        # Where it came from is not compared: after a restore the parent is another one, and the names of parents change.
        (CHILD, {"parent": "no such branch", "init_source": "parent-data", "parent_lsn": "0/1"}, [], {}, {}),
        (None, {"state": "absent"}, [], {}, {}),
        (CHILD, {"archived": False}, [], {}, {}),
        (dataclasses.replace(CHILD, state="archived"), {"archived": True}, [], {}, {}),
        (CHILD, {"expiry": until(3)}, ["set the expiry of"], {"expires_at": None}, {"expires_at": in_days(3)}),
        (CHILD, {"expiry": Expiry(None)}, [], {}, {}),
        (CHILD, {"expiry": until(3, ttl="3d")}, [], {}, {}),
        (CHILD, {"expiry": until(3, ttl="3d", renew=True)}, ["set the expiry of"], {"expires_at": None}, {"expires_at": "3d from now"}),
        (
            CHILD,
            {"expiry": until(3), "protected": None, "new_name": "other"},
            ["rename and set the expiry of"],
            {"expires_at": None},
            {"name": "other", "expires_at": in_days(3)},
        ),
    ],
)
def test_branch(branch: Branch | None, wish: dict[str, t.Any], actions: list[str], before: dict[str, t.Any], after: dict[str, t.Any]) -> None:
    found = plan(branch, **wish)
    named = {"name": branch.name} if actions and branch else {}
    assert (steps(found), dict(found.before), dict(found.after)) == (actions, {**named, **before}, {**named, **after})


@pytest.mark.parametrize(
    ("have", "expiry", "sent"),
    [
        (in_days(3), until(3), "nothing"),
        # Neon may write the same moment in another way.
        ("2027-01-18T08:00:00.000+00:00", until(3), "nothing"),
        (in_days(3), until(4), in_days(4)),
        (in_days(3), until(2), in_days(2)),
        (in_days(3), Expiry(None), None),
        (in_days(3), until(10, ttl="10d"), "nothing"),
        (in_days(3), until(10, ttl="10d", renew=True), in_days(10)),
        # It is only moved forward, and not by seconds: a second run right after the first changes nothing.
        (in_days(3), until(2, ttl="2d", renew=True), "nothing"),
        (in_days(3), until(3 + 59 / 86400, ttl="3d", renew=True), "nothing"),
        (in_days(3), until(3 + 60 / 86400, ttl="3d", renew=True), in_days(3 + 60 / 86400)),
    ],
)
def test_when_a_branch_expires(have: str, expiry: Expiry, sent: str | None) -> None:
    found = plan(dataclasses.replace(CHILD, expires_at=have), {"children": ()}, expiry=expiry)
    assert [change.payload["fields"] for change in found.changes] == ([] if sent == "nothing" else [{"expires_at": sent}])


def test_an_expiry_is_cleared_before_the_branch_becomes_the_default() -> None:
    found = plan(dataclasses.replace(CHILD, expires_at=in_days(3)), default=True, protected=True, expiry=Expiry(None))
    assert steps(found) == ["protect and clear the expiry of", "set as default"]


def test_a_new_branch_says_what_it_is_made_from() -> None:
    wish = {"parent": "production", "init_source": "schema-only", "protected": False, "default": True, "parent_lsn": "0/1DE2850"}
    found = plan(None, {"source": ROOT}, **wish, compute=Compute(0.25, 1, None))
    assert steps(found) == ["create", "set as default"]
    assert found.changes[0].payload == {
        "branch": {"name": "new", "parent_id": "br-1", "parent_lsn": "0/1DE2850", "init_source": "schema-only", "protected": False},
        "endpoints": [{"type": "read_write", "autoscaling_limit_min_cu": 0.25, "autoscaling_limit_max_cu": 1}],
    }
    assert found.after == {"name": "new", **wish, "compute": {"min_cu": 0.25, "max_cu": 1}}


def test_a_new_branch_gets_a_time_to_live() -> None:
    found = plan(None, {"source": SCHEMA}, parent="staging", expiry=until(3, ttl="3d"))
    assert found.changes[0].payload["branch"]["expires_at"] == in_days(3)
    # The moment differs between check and run, the declaration does not.
    assert found.after["expires_at"] == "3d from now"


def test_the_compute_is_brought_to_its_sizes() -> None:
    found = plan(CHILD, {"endpoints": (COMPUTE,)}, compute=Compute(0.5, 2, None))
    assert found.changes[0].payload == {"id": "ep-1", "fields": {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2}}
    assert (found.before["compute"], found.after["compute"]) == ({"min_cu": 0.25}, {"min_cu": 0.5})
    assert steps(plan(CHILD, {"endpoints": (COMPUTE,)}, compute=Compute())) == []
    assert steps(plan(CHILD, {"endpoints": ()}, compute=Compute())) == ["create"]


RESTORE = {"state": "restored", "preserve_under_name": "kept", "confirm_destroy": "preview"}
RESET = {**RESTORE, "state": "reset"}
NOON = PastMoment(in_days(-1), NOW - 86400.0)
FAMILY = {"children": (), "source": SCHEMA, "history": History(7 * 86400, None)}


def test_a_reset_takes_the_parents_present_content() -> None:
    found = plan(CHILD, FAMILY, **RESET)
    assert found.changes[0].payload == {"id": "br-3", "request": {"source_branch_id": "br-2", "preserve_under_name": "kept"}}
    assert found.after == {"name": "preview", "content_of": "staging", "preserved_as": "kept"}
    lost = plan(CHILD, FAMILY, **{**RESET, "preserve_under_name": None}, preserve=False)
    assert lost.changes[0].payload["request"] == {"source_branch_id": "br-2"}


def test_a_restore_takes_an_earlier_content() -> None:
    found = plan(CHILD, {**FAMILY, "source": CHILD}, **RESTORE, restore=RestoreWish(timestamp=NOON))
    request = {"source_branch_id": "br-3", "source_timestamp": in_days(-1), "preserve_under_name": "kept"}
    assert found.changes[0].payload == {"id": "br-3", "request": request}
    found = plan(CHILD, {**FAMILY, "source": CHILD}, **RESTORE, restore=RestoreWish(lsn="0/AB"))
    assert found.changes[0].payload["request"]["source_lsn"] == "0/AB"
    assert steps(plan(CHILD, FAMILY, **RESTORE, restore=RestoreWish("staging"))) == ["restore"]


def test_an_expiring_source_that_does_not_become_a_parent_is_taken() -> None:
    branch = dataclasses.replace(CHILD, expires_at=in_days(1))
    assert steps(plan(branch, {**FAMILY, "source": branch}, **{**RESTORE, "restore": RestoreWish(timestamp=NOON)})) == ["restore"]
    expiring = dataclasses.replace(CHILD, expires_at=in_days(1))
    wish = {**RESTORE, "restore": RestoreWish("preview"), "confirm_destroy": "staging"}
    assert steps(plan(SCHEMA, {**FAMILY, "source": expiring}, **wish)) == ["restore"]


@pytest.mark.parametrize("wish", [{**RESET, "confirm_destroy": None}, {**RESTORE, "restore": RestoreWish(timestamp=NOON)}])
def test_a_kept_copy_means_that_it_was_done(wish: dict[str, t.Any]) -> None:
    assert plan(CHILD, {"preserved": COPY}, **wish) == Plan()


def test_a_reset_without_a_copy_is_only_known_to_this_task() -> None:
    wish = {**RESET, "preserve_under_name": None, "preserve": False}
    assert steps(plan(CHILD, FAMILY, **wish)) == ["reset"]
    assert steps(plan(CHILD, {"done": True}, **wish)) == []


def test_children_that_move_are_named() -> None:
    found = plan(CHILD, {**FAMILY, "children": ("one", "two")}, **RESET)
    assert "(one, two)" in found.warnings[0]
    assert "become children of kept" in found.warnings[0]
    assert "prove the delivered credentials" in found.warnings[1]


@pytest.mark.parametrize(
    ("branch", "state", "wish", "error", "text"),
    [
        (None, {}, {}, InputError, "nothing says which branch it starts from.*default branch, with its data"),
        (None, {}, {"new_name": "b", "parent": "a"}, NotFoundError, "no branch named 'new' to rename, nor one named 'b'"),
        (None, {}, RESET, NotFoundError, "no branch named 'new' to reset"),
        (None, {}, RESTORE, NotFoundError, "no branch named 'new' to restore"),
        (None, {"source": dataclasses.replace(SCHEMA, expires_at="2027-01-01T00:00:00Z")}, {"parent": "s"}, InputError, "cannot have children"),
        (CHILD, {}, {"init_source": "schema-only"}, ImmutableError, "started with its parent's data.*It holds rows of its parent"),
        (dataclasses.replace(CHILD, init_source=None), {}, {"init_source": "schema-only"}, ImmutableError, "It holds rows of its parent"),
        (SCHEMA, {}, {"init_source": "parent-data"}, ImmutableError, "started as schema-only, declared is parent-data"),
        (CHILD, {}, {"archived": True}, ImmutableError, "is not archived, declared is archived: true"),
        (dataclasses.replace(CHILD, state="archived"), {}, {"archived": False}, ImmutableError, "Connect to the branch to bring it back"),
        (CHILD, {"taken": SCHEMA}, {"new_name": "staging"}, AmbiguousError, "there is another branch 'staging' .br-2."),
        (ROOT, {}, {"default": False}, InputError, "is the project's default branch"),
        (ROOT, {}, {"expiry": until(1)}, InputError, "option expires_at.*cannot expire: it is the project's default"),
        (dataclasses.replace(CHILD, protected=True), {}, {"expiry": until(1, ttl="1d")}, InputError, "option ttl.*it is protected"),
        (CHILD, {"children": ("a", "b")}, {"expiry": until(1)}, InputError, "cannot expire: these branches were made from it: a, b"),
        (dataclasses.replace(CHILD, expires_at=in_days(1)), {}, {"default": True}, InputError, "Declare expires_at: never as well"),
        (dataclasses.replace(CHILD, expires_at=in_days(1)), {}, {"protected": True}, InputError, "cannot have protected: true"),
        (CHILD, {"endpoints": ()}, {"connects": True}, InputError, "option database: branch preview has no compute"),
        (ROOT, {}, {"state": "absent", "confirm_destroy": "production"}, InputError, "default branch cannot be deleted"),
        (
            dataclasses.replace(CHILD, protected=True),
            {},
            {"state": "absent", "confirm_destroy": "preview"},
            InputError,
            "protected: false first",
        ),
        (
            dataclasses.replace(CHILD, parent_id=None),
            {"first": True, "children": ()},
            {"state": "absent", "confirm_destroy": "preview"},
            InputError,
            "the root branch that the project was made with cannot be deleted",
        ),
        (CHILD, {"children": ("a", "b")}, {"state": "absent", "confirm_destroy": "preview"}, InputError, "were made from it: a, b"),
        (
            dataclasses.replace(CHILD, restricted=(("delete", "it is being anonymized"),)),
            {"children": ()},
            {"state": "absent", "confirm_destroy": "preview"},
            InputError,
            "Neon says: it is being anonymized",
        ),
        (SCHEMA, {"children": ()}, {"state": "absent"}, ConfirmationError, "refused to delete branch staging with its data"),
        (SCHEMA, {"children": ()}, {"state": "absent", "confirm_destroy": "br-2"}, ConfirmationError, "not the exact name"),
        (ROOT, FAMILY, RESET, InputError, "a root branch has no parent to be reset from.*made with the project"),
        (SCHEMA, FAMILY, RESET, InputError, "a root branch has no parent to be reset from.*schema-only branch is a root"),
        (dataclasses.replace(CHILD, protected=True), FAMILY, RESET, InputError, "cannot be reset at present.*protected: false"),
        (
            dataclasses.replace(CHILD, restricted=(("restore", "it is archived"),)),
            FAMILY,
            {**RESTORE, "restore": RestoreWish("staging")},
            InputError,
            "cannot be restored at present. Neon says: it is archived",
        ),
        (
            CHILD,
            {**FAMILY, "children": ("a",)},
            {**RESET, "preserve": False, "preserve_under_name": None},
            InputError,
            "option preserve: these branches were made from it: a",
        ),
        (CHILD, {**FAMILY, "source": None}, RESET, NotFoundError, "its parent is gone"),
        (CHILD, {**FAMILY, "source": CHILD}, {**RESTORE, "restore": RestoreWish("preview")}, InputError, "the source is the branch itself"),
        (
            CHILD,
            {**FAMILY, "source": CHILD, "history": History(3600, None)},
            {**RESTORE, "restore": RestoreWish(timestamp=NOON)},
            InputError,
            r"restore.timestamp: .* is 1 d ago, outside of the project's history. The project keeps 1 h of it \(3600 s\)",
        ),
        (
            None,
            {"source": ROOT, "history": History(3600, None)},
            {"parent": "production", "parent_timestamp": NOON},
            InputError,
            "option parent_timestamp.*outside of the project's history",
        ),
        (
            None,
            {"source": ROOT, "history": History(7 * 86400, NOW - 3600)},
            {"parent": "production", "parent_timestamp": NOON},
            InputError,
            "option parent_timestamp.*is before the project was made. It was made at",
        ),
        (
            CHILD,
            {"preserved": COPY},
            {**RESTORE, "restore": RestoreWish("br-9")},
            InputError,
            r"options restore.source and preserve_under_name: both are the branch kept \(br-9\)",
        ),
        (
            CHILD,
            {**FAMILY, "source": dataclasses.replace(SCHEMA, expires_at=in_days(1))},
            {**RESTORE, "restore": RestoreWish("staging")},
            InputError,
            "option restore.source: branch staging expires at .* cannot have children",
        ),
        (CHILD, FAMILY, {**RESET, "confirm_destroy": None}, ConfirmationError, "reset branch preview .*content is kept as branch kept"),
        (CHILD, FAMILY, {**RESET, "confirm_destroy": "Preview"}, ConfirmationError, "not the exact name"),
        (CHILD, {"done": True}, RESET, ProviderError, "there is no branch kept with the content"),
    ],
)
def test_branch_refusals(branch: Branch | None, state: dict[str, t.Any], wish: dict[str, t.Any], error: type[DbinfraError], text: str) -> None:
    with pytest.raises(error, match=text):
        plan(branch, state, **wish)


FOREIGN = dataclasses.replace(CHILD, managed=False)


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"protected": True}, "would be changed: protect branch preview .protected False becomes True.*set adopt: true"),
        ({"new_name": "other"}, "rename branch preview .name 'preview' becomes 'other'"),
        ({"compute": Compute(1, 1, None)}, "update read_write endpoint"),
        ({"state": "absent", "confirm_destroy": "preview"}, "delete branch preview"),
        (RESET, "reset branch preview"),
    ],
)
def test_what_somebody_else_made_is_not_changed_without_a_word(wish: dict[str, t.Any], text: str) -> None:
    state = {**FAMILY, "endpoints": (COMPUTE,)}
    with pytest.raises(ConfirmationError, match=text) as refused:
        plan(FOREIGN, state, **wish)
    assert refused.value.details["diff"]["before"]
    assert steps(plan(FOREIGN, state, **wish, adopt=True)) == steps(plan(CHILD, state, **wish)) != []


@pytest.mark.parametrize("wish", [{"protected": False, "default": False}, {"compute": Compute(0.25, 2, 300)}])
def test_what_somebody_else_made_may_be_as_declared(wish: dict[str, t.Any]) -> None:
    assert plan(FOREIGN, {"endpoints": (COMPUTE,)}, **wish) == Plan()


MAYBE = st.none() | st.booleans()
ENDS = st.none() | st.integers(1, 30).map(lambda days: in_days(days))


@given(
    protected=MAYBE,
    default=st.none() | st.just(True),
    new_name=st.none() | st.just("other"),
    end=st.none() | st.integers(1, 30).map(until) | st.just(Expiry(None)),
    ttl=st.booleans(),
    have=st.booleans(),
    expires=ENDS,
)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(
    protected: bool | None, default: bool | None, new_name: str | None, end: Expiry | None, ttl: bool, have: bool, expires: str | None
) -> None:
    """Whatever is declared: doing what the plan says on what it was made for leads to an empty plan, and undeclared things stay as they are."""
    # Refused whatever Neon says, when the options are read.
    assume(not (end is not None and end.until and (default or protected)))
    if end is not None and end.until and ttl:
        end = dataclasses.replace(end, ttl="3d", renew=True)
    branch = dataclasses.replace(CHILD, protected=have, expires_at=None if have else expires)
    wish = BranchWish("preview", protected=protected, default=default, new_name=new_name, expiry=end, now=NOW)
    try:
        found = plan_branch(BranchState(branch, children=()), wish)
    except InputError:
        return
    after = branch
    for change in found.changes:
        if change.action == "set as default":
            assert after.expires_at is None, "Neon would refuse it"
            after = dataclasses.replace(after, default=True)
        else:
            after = dataclasses.replace(after, **change.payload["fields"])
    assert plan_branch(BranchState(after, children=()), wish) == Plan()
    assert after.protected == (branch.protected if protected is None else protected)
    assert after.name == (new_name or branch.name)
    if end is None:
        assert after.expires_at == branch.expires_at
    elif end.until is None:
        assert after.expires_at is None
    else:
        ends = answered_moment(after.expires_at)
        assert ends is not None
        assert ends.timestamp() >= (end.seconds or 0) - 60
