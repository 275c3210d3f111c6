# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read replicas of the local Neon: standbys that stream from their branch's cluster, whatever that does meanwhile."""

from __future__ import annotations

import psycopg2
import pytest
from integration.local_neon_project import Project, connect, eventually, query


@pytest.fixture
def project(local_neon):
    made = Project(local_neon)
    query(local_neon, made.uri(), "CREATE TABLE t (n int)")
    yield made
    local_neon.call("DELETE", made.path)


def add_replica(project, branch="", **fields):
    """A new read replica: the path of its endpoint."""
    branch_id = (branch or project.branch).rsplit("/", 1)[1]
    body = {"endpoint": {"branch_id": branch_id, "type": "read_only", **fields}}
    return f"{project.path}/endpoints/{project.neon.post(f'{project.path}/endpoints', body)['endpoint']['id']}"


def uri(project, endpoint, *, pooled=False, branch=""):
    branch_id, endpoint_id = ((path or project.branch).rsplit("/", 1)[1] for path in (branch, endpoint))
    parameters = f"database_name=neondb&role_name=neondb_owner&branch_id={branch_id}&endpoint_id={endpoint_id}&pooled={str(pooled).lower()}"
    return project.neon.get(f"{project.path}/connection_uri?{parameters}")["uri"]


def numbers(project, address):
    return [number for (number,) in query(project.neon, address, "SELECT n FROM t ORDER BY n")]


def insert(project, number):
    query(project.neon, project.uri(), f"INSERT INTO t VALUES ({number})")


def test_several_replicas_follow_and_refuse_to_write(project):
    insert(project, 1)
    replicas = [add_replica(project), add_replica(project)]
    hosts = {project.neon.get(path)["endpoint"]["host"] for path in (project.endpoint, *replicas)}
    assert len(hosts) == 3
    insert(project, 2)
    for replica in replicas:
        for pooled in (False, True):
            address = uri(project, replica, pooled=pooled)
            assert eventually(lambda address=address: numbers(project, address) == [1, 2])
            with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
                query(project.neon, address, "INSERT INTO t VALUES (0)")
        assert query(project.neon, uri(project, replica), "SELECT pg_is_in_recovery()") == [(True,)]
    assert query(project.neon, project.uri(), "SELECT pg_is_in_recovery()") == [(False,)]


def test_a_replica_works_while_its_branch_is_suspended_and_follows_it_again(project):
    insert(project, 1)
    address = uri(project, add_replica(project))
    project.neon.post(f"{project.endpoint}/suspend")
    assert numbers(project, address) == [1]
    assert project.neon.get(project.endpoint)["endpoint"]["current_state"] == "idle"
    held = connect(project.neon, address)
    insert(project, 2)
    # The compute has another port now; the standby finds it, and its clients stay.
    with held.cursor() as cursor:

        def seen():
            cursor.execute("SELECT count(*) FROM t")
            return cursor.fetchone()[0]

        eventually(lambda: seen() == 2)
    held.close()


def test_a_replica_is_suspended_woken_and_deleted_like_any_compute(project):
    insert(project, 1)
    replica = add_replica(project)
    address = uri(project, replica)
    project.neon.post(f"{replica}/suspend")
    assert project.neon.get(replica)["endpoint"]["current_state"] == "idle"
    project.neon.post(f"{project.endpoint}/suspend")
    assert numbers(project, address) == [1]
    assert project.neon.get(replica)["endpoint"]["current_state"] == "active"
    # It is the replica that was woken, not the branch's compute.
    assert project.neon.get(project.endpoint)["endpoint"]["current_state"] == "idle"
    project.neon.post(f"{replica}/restart")
    assert numbers(project, address) == [1]
    project.neon.change("DELETE", replica)
    project.refused("GET", replica, 404, "not found")
    with pytest.raises(psycopg2.OperationalError, match="could not be found"):
        connect(project.neon, address)


def test_roles_and_passwords_reach_a_replica(project):
    replica = add_replica(project)
    address = uri(project, replica)
    project.neon.post(f"{project.branch}/roles/neondb_owner/reset_password")
    fresh = uri(project, replica)

    def connects(candidate):
        try:
            connect(project.neon, candidate).close()
        except psycopg2.OperationalError:
            return False
        return True

    assert fresh != address
    assert eventually(lambda: connects(fresh))
    assert not connects(address)


def test_a_branch_may_have_a_replica_only_and_a_small_replica_of_a_large_compute(project):
    insert(project, 1)
    branch = project.add_branch("copy", endpoint=False)
    assert numbers(project, uri(project, add_replica(project, branch), branch=branch)) == [1]
    replica = add_replica(project, autoscaling_limit_min_cu=0.25, autoscaling_limit_max_cu=0.25)
    project.neon.change("PATCH", project.endpoint, {"endpoint": {"autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 1}})
    insert(project, 2)
    assert query(project.neon, project.uri(), "SHOW max_connections") == [("419",)]
    address = uri(project, replica)
    assert eventually(lambda: numbers(project, address) == [1, 2])


def test_a_restored_branch_has_restored_replicas(project):
    insert(project, 1)
    address = uri(project, add_replica(project))
    lsn = query(project.neon, project.uri(), "SELECT pg_current_wal_lsn()::text")[0][0]
    insert(project, 2)
    assert eventually(lambda: numbers(project, address) == [1, 2])
    body = {"source_branch_id": project.branch.rsplit("/", 1)[1], "source_lsn": lsn, "preserve_under_name": "old"}
    project.neon.post(f"{project.branch}/restore", body)
    assert numbers(project, address) == [1]
    insert(project, 3)
    assert eventually(lambda: numbers(project, address) == [1, 3])


def test_a_branch_has_one_compute_that_writes_and_a_project_with_replicas_can_be_deleted(project):
    add_replica(project)
    body = {"endpoint": {"branch_id": project.branch.rsplit("/", 1)[1], "type": "read_write"}}
    project.refused("POST", f"{project.path}/endpoints", 409, "already has a read_write endpoint", body=body)
    assert project.neon.call("DELETE", project.path).status == 200
