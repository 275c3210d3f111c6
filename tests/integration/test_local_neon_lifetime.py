# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How branches and projects of the local Neon end and come back: expiration, deletion, recovery, archive. All by the emulator's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from integration.local_neon_project import Project, eventually, query, refusal

from emulators.fixtures import running_neon

DAY = 86_400
# Moving the clock must not make computes idle: their suspension would lock the project.
NEVER_IDLE = {"suspend_timeout_seconds": -1}


@pytest.fixture(scope="module")
def neon():
    """An instance of its own: its clock is moved."""
    with running_neon() as instance:
        yield instance


@pytest.fixture
def project(neon):
    made = Project(neon, default_endpoint_settings=NEVER_IDLE)
    yield made
    neon.call("PATCH", made.branch, {"branch": {"protected": False}})
    neon.call("DELETE", made.path)


def ahead(neon, **delta):
    """A time so far ahead of the emulator's clock, in the API's form."""
    now = neon.now()
    return (now + timedelta(**delta)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(project, **parameters):
    """Names of the project's branches, as the list shows them."""
    query_text = "&".join(f"{name}={value}" for name, value in parameters.items())
    return {branch["name"]: branch for branch in project.neon.get(f"{project.path}/branches?{query_text}")["branches"]}


def gone(project, path):
    """Whether the object is no longer there."""
    return project.neon.call("GET", path).status == 404


# --- expiration


def test_a_branch_expires_by_the_clock_and_keeps_nothing_locked(neon, project):
    body = {"branch": {"name": "pr-1", "expires_at": ahead(neon, hours=2)}, "endpoints": [{"type": "read_write"}]}
    made = neon.post(f"{project.path}/branches", body)["branch"]
    path = f"{project.path}/branches/{made['id']}"
    assert made["expires_at"] == body["branch"]["expires_at"]
    assert 7190 <= made["ttl_interval_seconds"] <= 7200
    uri = project.uri(path)
    assert query(neon, uri, "SELECT 1") == [(1,)]
    neon.advance_clock(7100)
    assert neon.get(path)["branch"]["current_state"] == "ready"
    neon.advance_clock(200)
    eventually(lambda: gone(project, path))
    assert "could not be found" in refusal(neon, uri)
    recovery = listed(project, include_deleted="true")["pr-1"]["recovery"]
    assert recovery["deletion_method"] == "ttl"
    assert "pr-1" not in listed(project)


def test_an_expiration_is_moved_and_cleared(neon, project):
    path = project.add_branch("pr-2", endpoint=False, expires_at=ahead(neon, hours=1))
    later = ahead(neon, days=2)
    moved = neon.change("PATCH", path, {"branch": {"expires_at": later}})["branch"]
    assert moved["expires_at"] == later
    assert moved["ttl_interval_seconds"] > 2 * DAY - 60
    renamed = neon.change("PATCH", path, {"branch": {"name": "pr-2b"}})["branch"]
    assert (renamed["expires_at"], renamed["ttl_interval_seconds"]) == (later, moved["ttl_interval_seconds"])
    cleared = neon.change("PATCH", path, {"branch": {"expires_at": None}})["branch"]
    assert not cleared.keys() & {"expires_at", "ttl_interval_seconds"}
    neon.advance_clock(3 * DAY)
    other = project.add_branch("pr-3", endpoint=False, expires_at=ahead(neon, seconds=5))
    neon.advance_clock(10)
    eventually(lambda: gone(project, other))  # the background job has been there
    assert neon.get(path)["branch"]["name"] == "pr-2b"


def test_what_must_stay_does_not_expire_and_what_expires_has_no_children(neon, project):
    soon = ahead(neon, hours=1)
    create = f"{project.path}/branches"
    project.refused("PATCH", project.branch, 422, "default branch", body={"branch": {"expires_at": soon}})
    project.refused("POST", create, 422, "protected", body={"branch": {"name": "x", "protected": True, "expires_at": soon}})
    project.refused("POST", create, 400, "30 days", body={"branch": {"name": "x", "expires_at": ahead(neon, days=30, minutes=1)}})
    project.refused("POST", create, 400, "future", body={"branch": {"name": "x", "expires_at": ahead(neon, minutes=-1)}})
    parent = project.add_branch("parent", endpoint=False)
    parent_id = parent.rsplit("/", 1)[1]
    child = project.add_branch("child", endpoint=False, parent_id=parent_id, expires_at=soon)
    child_id = child.rsplit("/", 1)[1]
    project.refused("PATCH", parent, 422, "child branches", body={"branch": {"expires_at": soon}})
    project.refused("PATCH", child, 422, "protected", body={"branch": {"protected": True}})
    project.refused("POST", f"{child}/set_as_default", 422, "default")
    project.refused("POST", create, 422, "cannot have child branches", body={"branch": {"name": "x", "parent_id": child_id}})
    project.add_branch("a-copy", endpoint=False, parent_id=child_id, init_source="schema-only")
    assert set(listed(project)) == {"main", "parent", "child", "a-copy"}


def test_an_expired_branch_waits_for_the_projects_other_work(neon, project):
    path = project.add_branch("pr-4", endpoint=False, expires_at=ahead(neon, hours=1))
    neon.call("POST", f"{project.path}/branches", {"branch": {"name": "busy"}})
    neon.advance_clock(2 * 3600)
    eventually(lambda: gone(project, path))
    eventually(lambda: listed(project)["busy"]["current_state"] == "ready")


# --- deletion and recovery


def test_a_deleted_branch_comes_back_with_its_rows_and_its_connection_string(neon, project):
    path = project.add_branch("dev", expires_at=ahead(neon, days=20))
    branch_id, uri = path.rsplit("/", 1)[1], project.uri(path)
    query(neon, uri, "CREATE TABLE kept AS SELECT 42 AS answer")
    neon.change("DELETE", path)
    assert gone(project, path)
    assert neon.call("DELETE", path).status == 204
    assert "could not be found" in refusal(neon, uri)
    deleted = listed(project, include_deleted="true", search="dev")["dev"]["recovery"]
    assert deleted["deletion_method"] == "user"
    assert datetime.fromisoformat(deleted["recoverable_until"]) - datetime.fromisoformat(deleted["deleted_at"]) == timedelta(days=7)

    taker = project.add_branch("dev", endpoint=False)  # the name is free
    project.refused("POST", f"{path}/recover", 409, "already exists")
    neon.change("PATCH", taker, {"branch": {"name": "taker"}})
    answer = neon.post(f"{path}/recover")
    assert (answer["branch"]["id"], answer["branch"]["name"]) == (branch_id, "dev")
    assert not answer["branch"].keys() & {"expires_at", "recovery"}
    assert [endpoint["current_state"] for endpoint in answer["endpoints"]] == ["idle"]
    assert query(neon, uri, "SELECT answer FROM kept") == [(42,)]
    project.refused("POST", f"{path}/recover", 404)


def test_a_branch_without_its_parent_does_not_come_back(neon, project):
    parent = project.add_branch("parent", endpoint=False)
    child = project.add_branch("child", endpoint=False, parent_id=parent.rsplit("/", 1)[1])
    neon.change("DELETE", child)
    neon.change("DELETE", parent)
    project.refused("POST", f"{child}/recover", 422, "parent")
    neon.post(f"{parent}/recover")
    neon.post(f"{child}/recover")
    assert set(listed(project)) == {"main", "parent", "child"}


def test_a_hard_delete_leaves_nothing_to_recover(neon, project):
    path = project.add_branch("dev", endpoint=False)
    neon.change("DELETE", f"{path}?hard_delete=true")
    project.refused("POST", f"{path}/recover", 404)
    assert set(listed(project, include_deleted="true")) == {"main"}


def test_a_deleted_project_comes_back_and_a_week_later_it_does_not(neon):
    project = Project(neon, default_endpoint_settings=NEVER_IDLE)
    path, uri = project.path, project.uri()
    other = project.add_branch("other", endpoint=False)
    query(neon, uri, "CREATE TABLE kept AS SELECT 42 AS answer")
    neon.change("DELETE", path)
    assert neon.call("GET", path).status == 404
    eventually(lambda: "could not be found" in refusal(neon, uri))

    def recoverable():
        return {item["id"]: item for item in neon.get("/projects?recoverable=true&limit=400")["projects"]}

    assert project.id not in {item["id"] for item in neon.get("/projects?limit=400")["projects"]}
    item = recoverable()[project.id]
    assert datetime.fromisoformat(item["recoverable_until"]) - datetime.fromisoformat(item["deleted_at"]) == timedelta(days=7)
    answer = eventually(lambda: (found := neon.call("POST", f"{path}/recover")).status != 423 and found)
    assert answer.status == 200
    assert {branch["name"] for branch in answer.body["branches"]} == {"main", "other"}
    assert query(neon, uri, "SELECT answer FROM kept") == [(42,)]

    neon.change("DELETE", other)
    neon.change("DELETE", path)
    neon.advance_clock(6 * DAY)
    assert project.id in recoverable()
    neon.advance_clock(DAY + 1)
    eventually(lambda: project.id not in recoverable())
    assert neon.call("POST", f"{path}/recover").status == 404


def test_a_week_later_a_deleted_branch_is_gone_for_good(neon, project):
    path = project.add_branch("dev", endpoint=False)
    neon.change("DELETE", path)
    neon.advance_clock(7 * DAY + 1)
    eventually(lambda: set(listed(project, include_deleted="true")) == {"main"})
    project.refused("POST", f"{path}/recover", 404)


# --- archive


def test_an_archived_branch_is_unarchived_by_its_first_client(neon, project):
    query(neon, project.uri(), "CREATE TABLE t AS SELECT 1 AS n")
    path = project.add_branch("cold", archived=True)
    assert neon.get(path)["branch"]["current_state"] == "archived"
    (endpoint,) = neon.get(f"{path}/endpoints")["endpoints"]
    assert endpoint["current_state"] == "idle"
    assert query(neon, project.uri(path), "SELECT n FROM t") == [(1,)]
    assert neon.get(path)["branch"]["current_state"] == "ready"
    project.refused("POST", f"{project.path}/branches", 422, "protected", body={"branch": {"name": "x", "archived": True, "protected": True}})
