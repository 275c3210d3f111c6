# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When pg_setting restarts a server, and when a restart would change nothing."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting, pg_setting_info

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import SUPERUSER_PASSWORD, PostgresServer
from setting_server import reload, restartable_server, restarting


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with restartable_server() as running:
        yield running


def connection(server: PostgresServer) -> dict[str, t.Any]:
    return {"login": server.login(login_user="cloud_admin", provider="self_hosted"), "login_password": SUPERUSER_PASSWORD}


def run(server: PostgresServer, settings: list[dict[str, t.Any]], check: bool = False, **params: t.Any) -> dict[str, t.Any]:
    result = run_module(pg_setting, {**connection(server), "settings": settings, **params}, check=check)
    assert not result.get("failed"), result["msg"]
    return result


def thrice(server: PostgresServer, settings: list[dict[str, t.Any]], **params: t.Any) -> dict[str, t.Any]:
    """Check, run, run again with a restart allowed; the check says what the run does, and the second run has nothing to do."""
    allowed = {**restarting(server), **params}
    checked, real, again = (run(server, settings, check=check, **allowed) for check in (True, False, False))
    for key in ("changed", "diff", "actions", "restarted", "warnings"):
        assert checked[key] == real[key], key
    assert real["changed"]
    for result in (checked, real, again):
        assert [item["pending_restart"] for item in result["settings"]] == [False] * len(settings)
    assert (again["changed"], again["restarted"]) == (False, False), again.get("actions")
    return real


def shown(server: PostgresServer, name: str) -> tuple[str, bool]:
    with server.superuser() as cursor:
        cursor.execute("SELECT setting, pending_restart FROM pg_settings WHERE name = %s", (name,))
        return cursor.fetchone()


def test_a_restart_is_made_for_what_is_taken_away(server: PostgresServer) -> None:
    """The server says of the line that is gone that the parameter cannot be changed without a restart, in a line without a name."""
    settings = [{"name": "max_worker_processes", "value": 9}]
    assert thrice(server, settings)["restarted"] is True and shown(server, "max_worker_processes") == ("9", False)
    gone = thrice(server, settings, state="absent")
    assert gone["actions"] == [
        "reset max_worker_processes for system",
        "reload the server's configuration",
        "restart the server for max_worker_processes",
    ]
    assert (gone["restarted"], shown(server, "max_worker_processes")) == (True, ("8", False))


def test_no_restart_is_made_for_a_line_that_says_the_default_and_none_is_kept_from_others(server: PostgresServer) -> None:
    """The server wants a restart for any line that was taken away, whatever it says."""
    default = [{"name": "max_worker_processes", "value": 8}]
    assert thrice(server, default)["restarted"] is False
    start_anew(server)
    gone = thrice(server, default, state="absent")
    assert (gone["changed"], gone["restarted"], shown(server, "max_worker_processes")) == (True, False, ("8", True))
    assert report(server, "max_worker_processes")["pending_restart"] is False
    assert thrice(server, [{"name": "max_prepared_transactions", "value": 3}])["actions"][-1] == "restart the server for max_prepared_transactions"
    assert shown(server, "max_worker_processes") == ("8", False)


def test_what_never_was_in_force_is_taken_back_without_a_restart(server: PostgresServer) -> None:
    """The server goes on wanting one for a value that is no longer configured."""
    settings = [{"name": "max_wal_senders", "value": 20}]
    assert run(server, settings)["settings"][0]["pending_restart"] is True
    assert thrice(server, settings, state="absent")["restarted"] is False
    assert shown(server, "max_wal_senders") == ("10", True)


def test_an_automatic_value_is_in_force_as_what_was_computed(server: PostgresServer) -> None:
    """The server shows what it has computed, and some of these as waiting for a restart, for ever and after each reload."""
    settings = [{"name": name, "value": 0} for name in ("transaction_buffers", "subtransaction_buffers", "commit_timestamp_buffers")]
    settings.append({"name": "wal_buffers", "value": -1})
    assert thrice(server, settings)["restarted"] is False
    start_anew(server)
    with server.superuser() as cursor:
        reload(cursor)
    assert shown(server, "transaction_buffers")[1] is True
    assert run(server, settings, **restarting(server))["changed"] is False
    assert report(server, "transaction_buffers")["pending_restart"] is False
    fixed = [{"name": "transaction_buffers", "value": 64}]
    assert thrice(server, fixed)["restarted"] is True and shown(server, "transaction_buffers") == ("64", False)
    assert thrice(server, settings)["actions"][-1] == "restart the server for transaction_buffers"
    assert shown(server, "transaction_buffers")[0] == "32"


def test_a_path_is_in_force_as_the_whole_one(server: PostgresServer) -> None:
    """The server makes it absolute when it starts, and compares the configured one with that at each reload."""
    settings = [{"name": "ident_file", "value": "other_ident.conf"}]
    assert thrice(server, settings)["restarted"] is True
    with server.superuser() as cursor:
        reload(cursor)
    path, pending = shown(server, "ident_file")
    assert path.startswith("/") and path.endswith("/other_ident.conf") and pending
    assert run(server, settings, **restarting(server))["changed"] is False


def start_anew(server: PostgresServer) -> None:
    """Restart the server without the module."""
    subprocess.run(restarting(server)["restart_command"], check=True, capture_output=True)


def report(server: PostgresServer, name: str) -> dict[str, t.Any]:
    result = run_module(pg_setting_info, {**connection(server), "names": [name]})
    return result["settings"][0]
