# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pg_setting where configured and running values are not the same: files that nobody has loaded, that cannot be loaded, values that others override."""

from __future__ import annotations

import contextlib
import pathlib
import sys
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.login import parse_login
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.transport import Session
from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import OWNER, OWNER_PASSWORD, SUPERUSER_PASSWORD, PostgresServer, running_server

Settings = list[dict[str, t.Any]]


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with running_server() as running:
        with running.superuser() as cursor:
            cursor.execute("CREATE ROLE shop_readonly LOGIN PASSWORD 'of shop_readonly'")
            cursor.execute("CREATE DATABASE other")
        yield running


@pytest.fixture(autouse=True)
def fresh_settings(server: PostgresServer) -> t.Iterator[None]:
    yield
    with server.superuser() as cursor:
        for name in (
            "DATABASE shop",
            "DATABASE other",
            "ROLE ALL",
            "ROLE shop_readonly",
            "ROLE shop_readonly IN DATABASE other",
            f'ROLE "{OWNER}"',
            "ROLE cloud_admin",
            "ROLE cloud_admin IN DATABASE shop",
        ):
            cursor.execute(f"ALTER {name} RESET ALL")
        cursor.execute("ALTER SYSTEM RESET ALL")
        cursor.execute("COMMENT ON DATABASE shop IS NULL")
        cursor.execute("SELECT pg_reload_conf()")


def run(server: PostgresServer, settings: Settings, check: bool = False, user: str = "cloud_admin", **params: t.Any) -> dict[str, t.Any]:
    login = server.login(login_user=user, provider="self_hosted")
    password = SUPERUSER_PASSWORD if user == "cloud_admin" else OWNER_PASSWORD
    return run_module(pg_setting, {"login": login, "login_password": password, "settings": settings, **params}, check=check)


def succeeded(result: dict[str, t.Any]) -> dict[str, t.Any]:
    assert not result.get("failed"), result["msg"]
    return result


def refused(server: PostgresServer, settings: Settings, **params: t.Any) -> str:
    """Return the message with which a check and a run refuse alike; nothing is written."""
    before = written(server)
    messages = []
    for check in (True, False):
        result = run(server, settings, check=check, **params)
        assert result.get("failed"), result
        messages.append(result["msg"])
    assert messages[0] == messages[1] and "Traceback" not in messages[0]
    assert written(server) == before
    return messages[0]


def predicted(server: PostgresServer, settings: Settings, **params: t.Any) -> dict[str, t.Any]:
    """Run a check and what it predicts, and see that nothing is left to do."""
    checked = succeeded(run(server, settings, check=True, **params))
    real = succeeded(run(server, settings, **params))
    assert [checked[key] for key in ("changed", "actions", "diff")] == [real[key] for key in ("changed", "actions", "diff")]
    assert not succeeded(run(server, settings, **params))["changed"]
    return real


def written(server: PostgresServer) -> str:
    with server.superuser() as cursor:
        cursor.execute("SELECT pg_read_file('postgresql.auto.conf')")
        return str(cursor.fetchone()[0])


def shown(server: PostgresServer, name: str) -> str:
    with server.superuser() as cursor:
        cursor.execute("SELECT current_setting(%s)", (name,))
        return str(cursor.fetchone()[0])


@contextlib.contextmanager
def line_in_conf(server: PostgresServer, line: str) -> t.Iterator[None]:
    """Have a line at the end of postgresql.conf."""
    with server.superuser() as cursor:
        cursor.execute("SHOW config_file")
        path = pathlib.Path(cursor.fetchone()[0])
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def test_what_was_written_and_never_loaded_is_loaded(server: PostgresServer) -> None:
    """A run that was killed before its reload, or somebody's own ALTER SYSTEM."""
    with server.superuser() as cursor:
        cursor.execute("ALTER SYSTEM SET log_temp_files = 7")
    assert shown(server, "log_temp_files") == "-1"
    real = predicted(server, [{"name": "log_temp_files", "value": 7}])
    assert real["actions"] == ["reload the server's configuration for log_temp_files"]
    assert real["diff"]["before"] == "log_temp_files = 7  # -1 is in force until a reload\n" and real["diff"]["after"] == "log_temp_files = 7\n"
    assert shown(server, "log_temp_files") == "7kB" and real["settings"][0]["running"] == "7"


def test_what_was_taken_away_and_never_loaded_is_loaded(server: PostgresServer) -> None:
    succeeded(run(server, [{"name": "log_temp_files", "value": 7}]))
    with server.superuser() as cursor:
        cursor.execute("ALTER SYSTEM RESET log_temp_files")
    assert predicted(server, [{"name": "log_temp_files", "state": "absent"}])["changed"]
    assert shown(server, "log_temp_files") == "-1"


def test_a_restart_is_waited_for_before_the_files_are_loaded_too(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute("ALTER SYSTEM SET max_connections = 123")
    for check in (True, False):
        result = succeeded(run(server, [{"name": "max_connections", "value": 123}], check=check))
        assert not result["changed"] and result["settings"][0]["pending_restart"]


@pytest.mark.parametrize(
    ("line", "words"),
    [("work_mem = = 3", "syntax error"), ("no_such_parameter = 3", "(no_such_parameter): unrecognized configuration parameter")],
)
def test_files_that_the_server_would_not_read_are_refused(server: PostgresServer, line: str, words: str) -> None:
    with line_in_conf(server, line):
        message = refused(server, [{"name": "log_temp_files", "value": 7}])
        assert "the server would ignore a reload of its configuration. it says: " in message.replace("option settings: ", "", 1), message
        assert words in message and "postgresql.conf line " in message and "nothing was changed" in message
        # What needs no reload is no business of that line.
        assert succeeded(run(server, [{"name": "lock_timeout", "value": "5s", "database": "shop"}]))["changed"]


def test_another_setting_that_cannot_be_applied_does_not_stand_in_the_way(server: PostgresServer) -> None:
    with line_in_conf(server, "bgwriter_delay = 1"):
        assert predicted(server, [{"name": "log_temp_files", "value": 7}])["changed"]
        assert shown(server, "log_temp_files") == "7kB"


def test_what_did_not_take_fails(server: PostgresServer) -> None:
    """Each of the two passes ALTER SYSTEM while the other is not in force; together the server takes one of them."""
    with server.superuser() as cursor:
        cursor.execute("ALTER SYSTEM SET log_parser_stats = on")
        cursor.execute("ALTER SYSTEM SET log_statement_stats = on")
    for _again in range(2):
        result = run(server, [{"name": "log_statement_stats", "value": True}])
        assert result["failed"] and shown(server, "log_statement_stats") == "off"
        assert (
            "did not take log_statement_stats = 'on' ('off' is in force). it says: log_statement_stats: setting could not be applied" in result["msg"]
        )


def test_what_only_a_new_session_shows_is_seen_in_one(server: PostgresServer) -> None:
    real = predicted(server, [{"name": "log_disconnections", "value": True}])
    assert real["settings"][0]["running"] == "on" and real["settings"][0]["source"] == "configuration file"


def test_a_session_with_a_value_of_its_own_does_not_speak_for_the_server(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute("ALTER ROLE cloud_admin SET work_mem = '9MB'")
        cursor.execute("ALTER DATABASE other SET work_mem = '7MB'")
        cursor.execute("ALTER ROLE shop_readonly IN DATABASE other SET work_mem = '5MB'")
    settings: Settings = [{"name": "work_mem", "value": "5MB"}, {"name": "work_mem", "value": "5MB", "database": "other"}]
    first, second = predicted(server, settings)["settings"]
    assert (first["running"], first["source"], first["overridden_by"]) == (None, "user", ["role cloud_admin"])
    assert second["overridden_by"] == ["role cloud_admin"]


def test_a_value_of_all_roles_leaves_nobody_the_servers(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute("ALTER ROLE ALL SET work_mem = '9MB'")
    result = predicted(server, [{"name": "work_mem", "value": "5MB"}])
    assert result["settings"][0]["overridden_by"] == ["all roles"]
    assert "ALTER ROLE ALL has set work_mem = '9MB', which goes before the declared '5MB'" in " ".join(result["warnings"])


def test_what_is_meant_for_applications_does_not_end_our_session(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute("ALTER DATABASE shop SET statement_timeout = '1ms'")
        for name in ("transaction_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"ALTER DATABASE shop SET {name} = '5s'")
        cursor.execute("ALTER DATABASE shop SET default_transaction_read_only = on")
    settings: Settings = [
        {"name": "log_temp_files", "value": 7},
        {"name": "statement_timeout", "value": "1min"},
        {"name": "lock_timeout", "value": "5s", "database": "other"},
    ]
    real = predicted(server, settings, remember="a test")
    # The database's own value hides the server's.
    assert [item["running"] for item in real["settings"]] == ["7", None, None]
    login = parse_login(
        {"login": server.login(login_user="cloud_admin"), "login_password": SUPERUSER_PASSWORD, "connect_timeout": 10}, predicted=False
    )
    session = Session.connect(login, "a test")
    names = ("statement_timeout", "transaction_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout")
    own = session.rows("SELECT current_setting(name) AS value FROM unnest(%(names)s) AS asked(name)", {"names": list(names)})
    assert own == [{"value": "0"}] * len(names)
    session.close()
    with server.superuser() as cursor:
        cursor.execute("ALTER DATABASE shop RESET ALL")
        cursor.execute("ALTER DATABASE shop SET exit_on_error = on")
    assert "'nope' is not a value for default_text_search_config" in refused(server, [{"name": "default_text_search_config", "value": "nope"}])


def test_names_are_looked_up_where_they_are_meant(server: PostgresServer) -> None:
    with server.superuser("other") as cursor:
        cursor.execute("CREATE TEXT SEARCH CONFIGURATION public.of_other (COPY = pg_catalog.english)")
    try:
        assert predicted(server, [{"name": "default_text_search_config", "value": "public.of_other", "database": "other"}])["changed"]
    finally:
        with server.superuser("other") as cursor:
            cursor.execute("DROP TEXT SEARCH CONFIGURATION public.of_other")
    # A tablespace that is yet to be made is taken, as by the server itself, which has something to remark.
    result = predicted(server, [{"name": "default_tablespace", "value": "not_yet", "database": "other"}])
    assert 'default_tablespace for database other: the server says: tablespace "not_yet" does not exist' in " ".join(result["warnings"])


def test_parameters_that_pg_settings_does_not_show(server: PostgresServer) -> None:
    settings: Settings = [
        {"name": "role", "value": "pg_monitor", "role": "shop_readonly"},
        {"name": "app.größe", "value": "XL", "role": "shop_readonly"},
    ]
    predicted(server, settings)
    # All of it can be taken away again by what declares nothing.
    result = predicted(server, [], state="exact", scopes=[{"role": "shop_readonly"}])
    assert [item["name"] for item in result["reset"]] == ["app.größe", "role"]
    assert "role cannot be set for the whole server" in refused(server, [{"name": "role", "value": "pg_monitor"}])


def test_an_owner_sets_what_only_superusers_see(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute(f'GRANT SET ON PARAMETER session_preload_libraries TO "{OWNER}"')
    settings: Settings = [{"name": "session_preload_libraries", "value": ["auto_explain"], "database": "shop"}]
    try:
        predicted(server, settings, user=OWNER)
        succeeded(run(server, [{**settings[0], "value": None}], user=OWNER, state="absent"))
    finally:
        with server.superuser() as cursor:
            cursor.execute(f'REVOKE SET ON PARAMETER session_preload_libraries FROM "{OWNER}"')


def test_who_sees_neither_files_nor_the_servers_value_is_told_so(server: PostgresServer) -> None:
    granted = ("ALTER SYSTEM ON PARAMETER log_temp_files", "EXECUTE ON FUNCTION pg_reload_conf()")
    with server.superuser("shop") as cursor:
        for right in granted:
            cursor.execute(f'GRANT {right} TO "{OWNER}"')
    try:
        predicted(server, [{"name": "log_temp_files", "value": 7}], user=OWNER)
        with server.superuser() as cursor:
            cursor.execute(f'GRANT SET ON PARAMETER log_temp_files TO "{OWNER}"')
            cursor.execute(f'ALTER ROLE "{OWNER}" SET log_temp_files = 9')
        message = refused(server, [{"name": "log_temp_files", "value": 9}], user=OWNER)
        assert "what is configured for the whole server of log_temp_files cannot be seen" in message
        assert "grant SELECT on pg_file_settings and EXECUTE on pg_show_all_file_settings()" in message
    finally:
        with server.superuser("shop") as cursor:
            cursor.execute(f'REVOKE SET ON PARAMETER log_temp_files FROM "{OWNER}"')
            for right in granted:
                cursor.execute(f'REVOKE {right} FROM "{OWNER}"')


@pytest.mark.parametrize(
    ("name", "value", "shows"),
    [
        ("jit_above_cost", 1234567, "1.23457e+06"),
        ("autovacuum_vacuum_scale_factor", 0.01234567, "0.0123457"),
        ("TimeZone", "europe/berlin", "Europe/Berlin"),
        ("TimeZone", "5", "<+05>-05"),
        ("log_timezone", "utc", "UTC"),
        ("DateStyle", "DMY", "ISO, DMY"),
    ],
)
def test_what_the_server_shows_otherwise_is_in_force(server: PostgresServer, name: str, value: t.Any, shows: str) -> None:
    real = predicted(server, [{"name": name, "value": value}])
    assert real["settings"][0]["running"] == shows


@pytest.mark.parametrize("name", ["jit_above_cost", "TimeZone"])
def test_what_the_server_shows_otherwise_is_no_change_for_who_cannot_see_the_files(server: PostgresServer, name: str) -> None:
    rights = (f"ALTER SYSTEM ON PARAMETER {name}", "EXECUTE ON FUNCTION pg_reload_conf()")
    with server.superuser("shop") as cursor:
        for right in rights:
            cursor.execute(f'GRANT {right} TO "{OWNER}"')
    try:
        predicted(server, [{"name": name, "value": "utc" if name == "TimeZone" else 1234567}], user=OWNER)
    finally:
        with server.superuser("shop") as cursor:
            for right in rights:
                cursor.execute(f'REVOKE {right} FROM "{OWNER}"')


def test_the_command_line_has_the_last_word_on_our_sessions_own_parameters_too() -> None:
    with running_server(options={"statement_timeout": "5s"}) as server:
        result = predicted(server, [{"name": "statement_timeout", "value": "1min"}])
        assert result["settings"][0]["overridden_by"] == ["command line"] and result["settings"][0]["running"] == "5000"
        assert "statement_timeout is given on the server's command line" in " ".join(result["warnings"])


def test_what_the_server_logs_is_no_remark(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute("ALTER ROLE cloud_admin SET client_min_messages = log")
        cursor.execute("ALTER ROLE cloud_admin SET log_min_duration_statement = 0")
    assert predicted(server, [{"name": "work_mem", "value": "5MB", "database": "other"}])["changed"]
    assert not run(server, [{"name": "work_mem", "value": "6MB", "database": "other"}], check=True)["warnings"]


def test_the_whole_server_takes_a_tablespace_that_is_yet_to_be_made(server: PostgresServer) -> None:
    assert predicted(server, [{"name": "temp_tablespaces", "value": ["not_yet"]}])["changed"]


def kept(server: PostgresServer, role: str) -> list[str]:
    with server.superuser() as cursor:
        cursor.execute("SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = %s::regrole", (role,))
        return sorted(row[0] for row in cursor.fetchall())


def test_a_name_is_taken_away_as_it_is_stored(server: PostgresServer) -> None:
    settings: Settings = [{"name": "myApp.tenantId", "value": "a", "role": "shop_readonly"}]
    predicted(server, settings, remember="r")
    # Another spelling is the same parameter, and no second entry.
    predicted(server, [{**settings[0], "name": "MYAPP.tenantid", "value": "b"}], remember="r")
    assert kept(server, "shop_readonly") == ["myApp.tenantId=b"]
    assert predicted(server, [], remember="r")["changed"]
    assert kept(server, "shop_readonly") == []
    predicted(server, settings)
    predicted(server, [], state="exact", scopes=[{"role": "shop_readonly"}])
    assert kept(server, "shop_readonly") == []


def test_names_beyond_ascii_and_names_that_are_too_long(server: PostgresServer) -> None:
    predicted(server, [{"name": "app.GRÖSSE", "value": "XL"}])
    assert "is longer than 63 bytes" in refused(server, [{"name": "app." + 70 * "a", "value": "XL"}])


def test_a_library_that_is_loaded_meanwhile_is_no_change(server: PostgresServer) -> None:
    settings: Settings = [
        {"name": "session_preload_libraries", "value": ["auto_explain"], "database": "shop"},
        {"name": "auto_explain.log_min_duration", "value": "1s", "database": "shop"},
    ]
    predicted(server, settings, remember="r")
    result = predicted(server, settings[:1], remember="r")
    assert [item["name"] for item in result["reset"]] == ["auto_explain.log_min_duration"] and not result["left_alone"]


@pytest.mark.parametrize("params", [{"state": "exact", "scopes": [{}]}, {"remember": "r"}], ids=str)
def test_a_reset_that_was_interrupted_is_loaded(server: PostgresServer, params: dict[str, t.Any]) -> None:
    succeeded(run(server, [{"name": "log_temp_files", "value": 7}], **({"remember": "r"} if "remember" in params else {})))
    with server.superuser() as cursor:
        cursor.execute("ALTER SYSTEM RESET log_temp_files")
    result = predicted(server, [], **params)
    assert [item["name"] for item in result["reset"]] == ["log_temp_files"] and shown(server, "log_temp_files") == "-1"


def test_what_another_declaration_has_set_as_well_stays(server: PostgresServer) -> None:
    settings: Settings = [{"name": "work_mem", "value": "5MB", "database": "other"}]
    for name in ("A", "B"):
        succeeded(run(server, settings, remember=name))
    assert predicted(server, [], remember="A")["reset"] == []
    assert not run(server, settings, remember="B")["changed"]
    assert [item["name"] for item in predicted(server, [], remember="B")["reset"]] == ["work_mem"]


@pytest.mark.parametrize(
    ("name", "value"), [("primary_conninf", "host=x password=TopSecret1"), ("primary_conninfo", {"host": "x", "password": "TopSecret1"})]
)
def test_no_password_is_shown_under_a_wrong_name_either(server: PostgresServer, name: str, value: t.Any) -> None:
    result = run(server, [{"name": name, "value": value}])
    assert result["failed"] and "TopSecret1" not in str(result)
