# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_project: the exact HTTP conversation of every case."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_conversation import BRANCH_ID, KEY, PROJECT_ID, Conversation, branch, conversation, operation, options, project, refusal

from ansible_collections.dbinfra.postgres.plugins.modules import neon_project

SEARCH = {"search": "shop", "limit": "400"}
PATH = f"/projects/{PROJECT_ID}"
DEFAULT_SEARCH = {"search": "production", "limit": "1000", "sort_by": "created_at", "sort_order": "asc"}
ALL_BRANCHES = {"limit": "1000", "sort_by": "created_at", "sort_order": "asc"}
OURS = {"branches": [branch(default=True)], "annotations": {BRANCH_ID: {"object": {}, "value": {"managed_by": "dbinfra.postgres"}}}}
SECRET = "npg_password_of_the_owner"
WISH = {
    "name": "shop",
    "region_id": "aws-eu-central-1",
    "pg_version": 17,
    "default_branch": "production",
    "owner_role": "shop_owner",
    "database": "shop",
    "history_retention_seconds": 86400,
}
REQUEST = {
    "project": {
        "name": "shop",
        "region_id": "aws-eu-central-1",
        "pg_version": 17,
        "history_retention_seconds": 86400,
        "branch": {
            "name": "production",
            "role_name": "shop_owner",
            "database_name": "shop",
            "annotations": {"managed_by": "dbinfra.postgres"},
        },
    }
}
FACTS = {
    "exists": True,
    "id": PROJECT_ID,
    "name": "shop",
    "region_id": "aws-eu-central-1",
    "pg_version": 17,
    "org_id": None,
    "history_retention_seconds": 86400,
}
DIFF = {
    "before": {},
    "after": {
        "name": "shop",
        "region_id": "aws-eu-central-1",
        "pg_version": 17,
        "history_retention_seconds": 86400,
        "default_branch": "production",
        "owner_role": "shop_owner",
        "database": "shop",
    },
}


def listed(*projects: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {"projects": list(projects), "pagination": {"cursor": "c"}, **more}


def branches(*found: dict[str, t.Any], ours: bool = True, **more: t.Any) -> dict[str, t.Any]:
    """A page of branches; whether the default one carries our mark."""
    value = {"managed_by": "dbinfra.postgres", "more": "x"} if ours else {"managed_by": "somebody"}
    return {"branches": list(found), "annotations": {BRANCH_ID: {"object": {}, "value": value}}, **more}


def expect_mark(neon: Conversation, ours: bool = True) -> None:
    neon.expect("GET", f"{PATH}/branches", branches(branch(default=True), ours=ours), query=DEFAULT_SEARCH)


def created(*operations: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "project": project(),
        "roles": [{"name": "shop_owner", "branch_id": "br-1", "password": SECRET}],
        "connection_uris": [{"connection_uri": f"postgresql://shop_owner:{SECRET}@h/shop"}],
        "operations": list(operations),
    }


def run(check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    return run_module(neon_project, options(**{**WISH, **wish}), check=check)


def test_create() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project(id="p-2", name="shop-2")), query=SEARCH)
        neon.expect("POST", "/projects", created(operation("running"), operation("skipped")), body=REQUEST, status=201)
        neon.expect("GET", f"{PATH}/operations/op-1", {"operation": operation("running")})
        neon.expect("GET", f"{PATH}/operations/op-1", {"operation": operation()})
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        neon.expect("GET", PATH, {"project": project()})
        result = run()
    assert (result["changed"], result["project"], result["diff"]) == (True, FACTS, DIFF)
    assert result["warnings"] == []
    assert result["actions"] == ["create project shop"]
    assert SECRET not in str(result)
    assert KEY not in str(result)


def test_the_older_of_two_projects_made_at_the_same_time_is_ours() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        neon.expect("POST", "/projects", created(), body=REQUEST, status=201)
        ours, theirs = project(created_at="2026-11-23T10:00:00Z"), project(id="p-2", created_at="2026-11-23T10:00:01Z")
        neon.expect("GET", "/projects", listed(theirs, ours), query=SEARCH)
        neon.expect("GET", PATH, {"project": project()})
        result = run()
    assert (result["project"]["id"], result["warnings"]) == (PROJECT_ID, [])


def test_the_younger_of_two_projects_made_at_the_same_time_is_taken_back() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        neon.expect("POST", "/projects", created(), body=REQUEST, status=201)
        ours, theirs = project(created_at="2026-11-23T10:00:01Z"), project(id="p-2", created_at="2026-11-23T10:00:00Z")
        neon.expect("GET", "/projects", listed(ours, theirs), query=SEARCH)
        neon.expect("DELETE", PATH, {"project": project()})
        neon.expect("GET", "/projects/p-2/operations", {"operations": []}, query={"limit": "100"})
        for _look in ("before anything else is sent", "at the end"):
            neon.expect("GET", "/projects/p-2", {"project": project(id="p-2")})
        result = run()
    assert (result["changed"], result["project"]["id"]) == (True, "p-2")
    assert len(result["warnings"]) == 1
    assert PROJECT_ID in result["warnings"][0]


SOMEBODYS = {"branches": [branch(project_id="p-2", default=True)]}
OUR_OTHER_RUNS = {"branches": [branch(project_id="p-2", default=True)], "annotations": OURS["annotations"]}


def expect_a_race(neon: Conversation, found: dict[str, t.Any], body: dict[str, t.Any] = REQUEST) -> None:
    """Somebody makes a project of the same name a moment earlier; it is looked at, and this run's own goes."""
    neon.expect("GET", "/projects", listed(), query=SEARCH)
    neon.expect("POST", "/projects", created(), body=body, status=201)
    theirs = {**found, "created_at": "2026-11-23T10:00:00Z"}
    neon.expect("GET", "/projects", listed(project(created_at="2026-11-23T10:00:01Z"), theirs), query=SEARCH)
    neon.expect("DELETE", PATH, {"project": project()})
    neon.expect("GET", "/projects/p-2/operations", {"operations": []}, query={"limit": "100"})
    neon.expect("GET", "/projects/p-2", {"project": theirs})


def test_a_project_that_a_person_made_at_the_same_time_is_not_changed() -> None:
    with conversation() as neon:
        expect_a_race(neon, project(id="p-2", history_retention_seconds=21600))
        neon.expect("GET", "/projects/p-2/branches", SOMEBODYS, query=DEFAULT_SEARCH)
        result = run()
        assert [request.method for request in neon.requests if request.method not in ("GET", "POST")] == ["DELETE"]
    assert result["msg"].startswith("option adopt: project shop (p-2) was found by its name, was not made by this collection")
    assert PROJECT_ID in result["warnings"][0]


def test_what_is_left_of_the_plan_is_not_sent_to_a_project_of_somebody_else() -> None:
    """Libraries are set after a project is made, by a request of their own."""
    libraries = {"libraries": [{"library_name": "pg_cron", "is_default": False}]}
    with conversation() as neon:
        expect_a_race(neon, project(id="p-2", settings={}))
        neon.expect("GET", "/projects/p-2/branches", SOMEBODYS, query=DEFAULT_SEARCH)
        neon.expect("GET", "/projects/p-2/available_preload_libraries", libraries)
        result = run(preload_libraries=["pg_cron"])
        assert not any(request.method == "PATCH" for request in neon.requests)
    assert "was not made by this collection" in result["msg"]


def test_the_project_of_another_run_of_ours_is_known_by_its_mark() -> None:
    """Nothing stands against changing it, and the next run does."""
    with conversation() as neon:
        expect_a_race(neon, project(id="p-2", history_retention_seconds=21600))
        neon.expect("GET", "/projects/p-2/branches", OUR_OTHER_RUNS, query=DEFAULT_SEARCH)
        neon.expect("GET", "/projects/p-2", {"project": project(id="p-2", history_retention_seconds=21600)})
        result = run()
    assert "still something to do: update project shop" in result["msg"]


def test_create_in_check_mode_asks_and_changes_nothing() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        result = run(check=True)
    assert (result["changed"], result["diff"]) == (True, DIFF)
    assert result["project"] == {**FACTS, "exists": False, "id": None}
    assert list(result["project"]) == list(FACTS)


def test_no_change_is_one_request() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        result = run()
    assert (result["changed"], result["project"]) == (False, FACTS)
    assert "diff" not in result
    assert "actions" not in result


def test_no_change_with_a_pinned_id_is_one_request() -> None:
    with conversation() as neon:
        neon.expect("GET", PATH, {"project": project()})
        assert run(id=PROJECT_ID)["changed"] is False


def test_what_the_list_does_not_say_is_read_from_the_project() -> None:
    short = {key: value for key, value in project().items() if key != "history_retention_seconds"}
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(short), query=SEARCH)
        neon.expect("GET", PATH, {"project": project()})
        assert run()["changed"] is False


def test_the_default_compute_is_read_from_the_project_if_the_list_does_not_say_it() -> None:
    sizes = {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2, "suspend_timeout_seconds": 0}
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        neon.expect("GET", PATH, {"project": project(default_endpoint_settings=sizes)})
        assert run(default_compute={"min_cu": 0.5, "max_cu": 2, "suspend_timeout_seconds": 300})["changed"] is False


def test_the_organization_goes_along() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project(org_id="org-1")), query={**SEARCH, "org_id": "org-1"})
        assert run(org_id="org-1")["project"]["org_id"] == "org-1"


def test_change() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        expect_mark(neon)
        body = {"project": {"history_retention_seconds": 604800}}
        neon.expect("PATCH", PATH, {"project": project(history_retention_seconds=604800), "operations": []}, body=body)
        neon.expect("GET", "/projects", listed(project(history_retention_seconds=604800)), query=SEARCH)
        result = run(history_retention_seconds=604800)
    assert (result["changed"], result["project"]["history_retention_seconds"]) == (True, 604800)
    assert result["diff"] == {
        "before": {"name": "shop", "history_retention_seconds": 86400},
        "after": {"name": "shop", "history_retention_seconds": 604800},
    }


def test_change_in_check_mode_shows_the_same() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        expect_mark(neon)
        result = run(check=True, history_retention_seconds=604800)
    assert (result["changed"], result["project"]) == (True, {**FACTS, "history_retention_seconds": 604800})


def test_a_change_that_the_provider_does_not_make_is_noticed() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        expect_mark(neon)
        neon.expect("PATCH", PATH, {"project": project(), "operations": []}, body={"project": {"history_retention_seconds": 604800}})
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        result = run(history_retention_seconds=604800)
    assert "still something to do: update project shop" in result["msg"]


def test_a_member_changes_nothing() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        result = run(history_retention_seconds=604800, ownership="member")
    assert result["failed"]
    assert "history_retention_seconds is 86400, declared is 604800" in result["msg"]


def test_absent() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        neon.expect("GET", f"{PATH}/branches", OURS, query=DEFAULT_SEARCH)
        neon.expect("GET", f"{PATH}/branches", OURS, query=ALL_BRANCHES)
        neon.expect("DELETE", PATH, {"project": project()})
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        result = run(state="absent", confirm_destroy="shop")
    assert (result["changed"], result["project"]["exists"], result["project"]["id"]) == (True, False, None)
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        neon.expect("GET", f"{PATH}/branches", OURS, query=DEFAULT_SEARCH)
        neon.expect("GET", f"{PATH}/branches", OURS, query=ALL_BRANCHES)
        checked = run(check=True, state="absent", confirm_destroy="shop")
    assert (checked["project"], checked["diff"]) == (result["project"], result["diff"])


@pytest.mark.parametrize("check", [True, False])
def test_a_project_of_somebody_else_is_not_deleted(check: bool) -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        neon.expect("GET", f"{PATH}/branches", {"branches": [branch(default=True)]}, query=DEFAULT_SEARCH)
        result = run(check=check, state="absent", confirm_destroy="shop")
    assert result["failed"] is True
    assert result["msg"].startswith("option adopt: project shop (quiet-sun-12345678) was found by its name, was not made by this collection")
    assert "would be deleted with all its branches and data" in result["msg"]


def test_a_project_of_somebody_else_is_deleted_once_it_is_adopted_or_pinned() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        neon.expect("GET", f"{PATH}/branches", OURS, query=ALL_BRANCHES)
        neon.expect("DELETE", PATH, {"project": project()})
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        assert run(state="absent", confirm_destroy="shop", adopt=True)["changed"] is True
    with conversation() as neon:
        neon.expect("GET", PATH, {"project": project()})
        neon.expect("GET", f"{PATH}/branches", OURS, query=ALL_BRANCHES)
        neon.expect("DELETE", PATH, {"project": project()})
        neon.expect("GET", PATH, refusal("not found"), status=404)
        assert run(state="absent", confirm_destroy="shop", id=PROJECT_ID)["changed"] is True


@pytest.mark.parametrize("check", [True, False])
def test_a_project_with_a_protected_branch_is_not_deleted(check: bool) -> None:
    """Neon refuses it, which a check has to know."""
    branches = [branch(default=True, protected=True), branch(id="br-2", name="audit", protected=True), branch(id="br-3", name="staging")]
    with conversation() as neon:
        neon.expect("GET", PATH, {"project": project()})
        neon.expect("GET", f"{PATH}/branches", {"branches": branches}, query=ALL_BRANCHES)
        result = run(check=check, state="absent", confirm_destroy="shop", id=PROJECT_ID)
    assert result["msg"] == (
        f"project shop ({PROJECT_ID}): a project with protected branches is not deleted, these are protected: audit, production. "
        "Declare them with protected: false first (neon_branch), and delete the project in a later task."
    )


def test_absent_already() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        assert run(state="absent")["changed"] is False
    with conversation() as neon:
        neon.expect("GET", PATH, refusal("not found"), status=404)
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        assert run(state="absent", id=PROJECT_ID)["changed"] is False


def test_absent_without_the_exact_name_is_refused() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        result = run(state="absent", confirm_destroy="sho")
    assert "set confirm_destroy: shop" in result["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_a_difference_that_cannot_be_changed_fails(check: bool) -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        result = run(check=check, region_id="aws-us-east-2")
    assert "region_id aws-eu-central-1, declared is aws-us-east-2" in result["msg"]


def test_two_projects_of_one_name_fail_naming_the_ids() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project(), project(id="p-2")), query=SEARCH)
        result = run()
    assert "their ids are p-2, quiet-sun-12345678. Pin the right one" in result["msg"]
    assert result["ids"] == ["p-2", PROJECT_ID]


def test_a_pinned_id_of_another_project_fails() -> None:
    with conversation() as neon:
        neon.expect("GET", PATH, {"project": project(name="other")})
        assert "is named 'other', declared is 'shop'" in run(id=PROJECT_ID)["msg"]


def test_a_pinned_id_that_is_gone_never_makes_a_project() -> None:
    with conversation() as neon:
        neon.expect("GET", PATH, refusal("project not found"), status=404)
        result = run(id=PROJECT_ID)
    assert result["msg"].startswith(f"option id ({PROJECT_ID}): ")
    assert "recovered" in result["msg"]


def test_nothing_is_made_while_absence_is_not_proven() -> None:
    with conversation() as neon:
        for _attempt in range(3):
            neon.expect("GET", "/projects", listed(unavailable_project_ids=["p-9"]), query=SEARCH)
        result = run()
    assert "could not show all projects" in result["msg"]


@pytest.mark.parametrize("end", [requests.exceptions.ReadTimeout(), requests.exceptions.ConnectionError("aborted")])
def test_a_lost_answer_is_looked_up_and_adopted(end: Exception) -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        neon.expect("POST", "/projects", end, body=REQUEST)
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        listing = {"operations": [operation("running"), operation("failed", id="op-0")]}
        neon.expect("GET", f"{PATH}/operations", listing, query={"limit": "100"})
        neon.expect("GET", f"{PATH}/operations/op-1", {"operation": operation()})
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        result = run()
        assert sum(request.method == "POST" for request in neon.requests) == 1
    assert (result["changed"], result["project"]) == (True, FACTS)


def test_a_request_that_was_lost_for_good_is_never_sent_twice() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        neon.expect("POST", "/projects", requests.exceptions.ReadTimeout(), body=REQUEST)
        for _look in range(5):
            neon.expect("GET", "/projects", listed(), query=SEARCH)
        result = run()
    assert "nobody knows whether Neon carried it out" in result["msg"]
    assert neon.clock.elapsed == 15


def test_a_plan_limit_is_explained() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        neon.expect("POST", "/projects", refusal("limit reached", "PROJECTS_LIMIT_EXCEEDED"), body=REQUEST, status=422)
        result = run()
    for text in ("HTTP 422, code PROJECTS_LIMIT_EXCEEDED: limit reached (request id req-42)", "larger plan"):
        assert text in result["msg"]
    assert result["neon_error"]["code"] == "PROJECTS_LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"api_key": ""}, "there is no Neon API key"),
        ({"api_host": "http://console.neon.tech/api/v2"}, "plain http to console.neon.tech is refused"),
        ({"api_host": ""}, "NEON_API_HOST): it is empty"),
        ({"timeout": 0}, "option timeout"),
        ({"name": ""}, "option name"),
    ],
)
def test_wrong_options_ask_nothing(more: dict[str, t.Any], text: str) -> None:
    with conversation():
        result = run(**more)
    assert text in result["msg"]
    assert "exception" not in result


def test_the_environment_fills_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEON_API_KEY", KEY)
    monkeypatch.setenv("NEON_API_HOST", "https://console.neon.tech/api/v2")
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        result = run_module(neon_project, {"name": "shop"})
    assert result["changed"] is False
    assert KEY not in str(result)


def test_a_failed_operation_fails_the_task() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        neon.expect("POST", "/projects", created(operation("running")), body=REQUEST, status=201)
        neon.expect("GET", f"{PATH}/operations/op-1", {"operation": operation("failed", error="no capacity")})
        result = run()
    assert "ended as failed" in result["msg"]
    assert "no capacity" in result["msg"]
    assert SECRET not in str(result)
