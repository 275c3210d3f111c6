# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ids that are none, that Neon does not know or does not take: the message names the option, its value, the reason, and what to do."""

from __future__ import annotations

import types
import typing as t

import pytest
from unit.module_runner import run_module
from unit.neon_branches import ALL, BRANCHES, PATH, listed, search
from unit.neon_conversation import BRANCH_ID, OTHER_BRANCH_ID, PROJECT_ID, branch, conversation, endpoint, options, project, refusal

from ansible_collections.dbinfra.postgres.plugins.modules import (
    neon_branch,
    neon_database,
    neon_endpoint,
    neon_info,
    neon_project,
    neon_role,
    neon_snapshot,
)

ON_BRANCH = {"project_id": PROJECT_ID, "branch_id": BRANCH_ID}
PROJECT = {"name": "shop", "region_id": "aws-eu-central-1", "pg_version": 17}
BRANCH = {"project_id": PROJECT_ID, "name": "staging"}
ROLE = {**ON_BRANCH, "name": "shop_owner"}
DATABASE = {**ON_BRANCH, "name": "shop", "owner_name": "shop_owner"}
SNAPSHOT = {"project_id": PROJECT_ID, "name": "nightly"}
RESTORED = {**SNAPSHOT, "state": "restored", "target_name": "look"}
TAKES_IDS = [
    (neon_project, PROJECT, ("id", "org_id")),
    (neon_branch, BRANCH, ("id", "project_id")),
    (neon_endpoint, ON_BRANCH, ("id", "branch_id", "project_id")),
    (neon_role, ROLE, ("branch_id", "project_id")),
    (neon_database, DATABASE, ("branch_id", "project_id")),
    (neon_snapshot, SNAPSHOT, ("id", "project_id")),
    (neon_snapshot, RESTORED, ("id", "project_id")),
    (neon_info, {}, ("project_id", "org_id")),
]
COPIES = [(module, {**wish, "predicted": True}, ("copied_from",)) for module, wish in ((neon_role, ROLE), (neon_database, DATABASE))]
SNAPSHOTS = f"/projects/{PROJECT_ID}/snapshots"
FOUND_PROJECTS = {"search": "shop", "limit": "400"}


def run(module: types.ModuleType, check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    return run_module(module, options(**wish), check=check)


@pytest.mark.parametrize("value", ["My Project", "br-Old", " br-1", "br_1", "../x", "a" * 61, "br-1\n", " "])
@pytest.mark.parametrize(("module", "wish", "option"), [(module, wish, option) for module, wish, names in (*TAKES_IDS, *COPIES) for option in names])
def test_what_cannot_be_an_id_is_refused_before_anything_is_asked(module: types.ModuleType, wish: dict[str, t.Any], option: str, value: str) -> None:
    with conversation():
        message = run(module, check="predicted" in wish, **{**wish, option: value})["msg"]
    assert message.startswith(f"option {option}: {value!r} is no id. The id of a")
    assert "has 1 to 60 small letters, digits and hyphens" in message
    assert message.endswith("Copy it from the console, or take it from the result of a task.")


ASKED = [
    (neon_project, {**PROJECT, "id": PROJECT_ID}, f"/projects/{PROJECT_ID}", {}, "id", "project"),
    (neon_project, {**PROJECT, "org_id": "org-1"}, "/projects", {**FOUND_PROJECTS, "org_id": "org-1"}, "org_id", "organization"),
    (neon_branch, BRANCH, BRANCHES, search("staging"), "project_id", "project"),
    (neon_branch, {**BRANCH, "id": BRANCH_ID}, PATH, {}, "id", "branch"),
    (neon_branch, {**BRANCH, "id": BRANCH_ID}, PATH, {}, "project_id", "project"),
    (neon_endpoint, ON_BRANCH, f"{PATH}/endpoints", {}, "branch_id", "branch"),
    (neon_role, ROLE, f"{PATH}/roles", {}, "branch_id", "branch"),
    (neon_role, ROLE, f"{PATH}/roles", {}, "project_id", "project"),
    (neon_role, {**ROLE, "state": "absent"}, f"{PATH}/roles", {}, "branch_id", "branch"),
    (neon_database, DATABASE, f"{PATH}/databases", {}, "branch_id", "branch"),
    (neon_database, {**DATABASE, "state": "absent"}, f"{PATH}/databases", {}, "project_id", "project"),
    (neon_snapshot, SNAPSHOT, SNAPSHOTS, {}, "project_id", "project"),
    (neon_snapshot, RESTORED, SNAPSHOTS, {}, "project_id", "project"),
    (neon_info, {"org_id": "org-1"}, "/projects", {"limit": "400", "org_id": "org-1"}, "org_id", "organization"),
]


@pytest.mark.parametrize(("module", "wish", "path", "query", "option", "kind"), ASKED)
def test_an_id_that_neon_does_not_know_names_its_option(
    module: types.ModuleType, wish: dict[str, t.Any], path: str, query: dict[str, str], option: str, kind: str
) -> None:
    with conversation() as neon:
        neon.expect("GET", path, refusal(f"{kind} not found"), query=query, status=404)
        result = run(module, **wish)
    start = f"option {option} ({wish[option]}): Neon does not know this {kind}, or the API key may not see it. Neon API, GET {path}: HTTP 404: "
    assert result["msg"].startswith(start)
    assert f"{kind} not found (request id req-42). Correct " in result["msg"]
    assert result["msg"].endswith("Check that the API key belongs to the right account or organization.")
    assert result["neon_error"]["status"] == 404


@pytest.mark.parametrize(
    ("message", "start"),
    [
        ('parameter "branch_id" in path has an error: string does not match', "option branch_id (br-still-tree-1): Neon does not take this id."),
        (f"{PROJECT_ID} is malformed", "option project_id (quiet-sun-12345678): Neon does not take this id."),
        ("bad request", "options project_id (quiet-sun-12345678) and branch_id (br-still-tree-1): Neon does not take one of these ids."),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_an_id_that_neon_does_not_take_names_its_option(message: str, start: str, status: int) -> None:
    with conversation() as neon:
        neon.expect("GET", f"{PATH}/roles", refusal(message), status=status)
        assert run(neon_role, **ROLE)["msg"].startswith(start)


def test_where_neon_does_not_say_which_all_ids_are_named() -> None:
    with conversation() as neon:
        neon.expect("GET", f"{PATH}/roles", refusal("not found"), status=404)
        message = run(neon_role, **ROLE)["msg"]
    assert message.startswith(
        f"options project_id ({PROJECT_ID}) and branch_id ({BRANCH_ID}): Neon does not know this object, or the API key may not see it."
    )


def test_the_original_of_a_predicted_copy_names_its_option() -> None:
    other = f"{BRANCHES}/{OTHER_BRANCH_ID}/roles"
    with conversation() as neon:
        neon.expect("GET", other, refusal("branch not found"), status=404)
        wish = {"project_id": PROJECT_ID, "name": "shop_owner", "predicted": True, "copied_from": OTHER_BRANCH_ID}
        assert run(neon_role, check=True, **wish)["msg"].startswith(f"option copied_from ({OTHER_BRANCH_ID}): Neon does not know this branch")


def test_what_a_refusal_is_not_about_is_not_blamed() -> None:
    uri_query = {"branch_id": BRANCH_ID, "database_name": "shop", "role_name": "shop_owner", "pooled": "false"}
    there = {"databases": [{"id": 7, "name": "shop", "owner_name": "shop_owner", "branch_id": BRANCH_ID}]}
    with conversation() as neon:
        neon.expect("GET", f"{PATH}/databases", there)
        neon.expect("GET", f"/projects/{PROJECT_ID}/connection_uri", refusal("role not found"), query=uri_query, status=404)
        neon.expect("GET", f"{PATH}/endpoints", {"endpoints": [endpoint()]})
        message = run(neon_database, **DATABASE)["msg"]
    assert message.startswith(f"Neon API, GET /projects/{PROJECT_ID}/connection_uri: Neon does not know this object")


def test_a_pinned_snapshot_that_is_not_there_is_not_restored() -> None:
    with conversation() as neon:
        neon.expect("GET", SNAPSHOTS, {"snapshots": [{"id": "snap-1", "name": "nightly"}]})
        message = run(neon_snapshot, **RESTORED, id="snap-2")["msg"]
    assert message.startswith(f"option id (snap-2): project {PROJECT_ID} has no snapshot with this id. Correct the pinned id")


def warning(result: dict[str, t.Any]) -> str:
    (text,) = result["warnings"]
    return text


GONE = {"state": "absent", "id": "xx-gone"}


@pytest.mark.parametrize("check", [True, False])
def test_a_wrong_id_removes_nothing_and_says_which_id_the_name_has(check: bool) -> None:
    with conversation() as neon:
        neon.expect("GET", f"{BRANCHES}/xx-gone", refusal("branch not found"), status=404)
        neon.expect("GET", BRANCHES, listed(branch(name="staging"), branch(name="staging-2", id="br-2")), query=search("staging"))
        found = run(neon_branch, check, **BRANCH, **GONE, confirm_destroy="staging")
    assert found["msg"] == (
        f"option id (xx-gone): no branch of project {PROJECT_ID} has this id, while there is a branch named 'staging'. "
        f"Its id is {BRANCH_ID}, so nothing was removed. Pin the right id, or remove the option if the name alone counts."
    )
    assert found["ids"] == [BRANCH_ID]
    with conversation() as neon:
        neon.expect("GET", "/projects/xx-gone", refusal("project not found"), status=404)
        neon.expect("GET", "/projects", {"projects": [project(), project(id="p-2"), project(id="p-3", name="shop-2")]}, query=FOUND_PROJECTS)
        found = run(neon_project, check, name="shop", **GONE, confirm_destroy="shop")
    # Two may have one name, so the pinned one can be gone already: a second run says the same.
    assert found["changed"] is False
    assert warning(found).startswith(
        f"option id (xx-gone): no project has this id, while there are 2 projects named 'shop'. Their ids are p-2, {PROJECT_ID}, so nothing was removed."
    )
    with conversation() as neon:
        neon.expect("GET", f"{PATH}/endpoints", {"endpoints": [endpoint()]})
        message = run(neon_endpoint, check, **ON_BRANCH, **GONE, confirm_destroy="xx-gone")["msg"]
    assert "has this id, while there is a read_write endpoint. Its id is ep-cool-dark-1, so nothing was removed." in message
    with conversation() as neon:
        neon.expect("GET", f"{PATH}/endpoints", {"endpoints": [endpoint(), endpoint(type="read_only", name="reports", id="ep-2")]})
        message = run(neon_endpoint, check, **ON_BRANCH, **GONE, type="read_only", name="reports", confirm_destroy="xx-gone")["msg"]
    assert "while there is a read_only endpoint named 'reports'. Its id is ep-2, so nothing was removed." in message
    with conversation() as neon:
        for _look in range(2):
            neon.expect("GET", SNAPSHOTS, {"snapshots": [{"id": "snap-1", "name": "nightly"}]})
        found = run(neon_snapshot, check, **SNAPSHOT, **GONE, confirm_destroy="nightly")
    assert found["changed"] is False
    assert f"no snapshot of project {PROJECT_ID} has this id, while there is a snapshot named 'nightly'. Its id is snap-1, so nothing" in warning(
        found
    )


def test_a_wrong_id_whose_name_is_not_there_either_is_absent_already() -> None:
    with conversation() as neon:
        neon.expect("GET", f"{BRANCHES}/xx-gone", refusal("branch not found"), status=404)
        neon.expect("GET", BRANCHES, listed(branch(name="staging-2")), query=search("staging"))
        assert run(neon_branch, **BRANCH, **GONE)["changed"] is False
    with conversation() as neon:
        neon.expect("GET", "/projects/xx-gone", refusal("project not found"), status=404)
        neon.expect("GET", "/projects", {"projects": [project(name="shop-2")]}, query=FOUND_PROJECTS)
        assert run(neon_project, name="shop", **GONE)["changed"] is False
    for kind, there in (("read_write", []), ("read_only", [endpoint(type="read_only", id="ep-2", name="reports")])):
        with conversation() as neon:
            neon.expect("GET", f"{PATH}/endpoints", {"endpoints": there})
            assert run(neon_endpoint, **ON_BRANCH, **GONE, type=kind)["changed"] is False
    with conversation() as neon:
        for _look in range(2):
            neon.expect("GET", SNAPSHOTS, {"snapshots": [{"id": "snap-1", "name": "weekly"}]})
        assert run(neon_snapshot, **SNAPSHOT, **GONE)["changed"] is False


def test_a_branch_by_id_of_a_project_that_is_not_there_is_not_absent() -> None:
    with conversation() as neon:
        neon.expect("GET", f"{BRANCHES}/xx-gone", refusal("project not found"), status=404)
        neon.expect("GET", BRANCHES, refusal("project not found"), query=search("staging"), status=404)
        message = run(neon_branch, **BRANCH, **GONE)["msg"]
    assert message.startswith(f"option project_id ({PROJECT_ID}): Neon does not know this project")


def test_a_key_that_may_not_list_projects_is_told_so() -> None:
    """A personal key lists nothing without org_id, and the id alone needed neither."""
    with conversation() as neon:
        neon.expect("GET", "/projects/xx-gone", refusal("project not found"), status=404)
        neon.expect("GET", "/projects", refusal("org_id is required"), query=FOUND_PROJECTS, status=400)
        result = run(neon_project, name="shop", **GONE)
    assert result["changed"] is False
    (warning,) = result["warnings"]
    assert "no project has the pinned id xx-gone, and whether another one is named shop cannot be looked up" in warning
    assert "A personal API key needs the option org_id" in warning


def test_what_this_task_has_deleted_is_not_missed() -> None:
    """Lists may lag behind a deletion by an id, and what has the name then is what was deleted, or another one of that name."""
    with conversation() as neon:
        neon.expect("GET", SNAPSHOTS, {"snapshots": [{"id": "snap-1", "name": "nightly"}, {"id": "snap-2", "name": "nightly"}]})
        neon.expect("DELETE", f"{SNAPSHOTS}/snap-1", {"operations": []}, status=202)
        neon.expect("GET", SNAPSHOTS, {"snapshots": [{"id": "snap-2", "name": "nightly"}]})
        assert run(neon_snapshot, **SNAPSHOT, state="absent", id="snap-1", confirm_destroy="nightly")["changed"] is True
    with conversation() as neon:
        neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project()})
        neon.expect("GET", BRANCHES, listed(branch()), query=ALL)
        neon.expect("DELETE", f"/projects/{PROJECT_ID}", {"project": project()})
        neon.expect("GET", f"/projects/{PROJECT_ID}", refusal("project not found"), status=404)
        assert run(neon_project, name="shop", state="absent", id=PROJECT_ID, confirm_destroy="shop")["changed"] is True
