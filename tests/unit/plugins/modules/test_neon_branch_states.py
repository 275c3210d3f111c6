# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_branch: the exact HTTP conversation of a reset and a restore, with and without a kept copy."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_branches import ALL, BRANCHES, OPERATIONS, PATH, PRODUCTION, listed, search
from unit.neon_conversation import BRANCH_ID, OTHER_BRANCH_ID, PROJECT_ID, branch, conversation, operation, options, project, refusal

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch

PREVIEW = branch(name="preview", parent_id=OTHER_BRANCH_ID, init_source="parent-data")
LEAF = branch(id="br-leaf", name="leaf", parent_id=BRANCH_ID)
KEPT = branch(id="br-kept", name="before")
NOON = "2023-11-14T12:00:00Z"
WISH = {"project_id": PROJECT_ID, "name": "preview", "preserve_under_name": "before", "confirm_destroy": "preview"}
RESET = {"state": "reset"}
RESTORE = {"state": "restored", "restore": {"timestamp": NOON}}
RESET_BODY = {"source_branch_id": OTHER_BRANCH_ID, "preserve_under_name": "before"}
RESTORE_BODY = {"source_branch_id": BRANCH_ID, "source_timestamp": NOON, "preserve_under_name": "before"}


def run(check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    return run_module(neon_branch, options(**{**WISH, **wish}), check=check)


def expect_look(neon: t.Any, *branches: dict[str, t.Any], history: bool = False, kept: bool = False, foreign: bool = False) -> None:
    """The two searches, and if there is no kept copy one list of everything."""
    neon.expect("GET", BRANCHES, listed(KEPT, foreign=True) if kept else listed(), query=search("before"))
    neon.expect("GET", BRANCHES, listed(PREVIEW, foreign=foreign), query=search("preview"))
    if not kept:
        neon.expect("GET", BRANCHES, listed(PRODUCTION, PREVIEW, *branches, foreign=foreign), query=ALL)
    if history:
        neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project()})


@pytest.mark.parametrize(("wish", "body", "history", "action"), [(RESET, RESET_BODY, False, "reset"), (RESTORE, RESTORE_BODY, True, "restore")])
def test_the_content_is_replaced_once(wish: dict[str, t.Any], body: dict[str, t.Any], history: bool, action: str) -> None:
    with conversation() as neon:
        expect_look(neon, LEAF, history=history)
        neon.expect("POST", f"{PATH}/restore", {"branch": PREVIEW, "operations": [operation("running")]}, body=body)
        neon.expect("GET", f"{OPERATIONS}/op-1", {"operation": operation()})
        expect_look(neon, kept=True)
        result = run(**wish)
    assert (result["changed"], result["actions"], result["branch"]["preserved"]) == (True, [f"{action} branch preview"], "br-kept")
    assert "The branches made from preview (leaf) stay with its replaced content: they become children of before." in result["warnings"][0]
    with conversation() as neon:
        expect_look(neon, LEAF, history=history)
        checked = run(check=True, **wish)
    assert (checked["diff"], checked["actions"], checked["warnings"]) == (result["diff"], result["actions"], result["warnings"])
    # Restored to its own past, the branch becomes a child of the kept copy.
    parent = None if action == "restore" else OTHER_BRANCH_ID
    assert checked["branch"] == {**result["branch"], "preserved": None, "parent_id": parent}
    with conversation() as neon:
        expect_look(neon, kept=True)
        again = run(**wish)
    assert (again["changed"], again["branch"]["preserved"], again["warnings"]) == (False, "br-kept", [])


def test_a_lost_answer_is_proven_by_the_kept_copy() -> None:
    with conversation() as neon:
        expect_look(neon, history=True)
        neon.expect("POST", f"{PATH}/restore", requests.exceptions.ReadTimeout(), body=RESTORE_BODY)
        expect_look(neon, history=True)
        expect_look(neon, kept=True)
        neon.expect("GET", OPERATIONS, {"operations": [operation("running")]}, query={"limit": "100"})
        neon.expect("GET", f"{OPERATIONS}/op-1", {"operation": operation()})
        expect_look(neon, kept=True)
        assert run(**RESTORE)["changed"] is True


def test_a_lost_answer_without_a_copy_fails_and_is_not_sent_again() -> None:
    with conversation() as neon:
        expect_look(neon, history=True)
        neon.expect("POST", f"{PATH}/restore", refusal("oops"), body=RESTORE_BODY, status=500)
        for _look in range(5):
            expect_look(neon, history=True)
        message = run(**RESTORE)["msg"]
    assert "nobody knows how far it came" in message


def test_a_busy_project_is_waited_for() -> None:
    with conversation() as neon:
        expect_look(neon)
        neon.expect("POST", f"{PATH}/restore", refusal("locked"), body=RESET_BODY, status=423)
        neon.expect("POST", f"{PATH}/restore", refusal("slow down"), body=RESET_BODY, status=429, headers={"Retry-After": "9"})
        neon.expect("POST", f"{PATH}/restore", {"branch": PREVIEW, "operations": []}, body=RESET_BODY)
        expect_look(neon, kept=True)
        assert run(**RESET)["changed"] is True
        assert neon.clock.slept[-1] >= 9


def test_a_name_that_was_taken_meanwhile_does_not_pass_for_the_copy() -> None:
    with conversation() as neon:
        expect_look(neon)
        neon.expect("POST", f"{PATH}/restore", refusal("branch already exists"), body=RESET_BODY, status=409)
        message = run(**RESET)["msg"]
    assert "Find out where the branch before comes from" in message


def test_a_restore_that_a_killed_run_had_sent_is_waited_for() -> None:
    # The time of the reset is not there yet.
    resetting = {**PREVIEW, "current_state": "resetting", "last_reset_at": None}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(KEPT, foreign=True), query=search("before"))
        neon.expect("GET", BRANCHES, listed(resetting), query=search("preview"))
        neon.expect("GET", OPERATIONS, {"operations": [operation("running")]}, query={"limit": "100"})
        neon.expect("GET", f"{OPERATIONS}/op-1", {"operation": operation()})
        assert run(**RESET)["changed"] is False


def expect_candidate(neon: t.Any, candidate: dict[str, t.Any], data: dict[str, t.Any], marked: bool = False) -> None:
    neon.expect("GET", BRANCHES, listed(candidate, foreign=not marked), query=search("before"))
    neon.expect("GET", BRANCHES, listed(data), query=search("preview"))


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("wish", [RESET, RESTORE])
@pytest.mark.parametrize(
    ("candidate", "data", "marked", "reason"),
    [
        ({"default": True}, {}, False, "it is the project's default branch"),
        ({"protected": True}, {}, False, "it is protected"),
        ({}, {}, True, "it was made by this collection"),
        ({}, {"last_reset_at": None}, False, "branch preview was never reset or restored"),
        ({"created_at": "2023-11-10T11:58:00Z"}, {"created_at": "2023-11-10T12:00:00Z"}, False, "before branch preview was"),
    ],
)
def test_a_branch_that_cannot_be_the_copy_does_not_pass_for_it(
    candidate: dict[str, t.Any], data: dict[str, t.Any], marked: bool, reason: str, wish: dict[str, t.Any], check: bool
) -> None:
    with conversation() as neon:
        expect_candidate(neon, {**KEPT, **candidate}, {**PREVIEW, **data}, marked)
        result = run(check=check, **wish)
    assert result["failed"] is True
    assert result["msg"].startswith("option preserve_under_name: branch before (br-kept) has this name and is not the kept copy of branch preview")
    assert reason in result["msg"]
    assert "Choose a name that no branch has yet" in result["msg"]


@pytest.mark.parametrize(
    ("candidate", "data"),
    [
        ({"created_at": "2023-11-10T11:59:01Z"}, {"last_reset_at": "2023-11-10T12:00:00Z", "created_at": "2023-11-01T12:00:00Z"}),
        # Restored since then by a provider that shows resets only.
        ({"created_at": "2023-11-12T12:00:00Z"}, {"last_reset_at": "2023-11-10T12:00:00Z"}),
        # A branch that a snapshot put into another one's place is younger than what the other one left.
        ({"created_at": "2023-11-09T12:00:00Z"}, {"created_at": "2023-11-10T12:00:00Z", "restored_as": "br-old"}),
        ({"created_at": 7}, {"created_at": "yesterday"}),
    ],
)
def test_a_branch_that_can_be_the_copy_is_believed(candidate: dict[str, t.Any], data: dict[str, t.Any]) -> None:
    with conversation() as neon:
        expect_candidate(neon, {**KEPT, **candidate}, {**PREVIEW, **data})
        assert run(**RESET, confirm_destroy=None)["changed"] is False


CREATED = {"created_at": "2023-11-01T12:00:00Z"}
# Most of what a replacement leaves in the list of operations, and the first thing that happened to the project.
REPLACED = {"action": "create_branch", "branch_id": BRANCH_ID, "created_at": "2023-11-10T11:00:01Z", "updated_at": "2023-11-10T11:20:00Z"}
WOKEN = {**REPLACED, "action": "start_compute"}
FIRST = operation(action="create_timeline", branch_id=OTHER_BRANCH_ID, created_at="2023-11-01T00:00:00Z", updated_at="2023-11-01T00:00:01Z")
SLOW = {"last_reset_at": "2023-11-10T11:19:58Z", **CREATED}
MADE = {**KEPT, "created_at": "2023-11-10T11:00:00Z"}


def expect_operations(neon: t.Any, *deeds: dict[str, t.Any]) -> None:
    neon.expect("GET", OPERATIONS, {"operations": [operation(**deed) for deed in deeds] + [FIRST]}, query={"limit": "1000"})


@pytest.mark.parametrize(
    ("data", "deeds"),
    [
        (SLOW, [REPLACED]),
        (SLOW, [WOKEN, {**REPLACED, "branch_id": None}, {**REPLACED, "updated_at": "2023-11-10T11:19:00Z"}]),
        # The time of the last reset is not shown: that a replacement began is all that can be seen.
        (CREATED, [{**REPLACED, "updated_at": "2023-11-10T11:00:02Z"}]),
        (CREATED, [{**REPLACED, "action": "a_new_action"}]),
    ],
)
def test_a_copy_that_took_long_to_be_made_is_the_copy(data: dict[str, t.Any], deeds: list[dict[str, t.Any]]) -> None:
    """It was made when the replacement began, and the time of the last reset may be that of its end."""
    with conversation() as neon:
        expect_candidate(neon, MADE, {**PREVIEW, **data})
        expect_operations(neon, *deeds)
        assert run(**RESET, confirm_destroy=None)["changed"] is False


@pytest.mark.parametrize(
    ("data", "deeds", "reason"),
    [
        (SLOW, [], "before the last reset or restore of preview"),
        (SLOW, [WOKEN], "before the last reset or restore of preview"),
        (SLOW, [{**REPLACED, "branch_id": "br-kept"}], "before the last reset or restore of preview"),
        (SLOW, [{**REPLACED, "created_at": "2023-11-10T11:19:00Z"}], "before the last reset or restore of preview"),
        # A replacement of which it is the copy, and then another one that kept another copy.
        (SLOW, [{**REPLACED, "updated_at": "2023-11-10T11:00:02Z"}], "before the last reset or restore of preview"),
        (CREATED, [], "no reset or restore of preview began when it was made, at 2023-11-10T11:00:00Z"),
        (CREATED, [WOKEN], "no reset or restore of preview began when it was made"),
        (CREATED, [{**REPLACED, "branch_id": OTHER_BRANCH_ID}], "no reset or restore of preview began when it was made"),
    ],
)
def test_a_branch_that_was_made_while_nothing_was_replaced_is_no_copy(data: dict[str, t.Any], deeds: list[dict[str, t.Any]], reason: str) -> None:
    with conversation() as neon:
        expect_candidate(neon, MADE, {**PREVIEW, **data})
        expect_operations(neon, *deeds)
        assert reason in run(**RESET)["msg"]


def test_operations_are_read_as_far_back_as_needed() -> None:
    page = [operation(id=f"op-{number}", created_at="2023-11-11T00:00:00Z") for number in range(1000)]
    with conversation() as neon:
        expect_candidate(neon, MADE, {**PREVIEW, **SLOW})
        neon.expect("GET", OPERATIONS, {"operations": page, "pagination": {"cursor": "older"}}, query={"limit": "1000"})
        neon.expect("GET", OPERATIONS, {"operations": [operation(**REPLACED), FIRST]}, query={"limit": "1000", "cursor": "older"})
        assert run(**RESET)["changed"] is False


@pytest.mark.parametrize(("wall", "known"), [(1_700_000_000.0, True), (1_720_000_000.0, False)])
def test_operations_that_neon_may_have_dropped_prove_nothing(wall: float, known: bool) -> None:
    with conversation(wall) as neon:
        expect_candidate(neon, MADE, {**PREVIEW, **CREATED})
        neon.expect("GET", OPERATIONS, {"operations": []}, query={"limit": "1000"})
        assert bool(run(**RESET).get("failed")) is known


@pytest.mark.parametrize(
    ("wish", "history", "end"),
    [
        (RESET, False, None),
        ({"state": "restored", "restore": {"source": "production"}}, False, None),
        (RESTORE, True, "2023-11-20T00:00:00Z"),
        ({"state": "restored", "restore": {"source": "production", "lsn": "0/AB"}}, False, "2023-11-20T00:00:00Z"),
    ],
)
def test_the_end_that_a_reset_renews_is_not_predicted(wish: dict[str, t.Any], history: bool, end: str | None) -> None:
    expiring = {**PREVIEW, "expires_at": "2023-11-20T00:00:00Z"}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("before"))
        neon.expect("GET", BRANCHES, listed(expiring), query=search("preview"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, expiring), query=ALL)
        if history:
            neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project()})
        assert run(check=True, **wish)["branch"]["expires_at"] == end
    with conversation() as neon:
        expect_candidate(neon, KEPT, expiring)
        assert run(check=True, **wish)["branch"]["expires_at"] == "2023-11-20T00:00:00Z"


def test_what_was_done_needs_no_confirmation_but_a_wrong_one_is_refused() -> None:
    with conversation() as neon:
        expect_look(neon, kept=True)
        assert "confirm_destroy: preview" in run(**RESET, confirm_destroy="production")["msg"]


def test_a_first_reset_whose_answer_was_lost_is_proven_before_its_time_is_shown() -> None:
    never = {**PREVIEW, "last_reset_at": None}
    with conversation() as neon:
        for _look in range(2):
            neon.expect("GET", BRANCHES, listed(), query=search("before"))
            neon.expect("GET", BRANCHES, listed(never), query=search("preview"))
            neon.expect("GET", BRANCHES, listed(PRODUCTION, never), query=ALL)
            if _look == 0:
                neon.expect("POST", f"{PATH}/restore", requests.exceptions.ReadTimeout(), body=RESET_BODY)
        expect_candidate(neon, KEPT, never)
        neon.expect("GET", OPERATIONS, {"operations": []}, query={"limit": "100"})
        expect_candidate(neon, KEPT, {**PREVIEW, "last_reset_at": "2023-11-14T22:13:20Z"})
        assert run(**RESET)["changed"] is True


UNKEPT = {**RESET, "preserve": False, "preserve_under_name": None}


def expect_short_look(neon: t.Any, data: dict[str, t.Any], everything: bool = True) -> None:
    neon.expect("GET", BRANCHES, listed(data), query=search("preview"))
    if everything:
        neon.expect("GET", BRANCHES, listed(PRODUCTION, data), query=ALL)


def test_a_reset_without_a_copy_is_done_every_time() -> None:
    for _run in range(2):
        with conversation() as neon:
            expect_short_look(neon, PREVIEW)
            neon.expect("POST", f"{PATH}/restore", {"branch": PREVIEW, "operations": []}, body={"source_branch_id": OTHER_BRANCH_ID})
            expect_short_look(neon, PREVIEW, everything=False)
            assert run(**UNKEPT)["changed"] is True


def test_a_lost_answer_to_a_reset_without_a_copy_is_proven_by_the_time_of_the_last_reset() -> None:
    after = {**PREVIEW, "last_reset_at": "2023-11-14T22:13:20Z"}
    with conversation() as neon:
        expect_short_look(neon, PREVIEW)
        neon.expect("POST", f"{PATH}/restore", requests.exceptions.ReadTimeout(), body={"source_branch_id": OTHER_BRANCH_ID})
        expect_short_look(neon, after)
        neon.expect("GET", OPERATIONS, {"operations": []}, query={"limit": "100"})
        expect_short_look(neon, after)
        assert run(**UNKEPT)["changed"] is True


def test_another_branch_as_the_source_by_name_or_id() -> None:
    for source in ("production", OTHER_BRANCH_ID):
        with conversation() as neon:
            expect_look(neon)
            body = {"source_branch_id": OTHER_BRANCH_ID, "source_lsn": "0/AB", "preserve_under_name": "before"}
            neon.expect("POST", f"{PATH}/restore", refusal("not found in the history"), body=body, status=400)
            message = run(state="restored", restore={"source": source, "lsn": "0/AB"})["msg"]
        assert "not found in the history" in message
        assert f"Check that 0/AB is an LSN of branch {source}" in message
    with conversation() as neon:
        expect_look(neon)
        message = run(state="restored", restore={"source": "Production"})["msg"]
    assert message.startswith(f"option restore.source: project {PROJECT_ID} has no branch named 'Production'")


def test_a_moment_before_the_branchs_own_history() -> None:
    with conversation() as neon:
        expect_look(neon, history=True)
        neon.expect("POST", f"{PATH}/restore", refusal("no such moment"), body=RESTORE_BODY, status=400)
        message = run(**RESTORE)["msg"]
    assert message.startswith(f"option restore.timestamp ({NOON}), Neon API, POST {PATH}/restore: ")
    assert "no such moment" in message
    assert f"Check that branch preview was there at {NOON}" in message
    assert "quote the request id" not in message


def test_the_name_of_the_copy_is_not_blamed_on_the_point_in_history() -> None:
    body = {**RESTORE_BODY, "preserve_under_name": "history"}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("history"))
        neon.expect("GET", BRANCHES, listed(PREVIEW), query=search("preview"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, PREVIEW), query=ALL)
        neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project()})
        neon.expect("POST", f"{PATH}/restore", refusal("branch history already exists"), body=body, status=400)
        message = run(**RESTORE, preserve_under_name="history")["msg"]
    assert "Find out where the branch history comes from" in message


def test_a_branch_of_somebody_else_is_not_restored() -> None:
    with conversation() as neon:
        expect_look(neon, foreign=True)
        assert "was not made by this collection, and would be changed: reset branch preview" in run(**RESET)["msg"]


def test_it_is_confirmed_by_the_exact_name() -> None:
    with conversation() as neon:
        expect_look(neon)
        assert "confirm_destroy: preview" in run(**RESET, confirm_destroy="Preview")["msg"]


@pytest.mark.parametrize("wish", [RESET, RESTORE])
def test_a_branch_that_is_not_there_never_becomes_another(wish: dict[str, t.Any]) -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("before"))
        neon.expect("GET", BRANCHES, listed(branch(name="preview-2")), query=search("preview"))
        assert "there is no branch named 'preview'" in run(**wish)["msg"]
