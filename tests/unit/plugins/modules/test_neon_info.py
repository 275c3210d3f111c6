# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_info: every request, every answer and every result."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_conversation import (
    BRANCH_ID,
    ENDPOINT_ID,
    HOST_NAME,
    KEY,
    OTHER_BRANCH_ID,
    PROJECT_ID,
    Conversation,
    branch,
    conversation,
    database,
    endpoint,
    operation,
    options,
    project,
    refusal,
    role,
)

from ansible_collections.dbinfra.postgres.plugins.modules import neon_info

PATH = f"/projects/{PROJECT_ID}"
ALL = {"limit": "400"}
PAGE = {"limit": "1000", "sort_by": "created_at", "sort_order": "asc"}
SECRET = "npg_password_of_the_owner"
# The clock of the conversation begins here.
NOW = "2023-11-14T22:13:20Z"
LATER = 1_800_000_000.0  # 2027-01-15T08:00:00Z


def listed(*projects: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {"projects": list(projects), "pagination": {"cursor": "c"}, **more}


def run(**wish: t.Any) -> dict[str, t.Any]:
    result = run_module(neon_info, options(**wish))
    assert result["changed"] is False if "changed" in result else result["failed"]
    return result


def test_projects_branches_and_computes_are_three_requests() -> None:
    production, staging = branch(default=True), branch(id=OTHER_BRANCH_ID, name="staging", created_by={"name": "somebody"})
    marks = {OTHER_BRANCH_ID: {"object": {}, "value": {"managed_by": "dbinfra.postgres"}}}
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project(settings={"allowed_ips": {"ips": ["10.0.0.1"]}, "a_new_one": 1})), query=ALL)
        neon.expect("GET", f"{PATH}/branches", {"branches": [production, staging], "annotations": marks}, query=PAGE)
        neon.expect("GET", f"{PATH}/endpoints", {"endpoints": [endpoint(last_active=NOW)]})
        result = run()
    assert sorted(key for key in result if key not in ("invocation", "changed", "warnings")) == [
        "branches",
        "complete",
        "computes",
        "projects",
        "unavailable_project_ids",
    ]
    (shown,) = result["projects"]
    assert (shown["id"], shown["history_retention_seconds"], shown["org_id"]) == (PROJECT_ID, 86400, None)
    assert shown["settings"]["allowed_ips"] == {"ips": ["10.0.0.1"]}
    assert shown["settings"]["quota"] is None
    assert [(item["name"], item["default"], item["managed"]) for item in result["branches"]] == [
        ("production", True, False),
        ("staging", False, True),
    ]
    (compute,) = result["computes"]
    assert (compute["id"], compute["branch_id"], compute["host"], compute["state"]) == (ENDPOINT_ID, BRANCH_ID, HOST_NAME, "idle")
    assert compute["pooled_host"] == HOST_NAME.replace(ENDPOINT_ID, f"{ENDPOINT_ID}-pooler")
    for kind in ("projects", "branches", "computes"):
        assert not [item for item in result[kind] if "a_new_field" in item or "a_new_one" in item or "created_by" in item]
    assert KEY not in str(result)


def test_everything_below_a_branch_is_shown_without_secrets() -> None:
    snapshot = {"id": "snap-1", "name": "dbinfra-x", "created_at": NOW, "source_branch_id": BRANCH_ID}
    with conversation() as neon:
        neon.expect("GET", PATH, {"project": project()})
        neon.expect("GET", f"{PATH}/branches", {"branches": [branch()]}, query=PAGE)
        neon.expect("GET", f"{PATH}/branches/{BRANCH_ID}/roles", {"roles": [role(password=SECRET)]})
        neon.expect("GET", f"{PATH}/branches/{BRANCH_ID}/databases", {"databases": [database()]})
        operations = [operation(branch_id=BRANCH_ID, error="cannot reach postgresql://o:npg_pw@h/d")]
        neon.expect("GET", f"{PATH}/operations", {"operations": operations}, query={"limit": "1000"})
        neon.expect("GET", f"{PATH}/snapshots", {"snapshots": [snapshot]})
        result = run(project_id=PROJECT_ID, gather=["roles", "databases", "operations", "snapshots"])
    where = {"project_id": PROJECT_ID, "branch_id": BRANCH_ID}
    assert result["roles"] == [{"name": "shop_owner", **where, "protected": False}]
    assert result["databases"] == [{"name": "shop", "owner_name": "shop_owner", **where}]
    assert [(item["id"], item["status"], item["branch_id"]) for item in result["operations"]] == [("op-1", "finished", BRANCH_ID)]
    assert [item["error"] for item in result["operations"]] == ["cannot reach postgresql://o:********@h/d"]
    assert [(item["id"], item["name"], item["expires_at"]) for item in result["snapshots"]] == [("snap-1", "dbinfra-x", None)]
    assert "branches" not in result
    assert SECRET not in str(result)


def test_names_are_exact() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project(id="p-2", name="shop-2"), project(), project(id="p-3")), query={**ALL, "search": "shop"})
        assert [item["id"] for item in run(name="shop", gather=["projects"])["projects"]] == [PROJECT_ID, "p-3"]
    with conversation() as neon:
        neon.expect("GET", PATH, {"project": project()})
        assert run(project_id=PROJECT_ID, name="shop-2", gather=["projects"])["projects"] == []
    with conversation() as neon:
        neon.expect("GET", PATH, {"project": project()})
        page = {"branches": [branch(name="staging-2"), branch(id=OTHER_BRANCH_ID, name="staging")]}
        neon.expect("GET", f"{PATH}/branches", page, query={**PAGE, "search": "staging"})
        other = endpoint(id="ep-2", branch_id=OTHER_BRANCH_ID)
        neon.expect("GET", f"{PATH}/endpoints", {"endpoints": [endpoint(), other]})
        operations = [operation(branch_id=BRANCH_ID), operation(id="op-2", branch_id=OTHER_BRANCH_ID), operation(id="op-3")]
        neon.expect("GET", f"{PATH}/operations", {"operations": operations}, query={"limit": "1000"})
        result = run(project_id=PROJECT_ID, branch="staging", gather=["branches", "computes", "operations"])
    assert [item["id"] for kind in ("branches", "computes", "operations") for item in result[kind]] == [OTHER_BRANCH_ID, "ep-2", "op-2"]


def test_what_is_not_there_is_nothing_else() -> None:
    with conversation(wall=LATER) as neon:
        neon.expect("GET", PATH, refusal("project not found"), status=404)
        result = run(project_id=PROJECT_ID)
    assert (result["projects"], result["branches"], result["computes"]) == ([], [], [])
    with conversation(wall=LATER) as neon:
        neon.expect("GET", PATH, {"project": project(org_id="org-1")})
        neon.expect("GET", f"{PATH}/branches", {"branches": [branch(name="production", default=True)]}, query={**PAGE, "search": "prod"})
        result = run(project_id=PROJECT_ID, branch="prod", gather=["branches", "computes", "roles", "snapshots", "consumption"])
    assert [result[kind] for kind in ("branches", "computes", "roles", "snapshots", "consumption")] == [[]] * 5


def test_all_pages_are_read() -> None:
    with conversation() as neon:
        neon.expect("GET", PATH, {"project": project()})
        neon.expect("GET", f"{PATH}/branches", {"branches": [branch()], "pagination": {"next": "n"}}, query=PAGE)
        neon.expect("GET", f"{PATH}/branches", {"branches": [branch(id="br-3", name="x")]}, query={**PAGE, "cursor": "n"})
        page = [operation(id=f"op-{number}") for number in range(1000)]
        neon.expect("GET", f"{PATH}/operations", {"operations": page, "pagination": {"cursor": "c"}}, query={"limit": "1000"})
        last = {"operations": [operation(id="op-last")], "pagination": {"cursor": "d"}}
        neon.expect("GET", f"{PATH}/operations", last, query={"limit": "1000", "cursor": "c"})
        result = run(project_id=PROJECT_ID, gather=["branches", "operations"])
    assert (len(result["branches"]), len(result["operations"])) == (2, 1001)


def test_a_list_of_operations_that_does_not_end_is_an_error() -> None:
    page = {"operations": [operation(id=f"op-{number}") for number in range(1000)], "pagination": {"cursor": "c"}}
    with conversation() as neon:
        neon.expect("GET", PATH, {"project": project()})
        neon.expect("GET", f"{PATH}/operations", page, query={"limit": "1000"})
        neon.expect("GET", f"{PATH}/operations", page, query={"limit": "1000", "cursor": "c"})
        assert "the same page was answered twice" in run(project_id=PROJECT_ID, gather=["operations"])["msg"]


def test_a_partial_list_of_projects_says_what_is_missing() -> None:
    with conversation(wall=LATER) as neon:
        for _attempt in range(3):
            neon.expect("GET", "/projects", listed(project(), unavailable_project_ids=["p-9"]), query=ALL)
        result = run(gather=["projects"])
    assert [item["id"] for item in result["projects"]] == [PROJECT_ID]
    assert (result["complete"], result["unavailable_project_ids"]) == (False, ["p-9"])
    assert ["p-9" in warning for warning in result["warnings"]] == [True]


def consumption(*ids: str, **more: t.Any) -> dict[str, t.Any]:
    frame = {"timeframe_start": "2027-01-14T00:00:00Z", "timeframe_end": "2027-01-15T00:00:00Z"}
    metrics = [{"metric_name": "compute_unit_seconds", "value": 7}, {"metric_name": "a_new_metric", "value": 1}]
    periods = [{"period_id": "x", "period_plan": "scale", "period_start": "2027-01-01T00:00:00Z", "consumption": [{**frame, "metrics": metrics}]}]
    return {"projects": [{"project_id": project_id, "periods": periods} for project_id in ids], **more}


def expect_consumption(neon: Conversation, answer: t.Any, kind: str = "projects", status: int = 200, **query: t.Any) -> None:
    usual = {
        "org_id": "org-1",
        "project_ids": PROJECT_ID,
        "from": "2026-12-16T08:00:00Z",
        "to": "2027-01-15T08:00:00Z",
        "granularity": "daily",
        "metrics": "compute_unit_seconds",
        "limit": "100",
    }
    neon.expect("GET", f"/consumption_history/v2/{kind}", answer, query={**usual, **query}, status=status)


def test_consumption_of_the_last_thirty_days() -> None:
    with conversation(wall=LATER) as neon:
        neon.expect("GET", PATH, {"project": project(org_id="org-1")})
        expect_consumption(neon, consumption(PROJECT_ID, pagination={"cursor": PROJECT_ID}))
        result = run(project_id=PROJECT_ID, gather=["consumption"], consumption={"metrics": ["compute_unit_seconds"]})
    frame = {
        "start": "2027-01-14T00:00:00Z",
        "end": "2027-01-15T00:00:00Z",
        "plan": "scale",
        "metrics": {"compute_unit_seconds": 7, "a_new_metric": 1},
    }
    assert result["consumption"] == [{"project_id": PROJECT_ID, "timeframes": [frame]}]


def test_consumption_of_many_projects_is_one_request_for_a_hundred() -> None:
    ids = [f"p-{number}" for number in range(101)]
    with conversation(wall=LATER) as neon:
        neon.expect("GET", "/projects", listed(*(project(id=project_id) for project_id in ids)), query={**ALL, "org_id": "org-1"})
        # A full page is followed by another one, which is empty.
        expect_consumption(neon, consumption(*ids[:100], pagination={"cursor": "c"}), project_ids=",".join(ids[:100]))
        expect_consumption(neon, consumption(), project_ids=",".join(ids[:100]), cursor="c")
        expect_consumption(neon, consumption(ids[100]), project_ids=ids[100])
        result = run(org_id="org-1", gather=["consumption"], consumption={"metrics": ["compute_unit_seconds"]})
    assert [item["project_id"] for item in result["consumption"]] == ids


def test_consumption_of_a_branch() -> None:
    answer = {"branches": [{"project_id": PROJECT_ID, "branch_id": BRANCH_ID, "periods": []}]}
    with conversation(wall=LATER) as neon:
        neon.expect("GET", PATH, {"project": project(org_id="org-1")})
        neon.expect("GET", f"{PATH}/branches", {"branches": [branch()]}, query={**PAGE, "search": "production"})
        times = {"from": "2027-01-14T08:00:00Z", "granularity": "hourly", "limit": "1000", "branch_ids": BRANCH_ID}
        expect_consumption(neon, answer, "branches", **times)
        wish = {"granularity": "hourly", "per": "branch", "metrics": ["compute_unit_seconds"]}
        result = run(project_id=PROJECT_ID, branch="production", gather=["consumption"], consumption=wish)
    assert result["consumption"] == [{"project_id": PROJECT_ID, "branch_id": BRANCH_ID, "timeframes": []}]


@pytest.mark.parametrize(("status", "text"), [(403, "needs a paid plan"), (406, "a coarser granularity")])
def test_a_refused_consumption_is_explained(status: int, text: str) -> None:
    with conversation(wall=LATER) as neon:
        neon.expect("GET", PATH, {"project": project(org_id="org-1")})
        expect_consumption(neon, refusal("no"), status=status)
        assert text in run(project_id=PROJECT_ID, gather=["consumption"], consumption={"metrics": ["compute_unit_seconds"]})["msg"]


def test_consumption_outside_of_an_organization_is_explained() -> None:
    with conversation(wall=LATER) as neon:
        neon.expect("GET", PATH, {"project": project()})
        assert "which organization" in run(project_id=PROJECT_ID, gather=["consumption"])["msg"]


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"from": "2027-01-08T07:59:00Z", "granularity": "hourly"}, "hourly consumption of the last 168 hours"),
        ({"from": "2026-11-16T07:00:00Z"}, "daily consumption of the last 60 days"),
        ({"from": "2026-01-01T00:00:00Z", "granularity": "monthly"}, "monthly consumption of the last year"),
        ({"from": "2027-01-15T00:00:00Z", "to": "2027-01-15T00:00:00Z"}, "Give a from before to"),
        ({"from": "yesterday"}, "option consumption.from"),
        ({"to": "2027-01-15T00:00:00"}, "has no zone"),
        ({"metrics": []}, "it is an empty list"),
        ({"metrics": ["cpu"]}, "there are no such metrics: cpu"),
        ({"metrics": ["extra_branches_month"], "per": "branch"}, "of whole projects only"),
        ({"granularity": "weekly"}, "hourly, daily, monthly"),
    ],
)
def test_a_wrong_range_or_metric_asks_nothing(wish: dict[str, t.Any], text: str) -> None:
    with conversation(wall=LATER):
        result = run(gather=["consumption"], consumption=wish)
    assert text in result["msg"]
    assert "exception" not in result


@pytest.mark.parametrize("option", ["project_id", "org_id"])
def test_an_empty_id_is_no_id(option: str) -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=ALL)
        assert [item["id"] for item in run(gather=["projects"], **{option: ""})["projects"]] == [PROJECT_ID]


@pytest.mark.parametrize("text", ["", " "])
@pytest.mark.parametrize(("option", "kind"), [("name", "projects"), ("branch", "branches")])
def test_an_empty_name_asks_nothing(option: str, kind: str, text: str) -> None:
    with conversation():
        result = run(**{option: text})
    assert f"option {option}: it is empty. An unset variable gives that, and no {kind} can have such a name." in result["msg"]
    assert f"or leave the option out for all {kind}" in result["msg"]


def test_a_wrong_kind_asks_nothing() -> None:
    with conversation():
        assert "gather" in run(gather=["passwords"])["msg"]


@pytest.mark.parametrize("broken", [{"status": 503}, {"status": 429, "headers": {"Retry-After": "3"}}, {"status": 502}])
def test_a_read_is_repeated(broken: dict[str, t.Any]) -> None:
    with conversation() as neon:
        neon.expect("GET", PATH, refusal("busy"), **broken)
        neon.expect("GET", PATH, requests.exceptions.ReadTimeout())
        neon.expect("GET", PATH, {"project": project()})
        assert len(run(project_id=PROJECT_ID, gather=["projects"])["projects"]) == 1
