# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a level derives for an own host, on a server: written at once, unchanged the second time, and the server starts with it."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.filter.postgresql_tuning import postgresql_tuning
from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import SUPERUSER_PASSWORD, PostgresServer, running_server

MACHINE = {"memory": "512MB", "cpus": 4, "storage": "ssd", "disk": "10GB"}


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with running_server() as running:
        yield running


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (
            "moderate",
            {"shared_buffers": "32MB", "effective_cache_size": "256MB", "max_connections": "23", "max_wal_size": "1GB", "wal_compression": "off"},
        ),
        (
            "optimised",
            {"shared_buffers": "64MB", "effective_cache_size": "384MB", "max_connections": "23", "max_wal_size": "1GB", "wal_compression": "pglz"},
        ),
    ],
)
def test_a_server_starts_with_what_a_level_derives(server: PostgresServer, level: str, shown: dict[str, str]) -> None:
    derived = postgresql_tuning(MACHINE, level, connections=10, server_major=17)
    settings = [{"name": name, "value": value} for name, value in derived["server"].items()]
    settings += [{"name": name, "value": value, "database": "shop"} for name, value in derived["database"].items()]
    call = {"login": server.login(login_user="cloud_admin", provider="self_hosted"), "login_password": SUPERUSER_PASSWORD, "settings": settings}
    result = run_module(pg_setting, call)
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    assert "shared_buffers" in [setting["name"] for setting in result["settings"] if setting["pending_restart"]]
    assert not run_module(pg_setting, call)["changed"]

    server.stop()
    server.run()
    with server.superuser("shop") as cursor:
        cursor.execute("SELECT name, current_setting(name) FROM pg_catalog.pg_settings WHERE name = ANY(%s)", (list(shown),))
        assert dict(cursor.fetchall()) == shown
        cursor.execute("SELECT count(*) FROM pg_catalog.pg_settings WHERE pending_restart")
        assert cursor.fetchone() == (0,)
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("5min",)
