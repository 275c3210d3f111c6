# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Neon modules against the local Neon: what they do to projects, branches, computes, roles and databases, seen from outside."""

from __future__ import annotations

import typing as t

import psycopg2
import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from integration.neon_account import CHANGING, DATABASE, OWNER, Account, Shop

from ansible_collections.dbinfra.postgres.plugins.modules import (
    neon_branch,
    neon_database,
    neon_endpoint,
    neon_project,
    neon_role,
    neon_snapshot,
)
from emulators.fixtures import LocalNeon


@pytest.fixture(scope="module")
def account(local_neon: LocalNeon) -> Account:
    return Account(local_neon)


@pytest.fixture(scope="module")
def shop(account: Account) -> t.Iterator[Shop]:
    """A shop that tests leave as it was, but for branches of their own."""
    made = Shop(account)
    yield made
    made.remove()


@pytest.fixture
def own_shop(account: Account) -> t.Iterator[Shop]:
    """A shop that a test may do anything to."""
    made = Shop(account)
    yield made
    made.remove()


def test_a_project_comes_with_its_branch_owner_and_database(account: Account, shop: Shop) -> None:
    neon = account.neon
    branches = neon.get(f"/projects/{shop.id}/branches")
    assert [(branch["name"], branch["default"]) for branch in branches["branches"]] == [("production", True)]
    assert branches["annotations"][shop.production]["value"] == {"managed_by": "dbinfra.postgres"}
    assert shop.rows(shop.production, "SELECT current_user, current_database(), ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [
        (OWNER, DATABASE, True)
    ]
    assert shop.rows(shop.production, "SELECT 1", pooled=True) == [(1,)]
    neon.reset_requests()
    assert account.ok(neon_project, **shop.wish)["changed"] is False
    assert len(neon.requests()) == 1


def test_the_whole_environment_without_a_change_is_seven_requests(account: Account, shop: Shop) -> None:
    account.neon.reset_requests()
    project = account.ok(neon_project, **shop.wish)["project"]
    branch = account.ok(neon_branch, project_id=project["id"], name="production", default=True)["branch"]
    endpoint = account.ok(neon_endpoint, **shop.on(branch["id"]))["endpoint"]
    account.ok(neon_role, **shop.on(branch["id"]), name=OWNER)
    shop.connection(branch["id"], host=endpoint["host"])
    shop.password(branch["id"])
    assert len(account.neon.requests()) == 7


def test_a_sleeping_compute_is_not_woken_when_nothing_differs(account: Account, own_shop: Shop) -> None:
    shop, neon = own_shop, account.neon
    path = f"/projects/{shop.id}/endpoints/{account.ok(neon_endpoint, **shop.on(shop.production))['endpoint']['id']}"
    neon.change("POST", f"{path}/suspend")
    account.ok(neon_project, **shop.wish)
    account.ok(neon_endpoint, **shop.on(shop.production), min_cu=0.25, suspend_timeout_seconds=300)
    account.ok(neon_role, **shop.on(shop.production), name=OWNER)
    shop.connection(shop.production)
    shop.password(shop.production)
    assert neon.get(path)["endpoint"]["current_state"] == "idle"


def test_project_wide_settings_belong_to_their_owner(account: Account, own_shop: Shop) -> None:
    wish = {**own_shop.wish, "history_retention_seconds": 604800}
    message = account.message(neon_project, **wish, ownership="member")
    assert "history_retention_seconds is 86400, declared is 604800" in message
    sizes = {"default_compute": {"min_cu": 0.5, "max_cu": 2}}
    assert account.do(neon_project, **wish, **sizes)["project"]["history_retention_seconds"] == 604800
    assert account.ok(neon_project, **wish, **sizes, ownership="member")["changed"] is False
    assert "shorten the history" in account.message(neon_project, **own_shop.wish)


def test_staging_has_the_schema_and_none_of_the_rows(account: Account, own_shop: Shop) -> None:
    shop = own_shop
    shop.rows(shop.production, "CREATE TABLE customer (name text); INSERT INTO customer VALUES ('Ada')")
    staging = shop.branch("staging", parent="production", init_source="schema-only")
    assert (staging["parent_id"], staging["init_source"], staging["default"]) == (None, "schema-only", False)
    account.do(neon_endpoint, **shop.on(staging["id"]), min_cu=0.25, max_cu=1, suspend_timeout_seconds=300)
    assert shop.rows(staging["id"], "SELECT * FROM customer") == []
    assert shop.rows(shop.production, "SELECT * FROM customer") == [("Ada",)]


def test_the_owner_of_a_copy_gets_a_password_of_its_own(account: Account, own_shop: Shop) -> None:
    shop = own_shop
    before = shop.password(shop.production)
    staging = shop.staging()
    assert shop.password(staging) == before, "the copy has to share the password, or this test shows nothing"
    result = account.do(neon_role, **shop.on(staging), name=OWNER, distinct_from_branch="production")
    assert result["actions"] == [f"reset the password of role {OWNER}"]
    after = shop.password(staging)
    assert before not in str(result)
    assert after not in str(result)
    assert shop.password(shop.production) == before
    assert shop.rows(staging, "SELECT 1", password=after) == [(1,)]
    assert shop.rows(shop.production, "SELECT 1", password=before) == [(1,)]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        shop.connect(staging, password=before)


def test_a_protected_branch_gives_its_copy_new_passwords(account: Account, own_shop: Shop) -> None:
    shop = own_shop
    account.do(neon_branch, project_id=shop.id, name="production", default=True, protected=True)
    made = account.ok(neon_branch, project_id=shop.id, name="staging", parent="production", init_source="schema-only")
    assert made["branch"]["parent_protected"] is True
    result = account.ok(neon_role, **shop.on(made["branch"]["id"]), name=OWNER, distinct_from_branch="production")
    assert result["changed"] is False


def test_a_role_and_a_database_are_made_and_removed(account: Account, shop: Shop) -> None:
    where = shop.on(shop.production)
    account.do(neon_role, **where, name="second owner")
    account.do(neon_database, **where, name="my data base", owner_name="second owner")
    owner = "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'my data base'"
    assert shop.rows(shop.production, owner) == [("second owner",)]
    member = "SELECT pg_has_role('second owner', 'neon_superuser', 'member'), rolsuper FROM pg_roles WHERE rolname = 'second owner'"
    assert shop.rows(shop.production, member) == [(True, False)]
    changed = account.do(neon_database, **where, name="my data base", owner_name=OWNER)
    assert changed["connection"]["login_user"] == OWNER
    assert shop.rows(shop.production, owner) == [(OWNER,)]
    assert "with its data" in account.message(neon_database, **where, name="my data base", state="absent")
    account.do(neon_database, **where, name="my data base", state="absent", confirm_destroy="my data base")
    account.do(neon_role, **where, name="second owner", state="absent", confirm_destroy="second owner")
    assert shop.rows(shop.production, owner) == []
    assert shop.rows(shop.production, member) == []


def test_a_compute_is_resized(account: Account, own_shop: Shop) -> None:
    where = own_shop.on(own_shop.production)
    assert own_shop.rows(own_shop.production, "SHOW max_connections") == [("104",)]
    account.do(neon_endpoint, **where, min_cu=0.5, max_cu=2, suspend_timeout_seconds=-1)
    assert own_shop.rows(own_shop.production, "SHOW max_connections") == [("839",)]
    assert "min_cu is 4. The minimum is above the maximum (max_cu = 2)" in account.message(neon_endpoint, **where, min_cu=4, max_cu=2)
    assert account.changing_requests() == []


def test_a_protected_or_default_branch_is_not_deleted(account: Account, own_shop: Shop) -> None:
    shop = own_shop
    wish = {"project_id": shop.id, "name": "production"}
    gone = {**wish, "state": "absent", "confirm_destroy": "production"}
    assert "the default branch cannot be deleted" in account.message(neon_branch, **gone)
    kept = {"project_id": shop.id, "name": "kept", "parent": "production"}
    account.do(neon_branch, **kept, protected=True)
    message = account.message(neon_branch, project_id=shop.id, name="kept", state="absent", confirm_destroy="kept")
    assert "protected: false" in message
    assert account.changing_requests() == []
    account.do(neon_branch, **kept, protected=False)
    account.do(neon_branch, project_id=shop.id, name="kept", state="absent", confirm_destroy="kept")
    account.ok(neon_branch, **wish, protected=True)
    message = account.message(neon_project, name=shop.name, state="absent", confirm_destroy=shop.name)
    assert "protected" in message


def test_a_branch_with_children_is_not_deleted_and_the_reason_is_named(account: Account, own_shop: Shop) -> None:
    own_shop.branch("stem", parent="production")
    own_shop.branch("leaf", parent="stem")
    message = account.message(neon_branch, project_id=own_shop.id, name="stem", state="absent", confirm_destroy="stem")
    assert "child" in message
    assert own_shop.branch("leaf", parent="stem")["exists"]


def test_default_moves_to_the_declared_branch(account: Account, own_shop: Shop) -> None:
    own_shop.branch("next", parent="production")
    account.do(neon_branch, project_id=own_shop.id, name="next", default=True, protected=True)
    listed = account.neon.get(f"/projects/{own_shop.id}/branches")["branches"]
    assert {branch["name"]: branch["default"] for branch in listed} == {"production": False, "next": True}
    account.ok(neon_branch, project_id=own_shop.id, name="production", default=True)


@pytest.mark.parametrize("check", [True, False])
def test_a_name_that_is_not_there_never_becomes_the_default_branch(account: Account, shop: Shop, check: bool) -> None:
    for wish in (
        {"name": "produktion"},
        {"name": "new", "parent": "prod"},
        {"name": "new", "parent": "Production"},
        {"name": "x", "id": "br-unknown-1"},
    ):
        account.message(neon_branch, project_id=shop.id, check=check, **wish)
        assert account.changing_requests() == []
    for module, wish in ((neon_endpoint, {}), (neon_role, {"name": OWNER}), (neon_database, {"name": DATABASE, "owner_name": OWNER})):
        message = account.message(module, project_id=shop.id, branch_id="br-unknown-1", check=check, **wish)
        assert "br-unknown-1" in message
        assert account.changing_requests() == []


def test_a_difference_that_cannot_be_changed_fails_and_changes_nothing(account: Account, shop: Shop) -> None:
    assert "region_id aws-eu-central-1" in account.message(neon_project, **{**shop.wish, "region_id": "aws-us-east-2"})
    assert "pg_version 17, declared is 16" in account.message(neon_project, **{**shop.wish, "pg_version": 16})
    shop.branch("copy", parent="production")
    message = account.message(neon_branch, project_id=shop.id, name="copy", parent="production", init_source="schema-only")
    assert "started with its parent's data" in message
    assert account.changing_requests() == []


def test_two_projects_of_one_name_are_ambiguous(account: Account, shop: Shop) -> None:
    other = account.neon.post("/projects", {"project": {"name": shop.name, "region_id": "aws-eu-central-1"}})["project"]["id"]
    try:
        message = account.message(neon_project, **shop.wish)
        assert other in message
        assert shop.id in message
        assert account.ok(neon_project, **shop.wish, id=shop.id)["changed"] is False
    finally:
        account.ok(neon_project, name=shop.name, id=other, state="absent", confirm_destroy=shop.name)


@pytest.mark.parametrize("fault", [{"drop_after": True}, {"status": 502}, {"drop_before": True}])
def test_a_lost_answer_to_a_creation_makes_no_second_object(account: Account, own_shop: Shop, fault: dict[str, t.Any]) -> None:
    """After drop_after the branch is there and adopted; after the others it is not, the task says so, and the next run makes it."""
    neon, wish = account.neon, {"project_id": own_shop.id, "name": "lost", "parent": "production"}
    neon.faults({"method": "POST", "path_regex": "/branches$", "times": 1, **fault})
    neon.reset_requests()
    # A short deadline, so that looking for what is not there ends soon.
    result = account.run(neon_branch, **wish, timeout=5)
    sent = [request for request in neon.requests() if request["method"] == "POST"]
    assert len(sent) == 1
    if "drop_after" in fault:
        assert (result["changed"], result["branch"]["exists"]) == (True, True)
    else:
        assert "nobody knows" in result["msg"]
        assert account.ok(neon_branch, **wish)["changed"] is True
    listed = neon.get(f"/projects/{own_shop.id}/branches")["branches"]
    assert [branch["name"] for branch in listed].count("lost") == 1


def test_lost_answers_are_adopted_by_every_module(account: Account, own_shop: Shop) -> None:
    neon, where = account.neon, own_shop.on(own_shop.production)
    staging = own_shop.branch("staging", parent="production")["id"]
    for module, regex, wish in (
        (neon_endpoint, "/endpoints$", {**own_shop.on(staging), "min_cu": 0.25, "max_cu": 1}),
        (neon_endpoint, "/endpoints/", {**own_shop.on(staging), "max_cu": 2}),
        (neon_role, "/roles$", {**where, "name": "other"}),
        (neon_database, "/databases$", {**where, "name": "other", "owner_name": OWNER}),
        (neon_database, "/databases/other", {**where, "name": "other", "owner_name": "other"}),
        (neon_database, "/databases/other", {**where, "name": "other", "state": "absent", "confirm_destroy": "other"}),
        (neon_role, "/reset_password", {**own_shop.on(staging), "name": OWNER, "distinct_from_branch": "production"}),
    ):
        for method in CHANGING:
            neon.faults({"method": method, "path_regex": regex, "times": 1, "drop_after": True})
        neon.reset_requests()
        assert account.ok(module, **wish)["changed"] is True
        assert [request["fault"] for request in neon.requests() if request["method"] in CHANGING] == ["drop_after"]
        neon.faults()
        assert account.ok(module, **wish)["changed"] is False


@pytest.mark.parametrize("fault", [{"drop_after": True}, {"status": 503, "after_work": True}])
def test_a_lost_answer_to_a_new_project_makes_no_second_project(account: Account, fault: dict[str, t.Any]) -> None:
    neon = account.neon
    neon.faults({"method": "POST", "path_regex": "^/projects$", "times": 1, **fault})
    made = Shop(account)
    try:
        assert [project["id"] for project in neon.get(f"/projects?limit=400&search={made.name}")["projects"]] == [made.id]
        assert made.rows(made.production, "SELECT 1") == [(1,)]
    finally:
        made.remove()


@pytest.mark.parametrize("status", [423, 429, 503])
def test_a_busy_provider_is_waited_for(account: Account, own_shop: Shop, status: int) -> None:
    neon = account.neon
    neon.faults({"path_regex": "", "times": 3, "status": status, "retry_after": 0})
    assert account.ok(neon_branch, project_id=own_shop.id, name="busy", parent="production")["changed"] is True


def test_a_pause_beyond_the_deadline_gives_up_at_once(account: Account, shop: Shop) -> None:
    account.neon.faults({"path_regex": "", "times": -1, "status": 429, "retry_after": 3600})
    message = account.message(neon_project, **shop.wish)
    assert "asks to wait 3600 s" in message
    assert len(account.neon.requests()) == 1


def test_work_that_locks_the_project_is_waited_for(account: Account, own_shop: Shop) -> None:
    neon = account.neon
    answer = neon.call("POST", f"/projects/{own_shop.id}/branches", {"branch": {"name": "by-hand"}})
    assert answer.status == 201
    assert account.ok(neon_branch, project_id=own_shop.id, name="after", parent="production")["changed"] is True


@pytest.mark.parametrize(
    ("fault", "texts"),
    [
        ({"status": 200, "body": "<html>Sign in</html>"}, ["no complete JSON object", "text/html", "NEON_API_HOST"]),
        ({"status": 302, "body": "moved"}, ["redirect (HTTP 302)"]),
        ({"status": 401}, ["does not accept the API key", "NEON_API_KEY"]),
        ({"status": 403}, ["may not do this"]),
        ({"status": 500}, ["HTTP 500"]),
        (
            {"status": 422, "body": {"request_id": "r", "code": "PROJECTS_LIMIT_EXCEEDED", "message": "limit"}},
            ["PROJECTS_LIMIT_EXCEEDED", "larger plan"],
        ),
    ],
)
def test_bad_answers_are_one_clear_message(account: Account, shop: Shop, fault: dict[str, t.Any], texts: list[str]) -> None:
    account.neon.faults({"path_regex": "", "times": -1, **fault})
    message = account.message(neon_project, **shop.wish)
    for text in texts:
        assert text in message


def test_an_id_that_is_not_there_names_its_option_and_changes_nothing(account: Account, shop: Shop) -> None:
    """The local Neon answers as Neon's description says; the messages are ours."""
    tasks = {
        neon_branch: {"name": "x", "project_id": shop.id},
        neon_endpoint: shop.on(shop.production),
        neon_role: {**shop.on(shop.production), "name": OWNER},
        neon_database: {**shop.on(shop.production), "name": DATABASE, "owner_name": OWNER},
        neon_snapshot: {"name": "x", "project_id": shop.id},
    }
    for module, wish in tasks.items():
        for option in ("project_id", "branch_id"):
            if option not in wish:
                continue
            for state in ("present", "absent"):
                message = account.message(module, **{**wish, option: "br-nowhere", "state": state})
                assert message.startswith(f"option {option} (br-nowhere): Neon does not know this {option.removesuffix('_id')}, "), message
            message = account.message(module, **{**wish, option: "No Id"})
            assert message.startswith(f"option {option}: 'No Id' is no id."), message
            assert account.neon.requests() == []
    assert account.message(neon_project, **shop.wish, id="nowhere").startswith("option id (nowhere): Neon does not know this project")
    assert account.message(neon_project, **shop.wish, org_id="org-nowhere").startswith(
        "option org_id (org-nowhere): Neon does not know this organization"
    )
    for look, words in (
        ({"project_id": "nowhere"}, "option project_id (nowhere): Neon does not know this project"),
        ({"branch_id": "br-nowhere"}, "option branch_id (br-nowhere): Neon does not know this branch"),
        ({"name": "nobody"}, "the look-up's term (nobody): Neon does not know this role"),
    ):
        given = {"name": OWNER, **shop.on(shop.production), **look}
        with pytest.raises(AnsibleLookupError) as caught:
            lookup_loader.get("dbinfra.postgres.neon_password").run(
                [given.pop("name")], {}, api_host=account.neon.api_host, api_key=account.neon.api_key, **given
            )
        assert words in str(caught.value)


def test_a_wrong_id_removes_nothing(account: Account, own_shop: Shop) -> None:
    shop = own_shop
    staging = shop.staging()
    gone = {"state": "absent", "id": "br-nowhere"}
    for check in (True, False):
        message = account.message(neon_branch, check=check, project_id=shop.id, name="staging", confirm_destroy="staging", **gone)
        assert f"while there is a branch named 'staging'. Its id is {staging}, so nothing was removed." in message
        # Two projects may have one name, so the pinned one can be gone already.
        found = account.ok(neon_project, check=check, name=shop.name, confirm_destroy=shop.name, **gone)
        assert found["changed"] is False
        (message,) = found["warnings"]
        assert f"while there is a project named {shop.name!r}. Its id is {shop.id}, so nothing was removed." in message
        message = account.message(neon_endpoint, check=check, **shop.on(staging), confirm_destroy="br-nowhere", **gone)
        assert "while there is a read_write endpoint. Its id is ep-" in message
    assert account.changing_requests() == []
    account.do(neon_branch, project_id=shop.id, name="staging", id=staging, state="absent", confirm_destroy="staging")


def test_a_wrong_key_and_no_key(account: Account, shop: Shop) -> None:
    assert "does not accept the API key" in account.message(neon_project, **shop.wish, api_key="napi_wrong")
    assert "there is no Neon API key" in account.message(neon_project, **shop.wish, api_key="")


def test_a_prediction_asks_nothing(account: Account) -> None:
    neon = account.neon
    neon.reset_requests()
    nowhere = {"check": True, "predicted": True}
    account.ok(neon_branch, name="staging", parent="production", **nowhere)
    account.ok(neon_endpoint, min_cu=0.25, **nowhere)
    account.ok(neon_role, name=OWNER, **nowhere)
    account.ok(neon_database, name=DATABASE, owner_name=OWNER, **nowhere)
    assert neon.requests() == []
