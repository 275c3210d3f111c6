# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Project settings of the local Neon that act: who may connect, quotas with real counters, preloaded libraries, logical replication."""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

import psycopg2
import pytest
from integration.forwarder import from_address
from integration.local_neon_project import Project, connect, eventually, query, refusal

from emulators.fixtures import running_neon

MEGABYTE = 1024**2
# What suspends a compute here is a quota, never that it is idle.
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


def settings(project, **values):
    """Change project settings."""
    return project.neon.change("PATCH", project.path, {"project": {"settings": values}})["project"]["settings"]


def state(project):
    """The state of the project's first endpoint."""
    return project.neon.get(project.endpoint)["endpoint"]["current_state"]


def from_elsewhere(project, address, uri):
    """Why a connection from ``address`` is refused; empty if it is not."""
    with from_address(address, urlsplit(uri).port) as port:
        return refusal(project.neon, uri.replace(f":{urlsplit(uri).port}/", f":{port}/"), hostaddr="127.0.0.1")


# --- who may connect


def test_the_allowlist_decides_about_every_connection(neon, project):
    uri, pooled = project.uri(), project.uri(pooled=True)
    settings(project, allowed_ips={"ips": ["127.0.0.2", "127.0.1.0/24", "127.0.2.5 - 127.0.2.9", "::1"], "protected_branches_only": False})
    for address in ("127.0.0.2", "127.0.1.77", "127.0.2.9"):
        assert from_elsewhere(project, address, uri) == ""
    for address in ("127.0.0.3", "127.0.2.10"):
        assert f"This IP address {address} is not allowed to connect to this endpoint" in from_elsewhere(project, address, uri)
    for text in (refusal(neon, uri, hostaddr="127.0.0.1"), refusal(neon, pooled, hostaddr="127.0.0.1")):
        assert "This IP address 127.0.0.1 is not allowed to connect to this endpoint. Please add it to the allowed list" in text
    assert refusal(neon, uri, hostaddr="::1") == ""
    settings(project, allowed_ips={"ips": []})
    assert refusal(neon, uri, hostaddr="127.0.0.1") == ""


def test_who_is_not_allowed_wakes_nothing(neon, project):
    uri = project.uri()
    settings(project, allowed_ips={"ips": ["192.0.2.1"]})
    neon.change("POST", f"{project.endpoint}/suspend")
    assert "is not allowed" in refusal(neon, uri)
    assert state(project) == "idle"
    settings(project, allowed_ips={"ips": ["127.0.0.0/8", "::1/128"]})
    assert query(neon, uri, "SELECT 1") == [(1,)]


def test_a_list_for_protected_branches_only(neon, project):
    uri = project.uri()
    settings(project, allowed_ips={"ips": ["192.0.2.1"], "protected_branches_only": True})
    assert refusal(neon, uri) == ""
    neon.change("PATCH", project.branch, {"branch": {"protected": True}})
    assert "is not allowed" in refusal(neon, uri)


def test_blocked_public_connections(neon, project):
    uri = project.uri()
    settings(project, block_public_connections=True, allowed_ips={"ips": ["127.0.0.0/8", "::1"]})
    assert "from a blocked network" in refusal(neon, uri)
    settings(project, block_public_connections=False)
    assert refusal(neon, uri) == ""


def test_what_is_no_address_or_window_or_library_is_refused(project):
    for values, word in (
        ({"allowed_ips": {"ips": ["not-an-address"]}}, "not-an-address"),
        ({"maintenance_window": {"weekdays": [8], "start_time": "01:00", "end_time": "02:00"}}, "weekdays"),
        ({"preload_libraries": {"enabled_libraries": ["timescale"]}}, "timescale"),
    ):
        project.refused("PATCH", project.path, 400, word, body={"project": {"settings": values}})
        project.refused("POST", "/projects", 400, word, body={"project": {"settings": values}})


# --- counters and quotas


def test_the_counters_are_real(neon, project):
    before = neon.get(project.path)["project"]
    query(neon, project.uri(), f"CREATE TABLE filler AS SELECT repeat('x', 1000) AS text FROM generate_series(1, {4 * 1024})")
    rows = query(neon, project.uri(), "SELECT text FROM filler")
    neon.advance_clock(200)
    after = neon.get(project.path)["project"]
    assert 200 <= after["active_time_seconds"] - before["active_time_seconds"] < 300
    assert after["compute_time_seconds"] >= 50  # a quarter of a CU
    assert after["written_data_bytes"] - before["written_data_bytes"] > 4 * MEGABYTE
    assert after["data_transfer_bytes"] - before["data_transfer_bytes"] > len(rows) * 1000
    assert after["data_storage_bytes_hour"] > 0
    branch = neon.get(project.branch)["branch"]
    for name in ("active_time_seconds", "compute_time_seconds", "written_data_bytes", "data_transfer_bytes"):
        assert 0 < branch[name] <= neon.get(project.path)["project"][name]
    assert branch["logical_size"] > 4 * MEGABYTE


def test_a_new_branch_has_consumed_nothing_yet(neon, project):
    query(neon, project.uri(), f"CREATE TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, {4 * 1024})")
    child = project.add_branch("child")
    assert neon.get(child)["branch"]["written_data_bytes"] < MEGABYTE


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        ({"active_time_seconds": 100}, "Your project has exceeded the active time quota"),
        ({"compute_time_seconds": 25}, "Your account or project has exceeded the compute time quota"),
        ({"written_data_bytes": 4 * MEGABYTE}, "Your project has exceeded the written data quota"),
        ({"data_transfer_bytes": 4 * MEGABYTE}, "Your project has exceeded the data transfer quota"),
    ],
)
def test_an_exceeded_quota_suspends_all_computes_until_it_is_raised(neon, project, quota, words):
    uri = project.uri()
    settings(project, quota=quota)
    # How much that needs: written, sent, and time.
    with contextlib.suppress(psycopg2.OperationalError):  # the compute may be suspended under the last statement
        query(neon, uri, f"CREATE TABLE filler AS SELECT repeat('x', 1000) AS text FROM generate_series(1, {6 * 1024})")
        query(neon, uri, "SELECT text FROM filler")
    neon.advance_clock(150)
    eventually(lambda: state(project) == "idle")
    assert words in eventually(lambda: refusal(neon, uri))
    project.refused("POST", f"{project.endpoint}/start", 423, words)
    project.refused("POST", f"{project.path}/branches", 423, words, body={"branch": {"name": "x"}, "endpoints": [{"type": "read_write"}]})
    assert {branch["name"] for branch in neon.get(f"{project.path}/branches")["branches"]} == {"main"}
    settings(project, quota=dict.fromkeys(quota, 0))
    assert query(neon, uri, "SELECT 1") == [(1,)]


def test_a_new_period_begins_with_nothing_consumed(neon, project):
    settings(project, quota={"active_time_seconds": 100})
    neon.advance_clock(150)
    eventually(lambda: state(project) == "idle")
    neon.advance_clock(31 * 86_400)
    assert neon.get(project.path)["project"]["active_time_seconds"] == 0
    assert query(neon, project.uri(), "SELECT 1") == [(1,)]


def test_a_branch_that_is_too_large_takes_no_writes_until_it_shrinks(neon, project):
    other = project.uri(project.add_branch("other"))
    size = neon.get(project.branch)["branch"]["logical_size"]
    settings(project, quota={"logical_size_bytes": size + 8 * MEGABYTE})
    uri = project.uri()
    with contextlib.closing(connect(neon, uri)) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE filler AS SELECT md5(n::text) AS a, repeat('x', 1000) AS b FROM generate_series(1, {16 * 1024}) AS n")

        def is_read_only():
            cursor.execute("SHOW transaction_read_only")
            return cursor.fetchone() == ("on",)

        eventually(is_read_only)
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            cursor.execute("INSERT INTO filler VALUES ('a', 'b')")
        cursor.execute("SELECT count(*) FROM filler")
        assert cursor.fetchone() == (16 * 1024,)
        query(neon, other, "CREATE TABLE small AS SELECT 1")

        neon.change("POST", f"{project.endpoint}/restart")
    with contextlib.closing(connect(neon, uri)) as connection, connection.cursor() as cursor:  # it starts, and still takes no writes
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            cursor.execute("INSERT INTO filler VALUES ('a', 'b')")
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute("DROP TABLE filler")

    def writable():
        return query(neon, uri, "SHOW transaction_read_only") == [("off",)]

    eventually(writable)


# --- what computes are started with


def test_preloaded_libraries_act_at_the_next_start(neon, project):
    libraries = {item["library_name"]: item for item in neon.get(f"{project.path}/available_preload_libraries")["libraries"]}
    assert libraries["pg_stat_statements"]["is_default"]
    show = "SHOW shared_preload_libraries"
    uri = project.uri()
    assert query(neon, uri, show) == [("pg_stat_statements",)]
    settings(project, preload_libraries={"use_defaults": True, "enabled_libraries": ["auto_explain"]})
    assert query(neon, uri, show) == [("pg_stat_statements",)]
    neon.change("POST", f"{project.endpoint}/restart")
    assert query(neon, uri, show) == [("pg_stat_statements,auto_explain",)]
    assert query(neon, uri, "SHOW auto_explain.log_min_duration") == [("-1",)]


def test_every_library_on_offer_can_be_preloaded(neon, project):
    names = [item["library_name"] for item in neon.get(f"{project.path}/available_preload_libraries")["libraries"]]
    settings(project, preload_libraries={"use_defaults": False, "enabled_libraries": names})
    neon.change("POST", f"{project.endpoint}/restart")
    assert query(neon, project.uri(), "SHOW shared_preload_libraries") == [(",".join(names),)]


def test_logical_replication_suspends_and_stays(neon, project):
    uri = project.uri()
    settings(project, enable_logical_replication=True)
    assert state(project) == "idle"
    assert query(neon, uri, "SHOW wal_level") == [("logical",)]
    project.refused("PATCH", project.path, 400, "cannot be disabled", body={"project": {"settings": {"enable_logical_replication": False}}})
    assert settings(project, quota={"active_time_seconds": 0})["enable_logical_replication"] is True
