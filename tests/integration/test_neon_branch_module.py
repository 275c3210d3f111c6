# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_branch and neon_endpoint in full against the local Neon: what they do to branches and computes, seen through SQL."""

from __future__ import annotations

import time
import typing as t

import psycopg2
import pytest
from integration.neon_account import DATABASE, OWNER, Account, Shop

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.moments import at, written
from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_endpoint
from emulators.fixtures import LocalNeon, running_neon

# How long anything is waited for that happens by itself.
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def account(local_neon: LocalNeon) -> Account:
    return Account(local_neon)


@pytest.fixture
def shop(account: Account) -> t.Iterator[Shop]:
    made = Shop(account)
    yield made
    made.remove()


def wait_until(condition: t.Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def connect(shop: Shop, connection: dict[str, t.Any]) -> t.Any:
    """Connect with nothing but what a task returned, and the look-up."""
    made = psycopg2.connect(
        host=connection["login_host"],
        port=connection["login_port"],
        user=connection["login_user"],
        dbname=connection["login_db"],
        password=shop.password(connection["branch_id"], connection["login_user"]),
        sslmode=connection["ssl_mode"],
        sslrootcert=connection["ca_cert"],
        connect_timeout=30,
    )
    made.autocommit = True
    return made


def row(connection: t.Any, statement: str) -> t.Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def test_a_preview_is_one_task(account: Account, shop: Shop) -> None:
    shop.rows(shop.production, "CREATE TABLE item AS SELECT 1 AS n")
    wish = {
        "project_id": shop.id,
        "name": "preview-17",
        "parent": "production",
        "ttl": "3d",
        "compute": {"min_cu": 0.5, "max_cu": 0.5, "suspend_timeout_seconds": 300},
        "database": DATABASE,
    }
    checked = account.ok(neon_branch, check=True, **wish)
    assert checked["connection"]["stand_in"]["branch_id"] == shop.production
    assert "preview-17" not in shop.branches()
    made = account.do(neon_branch, **wish)
    assert (made["branch"]["created"], made["connection"]["login_user"]) == (True, OWNER)
    with connect(shop, made["connection"]) as connection:
        assert row(connection, "SELECT n FROM item") == (1,)
        assert row(connection, "SHOW max_connections") == ("209",)
    connection.close()
    again = account.ok(neon_branch, **wish, role=OWNER)
    assert (again["connection"], again["branch"]["created"]) == (made["connection"], False)
    # The branch, its computes, the address; the databases only without a role.
    account.neon.reset_requests()
    account.ok(neon_branch, **wish, role=OWNER)
    assert len(account.neon.requests()) == 3
    resized = {**wish, "compute": {"min_cu": 0.25, "max_cu": 0.25}}
    assert account.do(neon_branch, **resized)["actions"] == ["update read_write endpoint"]
    with connect(shop, made["connection"]) as connection:
        assert row(connection, "SHOW max_connections") == ("104",)
    connection.close()
    account.do(neon_branch, project_id=shop.id, name="preview-17", state="absent", confirm_destroy="preview-17")
    assert "preview-17" not in shop.branches()


@pytest.fixture
def shop_whose_time_moves() -> t.Iterator[Shop]:
    """A shop on a local Neon of its own, whose clock a test may move."""
    with running_neon("--hollow") as neon:
        yield Shop(Account(neon))


def test_a_branch_expires(shop_whose_time_moves: Shop) -> None:
    shop, account = shop_whose_time_moves, shop_whose_time_moves.account
    wish = {"project_id": shop.id, "name": "short", "parent": "production"}
    soon = written(at(int(time.time()) + 3600))
    account.do(neon_branch, **wish, expires_at=soon)
    assert shop.branches()["short"]["expires_at"] == soon
    account.do(neon_branch, **wish, expires_at="never")
    assert "expires_at" not in shop.branches()["short"]
    account.do(neon_branch, **wish, ttl="1h", renew=True)
    assert "such a branch cannot have default: true" in account.message(neon_branch, **wish, default=True)
    assert "an expiring branch cannot have children" in account.message(neon_branch, project_id=shop.id, name="leaf", parent="short")
    assert account.changing_requests() == []
    account.ok(neon_branch, **wish, expires_at=soon)
    account.neon.advance_clock(3600)
    wait_until(lambda: "short" not in shop.branches())
    # What is gone is absent, and made again when it is declared. Neon's clock is an hour ahead now.
    assert account.ok(neon_branch, project_id=shop.id, name="short", state="absent")["changed"] is False
    assert account.ok(neon_branch, **wish, ttl="3h")["branch"]["created"] is True


def test_what_cannot_expire_is_refused_before_anything_is_sent(account: Account, shop: Shop) -> None:
    stem = {"project_id": shop.id, "name": "stem"}
    shop.branch("stem", parent="production")
    shop.branch("leaf", parent="stem")
    assert "these branches were made from it: leaf" in account.message(neon_branch, **stem, expires_at=written(at(int(time.time()) + 3600)))
    assert account.changing_requests() == []
    assert "it is the project's default branch" in account.message(neon_branch, project_id=shop.id, name="production", ttl="1h", renew=True)
    assert account.changing_requests() == []
    account.ok(neon_branch, project_id=shop.id, name="leaf", protected=True)
    assert "it is protected" in account.message(neon_branch, project_id=shop.id, name="leaf", ttl="1h", renew=True)
    assert account.changing_requests() == []
    message = account.message(neon_branch, **stem, state="absent", confirm_destroy="stem")
    assert "these were made from it: leaf" in message
    assert account.changing_requests() == []


def test_rename_and_the_longest_name(account: Account, shop: Shop) -> None:
    made = shop.branch("old", parent="production")
    account.neon.reset_requests()
    assert account.ok(neon_branch, project_id=shop.id, name="old", new_name="n" * 256, protected=True)["actions"] == ["rename and protect branch old"]
    assert account.changing_requests() == ["PATCH /projects/{project_id}/branches/{branch_id}"]
    found = shop.branches()["n" * 256]
    assert (found["id"], found["protected"]) == (made["id"], True)
    again = account.ok(neon_branch, project_id=shop.id, name="old", new_name="n" * 256, protected=True)
    assert (again["changed"], again["branch"]["name"]) == (False, "n" * 256)
    shop.branch("old", parent="production")
    assert "there is another branch" in account.message(neon_branch, project_id=shop.id, name="old", new_name="n" * 256)
    assert account.changing_requests() == []


def test_a_branch_made_by_hand_is_not_changed_without_being_told_to(account: Account, shop: Shop) -> None:
    account.neon.post(f"/projects/{shop.id}/branches", {"branch": {"name": "by-hand"}})
    wish = {"project_id": shop.id, "name": "by-hand"}
    assert account.ok(neon_branch, **wish, protected=False, parent="production")["branch"]["managed"] is False
    for change in ({"protected": True}, {"new_name": "ours"}, {"state": "absent", "confirm_destroy": "by-hand"}):
        assert "was not made by this collection" in account.message(neon_branch, **wish, **change)
        assert account.changing_requests() == []
    account.do(neon_branch, **wish, protected=True, adopt=True)
    account.do(neon_branch, **wish, protected=False, id=shop.branches()["by-hand"]["id"])
    account.do(neon_branch, **wish, state="absent", confirm_destroy="by-hand", adopt=True)


def test_an_archived_branch(account: Account, shop: Shop) -> None:
    wish = {"project_id": shop.id, "name": "cold", "parent": "production"}
    assert account.do(neon_branch, **wish, archived=True)["branch"]["archived"] is True
    assert "is archived, declared is archived: false" in account.message(neon_branch, **wish, archived=False)
    assert account.changing_requests() == []


@pytest.mark.parametrize("fault", [{"drop_after": True}, {"status": 500}, {"drop_before": True}])
def test_a_preview_survives_a_lost_answer(account: Account, shop: Shop, fault: dict[str, t.Any]) -> None:
    """A branch with a compute is one request: there is both or neither, and never two of either."""
    wish = {"project_id": shop.id, "name": "lost", "parent": "production", "ttl": "1h", "compute": {"min_cu": 0.25, "max_cu": 0.25}}
    account.neon.faults({"method": "POST", "path_regex": "/branches$", "times": 1, **fault})
    # A short deadline, so that looking for what is not there ends soon.
    first = account.run(neon_branch, **wish, timeout=5)
    account.neon.faults()
    assert bool(first.get("failed")) == ("drop_after" not in fault)
    second = account.ok(neon_branch, **wish)
    assert second["changed"] is bool(first.get("failed"))
    assert len(account.neon.get(f"/projects/{shop.id}/branches/{second['branch']['id']}/endpoints")["endpoints"]) == 1
    assert account.ok(neon_branch, **wish)["changed"] is False


def started_at(shop: Shop, branch_id: str) -> t.Any:
    return shop.rows(branch_id, "SELECT pg_postmaster_start_time()")[0][0]


def test_a_compute_is_suspended_started_and_restarted(account: Account, shop: Shop) -> None:
    where = shop.on(shop.production)
    path = f"/projects/{shop.id}/endpoints/{account.ok(neon_endpoint, **where)['endpoint']['id']}"
    first = started_at(shop, shop.production)
    account.do(neon_endpoint, **where, state="suspended")
    assert account.neon.get(path)["endpoint"]["current_state"] == "idle"
    assert "only an active compute can be restarted" in account.message(neon_endpoint, **where, state="restarted")
    assert account.changing_requests() == []
    account.do(neon_endpoint, **where, state="started")
    assert account.neon.get(path)["endpoint"]["current_state"] == "active"
    second = started_at(shop, shop.production)
    assert first < second
    for _again in range(2):
        before = started_at(shop, shop.production)
        assert account.ok(neon_endpoint, **where, state="restarted")["actions"] == ["restart read_write endpoint"]
        assert before < started_at(shop, shop.production)


def test_a_disabled_compute_takes_no_connection(account: Account, shop: Shop) -> None:
    where = shop.on(shop.production)
    assert shop.rows(shop.production, "SELECT 1") == [(1,)]
    account.do(neon_endpoint, **where, disabled=True)
    with pytest.raises(psycopg2.OperationalError):
        shop.rows(shop.production, "SELECT 1")
    assert "Declare disabled: false as well" in account.message(neon_endpoint, **where, state="started")
    assert account.changing_requests() == []
    account.do(neon_endpoint, **where, disabled=False, state="started")
    assert shop.rows(shop.production, "SELECT 1") == [(1,)]


def test_a_lost_answer_to_a_restart_is_not_repeated(account: Account, shop: Shop) -> None:
    where = shop.on(shop.production)
    shop.rows(shop.production, "SELECT 1")
    # The proof is the time of the last start, which Neon gives in whole seconds: within the first one nobody could tell, and it says so.
    time.sleep(1.1)
    account.neon.faults({"method": "POST", "path_regex": "/restart$", "times": 1, "drop_after": True})
    account.neon.reset_requests()
    assert account.ok(neon_endpoint, **where, state="restarted")["changed"] is True
    assert account.changing_requests() == ["POST /projects/{project_id}/endpoints/{endpoint_id}/restart"]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"name": "new", "parent": "production", "database": DATABASE}, "branch new will have no compute"),
        ({"name": "new", "parent": "production", "compute": {}, "database": "nodb"}, "has no database named 'nodb'"),
        ({"name": "new", "parent": "production", "compute": {}, "database": DATABASE, "role": "nobody"}, "has no role named 'nobody'"),
        ({"name": "production", "protected": True, "database": "nodb"}, "has no database named 'nodb'"),
        ({"name": "production", "protected": True, "database": DATABASE, "role": "nobody"}, "has no role named 'nobody'"),
    ],
)
def test_a_connection_that_nobody_can_have_is_refused_before_anything_is_changed(
    account: Account, shop: Shop, wish: dict[str, t.Any], words: str
) -> None:
    for check in (True, False):
        account.neon.reset_requests()
        result = account.run(neon_branch, check, project_id=shop.id, **wish)
        assert result.get("failed") and words in result["msg"]
        assert account.changing_requests() == []


def reach(shop: Shop, endpoint: dict[str, t.Any]) -> t.Any:
    """Connect to one of the branch's computes as the owner."""
    where = shop.connection(endpoint["branch_id"])
    return connect(shop, {**where, "login_host": endpoint["host"]})


def test_read_replicas_are_told_apart_by_name(account: Account, shop: Shop) -> None:
    shop.rows(shop.production, "CREATE TABLE item AS SELECT 1 AS n")
    where = {**shop.on(shop.production), "type": "read_only"}
    made = [account.do(neon_endpoint, **where, name=name, min_cu=0.25, max_cu=0.25)["endpoint"] for name in ("reports", "reports-2")]
    assert made[0]["id"] != made[1]["id"]
    for endpoint in made:
        with reach(shop, endpoint) as connection:
            assert row(connection, "SELECT n, pg_is_in_recovery() FROM item") == (1, True)
            with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
                row(connection, "INSERT INTO item VALUES (2)")
        connection.close()
    assert "their ids are" in account.message(neon_endpoint, **where)
    assert account.changing_requests() == []
    renamed = account.do(neon_endpoint, **where, id=made[1]["id"], name="archive")
    assert (renamed["endpoint"]["id"], renamed["endpoint"]["name"]) == (made[1]["id"], "archive")
    account.do(neon_endpoint, **where, name="reports", state="absent", confirm_destroy=made[0]["id"])
    left = account.neon.get(f"/projects/{shop.id}/branches/{shop.production}/endpoints")["endpoints"]
    assert sorted((each["type"], each.get("name") or "") for each in left) == [("read_only", "archive"), ("read_write", "")]
