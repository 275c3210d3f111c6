# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_branch: a parent that an earlier task of the same play returned."""

from __future__ import annotations

import typing as t

import pytest
from unit.module_runner import run_module
from unit.neon_branches import BRANCHES, listed, search
from unit.neon_conversation import OTHER_BRANCH_ID, PROJECT_ID, branch, conversation, options

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch

PREDICTED = {
    "exists": False,
    "id": None,
    "name": "staging",
    "project_id": PROJECT_ID,
    "default": False,
    "protected": True,
    "copied_from": OTHER_BRANCH_ID,
    "init_source": "schema-only",
    "expires": False,
    "expires_at": None,
}
WISH = {"project_id": PROJECT_ID, "name": "preview", "parent": "staging"}


def run(check: bool = True, parent: dict[str, t.Any] | None = None, **wish: t.Any) -> dict[str, t.Any]:
    return run_module(neon_branch, options(**{**WISH, "predicted_parent": PREDICTED if parent is None else parent, **wish}), check=check)


def test_a_predicted_parent_is_not_looked_up() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("preview"))
        result = run()
    assert (result["changed"], result["actions"]) == (True, ["create branch preview"])
    made = result["branch"]
    assert (made["exists"], made["parent_id"], made["parent_protected"], made["copied_from"]) == (False, None, True, OTHER_BRANCH_ID)
    assert result["diff"]["after"] == {"name": "preview", "parent": "staging"}


def test_a_parent_that_an_earlier_task_would_change_is_taken_as_it_will_be() -> None:
    """It is called something else so far, and expires so far."""
    parent = {**PREDICTED, "exists": True, "id": OTHER_BRANCH_ID, "copied_from": None, "protected": False}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("preview"))
        made = run(parent=parent)["branch"]
    assert (made["parent_id"], made["copied_from"], made["parent_protected"]) == (OTHER_BRANCH_ID, OTHER_BRANCH_ID, False)


def test_a_branch_that_is_there_needs_no_parent() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(branch(name="preview")), query=search("preview"))
        assert run()["changed"] is False


def test_in_a_predicted_project_the_parent_says_whether_it_is_protected() -> None:
    with conversation():
        made = run(predicted=True, project_id=None)["branch"]
    assert (made["parent_protected"], made["created"]) == (True, True)


@pytest.mark.parametrize("project", [{}, {"predicted": True, "project_id": None}])
def test_a_parent_that_will_expire_cannot_be_one(project: dict[str, t.Any]) -> None:
    with conversation() as neon:
        if not project:
            neon.expect("GET", BRANCHES, listed(), query=search("preview"))
        assert (
            "branch staging will expire, and an expiring branch cannot have children" in run(parent={**PREDICTED, "expires": True}, **project)["msg"]
        )


def test_a_result_says_whether_the_branch_will_expire() -> None:
    with conversation():
        wish = {"name": "staging", "parent": "production", "ttl": "1d", "predicted": True}
        made = run_module(neon_branch, options(**wish), check=True)["branch"]
    assert (made["expires"], made["expires_at"]) == (True, None)


@pytest.mark.parametrize(
    ("check", "wish", "message"),
    [
        (True, {"parent": {**PREDICTED, "name": "stagign"}}, "it is about branch 'stagign', and the parent is 'staging'"),
        (True, {"parent": {**PREDICTED, "project_id": "p-other"}}, "it is about a branch of project p-other"),
        (True, {"parent": {"changed": True, "branch": PREDICTED}}, "it is no result of neon_branch. Register the task"),
        (True, {"parent": {}}, "it is no result of neon_branch"),
        (False, {}, "branch staging is only predicted, but this is no check mode"),
    ],
)
def test_what_is_no_prediction_of_the_parent_is_refused(check: bool, wish: dict[str, t.Any], message: str) -> None:
    with conversation():
        result = run(check, **wish)
    assert result["failed"] and result["msg"].startswith("option predicted_parent")
    assert message in result["msg"]


def test_outside_check_mode_the_parent_is_looked_up() -> None:
    parent = {**PREDICTED, "exists": True, "id": OTHER_BRANCH_ID}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("preview"))
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        assert "staging" in run(check=False, parent=parent)["msg"]


def test_a_reset_has_no_use_for_it() -> None:
    wish = {"project_id": PROJECT_ID, "name": "preview", "state": "reset", "preserve": False, "predicted_parent": PREDICTED}
    with conversation():
        assert "option predicted_parent: it has no meaning with state: reset" in run_module(neon_branch, options(**wish), check=True)["msg"]
