# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_role: the exact HTTP conversation of every case, and that no password is ever shown."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_conversation import BRANCH_ID, OTHER_BRANCH_ID, PROJECT_ID, branch, conversation, operation, options, refusal, role

from ansible_collections.dbinfra.postgres.plugins.modules import neon_role

PARENT = f"/projects/{PROJECT_ID}/branches"
ROLES = f"{PARENT}/{BRANCH_ID}/roles"
PATH = f"{ROLES}/shop_owner"
OURS = f"{PATH}/reveal_password"
THEIRS = f"{PARENT}/{OTHER_BRANCH_ID}/roles/shop_owner/reveal_password"
SEARCH = {"search": "production", "limit": "1000", "sort_by": "created_at", "sort_order": "asc"}
PRODUCTION = {"branches": [branch(id=OTHER_BRANCH_ID)], "pagination": {}}
WISH = {"project_id": PROJECT_ID, "branch_id": BRANCH_ID, "name": "shop_owner"}
FACTS = {"exists": True, "name": "shop_owner", "branch_id": BRANCH_ID}
OLD, NEW = "npg_oldsecret", "npg_newsecret"


def listed(*roles: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"roles": list(roles)}


def run(check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    result = run_module(neon_role, options(**{**WISH, **wish}), check=check)
    assert OLD not in str(result)
    assert NEW not in str(result)
    return result


def test_create() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role(name="shop")))
        made = {"role": role(password=NEW), "operations": [operation("running")]}
        neon.expect("POST", ROLES, made, body={"role": {"name": "shop_owner"}}, status=201)
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations/op-1", {"operation": operation()})
        neon.expect("GET", ROLES, listed(role()))
        result = run()
    assert (result["changed"], result["role"]) == (True, FACTS)
    with conversation() as neon:
        neon.expect("GET", ROLES, listed())
        checked = run(check=True)
    assert checked["role"] == {**FACTS, "exists": False}
    assert checked["diff"] == result["diff"] == {"before": {}, "after": {"name": "shop_owner"}}


def test_no_change_is_one_request() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        result = run()
    assert (result["changed"], result["role"]) == (False, FACTS)


def test_passwords_that_differ_are_left_alone() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", PARENT, PRODUCTION, query=SEARCH)
        neon.expect("GET", THEIRS, {"password": OLD})
        neon.expect("GET", OURS, {"password": NEW})
        assert run(distinct_from_branch="production")["changed"] is False


def test_a_shared_password_is_reset_on_our_branch() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", PARENT, PRODUCTION, query=SEARCH)
        neon.expect("GET", THEIRS, {"password": OLD})
        neon.expect("GET", OURS, {"password": OLD})
        neon.expect("POST", f"{PATH}/reset_password", {"role": role(password=NEW), "operations": []})
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", THEIRS, {"password": OLD})
        neon.expect("GET", OURS, {"password": NEW})
        result = run(distinct_from_branch="production")
    assert result["actions"] == ["reset the password of role shop_owner"]
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", PARENT, PRODUCTION, query=SEARCH)
        neon.expect("GET", THEIRS, {"password": OLD})
        neon.expect("GET", OURS, {"password": OLD})
        checked = run(check=True, distinct_from_branch="production")
    assert (checked["role"], checked["diff"], checked["actions"]) == (result["role"], result["diff"], result["actions"])


def test_a_role_that_the_other_branch_does_not_have_shares_nothing() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", PARENT, PRODUCTION, query=SEARCH)
        neon.expect("GET", THEIRS, refusal("role not found"), status=404)
        assert run(distinct_from_branch="production")["changed"] is False


def test_another_branch_that_is_not_found_is_an_error() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", PARENT, {"branches": [branch(name="production-2")], "pagination": {}}, query=SEARCH)
        message = run(distinct_from_branch="production")["msg"]
    assert message.startswith("option distinct_from_branch: ")
    # Who uses site.yml has no such option, but this variable.
    assert "in an inventory: neon_branch_parent" in message


def test_our_own_branch_is_no_other() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", PARENT, {"branches": [branch()], "pagination": {}}, query=SEARCH)
        assert "it names the branch itself" in run(distinct_from_branch="production")["msg"]


def test_a_project_that_stores_no_passwords_is_explained() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", PARENT, PRODUCTION, query=SEARCH)
        neon.expect("GET", THEIRS, refusal("passwords are not stored"), status=412)
        result = run(distinct_from_branch="production")
    assert "store_passwords is false" in result["msg"]


def test_a_lost_answer_to_a_reset_is_looked_up_and_not_repeated() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", PARENT, PRODUCTION, query=SEARCH)
        neon.expect("GET", THEIRS, {"password": OLD})
        neon.expect("GET", OURS, {"password": OLD})
        neon.expect("POST", f"{PATH}/reset_password", requests.exceptions.ReadTimeout())
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", THEIRS, {"password": OLD})
        neon.expect("GET", OURS, {"password": NEW})
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations", {"operations": []}, query={"limit": "100"})
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", THEIRS, {"password": OLD})
        neon.expect("GET", OURS, {"password": NEW})
        assert run(distinct_from_branch="production")["changed"] is True


def test_a_conflict_is_adopted() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed())
        neon.expect("POST", ROLES, refusal("role already exists"), body={"role": {"name": "shop_owner"}}, status=409)
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations", {"operations": []}, query={"limit": "100"})
        neon.expect("GET", ROLES, listed(role()))
        assert run()["role"] == FACTS


def test_absent() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        neon.expect("DELETE", PATH, {"role": role(), "operations": []})
        neon.expect("GET", ROLES, listed())
        result = run(state="absent", confirm_destroy="shop_owner")
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        checked = run(check=True, state="absent", confirm_destroy="shop_owner")
    assert checked["role"] == result["role"] == {**FACTS, "exists": False}
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        assert "refused to delete role shop_owner" in run(state="absent")["msg"]


def test_a_role_of_another_branch_fails() -> None:
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role(branch_id="br-production")))
        assert "answered for branch br-production" in run()["msg"]


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (None, ["create role shop_owner"]),
        ({}, None),
        ({"password_shared": False}, None),
        ({"password_shared": True}, ["reset the password of role shop_owner"]),
    ],
)
def test_a_predicted_branch_is_not_asked(state: dict[str, t.Any] | None, actions: list[str] | None) -> None:
    nowhere = {"project_id": None, "branch_id": None, "predicted": True}
    with conversation():
        result = run(check=True, **nowhere, predicted_state=state, distinct_from_branch="production")
    assert result.get("actions") == actions
    assert result["role"] == {"exists": False, "name": "shop_owner", "branch_id": None}


COPY = {"branch_id": None, "predicted": True, "copied_from": OTHER_BRANCH_ID, "distinct_from_branch": "production"}
ORIGINALS = f"{PARENT}/{OTHER_BRANCH_ID}/roles"


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (None, None),
        ({"password_shared": False}, None),
        ({"password_shared": True}, ["reset the password of role shop_owner"]),
    ],
)
def test_a_copy_comes_with_the_roles_of_the_original(state: dict[str, t.Any] | None, actions: list[str] | None) -> None:
    with conversation() as neon:
        neon.expect("GET", ORIGINALS, listed(role(name="shop"), role(branch_id=OTHER_BRANCH_ID)))
        result = run(check=True, **COPY, predicted_state=state)
    assert result.get("actions") == actions
    assert result["role"] == {"exists": False, "name": "shop_owner", "branch_id": None}


def test_a_role_that_the_original_lacks_is_made_whatever_is_guessed() -> None:
    with conversation() as neon:
        neon.expect("GET", ORIGINALS, listed(role(name="shop", branch_id=OTHER_BRANCH_ID)))
        result = run(check=True, **COPY, predicted_state={"password_shared": True})
    assert result["actions"] == ["create role shop_owner"]


def test_the_original_is_not_looked_at_without_need() -> None:
    with conversation():
        guessed = run(check=True, **{**COPY, "project_id": None})
    assert guessed["actions"] == ["create role shop_owner"]
    with conversation() as neon:
        neon.expect("GET", ROLES, listed(role()))
        assert run(copied_from=OTHER_BRANCH_ID)["changed"] is False


def test_an_answer_about_another_branch_than_the_original_fails() -> None:
    with conversation() as neon:
        neon.expect("GET", ORIGINALS, listed(role()))
        assert f"answered for branch {BRANCH_ID} although {OTHER_BRANCH_ID} was asked for" in run(check=True, **COPY)["msg"]
