# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_snapshot: every request, every answer and every result."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_conversation import (
    BRANCH_ID,
    OTHER_BRANCH_ID,
    PROJECT_ID,
    Conversation,
    branch,
    conversation,
    operation,
    options,
    project,
    refusal,
)

from ansible_collections.dbinfra.postgres.plugins.modules import neon_snapshot

PATH = f"/projects/{PROJECT_ID}"
SNAPSHOT_ID = "snap-cool-lake-1"
NAME = "dbinfra-before"
# The clock of the conversation begins here.
NOW = "2023-11-14T22:13:20Z"
# One character more than Neon takes for the name of a branch.
LONG = "n" * 257
TAKE = f"{PATH}/branches/{BRANCH_ID}/snapshot"


def snapshot(**more: t.Any) -> dict[str, t.Any]:
    """A snapshot, with a field that nobody knows yet."""
    known = {"id": SNAPSHOT_ID, "name": NAME, "source_branch_id": BRANCH_ID, "created_at": NOW, "manual": True, "a_new_field": {"x": 1}}
    return {**known, **more}


def expect_snapshots(neon: Conversation, *found: dict[str, t.Any]) -> None:
    neon.expect("GET", f"{PATH}/snapshots", {"snapshots": list(found)})


def expect_branch(neon: Conversation, name: str, *found: dict[str, t.Any]) -> None:
    query = {"search": name, "limit": "1000", "sort_by": "created_at", "sort_order": "asc"}
    neon.expect("GET", f"{PATH}/branches", {"branches": list(found)}, query=query)


def run(check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    return run_module(neon_snapshot, options(**{"project_id": PROJECT_ID, "name": NAME, **wish}), check=check)


def test_create() -> None:
    done = snapshot(expires_at="2023-11-15T22:13:20Z", lsn="0/1DE2850")
    wish = {"branch": "production", "ttl": "1d"}
    with conversation() as neon:
        expect_snapshots(neon, snapshot(id="snap-2", name=NAME + "-2"))
        expect_branch(neon, "production", branch(id=OTHER_BRANCH_ID, name="production-2"), branch())
        answer = {"snapshot": snapshot(), "operations": [operation("running")]}
        neon.expect("POST", TAKE, answer, query={"name": NAME, "expires_at": "2023-11-15T22:13:20Z"})
        neon.expect("GET", f"{PATH}/operations/op-1", {"operation": operation()})
        expect_snapshots(neon, done)
        expect_branch(neon, "production", branch())
        result = run(**wish)
    assert (result["changed"], result["actions"]) == (True, [f"create snapshot {NAME}"])
    assert result["diff"] == {"before": {}, "after": {"name": NAME, "branch": "production", "ttl_seconds": 86400}}
    assert result["snapshot"] == {
        "exists": True,
        "id": SNAPSHOT_ID,
        "name": NAME,
        "project_id": PROJECT_ID,
        "source_branch_id": BRANCH_ID,
        "lsn": "0/1DE2850",
        "timestamp": None,
        "created_at": NOW,
        "expires_at": "2023-11-15T22:13:20Z",
        "manual": True,
        "full_size": None,
    }
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        checked = run(check=True, **wish)
    assert checked["diff"] == result["diff"]
    assert (checked["snapshot"]["exists"], checked["snapshot"]["id"], checked["snapshot"]["source_branch_id"]) == (False, None, BRANCH_ID)
    assert list(checked["snapshot"]) == list(result["snapshot"])
    # Nobody knows when the run will come to it.
    assert checked["snapshot"]["expires_at"] is None


@pytest.mark.parametrize(
    ("wish", "shown"), [({"ttl": "1d"}, None), ({"expires_at": "2023-12-01T01:00:00+01:00"}, "2023-12-01T00:00:00Z"), ({}, None)]
)
def test_only_an_end_that_is_declared_is_predicted(wish: dict[str, str], shown: str | None) -> None:
    with conversation():
        predicted = run(check=True, predicted=True, project_id=None, branch="production", **wish)
    assert predicted["snapshot"]["expires_at"] == shown
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        assert run(check=True, branch="production", **wish)["snapshot"]["expires_at"] == shown


@pytest.mark.parametrize(
    ("wish", "query"),
    [
        ({"timestamp": "2023-11-14T10:00:00+01:00"}, {"timestamp": "2023-11-14T09:00:00Z"}),
        ({"lsn": "0/1DE2850"}, {"lsn": "0/1DE2850"}),
        ({"expires_at": "2023-12-01T00:00:00Z"}, {"expires_at": "2023-12-01T00:00:00Z"}),
    ],
)
def test_a_point_in_history_and_an_expiry_go_along(wish: dict[str, str], query: dict[str, str]) -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        if "timestamp" in wish:
            neon.expect("GET", PATH, {"project": project()})
        neon.expect("POST", TAKE, {"snapshot": snapshot(**query), "operations": []}, query={"name": NAME, **query})
        expect_snapshots(neon, snapshot(**query))
        expect_branch(neon, "production", branch())
        assert run(branch="production", **wish)["changed"] is True


def test_a_moment_within_a_second_is_taken_once() -> None:
    # Neon is asked for the exact moment, and shows whole seconds.
    moment, taken = "2023-11-14T09:00:45.500000Z", snapshot(timestamp="2023-11-14T09:00:45Z")
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        neon.expect("GET", PATH, {"project": project()})
        neon.expect("POST", TAKE, {"snapshot": taken, "operations": []}, query={"name": NAME, "timestamp": moment})
        expect_snapshots(neon, taken)
        expect_branch(neon, "production", branch())
        assert run(branch="production", timestamp=moment)["changed"] is True
    with conversation() as neon:
        expect_snapshots(neon, taken)
        expect_branch(neon, "production", branch())
        assert run(branch="production", timestamp=moment)["changed"] is False


def test_no_change() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot(timestamp="2023-11-14T09:00:00.000Z", expires_at="2023-12-01T00:00:00Z"))
        expect_branch(neon, "production", branch())
        result = run(branch="production", timestamp="2023-11-14T09:00:00Z", expires_at="2023-12-01T01:00:00+01:00")
    assert result["changed"] is False
    # The branch's id needs no look-up, and a ttl is counted from the creation.
    for wish in ({"branch": BRANCH_ID}, {"branch": BRANCH_ID, "ttl": "3d"}, {}, {"branch": BRANCH_ID, "lsn": "00/0A"}):
        with conversation() as neon:
            expect_snapshots(neon, snapshot(lsn="0/A"))
            assert run(**wish)["changed"] is False


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"branch": "other"}, f"was taken of branch {BRANCH_ID}, declared is other ({OTHER_BRANCH_ID})"),
        ({"timestamp": "2023-11-14T09:00:01Z"}, "shows 2023-11-14T09:00:00Z, declared is 2023-11-14T09:00:01Z"),
        ({"timestamp": "2023-11-14T10:00:00Z"}, "shows 2023-11-14T09:00:00Z, declared is 2023-11-14T10:00:00Z"),
        ({"lsn": "1/A"}, "shows 0/A, declared is 1/A"),
    ],
)
def test_a_difference_that_cannot_be_changed_fails(check: bool, wish: dict[str, str], text: str) -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot(timestamp="2023-11-14T09:00:00Z", lsn="0/A"))
        if "branch" in wish:
            expect_branch(neon, "other", branch(id=OTHER_BRANCH_ID, name="other"))
        result = run(check=check, **wish)
    assert text in result["msg"]
    assert "Use another name" in result["msg"]


def test_the_branch_that_replaced_the_original_counts_as_the_same() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch(id="br-new-3", restored_as=BRANCH_ID, restored_from=SNAPSHOT_ID))
        assert run(branch="production")["changed"] is False


def test_a_child_is_refused() -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "preview", branch(name="preview", parent_id=OTHER_BRANCH_ID))
        result = run(branch="preview")
    assert f"is a child of {OTHER_BRANCH_ID}. Neon takes snapshots of root branches only" in result["msg"]


def test_a_branch_that_is_not_there_is_no_other_branch() -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "prod", branch(default=True))
        assert "has no branch named 'prod'" in run(branch="prod")["msg"]
    with conversation() as neon:
        expect_snapshots(neon)
        assert "nothing says which branch" in run()["msg"]


def test_two_snapshots_of_one_name_fail_naming_the_ids() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot(), snapshot(id="snap-2"))
        result = run(branch=BRANCH_ID)
    assert f"their ids are snap-2, {SNAPSHOT_ID}" in result["msg"]
    with conversation() as neon:
        expect_snapshots(neon, snapshot(), snapshot(id="snap-2"))
        assert run(branch=BRANCH_ID, id="snap-2")["snapshot"]["id"] == "snap-2"


def test_a_pinned_id_that_is_gone_or_another_takes_nothing() -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        assert "has no snapshot with this id" in run(branch=BRANCH_ID, id="snap-9")["msg"]
    with conversation() as neon:
        expect_snapshots(neon, snapshot(name="other"))
        assert "is named 'other'" in run(id=SNAPSHOT_ID)["msg"]


def test_an_expiry_is_changed() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        neon.expect("PATCH", f"{PATH}/snapshots/{SNAPSHOT_ID}", {"snapshot": snapshot()}, body={"snapshot": {"expires_at": "2023-12-01T00:00:00Z"}})
        expect_snapshots(neon, snapshot(expires_at="2023-12-01T00:00:00Z"))
        result = run(expires_at="2023-12-01T00:00:00Z")
    assert result["diff"] == {"before": {"name": NAME, "expires_at": None}, "after": {"name": NAME, "expires_at": "2023-12-01T00:00:00Z"}}
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        checked = run(check=True, expires_at="2023-12-01T00:00:00Z")
    assert (checked["diff"], checked["snapshot"]["expires_at"]) == (result["diff"], "2023-12-01T00:00:00Z")


def test_an_expiry_that_the_service_ignores_fails_clearly() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        neon.expect("PATCH", f"{PATH}/snapshots/{SNAPSHOT_ID}", {"snapshot": snapshot()}, body={"snapshot": {"expires_at": "2023-12-01T00:00:00Z"}})
        expect_snapshots(neon, snapshot())
        result = run(expires_at="2023-12-01T00:00:00Z")
    assert "did not make it: it ends at no time, declared is 2023-12-01T00:00:00Z" in result["msg"]
    assert "take another snapshot" in result["msg"]


def test_an_expiry_that_the_service_refuses_fails_clearly() -> None:
    body = {"snapshot": {"expires_at": "2023-12-01T00:00:00Z"}}
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        neon.expect("PATCH", f"{PATH}/snapshots/{SNAPSHOT_ID}", refusal("unknown field expires_at"), body=body, status=400)
        result = run(expires_at="2023-12-01T00:00:00Z")
    assert "unknown field expires_at" in result["msg"]
    assert "take another snapshot with the right expiry" in result["msg"]


@pytest.mark.parametrize("wish", [{"expires_at": "2023-12-01T00:00:00Z"}, {"state": "absent", "confirm_destroy": "nightly"}])
def test_a_foreign_snapshot_needs_adoption(wish: dict[str, str]) -> None:
    for manual, reason in ((True, "nothing says that this collection made it"), (False, "a schedule made it")):
        with conversation() as neon:
            expect_snapshots(neon, snapshot(name="nightly", manual=manual))
            result = run(check=True, name="nightly", **wish)
        assert reason in result["msg"]
        assert "adopt: true" in result["msg"]
    for how in ({"adopt": True}, {"id": SNAPSHOT_ID}):
        with conversation() as neon:
            expect_snapshots(neon, snapshot(name="nightly"))
            assert run(check=True, name="nightly", **wish, **how)["changed"] is True


def test_absent() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        neon.expect("DELETE", f"{PATH}/snapshots/{SNAPSHOT_ID}", {"operations": [operation("running")]}, status=202)
        neon.expect("GET", f"{PATH}/operations/op-1", {"operation": operation()})
        expect_snapshots(neon)
        result = run(state="absent", confirm_destroy=NAME)
    assert (result["changed"], result["snapshot"]["exists"]) == (True, False)
    with conversation() as neon:
        expect_snapshots(neon)
        assert run(state="absent")["changed"] is False
    with conversation() as neon:
        expect_snapshots(neon)
        expect_snapshots(neon)
        assert run(state="absent", id=SNAPSHOT_ID)["changed"] is False
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        assert f"set confirm_destroy: {NAME}" in run(state="absent", confirm_destroy="dbinfra")["msg"]


def test_a_lost_answer_is_looked_up_and_adopted() -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        neon.expect("POST", TAKE, requests.exceptions.ReadTimeout(), query={"name": NAME})
        for found in ([], [snapshot()]):
            expect_snapshots(neon, *found)
            expect_branch(neon, "production", branch())
        neon.expect("GET", f"{PATH}/operations", {"operations": []}, query={"limit": "100"})
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        result = run(branch="production")
        assert sum(request.method == "POST" for request in neon.requests) == 1
    assert (result["changed"], result["snapshot"]["id"]) == (True, SNAPSHOT_ID)


def test_before_a_snapshot_is_asked_for_again_it_is_looked_for() -> None:
    """Neon takes any number of one name, so a 503 that was not true would leave two."""
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        neon.expect("POST", TAKE, refusal("unavailable"), query={"name": NAME}, status=503)
        # In this moment, and then once more as after any lost answer.
        expect_snapshots(neon, snapshot())
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        neon.expect("GET", f"{PATH}/operations", {"operations": []}, query={"limit": "100"})
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        result = run(branch="production")
    assert (result["changed"], result["snapshot"]["id"]) == (True, SNAPSHOT_ID)


@pytest.mark.parametrize(("status", "looks"), [(503, 1), (423, 0), (429, 0)])
def test_a_snapshot_that_is_not_there_is_asked_for_again(status: int, looks: int) -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        neon.expect("POST", TAKE, refusal("busy"), query={"name": NAME}, status=status)
        for _look in range(looks):
            expect_snapshots(neon)
        neon.expect("POST", TAKE, {"snapshot": snapshot(), "operations": []}, query={"name": NAME})
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        assert run(branch="production")["changed"] is True


@pytest.mark.parametrize("status", [423, 429, 503])
def test_a_busy_project_is_waited_for(status: int) -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        neon.expect("DELETE", f"{PATH}/snapshots/{SNAPSHOT_ID}", refusal("busy"), status=status, headers={"Retry-After": "2"})
        neon.expect("DELETE", f"{PATH}/snapshots/{SNAPSHOT_ID}", {"operations": []}, status=202)
        expect_snapshots(neon)
        assert run(state="absent", confirm_destroy=NAME)["changed"] is True
    assert neon.clock.elapsed >= 2


@pytest.mark.parametrize(
    ("code", "message"), [("SNAPSHOTS_LIMIT_EXCEEDED", "no"), ("", "snapshot limit reached"), ("", "limit of 10 manual snapshots")]
)
def test_a_full_limit_is_explained_and_nothing_is_pruned(code: str, message: str) -> None:
    with conversation() as neon:
        expect_snapshots(neon, *(snapshot(id=f"snap-{number}", name=f"dbinfra-{number}") for number in range(10)))
        expect_branch(neon, "production", branch())
        neon.expect("POST", TAKE, refusal(message, code), query={"name": NAME}, status=422)
        result = run(branch="production")
    assert "The plan allows no more snapshots" in result["msg"]


@pytest.mark.parametrize("status", [400, 404, 422])
@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("timestamp", "2023-11-14T09:00:00Z", "Check that branch production was there at 2023-11-14T09:00:00Z"),
        ("lsn", "0/A", "Check that 0/A is an LSN of branch production"),
    ],
)
def test_a_point_that_the_branch_does_not_have_is_explained(option: str, value: str, remedy: str, status: int) -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        if option == "timestamp":
            neon.expect("GET", PATH, {"project": project()})
        neon.expect("POST", TAKE, refusal("it lies before the beginning"), query={"name": NAME, option: value}, status=status)
        message = run(branch="production", **{option: value})["msg"]
    assert message.startswith(f"option {option} ({value}), Neon API, POST {TAKE}: ")
    assert "it lies before the beginning" in message
    assert remedy in message
    assert "quote the request id" not in message


def test_a_full_limit_is_not_blamed_on_the_point_in_history() -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        neon.expect("POST", TAKE, refusal("no", "SNAPSHOTS_LIMIT_EXCEEDED"), query={"name": NAME, "lsn": "0/A"}, status=422)
        message = run(branch="production", lsn="0/A")["msg"]
    assert "The plan allows no more snapshots" in message
    assert message.startswith("Neon API, ")


def test_a_conflict_is_looked_at_and_adopted_if_it_is_what_was_wanted() -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        neon.expect("POST", TAKE, refusal("snapshot already exists"), query={"name": NAME}, status=409)
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        neon.expect("GET", f"{PATH}/operations", {"operations": []}, query={"limit": "100"})
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        assert run(branch="production")["changed"] is True


RESTORE = f"{PATH}/snapshots/{SNAPSHOT_ID}/restore"
WISH = {"state": "restored", "target_name": "look"}
FINAL = {
    **WISH,
    "branch": "production",
    "finalize": True,
    "preserve_under_name": "production-before",
    "confirm_destroy": "production",
}
LOOK = branch(id="br-new-3", name="look", restored_from=SNAPSHOT_ID, restore_status="restored")
REPLACED = branch(id="br-new-3", restored_from=SNAPSHOT_ID, restored_as=BRANCH_ID, restore_status="finalized")


def test_restore_into_a_new_branch() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "look", branch(name="look-2"))
        answer = {"branch": LOOK, "operations": [operation("running")]}
        neon.expect("POST", RESTORE, answer, body={"name": "look", "finalize_restore": False})
        neon.expect("GET", f"{PATH}/operations/op-1", {"operation": operation()})
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "look", LOOK)
        result = run(**WISH)
    assert (result["changed"], result["actions"]) == (True, [f"restore snapshot {NAME} into branch look"])
    assert result["diff"] == {"before": {}, "after": {"branch": "look", "restored_from": NAME}}
    assert result["branch"] == {
        "exists": True,
        "id": "br-new-3",
        "name": "look",
        "project_id": PROJECT_ID,
        "restored_from": SNAPSHOT_ID,
        "replaced_branch_id": None,
    }
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "look")
        checked = run(check=True, **WISH)
    assert (checked["diff"], checked["branch"]) == (result["diff"], {**result["branch"], "exists": False, "id": None})


def test_a_branch_that_is_the_restored_snapshot_is_left_alone() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "look", LOOK)
        result = run(**WISH)
    assert (result["changed"], result["branch"]["id"]) == (False, "br-new-3")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("found", [branch(name="look"), branch(name="look", restored_from="snap-other")])
def test_another_branch_is_never_overwritten(found: dict[str, t.Any], check: bool) -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "look", found)
        assert "exists and is not this snapshot restored" in run(check=check, **WISH)["msg"]


@pytest.mark.parametrize("ours", [True, False])
def test_a_branch_that_came_in_between_is_adopted_only_if_it_is_this_snapshot(ours: bool) -> None:
    there = LOOK if ours else branch(name="look")
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "look")
        neon.expect("POST", RESTORE, refusal("branch already exists"), body={"name": "look", "finalize_restore": False}, status=409)
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "look", there)
        if ours:
            neon.expect("GET", f"{PATH}/operations", {"operations": []}, query={"limit": "100"})
            expect_snapshots(neon, snapshot())
            expect_branch(neon, "look", there)
        result = run(**WISH)
    if ours:
        assert result["branch"]["id"] == "br-new-3"
    else:
        assert "is not this snapshot restored" in result["msg"]


def test_a_snapshot_that_is_not_there_is_not_restored() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot(name=NAME + "-2"))
        expect_branch(neon, "look")
        assert f"there is no snapshot named '{NAME}' to restore" in run(**WISH)["msg"]


def test_replace_a_branch() -> None:
    body = {"name": "look", "finalize_restore": False, "target_branch_id": BRANCH_ID}
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        expect_branch(neon, "look")
        expect_branch(neon, "production-before")
        neon.expect("POST", RESTORE, {"branch": LOOK, "operations": []}, body=body)
        neon.expect("POST", f"{PATH}/branches/br-new-3/finalize_restore", {"operations": [operation("running")]}, body={"name": "production-before"})
        neon.expect("GET", f"{PATH}/operations/op-1", {"operation": operation()})
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", REPLACED, branch(name="production-before"))
        result = run(**FINAL)
    assert result["actions"] == [f"restore snapshot {NAME} into branch look", "replace branch production by branch look"]
    assert result["diff"] == {
        "before": {"branch": "production", "id": BRANCH_ID},
        "after": {"branch": "production", "restored_from": NAME, "preserved": "production-before"},
    }
    assert (result["branch"]["id"], result["branch"]["replaced_branch_id"]) == ("br-new-3", BRANCH_ID)
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        expect_branch(neon, "look")
        expect_branch(neon, "production-before")
        checked = run(check=True, **FINAL)
    assert (checked["diff"], checked["actions"]) == (result["diff"], result["actions"])
    assert (checked["branch"]["exists"], checked["branch"]["replaced_branch_id"]) == (False, BRANCH_ID)


def test_a_branch_that_was_replaced_before_is_left_alone() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", REPLACED)
        result = run(**{**FINAL, "confirm_destroy": None})
    assert (result["changed"], result["branch"]["replaced_branch_id"]) == (False, BRANCH_ID)


def test_a_run_that_ended_between_the_steps_goes_on() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        expect_branch(neon, "look", LOOK)
        expect_branch(neon, "production-before")
        neon.expect("POST", f"{PATH}/branches/br-new-3/finalize_restore", {"operations": []}, body={"name": "production-before"})
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", REPLACED)
        assert run(**FINAL)["actions"] == ["replace branch production by branch look"]


def test_lost_answers_to_a_replacement_are_adopted() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        expect_branch(neon, "look")
        expect_branch(neon, "production-before")
        body = {"name": "look", "finalize_restore": False, "target_branch_id": BRANCH_ID}
        neon.expect("POST", RESTORE, requests.exceptions.ReadTimeout(), body=body)
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", branch())
        expect_branch(neon, "look", LOOK)
        expect_branch(neon, "production-before")
        neon.expect("GET", f"{PATH}/operations", {"operations": []}, query={"limit": "100"})
        expect_branch(neon, "look", LOOK)
        ended = requests.exceptions.ConnectionError("aborted")
        neon.expect("POST", f"{PATH}/branches/br-new-3/finalize_restore", ended, body={"name": "production-before"})
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", REPLACED)
        neon.expect("GET", f"{PATH}/operations", {"operations": []}, query={"limit": "100"})
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "production", REPLACED)
        result = run(**FINAL)
        assert sum(request.method == "POST" for request in neon.requests) == 2
    assert result["changed"] is True


@pytest.mark.parametrize(
    ("production", "look", "preserved", "wish", "text"),
    [
        (branch(), None, None, {"confirm_destroy": None}, "set confirm_destroy: production"),
        (branch(), None, None, {"confirm_destroy": NAME}, "refused to replace branch production"),
        (branch(), None, branch(id="br-4", name="production-before"), {}, "there is a branch production-before (br-4) already"),
        (branch(), branch(id="br-5", name="look"), None, {}, "is not this snapshot restored"),
        (branch(), {**LOOK, "restored_as": "br-9"}, None, {}, "was restored to replace branch br-9"),
        (branch(id="br-8"), LOOK, None, {}, f"was restored to replace branch {BRANCH_ID}, declared is production (br-8)"),
    ],
)
def test_a_replacement_is_refused(
    production: dict[str, t.Any], look: dict[str, t.Any] | None, preserved: dict[str, t.Any] | None, wish: dict[str, t.Any], text: str
) -> None:
    for check in (True, False):
        with conversation() as neon:
            expect_snapshots(neon, snapshot())
            expect_branch(neon, "production", production)
            expect_branch(neon, "look", *([look] if look else []))
            expect_branch(neon, "production-before", *([preserved] if preserved else []))
            assert text in run(check=check, **{**FINAL, **wish})["msg"]


def test_only_a_name_is_replaced() -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, BRANCH_ID, branch())
        assert "Give the exact name (not the id)" in run(**{**FINAL, "branch": BRANCH_ID})["msg"]


def test_a_prediction_asks_nothing() -> None:
    with conversation():
        assert run(check=True, predicted=True, project_id=None, branch="production")["changed"] is True
        assert run(check=True, predicted=True, project_id=None, state="absent")["changed"] is False
        restored = run(check=True, predicted=True, project_id=None, **FINAL)
    assert restored["actions"] == [f"restore snapshot {NAME} into branch look", "replace branch production by branch look"]
    assert restored["branch"]["exists"] is False


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"name": ""}, "option name"),
        ({"project_id": ""}, "option project_id"),
        ({"timestamp": "2023-11-14T10:00:00"}, "has no zone"),
        ({"expires_at": "tomorrow"}, "option expires_at"),
        ({"ttl": "soon"}, "option ttl"),
        ({"lsn": "12"}, "option lsn"),
        ({"expires_at": ""}, "option expires_at: it is empty. An unset variable gives that, and what is to end would stay for ever."),
        ({"ttl": " "}, "option ttl: it is empty. An unset variable gives that, and what is to end would stay for ever."),
        ({"expires_at": "", "ttl": ""}, "options expires_at and ttl: both are given."),
        ({"timestamp": "2023-11-15T00:00:00Z"}, "option timestamp: 2023-11-15T00:00:00Z is 1 h 46 min in the future (it is 2023-11-14T22:13:20Z)."),
        ({"name": ["a"]}, 'option name: it is the list ["a"], and a text is wanted.'),
        ({"name": "  "}, "option name: a snapshot's name cannot be '  ': it holds nothing but blanks."),
        ({"name": "a\nb"}, "option name: a snapshot's name cannot be 'a\\nb': it holds a control character"),
        ({**WISH, "target_name": "a\tb"}, "option target_name: a branch's name cannot be 'a\\tb': it holds a control character"),
        ({**FINAL, "preserve_under_name": " x"}, "option preserve_under_name: a branch's name cannot be ' x': it begins or ends with a blank"),
        ({"timestamp": NOW, "lsn": "0/A"}, "options timestamp and lsn: both are given."),
        ({"expires_at": NOW, "ttl": "1d"}, "options expires_at and ttl: both are given."),
        ({"target_name": "look"}, "option target_name"),
        ({"state": "restored"}, "target_name"),
        ({**WISH, "ttl": "1d"}, "option ttl: it is set with state: restored"),
        ({**WISH, "preserve_under_name": "x"}, "without finalize: true"),
        ({**FINAL, "preserve_under_name": None}, "option preserve_under_name: it is not set"),
        ({**FINAL, "branch": None}, "option branch: it is not set"),
        ({**FINAL, "target_name": "production"}, "they are not three different names"),
        ({**FINAL, "preserve_under_name": "production"}, "they are not three different names"),
        ({**FINAL, "preserve_under_name": "look"}, "they are not three different names"),
        ({"name": LONG}, "option name: a snapshot's name has 1 to 256 characters, this one has 257"),
        ({**WISH, "name": LONG}, "option name: a snapshot's name has 1 to 256 characters, this one has 257"),
        ({**WISH, "target_name": LONG}, "option target_name: a branch's name has 1 to 256 characters, this one has 257"),
        ({**FINAL, "preserve_under_name": LONG}, "option preserve_under_name: a branch's name has 1 to 256 characters, this one has 257"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_wrong_options_ask_nothing(wish: dict[str, t.Any], text: str, check: bool) -> None:
    with conversation():
        result = run(check=check, **wish)
    assert text in result["msg"]
    assert "exception" not in result


def test_wrong_predicted_options_are_refused_in_the_check() -> None:
    assert "outside check mode" in run(predicted=True)["msg"]
    with conversation():
        result = run(check=True, predicted=True, project_id=None, **{**FINAL, "preserve_under_name": LONG})
    assert "option preserve_under_name" in result["msg"]


def test_the_longest_names_are_taken() -> None:
    longest = "n" * 256
    with conversation() as neon:
        expect_snapshots(neon, snapshot(name=longest))
        expect_branch(neon, "production", branch())
        expect_branch(neon, "t" * 256)
        expect_branch(neon, "p" * 256)
        result = run(check=True, **{**FINAL, "name": longest, "target_name": "t" * 256, "preserve_under_name": "p" * 256})
    assert result["changed"] is True


def test_an_end_that_is_past_takes_nothing() -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        assert "is in the past" in run(branch="production", expires_at=NOW)["msg"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("of_project", "text"),
    [
        ({"history_retention_seconds": 3600}, "is 13 h 13 min ago, outside of the project's history. The project keeps 1 h of it (3600 s)"),
        ({"created_at": "2023-11-14T10:00:00Z"}, "is before the project was made. It was made at 2023-11-14T10:00:00Z."),
    ],
)
def test_a_moment_outside_of_the_history_takes_nothing(of_project: dict[str, t.Any], text: str, check: bool) -> None:
    with conversation() as neon:
        expect_snapshots(neon)
        expect_branch(neon, "production", branch())
        neon.expect("GET", PATH, {"project": project(**of_project)})
        message = run(check=check, branch="production", timestamp="2023-11-14T09:00:00Z")["msg"]
    assert message.startswith("option timestamp: 2023-11-14T09:00:00Z is ")
    assert text.split("is ", 1)[1] in message


@pytest.mark.parametrize("check", [True, False])
def test_empty_points_of_a_template_are_no_points(check: bool) -> None:
    with conversation() as neon:
        expect_snapshots(neon, snapshot(timestamp=NOW, lsn="0/A"))
        assert run(check=check, timestamp="", lsn="")["changed"] is False
    with conversation() as neon:
        expect_snapshots(neon, snapshot())
        expect_branch(neon, "look")
        result = run(check=True, **{**WISH, "timestamp": "", "lsn": "", "ttl": "", "expires_at": ""})
    assert result["actions"] == [f"restore snapshot {NAME} into branch look"]
