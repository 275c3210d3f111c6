# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The past in the local Neon: branches at a time and an LSN, restoring a branch, what both refuse; looked at through SQL."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import threading
import time

import psycopg2
import pytest
from integration.local_neon_project import Project, connect, query

NAMES = (f"copy-{number}" for number in itertools.count(1))


@pytest.fixture
def project(local_neon):
    # Never suspended by itself: the clock moves by hours.
    made = Project(local_neon, default_endpoint_settings={"suspend_timeout_seconds": -1})
    yield made
    for branch in local_neon.get(f"{made.path}/branches")["branches"]:
        local_neon.call("PATCH", f"{made.path}/branches/{branch['id']}", {"branch": {"protected": False}})
    local_neon.call("DELETE", made.path)


def now(project):
    """The emulator's time, as a request's timestamp."""
    return project.neon.get("/_local/clock")["now"]


def run(project, statement, branch=""):
    """The rows of one statement on a branch (the default one if not named)."""
    return query(project.neon, project.uri(branch), statement)


def lsn(project, branch=""):
    return run(project, "SELECT pg_current_wal_lsn()::text", branch)[0][0]


def numbers(project, branch=""):
    """The rows of the table ``t``."""
    return [number for (number,) in run(project, "SELECT n FROM t ORDER BY n", branch)]


def insert(project, number, branch=""):
    run(project, f"INSERT INTO t VALUES ({number})", branch)


def shown(project, branch):
    return project.neon.get(branch)["branch"]


def restore(project, branch, source, **fields):
    body = {"source_branch_id": source.rsplit("/", 1)[1], **fields}
    return project.neon.post(f"{branch}/restore", body)["branch"]


def path_of(project, name):
    (found,) = [item for item in project.neon.get(f"{project.path}/branches")["branches"] if item["name"] == name]
    return f"{project.path}/branches/{found['id']}"


@pytest.fixture
def written(project):
    """A project whose first branch got the rows 1, 2 and 3 one after the other; between them ``moments`` and ``lsns``."""
    run(project, "CREATE TABLE t (n int PRIMARY KEY)")
    project.moments, project.lsns = [], []
    for number in (1, 2, 3):
        insert(project, number)
        project.moments.append(now(project))
        project.lsns.append(lsn(project))
    return project


# --- branches of the past


def test_a_branch_at_a_time_and_at_an_lsn_holds_what_was_there(written):
    for index, expected in enumerate(([1], [1, 2], [1, 2, 3])):
        at = written.add_branch(next(NAMES), parent_timestamp=written.moments[index])
        assert numbers(written, at) == expected
        assert shown(written, at)["parent_timestamp"] == written.moments[index][:19] + "Z"
        at = written.add_branch(next(NAMES), parent_lsn=written.lsns[index])
        assert numbers(written, at) == expected
        assert shown(written, at)["parent_lsn"] == written.lsns[index]
        assert "parent_timestamp" not in shown(written, at)
    assert numbers(written) == [1, 2, 3]


def test_a_suspended_branch_has_its_past_as_well_and_stays_suspended(written):
    written.neon.post(f"{written.endpoint}/suspend")
    old = written.add_branch(next(NAMES), parent_timestamp=written.moments[1])
    assert written.neon.get(written.endpoint)["endpoint"]["current_state"] == "idle"
    assert numbers(written, old) == [1, 2]


def test_the_present_can_be_named_by_time_and_lsn(written):
    for fields in ({"parent_timestamp": now(written)}, {"parent_lsn": lsn(written)}):
        assert numbers(written, written.add_branch(next(NAMES), **fields)) == [1, 2, 3]
    written.neon.post(f"{written.endpoint}/suspend")
    assert numbers(written, written.add_branch(next(NAMES), parent_timestamp=now(written))) == [1, 2, 3]


def test_the_first_moment_of_a_branch_is_its_beginning(written):
    child = written.add_branch(next(NAMES))
    insert(written, 4, child)
    at = written.add_branch(next(NAMES), parent_id=child.rsplit("/", 1)[1], parent_timestamp=shown(written, child)["created_at"])
    # The second in which it was made.
    assert numbers(written, at) == [1, 2, 3]


def test_a_schema_only_branch_at_a_time_has_the_schema_of_then_and_no_row(written):
    run(written, "CREATE TABLE later (n int)")
    old = written.add_branch(next(NAMES), init_source="schema-only", parent_timestamp=written.moments[0])
    assert numbers(written, old) == []
    assert run(written, "SELECT to_regclass('later')", old) == [(None,)]
    answer = shown(written, old)
    assert not answer.keys() & {"parent_id", "parent_lsn", "parent_timestamp"}


def test_the_past_of_a_branch_outlives_its_parent_and_a_chain_of_branches(written):
    child = written.add_branch(next(NAMES), parent_timestamp=written.moments[1])
    insert(written, 20, child)
    moment = now(written)
    insert(written, 21, child)
    grandchild = written.add_branch(next(NAMES), parent_id=child.rsplit("/", 1)[1], parent_timestamp=moment)
    insert(written, 30, grandchild)
    moment = now(written)
    insert(written, 31, grandchild)
    restore(written, child, child, source_timestamp=moment, preserve_under_name="kept-child")
    assert numbers(written, child) == [1, 2, 20, 21]
    last = written.add_branch(next(NAMES), parent_id=grandchild.rsplit("/", 1)[1], parent_timestamp=moment)
    assert numbers(written, last) == [1, 2, 20, 30]


def test_roles_databases_and_passwords_are_those_of_the_past(written):
    password = written.neon.post(f"{written.branch}/roles", {"role": {"name": "app"}})["role"]["password"]
    written.neon.post(f"{written.branch}/databases", {"database": {"name": "shop", "owner_name": "app"}})
    moment = now(written)
    newer = written.neon.post(f"{written.branch}/roles/app/reset_password")["role"]["password"]
    written.neon.change("DELETE", f"{written.branch}/databases/shop")
    written.neon.post(f"{written.branch}/roles", {"role": {"name": "later"}})
    old = written.add_branch(next(NAMES), parent_timestamp=moment)
    assert {role["name"] for role in written.neon.get(f"{old}/roles")["roles"]} == {"neondb_owner", "app"}
    assert {item["name"]: item["owner_name"] for item in written.neon.get(f"{old}/databases")["databases"]} == {
        "neondb": "neondb_owner",
        "shop": "app",
    }
    assert written.neon.get(f"{old}/roles/app/reveal_password")["password"] == password != newer
    assert query(written.neon, written.uri(old, role="app", database="shop"), "SELECT current_user") == [("app",)]
    restore(written, written.branch, written.branch, source_timestamp=moment, preserve_under_name="before")
    assert query(written.neon, written.uri(role="app", database="shop"), "SELECT current_user") == [("app",)]
    before = path_of(written, "before")
    assert {role["name"] for role in written.neon.get(f"{before}/roles")["roles"]} == {"neondb_owner", "app", "later"}
    assert written.neon.get(f"{before}/roles/app/reveal_password")["password"] == newer


def test_a_past_branch_of_a_protected_one_has_new_passwords(written):
    moment = now(written)
    written.neon.change("PATCH", written.branch, {"branch": {"protected": True}})
    old = written.add_branch(next(NAMES), parent_timestamp=moment)
    passwords = {written.neon.get(f"{branch}/roles/neondb_owner/reveal_password")["password"] for branch in (written.branch, old)}
    assert len(passwords) == 2
    assert numbers(written, old) == [1, 2, 3]


def test_a_moment_that_the_clock_skipped_is_the_moment_of_the_skip(written):
    before = datetime.datetime.fromisoformat(now(written))
    written.neon.advance_clock(3600)
    insert(written, 4)
    skipped = (before + datetime.timedelta(seconds=1800)).isoformat()
    assert numbers(written, written.add_branch(next(NAMES), parent_timestamp=skipped)) == [1, 2, 3]
    assert numbers(written, written.add_branch(next(NAMES), parent_timestamp=written.moments[0])) == [1]
    assert numbers(written, written.add_branch(next(NAMES), parent_timestamp=now(written))) == [1, 2, 3, 4]


# --- restore


def test_a_root_branch_restored_to_its_past_keeps_id_host_and_default(written):
    child = written.add_branch(next(NAMES))
    connection = connect(written.neon, written.uri())
    before, uri = shown(written, written.branch), written.uri()
    answer = restore(written, written.branch, written.branch, source_timestamp=written.moments[0], preserve_under_name="main_old")
    assert (answer["id"], answer["current_state"], answer["pending_state"]) == (before["id"], "resetting", "ready")
    after = shown(written, written.branch)
    assert {key: after[key] for key in ("id", "name", "default", "created_at")} == {
        key: before[key] for key in ("id", "name", "default", "created_at")
    }
    assert after["current_state"] == "ready" and after["last_reset_at"]
    assert "parent_id" not in after
    # The host stays, its connections do not.
    with pytest.raises(psycopg2.OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
    assert written.uri() == uri
    assert numbers(written) == [1]
    preserved = path_of(written, "main_old")
    assert shown(written, child)["parent_id"] == preserved.rsplit("/", 1)[1]
    assert "parent_id" not in shown(written, preserved)
    assert written.neon.get(f"{preserved}/endpoints")["endpoints"] == []
    written.neon.post(f"{written.path}/endpoints", {"endpoint": {"branch_id": preserved.rsplit("/", 1)[1], "type": "read_write"}})
    assert numbers(written, preserved) == [1, 2, 3]
    # The copy has the past, and the restored branch can go back to it from there.
    restore(written, written.branch, preserved, source_lsn=written.lsns[1])
    assert numbers(written) == [1, 2]
    insert(written, 7)
    moment = now(written)
    insert(written, 8)
    restore(written, written.branch, written.branch, source_timestamp=moment, preserve_under_name="main_old_2")
    assert numbers(written) == [1, 2, 7]
    written.neon.change("DELETE", path_of(written, "main_old_2"))


def test_reset_from_the_parent_and_with_children_only_with_a_name(written):
    child = written.add_branch("child")
    insert(written, 10, child)
    insert(written, 4)
    answer = restore(written, child, written.branch)
    assert answer["id"] == child.rsplit("/", 1)[1]
    assert numbers(written, child) == [1, 2, 3, 4]
    assert shown(written, child)["parent_id"] == written.branch.rsplit("/", 1)[1]
    assert shown(written, child)["parent_lsn"]
    assert len(written.neon.get(f"{written.path}/branches")["branches"]) == 2
    grandchild = written.add_branch("grandchild", parent_id=child.rsplit("/", 1)[1])
    body = {"source_branch_id": written.branch.rsplit("/", 1)[1]}
    written.refused("POST", f"{child}/restore", 400, "preserve_under_name", "grandchild", body=body)
    restore(written, child, written.branch, preserve_under_name="child_old")
    assert shown(written, grandchild)["parent_id"] == path_of(written, "child_old").rsplit("/", 1)[1]


def test_a_child_restored_to_its_past_becomes_a_child_of_the_preserved_branch(written):
    child = written.add_branch("child")
    insert(written, 10, child)
    moment = now(written)
    insert(written, 11, child)
    restore(written, child, child, source_timestamp=moment, preserve_under_name="child_old")
    assert numbers(written, child) == [1, 2, 3, 10]
    preserved = path_of(written, "child_old")
    assert shown(written, child)["parent_id"] == preserved.rsplit("/", 1)[1]
    assert shown(written, preserved)["parent_id"] == written.branch.rsplit("/", 1)[1]
    written.refused("DELETE", preserved, 422, "child branches")


def test_a_reset_renews_the_time_to_live_and_the_preserved_branch_has_none(written):
    expires = (datetime.datetime.fromisoformat(now(written)) + datetime.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    child = written.add_branch("child", endpoint=False, expires_at=expires)
    before = shown(written, child)
    written.neon.advance_clock(3600)
    restore(written, child, written.branch, preserve_under_name="child_old")
    after = shown(written, child)
    assert after["ttl_interval_seconds"] == before["ttl_interval_seconds"]
    assert datetime.datetime.fromisoformat(after["expires_at"]) - datetime.datetime.fromisoformat(before["expires_at"]) >= datetime.timedelta(hours=1)
    assert "expires_at" not in shown(written, path_of(written, "child_old"))
    # A branch that expires cannot become a parent, also not by giving its data to another one.
    other = written.add_branch("other", endpoint=False)
    written.refused("POST", f"{other}/restore", 422, "expiration", body={"source_branch_id": child.rsplit("/", 1)[1]})


def test_a_suspended_branch_stays_suspended_when_it_is_restored(written):
    written.neon.post(f"{written.endpoint}/suspend")
    restore(written, written.branch, written.branch, source_lsn=written.lsns[0], preserve_under_name="old")
    assert written.neon.get(written.endpoint)["endpoint"]["current_state"] == "idle"
    assert numbers(written) == [1]


def test_restore_under_writes_keeps_every_acknowledged_row_and_no_later_one(written):
    """Four clients write without a pause; the target lies in the middle of it."""
    run(written, "CREATE TABLE w (client int, n int, PRIMARY KEY (client, n))")
    uri, stop = written.uri(), threading.Event()
    acknowledged = {client: [] for client in range(4)}

    def write(client):
        with contextlib.suppress(psycopg2.Error), contextlib.closing(connect(written.neon, uri)) as connection, connection.cursor() as cursor:
            for number in itertools.count(1):
                begun = time.time()
                cursor.execute("INSERT INTO w VALUES (%s, %s)", (client, number))
                acknowledged[client].append((number, begun, time.time()))
                if stop.is_set():
                    return

    threads = [threading.Thread(target=write, args=(client,)) for client in acknowledged]
    for thread in threads:
        thread.start()

    def written_by_all(count):
        wanted = {client: len(rows) + count for client, rows in acknowledged.items()}
        while any(len(acknowledged[client]) < number for client, number in wanted.items()):
            assert all(thread.is_alive() for thread in threads)
            time.sleep(0.01)

    written_by_all(50)
    wall, target = time.time(), now(written)
    # The emulator's clock may be ahead of ours by what other tests skipped: what it showed between two of our readings counts.
    later = time.time()
    written_by_all(50)
    restore(written, written.branch, written.branch, source_timestamp=target, preserve_under_name="busy_old")
    stop.set()
    for thread in threads:
        thread.join()
    restored = set(run(written, "SELECT client, n FROM w"))
    must = {(client, number) for client, rows in acknowledged.items() for number, _begun, ended in rows if ended < wall}
    must_not = {(client, number) for client, rows in acknowledged.items() for number, begun, _ended in rows if begun > later}
    assert len(must) >= 200 and len(must_not) >= 150
    assert must <= restored
    assert not must_not & restored
    preserved = path_of(written, "busy_old")
    written.neon.post(f"{written.path}/endpoints", {"endpoint": {"branch_id": preserved.rsplit("/", 1)[1], "type": "read_write"}})
    # Each client wrote on one connection, which ended with the old state: all that was ever acknowledged is in the copy.
    everything = {(client, number) for client, rows in acknowledged.items() for number, _begun, _ended in rows}
    assert everything <= set(run(written, "SELECT client, n FROM w", preserved))


# --- refusals


def test_points_outside_of_the_history_are_refused(written):
    branches, child = f"{written.path}/branches", written.add_branch("child")
    before = "2020-01-01T00:00:00Z"
    future = (datetime.datetime.fromisoformat(now(written)) + datetime.timedelta(hours=1)).isoformat()
    own = {"source_branch_id": written.branch.rsplit("/", 1)[1], "preserve_under_name": "old"}
    for value, words in ((before, ("before the beginning",)), (future, ("in the future",))):
        written.refused("POST", branches, 400, *words, body={"branch": {"parent_timestamp": value}})
        written.refused("POST", f"{written.branch}/restore", 400, *words, body={**own, "source_timestamp": value})
    for value, words in (("0/1", ("does not hold",)), ("FF/1", ("does not hold",)), ("nonsense", ("malformed",))):
        written.refused("POST", branches, 400, *words, body={"branch": {"parent_lsn": value}})
        written.refused("POST", f"{written.branch}/restore", 400, *words, body={**own, "source_lsn": value})
    insert(written, 4, child)
    body = {"branch": {"parent_lsn": lsn(written, child)}}
    written.refused("POST", branches, 400, "does not hold", body=body)
    both = {"parent_lsn": written.lsns[0], "parent_timestamp": written.moments[0]}
    written.refused("POST", branches, 400, "together", body={"branch": both})
    assert len(written.neon.get(branches)["branches"]) == 2


def test_a_time_that_the_project_no_longer_keeps_is_refused(written):
    written.neon.change("PATCH", written.path, {"project": {"history_retention_seconds": 3600}})
    assert numbers(written, written.add_branch(next(NAMES), parent_timestamp=written.moments[0])) == [1]
    written.neon.advance_clock(3700)
    body = {"branch": {"parent_timestamp": written.moments[0]}}
    written.refused("POST", f"{written.path}/branches", 400, "restore window", "3600", body=body)


def test_restores_that_make_no_sense_are_refused(written):
    own_id = written.branch.rsplit("/", 1)[1]
    path = f"{written.branch}/restore"
    written.refused("POST", path, 400, "root branch", "no parent", body={"source_branch_id": own_id})
    written.refused("POST", path, 400, "preserve_under_name", body={"source_branch_id": own_id, "source_lsn": written.lsns[0]})
    written.refused("POST", path, 404, "branch not found", body={"source_branch_id": "br-none-1"})
    child = written.add_branch("child", endpoint=False)
    written.refused("POST", f"{child}/restore", 400, "own history", body={"source_branch_id": child.rsplit("/", 1)[1]})
    taken = {"source_branch_id": own_id, "preserve_under_name": "child", "source_lsn": written.lsns[0]}
    written.refused("POST", path, 409, "already exists", body=taken)
    written.refused("POST", path, 400, "257 characters", body={**taken, "preserve_under_name": "x" * 257})
    written.neon.change("PATCH", child, {"branch": {"protected": True}})
    written.refused("POST", f"{child}/restore", 422, "protected", body={"source_branch_id": own_id})
    assert numbers(written) == [1, 2, 3]
