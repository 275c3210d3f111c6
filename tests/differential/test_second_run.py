# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every parameter that can be set in a scope is set there by one task, to another value than its default; the second run changes nothing."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import psycopg2
import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Parameter
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_check import declared_problems
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_value import declared_value, stored_canonical
from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from asking import Asker
from module_runner import run_module
from postgres_server import SUPERUSER_PASSWORD, PostgresServer

ROLE, OTHER_DATABASE = "of_no_session", "without_sessions"

#: Values for parameters whose server looks further than the value's form, also at each other, and for those that would end our own session.
_CHOSEN: dict[str, t.Any] = {
    "autovacuum_max_workers": 10,
    "autovacuum_worker_slots": 20,
    "bonjour": "off",
    "client_encoding": "LATIN1",
    "createrole_self_grant": ["set", "inherit"],
    "DateStyle": ["ISO", "DMY"],
    "debug_io_direct": ["data"],
    "dynamic_library_path": "$libdir:/tmp",
    "exit_on_error": "off",
    "extension_control_path": "$system:/tmp",
    "default_table_access_method": "heap",
    "default_tablespace": "pg_default",
    "default_text_search_config": "pg_catalog.english",
    "lc_messages": "POSIX",
    "lc_monetary": "POSIX",
    "lc_numeric": "POSIX",
    "lc_time": "POSIX",
    "listen_addresses": ["localhost", "127.0.0.1"],
    "log_connections": "on",
    "log_destination": ["stderr", "csvlog"],
    "log_timezone": "UTC",
    "max_connections": 1000,
    "max_stack_depth": "1MB",
    "max_wal_senders": 20,
    "max_worker_processes": 96,
    "primary_slot_name": "a_slot",
    "recovery_target": "immediate",
    "recovery_target_lsn": "16/B374D848",
    "recovery_target_time": "2026-11-23 10:00:00+00",
    "recovery_target_timeline": "current",
    "recovery_target_xid": "123",
    "reserved_connections": 5,
    "restrict_nonsystem_relation_kind": ["view", "foreign-table"],
    "search_path": ["$user", "My, Schema"],
    "session_preload_libraries": ["auto_explain"],
    "shared_preload_libraries": ["auto_explain", "pg_stat_statements"],
    "superuser_reserved_connections": 5,
    "synchronized_standby_slots": ["a_slot", "b_slot"],
    "synchronous_standby_names": "FIRST 1 (a, b)",
    "temp_tablespaces": ["pg_default"],
    "TimeZone": "Etc/UTC",
    "timezone_abbreviations": "Australia",
    "unix_socket_directories": ["/tmp", "/var/run, x"],
    "wal_consistency_checking": ["heap", "btree"],
    "wal_level": "logical",
}

#: What the whole server, which has to let us in a second time, keeps as it is.
_KEPT_BY_THE_SERVER: dict[str, t.Any] = {
    # Its libraries must lie in a folder that this server does not have; databases and roles show the parameter.
    "local_preload_libraries": [],
    # Every connection would wait, and every query would start processes that wait.
    "post_auth_delay": 0,
    "pre_auth_delay": 0,
    "debug_parallel_query": "off",
    "force_parallel_mode": "off",
    # With it every login is for a role of another name.
    "db_user_namespace": "off",
    # Its clients ask for TLS.
    "ssl": "on",
    # It would not start with them beside log_parser_stats and recovery_target_name.
    "log_statement_stats": "off",
    "recovery_target": "",
    "recovery_target_lsn": "",
    "recovery_target_time": "",
    "recovery_target_xid": "",
}

_OF_A_TRANSACTION = ("transaction_deferrable", "transaction_isolation", "transaction_read_only")

_TEXTS = ("it's a \"text\", 50% \\ of 'one'", "a_text", "1")
_NUMBERS = (100000, 1000, 96, 10, 5, 3, 2, 1.5, 1, 0, 0.5, 0.25)


def another_value(parameter: Parameter) -> t.Any:
    """Return a value that the parameter takes and that is not its default."""
    if parameter.name in _CHOSEN:
        return _CHOSEN[parameter.name]
    choices: t.Sequence[t.Any] = _TEXTS
    if parameter.vartype == "bool":
        choices = ("on", "off")
    elif parameter.vartype == "enum":
        choices = tuple(name.upper() for name in parameter.enumvals)
    elif parameter.vartype in ("integer", "real"):
        choices = (*_NUMBERS, parameter.min_val, parameter.max_val)
    elif parameter.quotes_elements:
        choices = (["auto_explain", "A, b"],)
    for value in choices:
        try:
            if declared_value(parameter, value).canonical != stored_canonical(parameter, parameter.boot_val):
                return value
        except InputError:
            continue
    # This build leaves one value only; configuring it is a change all the same.
    only = parameter.enumvals if parameter.vartype == "enum" else (parameter.min_val,)
    assert len(only) == 1 and parameter.min_val == parameter.max_val, f"there is no other value for {parameter}"
    return only[0]


def apply(server: PostgresServer, settings: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    login = server.login(login_user="cloud_admin", provider="self_hosted")
    result = run_module(pg_setting, {"login": login, "login_password": SUPERUSER_PASSWORD, "settings": settings})
    assert not result.get("failed"), result["msg"]
    return result


def twice(server: PostgresServer, settings: list[dict[str, t.Any]]) -> None:
    assert apply(server, settings)["changed"]
    again = apply(server, settings)
    assert not again["changed"], again["actions"]
    # The same in the words of the server: what it has stored is what the task found.
    assert [item["configured"] for item in again["settings"]] == [item["configured_before"] for item in again["settings"]]


def refused_for(asking: Asker, scope: Scope, parameter: Parameter) -> bool:
    """Return whether we say that a parameter cannot be set in a scope at all."""
    wanted = SettingWanted(parameter.name, scope, present=False)
    return bool(declared_problems(asking.catalogue, "self_hosted", [wanted]))


@pytest.fixture
def nobody(server: PostgresServer) -> t.Iterator[None]:
    with server.superuser() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        cursor.execute(f"CREATE DATABASE {OTHER_DATABASE}")
    yield
    with server.superuser() as cursor:
        cursor.execute(f"DROP DATABASE {OTHER_DATABASE}")
        cursor.execute(f"DROP ROLE {ROLE}")


@pytest.mark.parametrize("where", ["database", "role", "role in database"])
def test_a_database_and_a_role(server: PostgresServer, asking: Asker, nobody: None, where: str) -> None:
    scope = Scope(OTHER_DATABASE if "database" in where else None, ROLE if "role" in where else None)
    settings = []
    with server.superuser() as cursor:
        for parameter in asking.parameters:
            try:
                # What may be reset may be set; nothing changes.
                cursor.execute(f'ALTER ROLE {ROLE} RESET "{parameter.name}"' if "." not in parameter.name else "SELECT")
                # What belongs to a running transaction is nothing that a later session begins with.
                theirs = parameter.context not in ("user", "superuser") or parameter.name.startswith(_OF_A_TRANSACTION)
            except psycopg2.Error:
                theirs = True
            assert refused_for(asking, scope, parameter) == theirs, f"{parameter.name} for a {where}"
            if not theirs:
                settings.append({"name": parameter.name, "value": another_value(parameter), "database": scope.database, "role": scope.role})
    assert len(settings) > 150
    twice(server, settings)


def test_the_whole_server(server: PostgresServer, asking: Asker) -> None:
    # The files have to be there. A certificate and its key go together, so these get other names only.
    for name in ("pem", "key"):
        (server.folder / f"server.{name}").rename(server.folder / f"second.{name}")
        (server.folder / f"server.{name}").symlink_to(server.folder / f"second.{name}")
    files = {"ca": server.other_ca_file, "crl": server.other_ca_file, "cert": server.folder / "second.pem", "key": server.folder / "second.key"}
    kept = {**_KEPT_BY_THE_SERVER, **{f"ssl_{which}_file": str(path) for which, path in files.items()}}
    settings = []
    for parameter in asking.parameters:
        theirs = bool(asking.refuses_system(parameter))
        assert refused_for(asking, Scope(), parameter) == theirs, f"{parameter.name} for the whole server"
        if not theirs:
            value = kept[parameter.name] if parameter.name in kept else another_value(parameter)
            settings.append({"name": parameter.name, "value": value})
    assert len(settings) > 300
    try:
        twice(server, settings)
    finally:
        with server.superuser() as cursor:
            cursor.execute("ALTER SYSTEM RESET ALL")
            cursor.execute("SELECT pg_reload_conf()")
