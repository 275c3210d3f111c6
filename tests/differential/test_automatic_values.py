# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which parameters a server computes, and what: the table against each version, with other values of what it computes them from."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_automatic import AUTOMATIC, automatic_value
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Catalogue
from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from asking import asker
from module_runner import run_module
from postgres_server import SUPERUSER_PASSWORD, PostgresServer, postgres_home, running_server
from setting_server import reload

#: What is computed depends on these.
SIZES: tuple[dict[str, str], ...] = (
    {"shared_buffers": "1MB"},
    {"shared_buffers": "12MB", "max_connections": "20", "max_worker_processes": "3"},
    {"shared_buffers": "150MB", "max_wal_senders": "30", "max_connections": "300"},
)

#: What pg_settings shows otherwise than it is configured although it is not computed: paths, and the server's own file mode.
SHOWN_OTHERWISE = frozenset({"config_file", "data_directory", "external_pid_file", "hba_file", "ident_file", "unix_socket_permissions"})


@pytest.fixture(scope="module")
def computing(major: int) -> t.Iterator[PostgresServer]:
    try:
        postgres_home(major)
    except AssertionError:
        pytest.skip(f"PostgreSQL {major} is NOT tested: its server programs are not there (scripts/postgres_versions.sh fetches them)")
    with running_server(major) as running:
        yield running


def catalogue_of(server: PostgresServer, major: int) -> Catalogue:
    with asker(server, major) as session:
        return session.catalogue


def run(server: PostgresServer, settings: list[dict[str, t.Any]], check: bool = False) -> dict[str, t.Any]:
    login = server.login(login_user="cloud_admin", provider="self_hosted")
    result = run_module(pg_setting, {"login": login, "login_password": SUPERUSER_PASSWORD, "settings": settings}, check=check)
    assert not result.get("failed"), result["msg"]
    return result


def test_the_table_holds_all_that_the_server_computes(computing: PostgresServer, major: int) -> None:
    with computing.superuser() as cursor:
        cursor.execute(
            "SELECT name FROM pg_settings WHERE context = 'postmaster' AND setting IS DISTINCT FROM boot_val"
            " AND source IN ('default', 'override') AND name <> ALL(%s)",
            (sorted(SHOWN_OTHERWISE),),
        )
        found = {name for (name,) in cursor.fetchall()}
    catalogue = catalogue_of(computing, major)
    assert found == {name for name in AUTOMATIC if catalogue.get(name)}


def test_what_is_computed_is_foretold_and_waits_for_no_restart(computing: PostgresServer, major: int) -> None:
    auto_file = computing.folder / "data" / "postgresql.auto.conf"
    before = auto_file.read_text(encoding="utf-8")
    names = [name for name in AUTOMATIC if catalogue_of(computing, major).get(name)]
    settings = [{"name": name, "value": AUTOMATIC[name][0]} for name in names]
    for sizes in SIZES:
        computing.stop()
        auto_file.write_text(before + "".join(f"{name} = '{value}'\n" for name, value in sizes.items()), encoding="utf-8")
        computing.run()
        catalogue = catalogue_of(computing, major)
        computed = {name: automatic_value(catalogue, catalogue.find(name), AUTOMATIC[name][0]) for name in names}
        assert computed == {name: catalogue.find(name).running for name in names}, sizes
        checked, real, again = run(computing, settings, check=True), run(computing, settings), run(computing, settings)
        assert (checked["changed"], real["changed"], again["changed"]) == (True, True, False)
        computing.stop()
        computing.run()
        with computing.superuser() as cursor:
            reload(cursor)
        later = run(computing, settings)
        assert later["changed"] is False
        for result in (checked, real, again, later):
            assert [(item["name"], item["pending_restart"]) for item in result["settings"]] == [(name, False) for name in names], sizes
    computing.stop()
    auto_file.write_text(before, encoding="utf-8")
    computing.run()
