# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots and backup schedules of the local Neon: what they hold, what replaces what, when they come and go."""

from __future__ import annotations

import datetime
import urllib.parse

import pytest
from integration.local_neon_project import Project, connect, eventually, query

from emulators.fixtures import running_neon

LIMIT = 3


@pytest.fixture(scope="module")
def neon():
    """An instance of its own: it allows few snapshots, and its clock moves by weeks."""
    with running_neon("--snapshot-limit", str(LIMIT)) as instance:
        yield instance


@pytest.fixture
def project(neon):
    # Never suspended by itself: the clock moves by hours.
    made = Project(neon, history_retention_seconds=2_592_000, default_endpoint_settings={"suspend_timeout_seconds": -1})
    query(neon, made.uri(), "CREATE TABLE t (n int)")
    insert(made, 1)
    yield made
    for branch in neon.get(f"{made.path}/branches")["branches"]:
        neon.call("PATCH", f"{made.path}/branches/{branch['id']}", {"branch": {"protected": False}})
    eventually(lambda: neon.call("DELETE", made.path).status != 423)


def insert(project, number, branch=""):
    query(project.neon, project.uri(branch), f"INSERT INTO t VALUES ({number})")


def numbers(project, branch=""):
    return [number for (number,) in query(project.neon, project.uri(branch), "SELECT n FROM t ORDER BY n")]


def moment(project):
    return project.neon.get("/_local/clock")["now"]


def take(project, name="", branch=None, **parameters):
    query_text = urllib.parse.urlencode({**({"name": name} if name else {}), **parameters})
    return project.neon.post(f"{branch or project.branch}/snapshot?{query_text}")["snapshot"]


def listed(project):
    return project.neon.get(f"{project.path}/snapshots")["snapshots"]


def with_compute(project, branch_id):
    project.neon.post(f"{project.path}/endpoints", {"endpoint": {"branch_id": branch_id, "type": "read_write"}})
    return f"{project.path}/branches/{branch_id}"


def shown(project, branch_id):
    return project.neon.get(f"{project.path}/branches/{branch_id}")["branch"]


def test_a_snapshot_is_taken_listed_renamed_and_deleted(project):
    taken = take(project, "before")
    (found,) = listed(project)
    assert (found["id"], found["name"], found["manual"]) == (taken["id"], "before", True)
    assert found["source_branch_id"] == project.branch.rsplit("/", 1)[1]
    assert found["lsn"] and found["full_size"] > 1_000_000
    path = f"{project.path}/snapshots/{taken['id']}"
    assert project.neon.change("PATCH", path, {"snapshot": {"name": "renamed"}})["snapshot"]["name"] == "renamed"
    answer = project.neon.call("DELETE", path)
    assert answer.status == 202
    project.neon.wait(answer)
    assert listed(project) == []
    project.refused("DELETE", path, 404, "snapshot not found")
    assert numbers(project) == [1]


def test_a_snapshot_of_the_past(project):
    at = moment(project)
    lsn = query(project.neon, project.uri(), "SELECT pg_current_wal_lsn()::text")[0][0]
    insert(project, 2)
    for parameters in ({"timestamp": at}, {"lsn": lsn}):
        snapshot = take(project, **parameters)
        restored = project.neon.post(f"{project.path}/snapshots/{snapshot['id']}/restore")["branch"]
        assert numbers(project, with_compute(project, restored["id"])) == [1]
    path = f"{project.branch}/snapshot"
    project.refused("POST", f"{path}?lsn={lsn}&timestamp={urllib.parse.quote(at)}", 400, "together")
    project.refused("POST", f"{path}?timestamp=2020-01-01T00:00:00Z", 400, "before the beginning")
    project.refused("POST", f"{path}?lsn=FF/1", 400, "does not hold")


def test_restore_in_two_steps_and_finalize(project):
    before = shown(project, project.branch.rsplit("/", 1)[1])
    uri, snapshot = project.uri(), take(project, "good")
    insert(project, 2)
    project.neon.change("PATCH", project.branch, {"branch": {"protected": True}})
    restored = project.neon.post(f"{project.path}/snapshots/{snapshot['id']}/restore", {"name": "preview"})["branch"]
    assert (restored["restore_status"], restored["restored_from"], restored["restored_as"]) == ("restored", snapshot["id"], before["id"])
    assert "parent_id" not in restored
    assert numbers(project, with_compute(project, restored["id"])) == [1]
    assert numbers(project) == [1, 2]
    held = connect(project.neon, uri)
    project.neon.post(f"{project.path}/branches/{restored['id']}/finalize_restore")
    held.close()
    after, old = shown(project, restored["id"]), shown(project, before["id"])
    assert (after["name"], after["default"], after["protected"], after["restore_status"]) == (before["name"], True, True, "finalized")
    assert (old["name"], old["default"], old["protected"]) == (f"{before['name']} (old)", False, False)
    # The host that clients know leads to the restored data, and what the branch held meanwhile is still there.
    assert [number for (number,) in query(project.neon, uri, "SELECT n FROM t")] == [1]
    assert project.neon.get(project.endpoint)["endpoint"]["branch_id"] == restored["id"]
    assert numbers(project, f"{project.path}/branches/{before['id']}") == [1, 2]
    project.refused("POST", f"{project.path}/branches/{restored['id']}/finalize_restore", 422, "finalized already")
    project.refused("POST", f"{project.path}/branches/{before['id']}/finalize_restore", 422, "not restored from a snapshot")


def test_restore_in_one_step_into_a_named_branch(project):
    snapshot, uri = take(project), project.uri()
    insert(project, 2)
    target = project.branch.rsplit("/", 1)[1]
    path = f"{project.path}/snapshots/{snapshot['id']}/restore?name=from-query"
    answer = project.neon.post(path, {"target_branch_id": target, "finalize_restore": True})
    assert [endpoint["id"] for endpoint in answer["endpoints"]] == [project.endpoint.rsplit("/", 1)[1]]
    assert (answer["branch"]["name"], shown(project, answer["branch"]["id"])["name"]) == ("from-query", "main")
    assert [number for (number,) in query(project.neon, uri, "SELECT n FROM t")] == [1]
    # Once more: the name of the old branch is taken, so the next one gets a number.
    again = {"target_branch_id": answer["branch"]["id"], "finalize_restore": True}
    project.neon.post(f"{project.path}/snapshots/{snapshot['id']}/restore", again)
    names = {branch["name"] for branch in project.neon.get(f"{project.path}/branches")["branches"]}
    assert names == {"main", "main (old)", "main (old 2)"}
    project.neon.change("DELETE", f"{project.path}/branches/{target}")


def test_a_snapshot_keeps_the_roles_and_passwords_of_its_time(project):
    password = project.neon.get(f"{project.branch}/roles/neondb_owner/reveal_password")["password"]
    snapshot = take(project)
    project.neon.post(f"{project.branch}/roles/neondb_owner/reset_password")
    restored = project.neon.post(f"{project.path}/snapshots/{snapshot['id']}/restore")["branch"]
    path = with_compute(project, restored["id"])
    assert project.neon.get(f"{path}/roles/neondb_owner/reveal_password")["password"] == password
    assert numbers(project, path) == [1]


def test_only_root_branches_and_only_so_many_manual_ones(project):
    child = project.add_branch("child", endpoint=False)
    project.refused("POST", f"{child}/snapshot", 422, "root")
    project.refused("PUT", f"{child}/backup_schedule", 422, "root", body={"schedule": [{"frequency": "daily"}]})
    for _number in range(LIMIT):
        take(project)
    project.refused("POST", f"{project.branch}/snapshot", 422, str(LIMIT))


def test_a_snapshot_expires(project):
    now = datetime.datetime.fromisoformat(moment(project))
    project.refused("POST", f"{project.branch}/snapshot?expires_at=2020-01-01T00:00:00Z", 400, "future")
    project.refused("POST", f"{project.branch}/snapshot?expires_at=tomorrow", 400, "RFC 3339")
    take(project, expires_at=(now + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    lasting = take(project)
    project.neon.advance_clock(3601)
    eventually(lambda: [snapshot["id"] for snapshot in listed(project)] == [lasting["id"]])


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"frequency": "hourly"}, "frequency"),
        ({"frequency": "yearly"}, "frequency"),
        ({"frequency": "weekly", "day": 8}, "day"),
        ({"frequency": "daily", "day": 1}, "day"),
        ({"frequency": "daily", "retention_seconds": 3_024_001}, "retention_seconds"),
    ],
)
def test_schedules_the_service_does_not_offer(neon, project, entry, word):
    project.refused("PUT", f"{project.branch}/backup_schedule", 400, word, body={"schedule": [entry]})
    project.refused("PUT", f"{project.branch}/backup_schedule", 400, "at least one", body={"schedule": []})
    assert neon.get(f"{project.branch}/backup_schedule") == {"schedule": []}


def test_scheduled_snapshots_come_at_their_hour_and_go_after_their_time(neon, project):
    day, hour = 86_400, datetime.datetime.fromisoformat(moment(project)).hour
    schedule = [{"frequency": "daily", "hour": (hour + 2) % 24, "retention_seconds": 2 * day}]
    assert neon.change("PUT", f"{project.branch}/backup_schedule", {"schedule": schedule}) == {}
    assert neon.get(f"{project.branch}/backup_schedule") == {"schedule": schedule}
    for _number in range(LIMIT):
        take(project)  # the limit is for manual ones

    def scheduled():
        return [snapshot for snapshot in listed(project) if not snapshot["manual"]]

    assert scheduled() == []
    neon.advance_clock(2 * 3600)
    (first,) = eventually(lambda: [item for item in scheduled() if "full_size" in item])
    insert(project, 2)
    neon.advance_clock(day)
    (_first, second) = eventually(lambda: len(scheduled()) == 2 and "diff_size" in scheduled()[1] and scheduled())
    assert "full_size" not in second
    neon.advance_clock(day)
    eventually(lambda: first["id"] not in [item["id"] for item in scheduled()] and len(scheduled()) == 2)
    third = scheduled()[1]
    restored = eventually(lambda: neon.call("POST", f"{project.path}/snapshots/{third['id']}/restore").body.get("branch"))
    eventually(lambda: shown(project, restored["id"])["current_state"] == "ready")
    assert numbers(project, with_compute(project, restored["id"])) == [1, 2]
