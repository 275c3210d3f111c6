# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_branch: the exact HTTP conversation of every case."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_branches import ALL, BRANCHES, OPERATIONS, PATH, PRODUCTION, found, listed, search
from unit.neon_conversation import BRANCH_ID, OTHER_BRANCH_ID, PROJECT_ID, branch, conversation, operation, options, refusal

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch

STAGING = branch(name="staging", init_source="schema-only")
REQUEST = {
    "branch": {"name": "staging", "parent_id": OTHER_BRANCH_ID, "init_source": "schema-only"},
    "annotation_value": {"managed_by": "dbinfra.postgres"},
}
WISH = {"project_id": PROJECT_ID, "name": "staging", "parent": "production", "init_source": "schema-only"}
FACTS = {
    "exists": True,
    "id": BRANCH_ID,
    "name": "staging",
    "project_id": PROJECT_ID,
    "default": False,
    "protected": False,
    "parent_id": None,
    "parent_protected": True,
    "copied_from": OTHER_BRANCH_ID,
    "init_source": "schema-only",
    "parent_lsn": None,
    "parent_timestamp": None,
    "expires": False,
    "expires_at": None,
    "archived": False,
    "managed": True,
    "preserved": None,
    "created": True,
}


def run(check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    return run_module(neon_branch, options(**{**WISH, **wish}), check=check)


def test_create() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(branch(name="staging-2")), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, branch(name="production-2")), query=search("production"))
        neon.expect("POST", BRANCHES, {"branch": STAGING, "operations": [operation()]}, body=REQUEST, status=201)
        neon.expect("GET", PATH, found(STAGING))
        result = run()
    assert (result["changed"], result["branch"]) == (True, FACTS)
    after = {"name": "staging", "parent": "production", "init_source": "schema-only"}
    assert result["diff"] == {"before": {}, "after": after}


def test_create_in_check_mode_shows_the_same() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        result = run(check=True)
    assert (result["changed"], result["branch"]) == (True, {**FACTS, "exists": False, "id": None})
    assert result["diff"]["after"] == {"name": "staging", "parent": "production", "init_source": "schema-only"}


def test_a_branch_with_data_knows_its_parent_in_check_mode() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        result = run(check=True, init_source="parent-data")
    assert (result["branch"]["parent_id"], result["branch"]["copied_from"]) == (OTHER_BRANCH_ID, OTHER_BRANCH_ID)


def test_a_branch_that_was_there_is_not_copied_by_this_task() -> None:
    there = branch(name="staging", parent_id=OTHER_BRANCH_ID, init_source="parent-data")
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(there), query=search("staging"))
        result = run(init_source="parent-data")
    assert (result["changed"], result["branch"]["parent_id"], result["branch"]["copied_from"]) == (False, OTHER_BRANCH_ID, None)


def test_no_change_is_one_request() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        result = run()
    assert (result["changed"], result["branch"]) == (False, {**FACTS, "parent_protected": None, "copied_from": None, "created": False})
    with conversation() as neon:
        neon.expect("GET", PATH, {"branch": STAGING, "annotation": {}})
        assert run(id=BRANCH_ID)["changed"] is False


def test_change_makes_it_default_before_it_is_protected() -> None:
    after = branch(name="staging", init_source="schema-only", default=True, protected=True)
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("POST", f"{PATH}/set_as_default", {"branch": STAGING, "operations": []})
        neon.expect("PATCH", PATH, {"branch": STAGING, "operations": [operation("scheduling")]}, body={"branch": {"protected": True}})
        neon.expect("GET", f"{OPERATIONS}/op-1", {"operation": operation("skipped")})
        neon.expect("GET", BRANCHES, listed(after), query=search("staging"))
        result = run(default=True, protected=True)
    assert result["actions"] == ["set as default branch staging", "protect branch staging"]
    assert (result["branch"]["default"], result["branch"]["protected"]) == (True, True)
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        checked = run(check=True, default=True, protected=True)
    assert (checked["branch"], checked["diff"], checked["actions"]) == (result["branch"], result["diff"], result["actions"])


def test_a_new_branch_becomes_default_after_it_was_made() -> None:
    made = branch(name="staging", init_source="schema-only", protected=True)
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        body = {**REQUEST, "branch": {**REQUEST["branch"], "protected": True}}
        neon.expect("POST", BRANCHES, {"branch": made, "operations": []}, body=body, status=201)
        neon.expect("POST", f"{PATH}/set_as_default", {"branch": made, "operations": []})
        neon.expect("GET", PATH, found({**made, "default": True}))
        assert run(default=True, protected=True)["branch"]["default"] is True


def test_absent() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, STAGING), query=ALL)
        neon.expect("DELETE", PATH, {"branch": STAGING, "operations": []})
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        result = run(state="absent", confirm_destroy="staging")
    assert (result["changed"], result["branch"]["exists"]) == (True, False)
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, STAGING), query=ALL)
        checked = run(check=True, state="absent", confirm_destroy="staging")
    assert (checked["branch"], checked["diff"]) == (result["branch"], result["diff"])


@pytest.mark.parametrize(("status", "answer"), [(204, None), (404, refusal("branch not found"))])
def test_gone_while_it_was_being_deleted(status: int, answer: t.Any) -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, STAGING), query=ALL)
        neon.expect("DELETE", PATH, answer, status=status)
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        assert run(state="absent", confirm_destroy="staging")["changed"] is True


def test_absent_already() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        assert run(state="absent")["changed"] is False


@pytest.mark.parametrize("check", [True, False])
def test_an_unknown_parent_fails_and_is_never_replaced(check: bool) -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(branch(name="production-old", default=True)), query=search("production"))
        result = run(check=check)
    assert result["msg"].startswith(f"option parent: project {PROJECT_ID} has no branch named 'production'")


def test_a_branch_with_data_is_not_taken_for_a_schema_only_one() -> None:
    copied = branch(name="staging", parent_id=OTHER_BRANCH_ID, init_source="parent-data")
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(copied), query=search("staging"))
        result = run()
    assert "started with its parent's data, declared is schema-only" in result["msg"]


def test_a_conflict_is_looked_up_and_adopted() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("POST", BRANCHES, refusal("branch already exists; branch_name:staging"), body=REQUEST, status=409)
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("GET", OPERATIONS, {"operations": []}, query={"limit": "100"})
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        assert run()["branch"]["id"] == BRANCH_ID


def test_a_conflict_with_something_else_fails() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("POST", BRANCHES, refusal("conflict"), body=REQUEST, status=409)
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        result = run()
    assert "HTTP 409: conflict" in result["msg"]


def test_a_lost_answer_is_adopted_by_its_exact_name() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("POST", BRANCHES, requests.exceptions.ReadTimeout(), body=REQUEST)
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("GET", OPERATIONS, {"operations": []}, query={"limit": "100"})
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        result = run()
    assert (result["changed"], result["branch"]) == (True, FACTS)


def test_the_reasons_of_the_provider_are_passed_on() -> None:
    held = {**STAGING, "restricted_actions": [{"name": "delete-rw-endpoint", "reason": "the branch has children"}]}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(held), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, held), query=ALL)
        neon.expect("DELETE", PATH, refusal("cannot delete"), status=422)
        result = run(state="absent", confirm_destroy="staging")
    assert "Neon restricts for this branch: delete-rw-endpoint: the branch has children" in result["msg"]
    assert "cannot delete" in result["msg"]


def test_a_pinned_id_of_another_branch_fails() -> None:
    with conversation() as neon:
        neon.expect("GET", PATH, {"branch": branch(name="production")})
        assert "is named 'production', declared is 'staging'" in run(id=BRANCH_ID)["msg"]


def test_an_answer_about_another_project_fails() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed({**STAGING, "project_id": "p-other"}), query=search("staging"))
        assert "answered for project p-other" in run()["msg"]


@pytest.mark.parametrize("project_id", [None, ""])
def test_without_a_project_nothing_is_asked(project_id: str | None) -> None:
    with conversation():
        result = run(check=True, project_id=project_id)
    assert result["msg"].startswith("option project_id: there is no project")


def test_a_prediction_outside_check_mode_is_refused() -> None:
    with conversation():
        assert "it is true outside check mode" in run(predicted=True, project_id=None)["msg"]


def test_a_predicted_project_is_not_asked() -> None:
    with conversation() as neon:
        result = run(check=True, predicted=True, project_id=None)
        assert neon.requests == []
    nothing_known = {"exists": False, "id": None, "project_id": None, "parent_protected": False, "copied_from": None}
    assert (result["changed"], result["branch"]) == (True, {**FACTS, **nothing_known})
    assert result["actions"] == ["create branch staging"]


def test_a_branch_that_comes_with_the_project_is_only_protected() -> None:
    wish = {"name": "production", "default": True, "protected": True, "predicted": True, "predicted_state": {}}
    with conversation():
        result = run_module(neon_branch, options(**wish), check=True)
    assert result["actions"] == ["protect branch production"]
    assert result["diff"] == {"before": {"name": "production", "protected": False}, "after": {"name": "production", "protected": True}}
    assert (result["branch"]["exists"], result["branch"]["default"], result["branch"]["protected"]) == (False, True, True)
