# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local Neon's API over its real data plane: what it answers, refuses, locks, and what of it can be seen through SQL."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
from integration.local_neon_project import Project, connect, query, refusal


@pytest.fixture
def project(local_neon):
    made = Project(local_neon)
    yield made
    local_neon.call("PATCH", made.branch, {"branch": {"protected": False}})
    local_neon.call("DELETE", made.path)


@pytest.fixture(scope="module")
def kept(local_neon):
    """A project for tests that leave it as it was."""
    return Project(local_neon)


# --- keys, unknown things, contract


@pytest.mark.parametrize("key", ["", "wrong"])
def test_without_the_right_key_nothing_is_answered(local_neon, key):
    answer = local_neon.call("GET", "/projects", key=key)
    assert answer.status == 401
    assert answer.body.keys() == {"request_id", "code", "message"}


def test_what_is_not_offered_says_so(local_neon, kept):
    if local_neon.validation()["validation"] == "skipped":
        pytest.skip(f"contract validation skipped: {local_neon.validation()['reason']}")
    kept.refused("GET", f"{kept.path}/permissions", 501, "does not offer GET /projects/{project_id}/permissions")


def test_a_misspelt_field_is_a_violation_of_the_client(local_neon, kept):
    with local_neon.expect_violations() as violations:
        kept.refused("POST", f"{kept.path}/branches", 400, "brunch", body={"brunch": {"name": "x"}})
    assert [violation["side"] for violation in violations] == ["request"]


@pytest.mark.parametrize("path", ["", "/branches/br-no-such-1", "/endpoints/ep-no-such-1", "/operations/00000000-0000-4000-8000-000000000000"])
def test_what_does_not_exist_answers_404(local_neon, kept, path):
    base = kept.path if path else "/projects/no-such-project-1"
    kept.refused("GET", base + path, 404, "not found")


def test_known_deviations_are_served_with_the_contracts_version(local_neon):
    answer = local_neon.get("/_local/deviations")
    assert answer["validation"] == local_neon.validation()["validation"]
    ids = [item["id"] for item in answer["deviations"]]
    assert {"pooled-channel-binding", "port-in-uri", "own-ca"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert all(item["text"] and item["subject"] and item["kind"] in ("limit", "order", "unverified") for item in answer["deviations"])


def test_the_account_can_be_read(local_neon):
    assert local_neon.get("/users/me")["plan"]
    (organization,) = local_neon.get("/users/me/organizations")["organizations"]
    assert local_neon.get(f"/projects?org_id={organization['id']}")["projects"] is not None
    assert local_neon.call("GET", "/projects?org_id=org-other-1").status == 404
    assert local_neon.get("/projects/shared")["projects"] == []
    assert sum(region["default"] for region in local_neon.get("/regions")["regions"]) == 1


# --- projects


def test_a_project_is_made_as_asked_for(local_neon):
    made = Project(
        local_neon,
        branch={"name": "production", "role_name": "app_owner", "database_name": "app", "annotations": {"managed_by": "test"}},
        default_endpoint_settings={"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2, "suspend_timeout_seconds": -1},
        history_retention_seconds=3600,
        settings={"allowed_ips": {"ips": ["192.0.2.1", "127.0.0.0/8", "::1"], "protected_branches_only": False}},
    )
    assert [role["name"] for role in made.created["roles"]] == ["app_owner"]
    assert [(item["name"], item["owner_name"]) for item in made.created["databases"]] == [("app", "app_owner")]
    endpoint = local_neon.get(made.endpoint)["endpoint"]
    assert (endpoint["autoscaling_limit_min_cu"], endpoint["autoscaling_limit_max_cu"], endpoint["suspend_timeout_seconds"]) == (0.5, 2, -1)
    project = local_neon.get(made.path)["project"]
    assert (project["history_retention_seconds"], project["settings"]["allowed_ips"]["ips"][0]) == (3600, "192.0.2.1")
    answer = local_neon.get(made.branch)
    assert answer["annotation"]["value"] == {"managed_by": "test"}
    assert answer["branch"]["default"] is True
    uri = made.created["connection_uris"][0]["connection_uri"]
    assert query(local_neon, uri, "select current_user, current_database()") == [("app_owner", "app")]
    changed = local_neon.change("PATCH", made.path, {"project": {"name": "renamed", "history_retention_seconds": 7200, "settings": {"hipaa": False}}})
    assert (changed["project"]["name"], changed["project"]["history_retention_seconds"]) == ("renamed", 7200)
    assert changed["project"]["settings"]["allowed_ips"]["ips"] == ["192.0.2.1", "127.0.0.0/8", "::1"]
    local_neon.change("DELETE", made.path)
    assert local_neon.call("GET", made.path).status == 404
    while "could not be found" not in refusal(local_neon, uri):  # the compute ends in the background
        time.sleep(0.05)


def test_an_unnamed_project_is_named_by_its_id_and_names_are_not_unique(local_neon):
    unnamed = local_neon.post("/projects", {"project": {}})["project"]
    assert unnamed["name"] == unnamed["id"]
    twins = [local_neon.post("/projects", {"project": {"name": "twin"}})["project"]["id"] for _again in range(2)]
    found = local_neon.get("/projects?search=twin")["projects"]
    assert sorted(project["id"] for project in found) == sorted(twins)
    for project_id in [unnamed["id"], *twins]:
        local_neon.change("DELETE", f"/projects/{project_id}")


@pytest.mark.parametrize(
    ("fields", "status", "word"),
    [
        ({"pg_version": 16}, 422, "pg_version 16"),
        ({"region_id": "aws-nowhere-1"}, 400, "aws-nowhere-1"),
        ({"org_id": "org-other-1"}, 404, "org-other-1"),
        ({"default_endpoint_settings": {"autoscaling_limit_min_cu": 2, "autoscaling_limit_max_cu": 1}}, 400, "autoscaling_limit_min_cu (2)"),
        ({"default_endpoint_settings": {"suspend_timeout_seconds": 30}}, 400, "30 is not allowed"),
        ({"branch": {"role_name": "neon_superuser"}}, 400, "neon_superuser is reserved"),
        ({"branch": {"database_name": "postgres"}}, 400, "postgres is reserved"),
    ],
)
def test_a_project_the_service_would_not_make_is_refused(local_neon, kept, fields, status, word):
    before = len(local_neon.get("/projects?limit=400")["projects"])
    kept.refused("POST", "/projects", status, word, body={"project": fields})
    assert len(local_neon.get("/projects?limit=400")["projects"]) == before


# --- paging


def test_projects_come_in_pages_of_ten_unless_told(local_neon):
    made = [local_neon.call("POST", "/projects", {"project": {"name": "paged"}}) for _number in range(12)]
    for answer in made:
        local_neon.wait(answer)
    ids = {answer.body["project"]["id"] for answer in made}
    first = local_neon.get("/projects?search=paged")
    assert len(first["projects"]) == 10
    second = local_neon.get(f"/projects?search=paged&cursor={first['pagination']['cursor']}")
    assert {project["id"] for project in first["projects"] + second["projects"]} == ids
    third = local_neon.get(f"/projects?search=paged&cursor={second['pagination']['cursor']}")
    assert third["projects"] == []
    assert "pagination" not in third
    for project_id in ids:
        local_neon.change("DELETE", f"/projects/{project_id}")


def test_branches_can_be_paged_searched_sorted_and_counted(local_neon, project):
    names = ["delta", "alpha", "charlie", "bravo"]
    for name in names:
        project.add_branch(name, endpoint=False)
    seen, path = [], f"{project.path}/branches?sort_by=name&sort_order=asc&limit=2"
    cursor = ""
    while True:
        page = local_neon.get(path + cursor)
        seen += [branch["name"] for branch in page["branches"]]
        if "next" not in page["pagination"]:
            break
        cursor = f"&cursor={page['pagination']['next']}"
    assert seen == ["alpha", "bravo", "charlie", "delta", "main"]
    newest_first = [branch["name"] for branch in local_neon.get(f"{project.path}/branches")["branches"]]
    assert newest_first == ["bravo", "charlie", "alpha", "delta", "main"]
    assert local_neon.get(f"{project.path}/branches/count")["count"] == 5
    assert local_neon.get(f"{project.path}/branches/count?search=alph")["count"] == 1


def test_operations_are_listed_newest_first_in_pages(local_neon, project):
    everything = local_neon.get(f"{project.path}/operations")["operations"]
    assert [operation["action"] for operation in everything] == ["start_compute", "create_timeline"]
    first = local_neon.get(f"{project.path}/operations?limit=1")
    second = local_neon.get(f"{project.path}/operations?limit=1&cursor={first['pagination']['cursor']}")
    assert first["operations"] + second["operations"] == everything


# --- operations


def test_operations_take_time_and_lock_the_project_meanwhile(local_neon, project):
    answer = local_neon.call("POST", f"{project.branch}/roles", {"role": {"name": "worker"}})
    (operation,) = answer.body["operations"]
    assert (operation["action"], operation["status"]) == ("apply_config", "scheduling")
    project.refused("POST", f"{project.branch}/roles", 423, "conflicting operations", body={"role": {"name": "other"}})
    project.refused("PATCH", project.path, 423, body={"project": {"name": "other"}})
    project.refused("POST", f"{project.path}/branches", 423, body={"branch": {"name": "other"}})
    project.refused("DELETE", project.path, 423)
    assert local_neon.get(project.path)["project"]["id"] == project.id
    local_neon.wait(answer)
    finished = local_neon.get(f"{project.path}/operations/{operation['id']}")["operation"]
    assert finished["status"] == "finished"
    assert finished["total_duration_ms"] >= 100
    assert [role["name"] for role in local_neon.get(f"{project.branch}/roles")["roles"]] == ["neondb_owner", "worker"]


def test_another_project_is_not_locked(local_neon, project, kept):
    answer = local_neon.call("POST", f"{project.branch}/roles", {"role": {"name": "worker"}})
    assert local_neon.call("PATCH", kept.path, {"project": {"name": "kept"}}).status == 200
    local_neon.wait(answer)


# --- branches


def test_a_child_has_its_parents_data_and_goes_its_own_way(local_neon, project):
    query(local_neon, project.uri(), "create table t as select 1 as n")
    child = project.add_branch("child", protected=False)
    shape = local_neon.get(child)["branch"]
    assert shape["parent_id"] == project.branch.rsplit("/", 1)[1]
    assert (shape["current_state"], shape["init_source"]) == ("ready", "parent-data")
    assert shape["logical_size"] > 0
    query(local_neon, project.uri(child), "insert into t values (2)")
    assert query(local_neon, project.uri(child), "select n from t order by n") == [(1,), (2,)]
    assert query(local_neon, project.uri(), "select n from t") == [(1,)]
    assert urlsplit(project.uri(child)).password == urlsplit(project.uri()).password


def test_a_schema_only_branch_is_a_new_root_without_rows(local_neon, project):
    query(local_neon, project.uri(), "create table t as select 1 as n")
    copy = project.add_branch("copy", init_source="schema-only")
    shape = local_neon.get(copy)["branch"]
    assert "parent_id" not in shape
    assert shape["init_source"] == "schema-only"
    assert query(local_neon, project.uri(copy), "select count(*) from t") == [(0,)]
    local_neon.change("DELETE", copy)
    assert local_neon.call("GET", copy).status == 404


def test_children_of_a_protected_branch_get_new_passwords(local_neon, project):
    local_neon.change("PATCH", project.branch, {"branch": {"protected": True}})
    for name, fields in (("child", {}), ("schema", {"init_source": "schema-only"})):
        branch = project.add_branch(name, **fields)
        uri = project.uri(branch)
        assert urlsplit(uri).password != urlsplit(project.uri()).password
        assert query(local_neon, uri, "select 1") == [(1,)]
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            connect(local_neon, uri, password=urlsplit(project.uri()).password)


def test_protection_forbids_what_destroys(local_neon, project):
    protected = local_neon.change("PATCH", project.branch, {"branch": {"protected": True}})["branch"]
    assert {"name": "delete-rw-endpoint", "reason": "the branch is protected"} in protected["restricted_actions"]
    project.refused("DELETE", project.branch, 422, "protected")
    project.refused("DELETE", project.endpoint, 422, "protected")
    project.refused("DELETE", project.path, 422, "protected branches: main")


def test_default_root_and_parent_branches_cannot_be_deleted(local_neon, project):
    project.refused("DELETE", project.branch, 422, "default branch")
    child = project.add_branch("child", endpoint=False)
    grandchild = project.add_branch("grandchild", endpoint=False, parent_id=child.rsplit("/", 1)[1])
    project.refused("DELETE", child, 422, "child branches")
    local_neon.change("POST", f"{grandchild}/set_as_default")
    assert local_neon.get(grandchild)["branch"]["default"] is True
    assert local_neon.get(project.branch)["branch"]["default"] is False
    project.refused("DELETE", project.branch, 422, "root branch")
    project.refused("DELETE", grandchild, 422, "default branch")
    local_neon.change("POST", f"{project.branch}/set_as_default")
    local_neon.change("DELETE", grandchild)
    assert local_neon.call("DELETE", grandchild).status == 204
    local_neon.change("DELETE", child)


def test_branch_names_are_unique_and_an_unnamed_one_gets_its_id(local_neon, project):
    project.refused("POST", f"{project.path}/branches", 409, "branch already exists; branch_name:main", body={"branch": {"name": "main"}})
    unnamed = local_neon.post(f"{project.path}/branches")["branch"]
    assert unnamed["name"] == unnamed["id"]
    branch = f"{project.path}/branches/{unnamed['id']}"
    project.refused("PATCH", branch, 409, "branch_name:main", body={"branch": {"name": "main"}})
    assert local_neon.change("PATCH", branch, {"branch": {"name": "named"}})["branch"]["name"] == "named"
    project.refused("POST", f"{project.path}/branches", 404, "branch not found", body={"branch": {"parent_id": "br-no-such-1"}})


def test_annotations_are_listed_by_branch(local_neon, project):
    body = {"branch": {"name": "marked"}, "annotation_value": {"managed_by": "test"}}
    branch = local_neon.post(f"{project.path}/branches", body)["branch"]
    listed = local_neon.get(f"{project.path}/branches")["annotations"]
    assert {branch_id: item["value"] for branch_id, item in listed.items()} == {branch["id"]: {"managed_by": "test"}}
    assert local_neon.get(f"{project.path}/branches/{branch['id']}")["annotation"]["value"] == {"managed_by": "test"}


# --- endpoints


def test_one_read_write_endpoint_for_a_branch(local_neon, project):
    branch_id = project.branch.rsplit("/", 1)[1]
    body = {"endpoint": {"branch_id": branch_id, "type": "read_write"}}
    project.refused("POST", f"{project.path}/endpoints", 409, "already has a read_write endpoint", body=body)
    bare = project.add_branch("bare", endpoint=False)
    uri_path = f"{project.path}/connection_uri?database_name=neondb&role_name=neondb_owner&branch_id={bare.rsplit('/', 1)[1]}"
    project.refused("GET", uri_path, 404, "no read-write endpoint")
    body = {"endpoint": {"branch_id": bare.rsplit("/", 1)[1], "type": "read_write", "autoscaling_limit_max_cu": 1}}
    endpoint = local_neon.post(f"{project.path}/endpoints", body)["endpoint"]
    assert query(local_neon, project.uri(bare), "select 1") == [(1,)]
    assert [item["id"] for item in local_neon.get(f"{bare}/endpoints")["endpoints"]] == [endpoint["id"]]
    assert len(local_neon.get(f"{project.path}/endpoints")["endpoints"]) == 2
    path = f"{project.path}/endpoints/{endpoint['id']}"
    local_neon.change("DELETE", path)
    assert local_neon.call("DELETE", path).status == 204


def test_a_change_of_size_reaches_the_server(local_neon, project):
    assert query(local_neon, project.uri(), "show max_connections") == [("104",)]
    local_neon.change("PATCH", project.endpoint, {"endpoint": {"autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 1}})
    assert query(local_neon, project.uri(), "show max_connections") == [("419",)]
    project.refused("PATCH", project.endpoint, 400, "greater", body={"endpoint": {"autoscaling_limit_min_cu": 4, "autoscaling_limit_max_cu": 2}})
    assert local_neon.get(project.endpoint)["endpoint"]["autoscaling_limit_min_cu"] == 1


def test_suspend_and_wake(local_neon, project):
    local_neon.change("POST", f"{project.endpoint}/suspend")
    endpoint = local_neon.get(project.endpoint)["endpoint"]
    assert endpoint["current_state"] == "idle"
    assert "suspended_at" in endpoint
    project.refused("POST", f"{project.endpoint}/restart", 422, "not active")
    assert query(local_neon, project.uri(), "select 1") == [(1,)]
    assert local_neon.get(project.endpoint)["endpoint"]["current_state"] == "active"
    woken = local_neon.get(f"{project.path}/operations?limit=1")["operations"][0]
    assert (woken["action"], woken["status"]) == ("start_compute", "finished")
    local_neon.change("POST", f"{project.endpoint}/suspend")
    local_neon.change("POST", f"{project.endpoint}/start")
    assert local_neon.get(project.endpoint)["endpoint"]["current_state"] == "active"
    local_neon.change("POST", f"{project.endpoint}/restart")
    assert query(local_neon, project.uri(pooled=True), "select 1") == [(1,)]


def test_a_change_of_an_idle_endpoint_wakes_it_for_a_moment(local_neon, project):
    local_neon.change("POST", f"{project.endpoint}/suspend")
    answer = local_neon.change("PATCH", project.endpoint, {"endpoint": {"suspend_timeout_seconds": 600}})
    assert [operation["action"] for operation in answer["operations"]] == ["start_compute", "apply_config", "suspend_compute"]
    endpoint = local_neon.get(project.endpoint)["endpoint"]
    assert (endpoint["current_state"], endpoint["suspend_timeout_seconds"]) == ("idle", 600)


def test_a_disabled_endpoint_does_not_wake(local_neon, project):
    uri = project.uri()
    local_neon.change("PATCH", project.endpoint, {"endpoint": {"disabled": True}})
    with pytest.raises(psycopg2.OperationalError, match="disabled"):
        connect(local_neon, uri)
    local_neon.change("PATCH", project.endpoint, {"endpoint": {"disabled": False}})
    assert query(local_neon, uri, "select 1") == [(1,)]


# --- roles and databases


def test_a_role_made_through_the_api_is_what_neon_makes(local_neon, project):
    answer = local_neon.post(f"{project.branch}/roles", {"role": {"name": "second"}})
    password = answer["role"]["password"]
    uri = project.uri(role="second")
    assert urlsplit(uri).password == password
    attributes = "rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, pg_has_role('neon_superuser', 'member')"
    rows = query(local_neon, uri, f"select {attributes} from pg_roles where rolname = current_user")
    assert rows == [(False, True, True, True, True, True)]
    assert "password" not in local_neon.get(f"{project.branch}/roles/second")["role"]
    project.refused("POST", f"{project.branch}/roles", 409, "role_name:second", body={"role": {"name": "second"}})
    local_neon.change("DELETE", f"{project.branch}/roles/second")
    assert local_neon.call("DELETE", f"{project.branch}/roles/second").status == 204
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        connect(local_neon, uri)


def test_a_reset_password_replaces_the_old_one_and_drops_connections(local_neon, project):
    old = project.uri()
    held = connect(local_neon, old)
    answer = local_neon.post(f"{project.branch}/roles/neondb_owner/reset_password")
    assert local_neon.get(f"{project.branch}/roles/neondb_owner/reveal_password")["password"] == answer["role"]["password"]
    with pytest.raises(psycopg2.OperationalError), held.cursor() as cursor:
        cursor.execute("select 1")
    held.close()
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        connect(local_neon, old)
    for pooled in (False, True):
        assert query(local_neon, project.uri(pooled=pooled), "select 1") == [(1,)]


def test_passwords_that_are_not_stored_are_not_revealed(local_neon):
    made = Project(local_neon, store_passwords=False)
    assert made.created["roles"][0]["password"]
    made.refused("GET", f"{made.branch}/roles/neondb_owner/reveal_password", 412, "Storing passwords is disabled")
    made.refused("GET", f"{made.path}/connection_uri?database_name=neondb&role_name=neondb_owner", 412, "Storing passwords is disabled")
    local_neon.change("DELETE", made.path)


def test_databases_are_made_renamed_given_away_and_dropped(local_neon, project):
    local_neon.post(f"{project.branch}/roles", {"role": {"name": "second"}})
    databases = f"{project.branch}/databases"
    local_neon.post(databases, {"database": {"name": "shop", "owner_name": "neondb_owner"}})
    project.refused("POST", databases, 409, "database_name:shop", body={"database": {"name": "shop", "owner_name": "neondb_owner"}})
    project.refused("POST", databases, 404, "role not found", body={"database": {"name": "other", "owner_name": "nobody"}})
    local_neon.change("PATCH", f"{databases}/shop", {"database": {"name": "store", "owner_name": "second"}})
    statement = "select pg_get_userbyid(datdba) from pg_database where datname = 'store'"
    assert query(local_neon, project.uri(database="store"), statement) == [("second",)]
    project.refused("DELETE", f"{project.branch}/roles/second", 422, "it owns the databases store")
    assert local_neon.call("GET", f"{databases}/shop").status == 404
    local_neon.change("DELETE", f"{databases}/store")
    assert local_neon.call("DELETE", f"{databases}/store").status == 204
    assert [item["name"] for item in local_neon.get(databases)["databases"]] == ["neondb"]
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        connect(local_neon, project.uri(), dbname="store")


def test_work_on_an_idle_branch_wakes_it_and_puts_it_back(local_neon, project):
    local_neon.change("POST", f"{project.endpoint}/suspend")
    answer = local_neon.post(f"{project.branch}/databases", {"database": {"name": "late", "owner_name": "neondb_owner"}})
    assert [operation["action"] for operation in answer["operations"]] == ["start_compute", "apply_config", "suspend_compute"]
    assert local_neon.get(project.endpoint)["endpoint"]["current_state"] == "idle"
    assert query(local_neon, project.uri(database="late"), "select 1") == [(1,)]


# --- connection strings


def test_connection_strings(local_neon, project):
    direct, pooled = urlsplit(project.uri()), urlsplit(project.uri(pooled=True))
    endpoint = local_neon.get(project.endpoint)["endpoint"]
    label, domain = endpoint["host"].split(".", 1)
    assert direct.hostname == endpoint["host"]
    assert pooled.hostname == f"{label}-pooler.{domain}"
    assert direct.port == pooled.port
    assert parse_qs(direct.query) == {"sslmode": ["require"], "channel_binding": ["require"]}
    assert parse_qs(pooled.query) == {"sslmode": ["require"]}
    statement = "select ssl, version from pg_stat_ssl where pid = pg_backend_pid()"
    assert query(local_neon, project.uri(), statement) == [(True, "TLSv1.3")]
    assert query(local_neon, project.uri(pooled=True), "select 1") == [(1,)]


def test_without_a_branch_the_string_is_the_default_branchs(local_neon, project):
    child = project.add_branch("child")
    assert project.uri() == project.uri(project.branch)
    assert urlsplit(project.uri()).hostname != urlsplit(project.uri(child)).hostname
    endpoint_id = local_neon.get(f"{child}/endpoints")["endpoints"][0]["id"]
    wrong = f"branch_id={project.branch.rsplit('/', 1)[1]}&endpoint_id={endpoint_id}"
    project.refused("GET", f"{project.path}/connection_uri?database_name=neondb&role_name=neondb_owner&{wrong}", 400, "does not belong")
    project.refused("GET", f"{project.path}/connection_uri?database_name=nodb&role_name=neondb_owner", 404, "database not found")
    project.refused("GET", f"{project.path}/connection_uri?database_name=neondb&role_name=nobody", 404, "role not found")


# --- faults over the wire


def test_a_lost_answer_has_done_its_work(local_neon, project):
    local_neon.faults({"method": "POST", "path_regex": "/roles$", "drop_after": True})
    with pytest.raises(OSError, match=r"Remote end closed|reset"):
        local_neon.call("POST", f"{project.branch}/roles", {"role": {"name": "ghost"}})
    assert "ghost" in [role["name"] for role in local_neon.get(f"{project.branch}/roles")["roles"]]
    assert [entry["fault"] for entry in local_neon.requests() if entry["fault"]][-1] == "drop_after"
