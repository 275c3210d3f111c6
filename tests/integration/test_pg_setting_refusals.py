# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pg_setting where something is in the way: one clear message, no traceback, and the next run goes on."""

from __future__ import annotations

import concurrent.futures
import pathlib
import sys
import time
import typing as t

import psycopg2
import pytest

from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import SUPERUSER_PASSWORD, PostgresServer, running_server

SYSTEM = {"name": "work_mem", "value": "3MB"}
DATABASE = {"name": "lock_timeout", "value": "5s", "database": "shop"}


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with running_server() as running:
        yield running


def run(server: PostgresServer, *settings: dict[str, t.Any], check: bool = False, **more: t.Any) -> dict[str, t.Any]:
    connection = {"login": server.login(login_user="cloud_admin", provider="self_hosted"), "login_password": SUPERUSER_PASSWORD}
    result = run_module(pg_setting, {**connection, "settings": list(settings), **more}, check=check)
    assert "Traceback" not in str(result) and SUPERUSER_PASSWORD not in str(result)
    return result


def refused(server: PostgresServer, *settings: dict[str, t.Any], words: str) -> None:
    """Both a check and a run fail with the words, and nothing is configured afterwards."""
    for check in (True, False):
        result = run(server, *settings, check=check)
        assert result.get("failed") and words in result["msg"], result
        assert "This is a defect" not in result["msg"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a\nb", "takes no line end in a value"),
        ("a\0b", "null character"),
        ({"a": 1}, "it is a dict"),
        (None, "there is no value"),
    ],
)
def test_a_value_that_no_file_can_hold(server: PostgresServer, value: t.Any, words: str) -> None:
    refused(server, SYSTEM, {"name": "log_line_prefix", "value": value}, words=words)
    with server.superuser() as cursor:
        cursor.execute("SELECT count(*) FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf'")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("option", ["name", "database", "role"])
def test_a_name_that_no_server_can_hold(server: PostgresServer, option: str) -> None:
    text = "a\0b"
    refused(server, SYSTEM, {"name": "work_mem", "value": "5MB", "database": "shop", option: text}, words=f"{text!a} holds a character")


def test_a_connection_that_is_lost_half_way_leaves_a_state_from_which_the_next_run_goes_on(server: PostgresServer) -> None:
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '%pg_setting' AND wait_event_type = 'Lock'"
    with server.superuser("shop") as blocker, server.superuser() as watcher, concurrent.futures.ThreadPoolExecutor(1) as pool:
        # Reads go on, the first write to a database's settings waits: by then the whole server's are done.
        blocker.execute("BEGIN; LOCK TABLE pg_catalog.pg_db_role_setting IN SHARE MODE")
        running = pool.submit(run, server, SYSTEM, DATABASE)
        try:
            watcher.execute(waiting)
            while not (found := watcher.fetchall()) and not running.done():
                time.sleep(0.02)
                watcher.execute(waiting)
            assert found, running.result()
            watcher.execute("SELECT pg_terminate_backend(%s)", found[0])
            result = running.result(timeout=60)
        finally:
            blocker.execute("ROLLBACK")
    assert result["failed"] and "lock_timeout" in result["msg"] and "This is a defect" not in result["msg"], result
    again = run(server, SYSTEM, DATABASE)
    assert again["actions"] == ["set lock_timeout = 5s for database shop"]
    assert run(server, SYSTEM, DATABASE)["changed"] is False


def test_a_server_that_is_down() -> None:
    with running_server() as server:
        server.stop()
        refused(server, SYSTEM, words="the server cannot be reached. Connection refused")


def test_a_server_whose_files_belong_to_somebody_else() -> None:
    with running_server(settings={"allow_alter_system": "off"}) as server:
        refused(server, SYSTEM, words="ALTER SYSTEM is switched off on this server")
        assert run(server, DATABASE)["changed"] is True


def test_a_standby() -> None:
    with running_server() as server:
        server.stop()
        signal = server.folder / "data" / "standby.signal"
        signal.touch()
        server.run()
        with server.superuser() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            assert cursor.fetchone() == (True,)
        refused(server, SYSTEM, DATABASE, words="the server is a standby")
        result = run(server, SYSTEM)
        assert result["changed"] and any("written for this node only" in text for text in result["warnings"])
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction), server.superuser() as cursor:
            cursor.execute("ALTER DATABASE shop SET lock_timeout = 1")
