# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_database: the exact HTTP conversation of every case, and that no password is ever shown."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_conversation import BRANCH_ID, HOST_NAME, OTHER_BRANCH_ID, PROJECT_ID, conversation, database, endpoint, operation, options, refusal

from ansible_collections.dbinfra.postgres.plugins.modules import neon_database

PARENT = f"/projects/{PROJECT_ID}/branches/{BRANCH_ID}"
DATABASES = f"{PARENT}/databases"
PATH = f"{DATABASES}/shop"
ENDPOINTS_PATH = f"{PARENT}/endpoints"
URI_PATH = f"/projects/{PROJECT_ID}/connection_uri"
QUERY = {"branch_id": BRANCH_ID, "database_name": "shop", "role_name": "shop_owner", "pooled": "false"}
SECRET = "npg_secretpassword"
URI = {"uri": f"postgresql://shop_owner:{SECRET}@{HOST_NAME}/shop?sslmode=require"}
# A read-only one beside it: the address may lead to any compute of the branch.
ENDPOINTS = {"endpoints": [endpoint(id="ep-reader-2", type="read_only", host="ep-reader-2.c-2.eu-central-1.aws.neon.tech"), endpoint()]}
WISH = {"project_id": PROJECT_ID, "branch_id": BRANCH_ID, "name": "shop", "owner_name": "shop_owner", "server_major": 17}
FACTS = {"exists": True, "name": "shop", "owner_name": "shop_owner", "branch_id": BRANCH_ID}
UNREACHABLE = {"exists": False, "login_host": None, "login_port": None, "pooled_host": None, "pooled_port": None}


@pytest.fixture
def ca_file(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "ca.pem"
    path.write_text("a certificate")
    return str(path)


def connection(ca_file: str) -> dict[str, t.Any]:
    return {
        "provider": "neon",
        "exists": True,
        "project_id": PROJECT_ID,
        "branch_id": BRANCH_ID,
        "login_host": HOST_NAME,
        "login_port": 5432,
        "login_user": "shop_owner",
        "login_db": "shop",
        "pooled_host": HOST_NAME.replace("dark-1.", "dark-1-pooler."),
        "pooled_port": 5432,
        "ssl_mode": "verify-full",
        "ca_cert": ca_file,
        "server_major": 17,
        "stand_in": None,
    }


def listed(*databases: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"databases": list(databases)}


def run(ca_file: str, check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    result = run_module(neon_database, options(**{**WISH, "ca_file": ca_file, **wish}), check=check)
    assert SECRET not in str(result)
    return result


def test_create(ca_file: str) -> None:
    body = {"database": {"name": "shop", "owner_name": "shop_owner"}}
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database(name="shop2")))
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        neon.expect("POST", DATABASES, {"database": database(), "operations": [operation("running")]}, body=body, status=201)
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations/op-1", {"operation": operation()})
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        result = run(ca_file)
    assert (result["changed"], result["database"], result["connection"]) == (True, FACTS, connection(ca_file))
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed())
        checked = run(ca_file, check=True)
    assert checked["database"] == {**FACTS, "exists": False}
    assert checked["connection"] == {**connection(ca_file), **UNREACHABLE}
    assert checked["diff"] == result["diff"] == {"before": {}, "after": {"name": "shop", "owner_name": "shop_owner"}}


def test_no_change_is_two_requests(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        result = run(ca_file, host=HOST_NAME)
    assert (result["changed"], result["database"], result["connection"]) == (False, FACTS, connection(ca_file))


def test_another_owner(ca_file: str) -> None:
    theirs = {**QUERY, "role_name": "other"}
    other_uri = {"uri": f"postgresql://other:{SECRET}@{HOST_NAME}/shop"}
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database(owner_name="other")))
        neon.expect("GET", URI_PATH, other_uri, query=theirs)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        neon.expect("PATCH", PATH, {"database": database(), "operations": []}, body={"database": {"owner_name": "shop_owner"}})
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        result = run(ca_file)
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database(owner_name="other")))
        neon.expect("GET", URI_PATH, other_uri, query=theirs)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        checked = run(ca_file, check=True)
    for key in ("database", "connection", "diff", "actions"):
        assert checked[key] == result[key]


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        (f"postgresql://shop_owner:{SECRET}@ep-production-9.x.neon.tech/shop", "leads to ep-production-9.x.neon.tech although"),
        (f"postgresql://shop_owner:{SECRET}@{HOST_NAME}/other", "for database 'other'"),
        (f"postgresql://other:{SECRET}@{HOST_NAME}/shop", "for role 'other'"),
    ],
)
def test_a_uri_that_leads_elsewhere_is_refused(ca_file: str, uri: str, text: str) -> None:
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, {"uri": uri}, query=QUERY)
        result = run(ca_file, host=HOST_NAME)
    assert text in result["msg"]


@pytest.mark.parametrize(
    ("endpoints", "text"),
    [
        ([endpoint(host="ep-other-2.x.neon.tech")], f"leads to {HOST_NAME} although the branch's compute is ep-other-2.x.neon.tech"),
        ([], f"leads to {HOST_NAME} although the branch has no compute"),
        ([endpoint(branch_id=OTHER_BRANCH_ID)], f"answered for branch {OTHER_BRANCH_ID} although {BRANCH_ID} was asked for"),
    ],
)
@pytest.mark.parametrize("host", [None, ""])
def test_without_a_host_the_uri_has_to_lead_to_a_compute_of_the_branch(
    ca_file: str, host: str | None, endpoints: list[dict[str, t.Any]], text: str
) -> None:
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        neon.expect("GET", ENDPOINTS_PATH, {"endpoints": endpoints})
        assert text in run(ca_file, host=host)["msg"]


def test_the_original_of_a_copy_is_not_looked_for_on_another_branch(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", f"{ORIGINAL}/databases", listed(database(branch_id=OTHER_BRANCH_ID)))
        neon.expect("GET", URI_PATH, URI, query=ORIGINAL_QUERY)
        neon.expect("GET", f"{ORIGINAL}/endpoints", {"endpoints": [endpoint(branch_id=OTHER_BRANCH_ID, host="ep-other-2.x.neon.tech")]})
        assert "although the branch's compute is ep-other-2.x.neon.tech" in run(ca_file, check=True, **COPY)["msg"]


def test_an_owner_that_neon_does_not_know_is_named(ca_file: str) -> None:
    for there, message in (([], "role nobody not found"), ([database()], "no such owner: nobody")):
        with conversation() as neon:
            neon.expect("GET", DATABASES, listed(*there))
            if there:
                neon.expect("GET", URI_PATH, URI, query=QUERY)
                neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
                neon.expect("PATCH", PATH, refusal(message), body={"database": {"owner_name": "nobody"}}, status=404)
            else:
                neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
                neon.expect("POST", DATABASES, refusal(message), body={"database": {"name": "shop", "owner_name": "nobody"}}, status=404)
            text = run(ca_file, owner_name="nobody")["msg"]
        assert text.startswith("option owner_name (nobody), Neon API, ")
        assert "Neon does not know this role. " in text and message in text and "or make the role first (neon_role)" in text


def test_another_object_that_neon_does_not_know_is_no_owner(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed())
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        neon.expect("POST", DATABASES, refusal("branch not found"), body={"database": {"name": "shop", "owner_name": "nobody"}}, status=404)
        assert "owner_name" not in run(ca_file, owner_name="nobody")["msg"]


def test_a_compute_that_is_only_predicted_gives_no_address(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, refusal("no endpoint"), query=QUERY, status=404)
        neon.expect("GET", ENDPOINTS_PATH, {"endpoints": []})
        result = run(ca_file, check=True)
    assert (result["changed"], result["connection"]) == (False, {**connection(ca_file), **UNREACHABLE})


def test_a_missing_compute_is_an_error_outside_check_mode(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, refusal("no endpoint"), query=QUERY, status=404)
        neon.expect("GET", ENDPOINTS_PATH, {"endpoints": []})
        assert "has no compute" in run(ca_file)["msg"]
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed())
        neon.expect("GET", ENDPOINTS_PATH, {"endpoints": []})
        assert "has no compute" in run(ca_file)["msg"], "before anything is made"


def test_a_refusal_is_an_error_in_check_mode_if_there_is_a_compute(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, refusal("role is odd"), query=QUERY, status=400)
        neon.expect("GET", ENDPOINTS_PATH, {"endpoints": [endpoint()]})
        assert "role is odd" in run(ca_file, check=True)["msg"]


def test_a_conflict_is_adopted(ca_file: str) -> None:
    body = {"database": {"name": "shop", "owner_name": "shop_owner"}}
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed())
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        neon.expect("POST", DATABASES, refusal("database already exists"), body=body, status=409)
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations", {"operations": []}, query={"limit": "100"})
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        assert run(ca_file)["database"] == FACTS


def test_a_lost_answer_is_adopted(ca_file: str) -> None:
    body = {"database": {"name": "shop", "owner_name": "shop_owner"}}
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed())
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        neon.expect("POST", DATABASES, requests.exceptions.ReadTimeout(), body=body)
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations", {"operations": []}, query={"limit": "100"})
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        assert run(ca_file)["changed"] is True


def test_absent(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("DELETE", PATH, {"database": database(), "operations": []})
        neon.expect("GET", DATABASES, listed())
        result = run(ca_file, state="absent", confirm_destroy="shop")
    assert (result["database"]["exists"], result["connection"]["exists"]) == (False, False)
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        checked = run(ca_file, check=True, state="absent", confirm_destroy="shop")
    for key in ("database", "connection", "diff", "actions"):
        assert checked[key] == result[key]
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        assert "refused to delete database shop with its data" in run(ca_file, state="absent")["msg"]


def test_a_database_of_another_branch_fails(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database(branch_id="br-production")))
        assert "answered for branch br-production" in run(ca_file)["msg"]


def test_a_missing_ca_file_asks_nothing() -> None:
    with conversation():
        assert "the file /nowhere/ca.pem does not exist" in run("/nowhere/ca.pem")["msg"]


def test_the_environment_names_the_ca_file(ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", ca_file)
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        assert run_module(neon_database, options(**WISH))["connection"]["ca_cert"] == ca_file


@pytest.mark.parametrize(("state", "changed"), [(None, True), ({"owner_name": "shop_owner"}, False), ({"owner_name": "other"}, True)])
def test_a_predicted_branch_is_not_asked(ca_file: str, state: dict[str, t.Any] | None, changed: bool) -> None:
    with conversation():
        result = run(ca_file, check=True, project_id=None, branch_id=None, predicted=True, predicted_state=state)
    nowhere = {"project_id": None, "branch_id": None}
    assert result["changed"] is changed
    assert result["database"] == {**FACTS, "exists": False, "branch_id": None}
    assert result["connection"] == {**connection(ca_file), **UNREACHABLE, **nowhere}


COPY = {"branch_id": None, "predicted": True, "copied_from": OTHER_BRANCH_ID}
ORIGINAL = f"/projects/{PROJECT_ID}/branches/{OTHER_BRANCH_ID}"
ORIGINAL_ENDPOINTS = {"endpoints": [endpoint(branch_id=OTHER_BRANCH_ID)]}
ORIGINAL_QUERY = {**QUERY, "branch_id": OTHER_BRANCH_ID}
STAND_IN = {"login_host": HOST_NAME, "login_port": 5432, "login_user": "shop_owner", "login_db": "shop", "branch_id": OTHER_BRANCH_ID}


def test_the_original_of_a_copy_stands_in_for_it(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", f"{ORIGINAL}/databases", listed(database(name="shop2"), database(branch_id=OTHER_BRANCH_ID)))
        neon.expect("GET", URI_PATH, URI, query=ORIGINAL_QUERY)
        neon.expect("GET", f"{ORIGINAL}/endpoints", ORIGINAL_ENDPOINTS)
        result = run(ca_file, check=True, **COPY)
    assert result["changed"] is False
    assert result["database"] == {**FACTS, "exists": False, "branch_id": None}
    assert result["connection"] == {**connection(ca_file), **UNREACHABLE, "branch_id": None, "stand_in": STAND_IN}


def test_a_database_that_the_original_lacks_is_made_whatever_is_guessed(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", f"{ORIGINAL}/databases", listed(database(name="shop2", branch_id=OTHER_BRANCH_ID)))
        result = run(ca_file, check=True, **COPY, predicted_state={"owner_name": "shop_owner"})
    assert (result["actions"], result["connection"]["stand_in"]) == (["create database shop"], None)


def test_a_copy_is_handed_over_and_its_original_is_reached_as_its_own_owner(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", f"{ORIGINAL}/databases", listed(database(branch_id=OTHER_BRANCH_ID, owner_name="other")))
        uri = URI["uri"].replace("shop_owner", "other")
        neon.expect("GET", URI_PATH, {"uri": uri}, query={**ORIGINAL_QUERY, "role_name": "other"})
        neon.expect("GET", f"{ORIGINAL}/endpoints", ORIGINAL_ENDPOINTS)
        result = run(ca_file, check=True, **COPY)
    assert result["actions"] == ["change the owner of database shop"]
    assert (result["connection"]["login_user"], result["connection"]["stand_in"]) == ("shop_owner", {**STAND_IN, "login_user": "other"})


def test_an_original_without_a_compute_stands_in_for_nothing(ca_file: str) -> None:
    with conversation() as neon:
        neon.expect("GET", f"{ORIGINAL}/databases", listed(database(branch_id=OTHER_BRANCH_ID)))
        neon.expect("GET", URI_PATH, refusal("no endpoint"), query=ORIGINAL_QUERY, status=404)
        neon.expect("GET", f"{ORIGINAL}/endpoints", {"endpoints": []})
        result = run(ca_file, check=True, **COPY)
    assert (result["changed"], result["connection"]["exists"], result["connection"]["stand_in"]) == (False, False, None)


def test_the_original_is_not_looked_at_without_need(ca_file: str) -> None:
    with conversation():
        assert run(ca_file, check=True, **{**COPY, "project_id": None})["actions"] == ["create database shop"]
    with conversation() as neon:
        neon.expect("GET", DATABASES, listed(database()))
        neon.expect("GET", URI_PATH, URI, query=QUERY)
        neon.expect("GET", ENDPOINTS_PATH, ENDPOINTS)
        assert run(ca_file, copied_from=OTHER_BRANCH_ID)["connection"] == connection(ca_file)
