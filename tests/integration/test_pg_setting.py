# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pg_setting against a real PostgreSQL 17: as Neon's kind of owner, and as the superuser of an own host."""

from __future__ import annotations

import pathlib
import random
import sys
import typing as t

import psycopg2
import psycopg2.sql
import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import (
    live_catalogue,
    snapshot_catalogue,
    values_of_some_builds,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_exact import is_guarded
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_value import declared_value
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.statement import Literal, Statement
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.statement_text import statement_text
from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting, pg_setting_info

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import OWNER_PASSWORD, SUPERUSER_PASSWORD, PostgresServer, running_server
from setting_server import restartable_server, restarting, take_back

DATABASE_SETTINGS: list[dict[str, t.Any]] = [
    {"name": "statement_timeout", "value": "30s", "database": "shop"},
    {"name": "LOCK_TIMEOUT", "value": 5000, "database": "shop"},
    {"name": "jit", "value": False, "database": "shop"},
    {"name": "search_path", "value": ["$user", "public"], "database": "shop"},
    {"name": "datestyle", "value": "ISO, DMY", "database": "shop"},
    {"name": "vacuum_cost_delay", "value": "500us", "database": "shop"},
    {"name": "default_transaction_isolation", "value": "REPEATABLE READ", "database": "shop"},
    {"name": "default_transaction_read_only", "value": True, "database": "shop", "role": "shop_readonly"},
    {"name": "work_mem", "value": "1.5MB", "role": "shop_readonly"},
]


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with running_server(options={"deadlock_timeout": "2s"}) as running:
        with running.owner() as cursor:
            cursor.execute("CREATE ROLE shop_readonly")
        yield running


@pytest.fixture(autouse=True)
def fresh_settings(server: PostgresServer) -> t.Iterator[None]:
    yield
    take_back(server)


def owner(server: PostgresServer, settings: list[dict[str, t.Any]], check: bool = False, **login: t.Any) -> dict[str, t.Any]:
    return run_module(pg_setting, {"login": server.login(**login), "login_password": OWNER_PASSWORD, "settings": settings}, check=check)


def superuser(server: PostgresServer, settings: list[dict[str, t.Any]], check: bool = False, **login: t.Any) -> dict[str, t.Any]:
    connection = server.login(login_user="cloud_admin", provider="self_hosted", **login)
    return run_module(pg_setting, {"login": connection, "login_password": SUPERUSER_PASSWORD, "settings": settings}, check=check)


def succeeded(result: dict[str, t.Any]) -> dict[str, t.Any]:
    assert not result.get("failed"), result["msg"]
    return result


@pytest.mark.parametrize("check", [True, False])
def test_functions_that_a_databases_owner_puts_in_front_are_not_run(server: PostgresServer, check: bool) -> None:
    """They would be run with a superuser's rights, by a check already."""
    with server.owner() as cursor:
        cursor.execute("CREATE SCHEMA evil")
        for name, arguments, returns, body in (
            ("pg_is_in_recovery", "", "boolean", "false"),
            ("lower", "text", "text", "upper($1)"),
            ("pg_reload_conf", "", "boolean", "true"),
        ):
            cursor.execute(
                f"CREATE FUNCTION evil.{name}({arguments}) RETURNS {returns} LANGUAGE plpgsql AS $$ BEGIN"
                f" CREATE TABLE IF NOT EXISTS evil.trace (); RETURN {body}; END $$"
            )
        cursor.execute("ALTER DATABASE shop SET search_path = evil, pg_catalog, public")
    try:
        settings = [{"name": "lock_timeout", "value": "5s", "database": "shop"}, {"name": "log_temp_files", "value": 7}]
        assert succeeded(superuser(server, settings, check=check))["changed"]
        with server.owner() as cursor:
            cursor.execute("SELECT to_regclass('evil.trace')")
            assert cursor.fetchone() == (None,)
    finally:
        with server.owner() as cursor:
            cursor.execute("DROP SCHEMA evil CASCADE")


def test_databases_and_roles_predicted_then_set_then_unchanged(server: PostgresServer) -> None:
    statements = len(server.changes_logged())
    predicted = succeeded(owner(server, DATABASE_SETTINGS, check=True, exists=False))
    checked = succeeded(owner(server, DATABASE_SETTINGS, check=True))
    assert len(server.changes_logged()) == statements, "check mode changed something"
    real = succeeded(owner(server, DATABASE_SETTINGS))
    assert predicted["diff"] == checked["diff"] == real["diff"]
    assert predicted["actions"] == checked["actions"] == real["actions"]
    assert predicted["settings"] == checked["settings"] == real["settings"]
    assert real["settings"][0] == {
        "name": "statement_timeout",
        "scope": "database shop",
        "configured_before": None,
        "configured": "30s",
        "running": None,
        "unit": "ms",
        "context": "user",
        "source": None,
        "pending_restart": False,
        "overridden_by": [],
    }
    with server.owner() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('jit'), current_setting('search_path')"
        )
        assert cursor.fetchone() == ("30s", "5s", "off", '"$user", public')
        cursor.execute("SELECT current_setting('DateStyle'), current_setting('transaction_isolation')")
        assert cursor.fetchone() == ("ISO, DMY", "repeatable read")
    statements = len(server.changes_logged())
    again = succeeded(owner(server, DATABASE_SETTINGS))
    assert not again["changed"] and again["warnings"] == []
    assert [item["configured"] for item in again["settings"]] == [item["configured_before"] for item in again["settings"]]
    assert len(server.changes_logged()) == statements, "the second run changed something"


def test_a_copy_is_predicted_on_its_original_which_is_only_read(server: PostgresServer) -> None:
    succeeded(owner(server, DATABASE_SETTINGS))
    original = server.login(branch_id="br-production-1")
    copy = {"exists": False, "branch_id": None, "login_host": None, "login_port": None, "stand_in": original}
    statements = len(server.changes_logged())
    assert not succeeded(owner(server, DATABASE_SETTINGS, check=True, **copy))["changed"]
    ours = [{**DATABASE_SETTINGS[0], "value": "60s"}, *DATABASE_SETTINGS[1:]]
    predicted = succeeded(owner(server, ours, check=True, **copy))
    assert len(server.changes_logged()) == statements, "check mode changed something"
    real = succeeded(owner(server, ours))
    assert real["actions"] == ["set statement_timeout = 60s for database shop"]
    for key in ("changed", "diff", "actions", "settings", "warnings"):
        assert predicted[key] == real[key], key


def test_equal_values_in_other_words_are_no_change(server: PostgresServer) -> None:
    succeeded(owner(server, DATABASE_SETTINGS))
    words = {
        "statement_timeout": 30000,
        "LOCK_TIMEOUT": "5 s",
        "jit": "No",
        "vacuum_cost_delay": 0.5,
        "work_mem": "1536kB",
        "search_path": '"$user",public',
    }
    words |= {"default_transaction_isolation": "repeatable read", "datestyle": ["iso", "dmy"], "default_transaction_read_only": "t"}
    other = [{**item, "value": words.get(item["name"], item["value"])} for item in DATABASE_SETTINGS]
    assert not succeeded(owner(server, other))["changed"]


def test_absent_resets_and_the_rest_stays(server: PostgresServer) -> None:
    succeeded(owner(server, DATABASE_SETTINGS))
    gone = [{"name": "jit", "database": "shop", "state": "absent"}, {"name": "enable_sort", "database": "shop", "state": "absent"}]
    result = succeeded(owner(server, gone))
    assert result["actions"] == ["reset jit for database shop"]
    assert result["diff"] == {"before": "jit = off  # database shop\n", "after": ""}
    assert not succeeded(owner(server, gone))["changed"]
    assert not succeeded(owner(server, DATABASE_SETTINGS[:2]))["changed"]


def test_the_word_default_resets_in_every_scope(server: PostgresServer) -> None:
    scopes: list[dict[str, str]] = [{}, {"database": "shop"}]
    for scope in scopes:
        succeeded(superuser(server, [{"name": "work_mem", "value": "8MB", **scope}]))
        for check in (True, False):
            result = succeeded(superuser(server, [{"name": "work_mem", "value": "DEFAULT", **scope}], check=check))
            assert result["changed"] and result["actions"][0].startswith("reset work_mem for") and result["settings"][0]["configured"] != "8MB"
        assert succeeded(superuser(server, [{"name": "work_mem", "value": "default", **scope}]))["changed"] is False


def test_a_role_whose_own_setting_goes_before_the_databases_is_named(server: PostgresServer) -> None:
    settings = DATABASE_SETTINGS[:1]
    succeeded(owner(server, settings))
    with server.owner() as cursor:
        cursor.execute("CREATE ROLE shop_app LOGIN PASSWORD 'of shop_app'")
    try:
        assert succeeded(owner(server, settings))["warnings"] == []
        with server.owner() as cursor:
            cursor.execute("ALTER ROLE shop_app SET statement_timeout = 0; ALTER ROLE shop_readonly SET statement_timeout = 0")
        with server.connect("shop_app", "of shop_app") as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",), "the declared 30s are void for this role"
        for check in (True, False):
            result = succeeded(owner(server, settings, check=check))
            assert not result["changed"]
            # shop_readonly cannot log in here.
            assert len(result["warnings"]) == 1
            assert "role shop_app has its own statement_timeout = '0', which goes before the declared '30s' of database shop" in result["warnings"][0]
        declared = [*settings, {"name": "statement_timeout", "value": "5min", "database": "shop", "role": "shop_app"}]
        for check in (True, False):
            assert succeeded(owner(server, declared, check=check))["warnings"] == []
        with server.connect("shop_app", "of shop_app") as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("5min",)
        with server.superuser("shop") as cursor:
            cursor.execute("ALTER ROLE cloud_admin SET statement_timeout = '1h'")
        assert succeeded(owner(server, declared))["warnings"] == [], "the provider's superuser is no business of the owner's"
        (warning,) = succeeded(superuser(server, declared))["warnings"]
        assert "role cloud_admin has its own statement_timeout = '1h'" in warning
    finally:
        with server.superuser("shop") as cursor:
            cursor.execute("ALTER ROLE cloud_admin RESET ALL; DROP ROLE shop_app")


def test_all_that_the_server_would_refuse_is_said_at_once(server: PostgresServer) -> None:
    wrong = {"statement_timeout": "abc", "max_connections": 100, "no_such_setting": 1, "TimeZone": "Nowhere/At_All"}
    settings = [{"name": name, "value": value, "database": "shop"} for name, value in wrong.items()]
    refused = owner(server, settings)
    assert refused["failed"] and "3 of the settings cannot be made" in refused["msg"]
    for words in ("statement_timeout for database shop: 'abc'", "max_connections cannot be set for a database", "no parameter no_such_setting"):
        assert words in refused["msg"]


def test_what_stands_in_postgresql_conf_counts_as_configured(server: PostgresServer) -> None:
    assert not succeeded(superuser(server, [{"name": "superuser_reserved_connections", "value": "7"}]))["changed"]
    assert not succeeded(superuser(server, [{"name": "superuser_reserved_connections", "state": "absent"}]))["changed"]


def test_an_empty_preload_list_never_becomes_an_empty_name(server: PostgresServer) -> None:
    succeeded(superuser(server, [{"name": "session_preload_libraries", "value": ["auto_explain"]}]))
    for empty in ("", []):
        result = succeeded(superuser(server, [{"name": "session_preload_libraries", "value": empty}]))
        assert result["changed"] is (empty == "")
    with server.superuser() as cursor:
        cursor.execute("SELECT count(*) FROM pg_file_settings WHERE name = 'session_preload_libraries'")
        assert cursor.fetchone()[0] == 0
    refused = superuser(server, [{"name": "unix_socket_directories", "value": []}])
    assert refused["failed"] and "stores an empty list of this parameter as one element" in refused["msg"]


def test_the_command_line_wins_and_is_named(server: PostgresServer) -> None:
    result = succeeded(superuser(server, [{"name": "deadlock_timeout", "value": "3s"}]))
    assert result["settings"][0]["running"] == "2000" and result["settings"][0]["source"] == "command line"
    assert [text for text in result["warnings"] if "deadlock_timeout is given on the server's command line" in text]
    assert not succeeded(superuser(server, [{"name": "deadlock_timeout", "value": "3s"}]))["changed"]


def test_alter_system_needs_rights_or_a_grant(server: PostgresServer) -> None:
    setting = [{"name": "log_min_duration_statement", "value": "1s"}]
    refused = owner(server, setting, provider="self_hosted")
    assert refused["failed"] and "shop_owner may not set log_min_duration_statement for the whole server" in refused["msg"]
    with server.superuser("shop") as cursor:
        cursor.execute("GRANT ALTER SYSTEM ON PARAMETER log_min_duration_statement TO shop_owner")
        cursor.execute("GRANT EXECUTE ON FUNCTION pg_reload_conf() TO shop_owner")
    result = succeeded(owner(server, setting, provider="self_hosted"))
    assert [text for text in result["warnings"] if "may not read pg_file_settings" in text]
    assert result["settings"][0]["running"] == "1000"
    assert not succeeded(owner(server, setting, provider="self_hosted"))["changed"]


def test_a_role_that_an_earlier_task_would_make(server: PostgresServer) -> None:
    setting = [{"name": "statement_timeout", "value": "5min", "role": "shop_later", "database": "shop"}]
    checked = succeeded(owner(server, setting, check=True))
    assert checked["changed"] and "the roles shop_later do not exist yet" in checked["warnings"][0]
    failed = owner(server, setting)
    assert failed["failed"] and "role shop_later does not exist" in failed["msg"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"name": "statement_timeot", "value": 1, "database": "shop"}, "Did you mean statement_timeout"),
        ({"name": "statement_timeout", "value": "30x", "database": "shop"}, "'x' is not one of its units"),
        ({"name": "work_mem", "value": "1gb", "database": "shop"}, "did you mean GB? Units are case-sensitive"),
        ({"name": "work_mem", "value": "1.5kB", "database": "shop"}, "2 kB is outside of the valid range 64 kB to 2147483647 kB"),
        ({"name": "jit", "value": "o", "database": "shop"}, "it is not a Boolean"),
        ({"name": "default_transaction_isolation", "value": "strict", "database": "shop"}, "it is none of serializable, repeatable read"),
        ({"name": "TimeZone", "value": "Nowhere/At_All", "database": "shop"}, "the server says: invalid value for parameter"),
        ({"name": "shop.verbose", "value": "1", "database": "shop"}, "shop_owner may not set shop.verbose"),
        ({"name": "work_mem", "value": ["1MB", "2MB"], "database": "shop"}, "it is not a list parameter"),
        ({"name": "max_connections", "value": 20, "database": "shop"}, "it takes effect only when the server starts"),
        ({"name": "checkpoint_timeout", "value": 60, "role": "shop_readonly"}, "it belongs to the whole server"),
        ({"name": "log_connections", "value": True, "role": "shop_readonly"}, "it cannot change after a connection has begun"),
        ({"name": "log_statement", "value": "all", "database": "shop"}, "shop_owner may not set log_statement"),
        ({"name": "max_connections", "value": 20}, "max_connections cannot be set for the whole server on Neon"),
        ({"name": "statement_timeout", "value": 20}, "for the whole server (statement_timeout): there is no Neon API key"),
        ({"name": "statement_timeout", "value": 20, "database": "nowhere"}, "database nowhere does not exist"),
        ({"name": "statement_timeout", "database": "shop"}, "there is no value"),
        ({"name": "statement_timeout", "value": 1, "state": "absent", "database": "shop"}, "an absent setting takes no value"),
        ({"name": "statement_timeout", "value": 1, "database": ""}, "the database is empty"),
        ({"name": "statement_timeout", "value": {"a": 1}, "database": "shop"}, "it is a dict"),
    ],
)
def test_refused_before_anything_is_touched_in_check_mode_too(server: PostgresServer, setting: dict[str, t.Any], words: str) -> None:
    statements = len(server.changes_logged())
    for check in (True, False):
        failed = owner(
            server, [DATABASE_SETTINGS[0], {**setting, "name": setting["name"]}] if setting["name"] != "statement_timeout" else [setting], check=check
        )
        assert failed["failed"] and words in failed["msg"], failed["msg"]
        assert "\n" not in failed["msg"] and "defect" not in failed["msg"]
    assert len(server.changes_logged()) == statements


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"name": "server_version", "value": "18"}, "cannot be set by ALTER SYSTEM"),
        ({"name": "data_directory", "value": "/x"}, "cannot be set by ALTER SYSTEM"),
        ({"name": "pg_stat_statements.no_such", "value": "1", "database": "shop"}, "the server says: invalid configuration parameter name"),
    ],
)
def test_refused_for_the_whole_server(server: PostgresServer, setting: dict[str, t.Any], words: str) -> None:
    failed = superuser(server, [setting], check=True)
    assert failed["failed"] and words in failed["msg"], failed["msg"]


def test_declared_twice(server: PostgresServer) -> None:
    failed = owner(server, [DATABASE_SETTINGS[0], {**DATABASE_SETTINGS[0], "name": "STATEMENT_TIMEOUT"}])
    assert failed["failed"] and "statement_timeout is declared twice for the same database shop" in failed["msg"]


# Parameters whose own hooks decide more than type, range and enum do (the server tries them for us), or that ask the operating system.
HOOKED = ("tcp_", "vacuum_buffer_usage_limit", "max_stack_depth", "role", "session_authorization", "transaction_", "is_superuser")
NUMBERS = ["-1", "0", ".5", "5.", "1.5e2", "+3", "0x10", "010", "08", "09e1", "010e1", "010.5", "-08", "1e3", "1e", "", "0x", "9" * 12, "2147483647"]
UNITS = ["", "B", "kB", "MB", "GB", "TB", "us", "ms", "s", "min", "h", "d", "gb", "x", " kB", " ms", "m s"]
BOOLEANS = ["on", "off", "o", "of", "t", "TRUE", "ye", "y", "n", "no", "0", "1", "2", "", "tr ue", " on", "fal", "False "]


def test_values_are_read_as_the_server_reads_them(server: PostgresServer) -> None:
    """A few thousand values, each given to the server and to the canonical form: both must accept it with the same meaning, or both refuse it."""
    chance = random.Random(20261123)
    compared = accepted = 0
    with server.superuser() as cursor:
        cursor.execute(
            "SELECT name, setting, boot_val, min_val, max_val, vartype, unit, context, source, enumvals, pending_restart FROM pg_settings"
            " WHERE context IN ('user', 'superuser') AND vartype <> 'string' ORDER BY name"
        )
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        rows = [row for row in rows if not row["name"].startswith(HOOKED)]
        catalogue = live_catalogue(17, rows)
        for _ in range(3000):
            parameter = catalogue.find(chance.choice(rows)["name"])
            if parameter.vartype in ("integer", "real"):
                number = chance.choice([*NUMBERS, str(chance.randint(-2, 300)), f"{chance.uniform(0, 50):.3f}"])
                text = number + chance.choice(UNITS)
            elif parameter.vartype == "bool":
                text = chance.choice(BOOLEANS)
            else:
                text = chance.choice(
                    [*parameter.enumvals, *(name.upper() for name in parameter.enumvals), "on", "off", "true", "no", "1", "zz", "debug"]
                )
            try:
                ours: t.Any = declared_value(parameter, text).canonical
            except InputError:
                ours = None
            theirs = _servers_reading(cursor, parameter.name, text)
            if parameter.vartype == "real" and ours is not None:
                ours = f"{float(ours):g}"
            assert ours == theirs, f"{parameter.name} ({parameter.vartype}, {parameter.unit}) = {text!r}"
            compared += 1
            accepted += theirs is not None
    assert compared == 3000 and accepted > 800


def _servers_reading(cursor: t.Any, name: str, text: str) -> str | None:
    cursor.execute("BEGIN")
    try:
        cursor.execute(psycopg2.sql.SQL("SET LOCAL {} TO {}").format(psycopg2.sql.Identifier(name), psycopg2.sql.Literal(text)))
        cursor.execute("SELECT setting FROM pg_settings WHERE name = %s", (name,))
        return cursor.fetchone()[0]
    except psycopg2.Error:
        return None
    finally:
        cursor.execute("ROLLBACK")


def test_the_snapshot_is_what_the_server_says(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute("SELECT name, vartype, unit, context, min_val, max_val, enumvals, boot_val FROM pg_settings WHERE name !~ '\\.'")
        rows = cursor.fetchall()
    catalogue = snapshot_catalogue(17)
    assert len(rows) > 350
    for name, vartype, unit, context, min_val, max_val, enumvals, boot_val in rows:
        known = catalogue.find(name)
        assert (known.name, known.vartype, known.unit, known.context, known.min_val, known.max_val, known.boot_val) == (
            name,
            vartype,
            unit,
            context,
            min_val,
            max_val,
            boot_val,
        )
        some = set(values_of_some_builds(name, 17))
        assert set(known.enumvals) - some == set(enumvals or ()) - some and set(enumvals or ()) <= set(known.enumvals)


def run(server: PostgresServer, check: bool = False, **params: t.Any) -> dict[str, t.Any]:
    connection = {"login": server.login(login_user="cloud_admin", provider="self_hosted"), "login_password": SUPERUSER_PASSWORD}
    return succeeded(run_module(pg_setting, {**connection, **params}, check=check))


def info(server: PostgresServer, *names: str, as_owner: bool = False) -> dict[str, t.Any]:
    login = server.login() if as_owner else server.login(login_user="cloud_admin", provider="self_hosted")
    password = OWNER_PASSWORD if as_owner else SUPERUSER_PASSWORD
    return run_module(pg_setting_info, {"login": login, "login_password": password, "names": list(names)})


def test_exact_needs_to_see_what_alter_system_wrote(server: PostgresServer) -> None:
    login = server.login(provider="self_hosted")
    result = run_module(pg_setting, {"login": login, "login_password": OWNER_PASSWORD, "state": "exact", "settings": [], "scopes": [{}]})
    assert result["failed"] and "may not read pg_file_settings" in result["msg"]


def test_absent_takes_back_what_the_same_list_has_set(server: PostgresServer) -> None:
    settings = [{"name": "work_mem", "value": "3MB"}, *DATABASE_SETTINGS]
    run(server, settings=settings)
    predicted, gone = run(server, check=True, settings=settings, state="absent"), run(server, settings=settings, state="absent")
    assert predicted["actions"] == gone["actions"] and len(gone["actions"]) == len(settings) + 1
    assert gone["diff"]["after"] == ""
    assert run(server, settings=settings, state="absent")["changed"] is False
    assert info(server)["kept"] == []


def test_rendered_sql_comes_to_what_a_run_does(server: PostgresServer) -> None:
    odd = [
        *DATABASE_SETTINGS,
        {"name": "search_path", "value": ['we"ird', "it's", "a, b"], "role": "shop_readonly"},
        {"name": "log_line_prefix", "value": "%m \\ 'x' "},
        {"name": "app.Flag", "value": "back\\slash", "database": "shop"},
    ]
    with server.superuser() as cursor:
        for statement in run_module(pg_setting, {"state": "rendered", "server_major": 17, "settings": odd})["rendered"]:
            cursor.execute(statement)
    assert run(server, settings=odd)["changed"] is False


def test_every_text_is_rendered_as_the_server_reads_it(server: PostgresServer) -> None:
    generator = random.Random(4711)
    signs = "ab'\"\\%$ \n\tüE;-"
    with server.superuser() as cursor:
        for _number in range(200):
            text = "".join(generator.choices(signs, k=generator.randint(0, 9)))
            cursor.execute(statement_text(Statement("SELECT {text}", {"text": Literal(text)}, "")))
            assert cursor.fetchone() == (text,)


def test_a_report_of_what_is_configured(server: PostgresServer) -> None:
    run(server, settings=[{"name": "shared_buffers", "value": "32MB"}, {"name": "checkpoint_timeout", "value": "420s"}, *DATABASE_SETTINGS])
    found = {item["name"]: item for item in info(server)["settings"]}
    buffers = found["shared_buffers"]
    assert (buffers["configured"], buffers["by_alter_system"], buffers["pending_restart"]) == ("32MB", True, True)
    assert (found["checkpoint_timeout"]["running"], found["checkpoint_timeout"]["source"]) == ("420", "configuration file")
    assert "enable_sort" not in found
    timeouts = info(server, "*_TIMEOUT")
    assert {"lock_timeout", "checkpoint_timeout"} <= {item["name"] for item in timeouts["settings"]}
    assert [(line["scope"], line["name"], line["value"]) for line in timeouts["kept"]] == [
        ("database shop", "lock_timeout", "5000"),
        ("database shop", "statement_timeout", "30s"),
    ]


def test_a_report_for_who_may_not_read_the_files_says_so(server: PostgresServer) -> None:
    run(server, settings=[{"name": "checkpoint_timeout", "value": "420s"}])
    found = info(server, "checkpoint_timeout", as_owner=True)
    assert found["files_readable"] is False
    (item,) = found["settings"]
    assert (item["running"], item["configured"], item["by_alter_system"]) == ("420", None, None)


def test_a_report_of_a_parameter_that_there_is_not(server: PostgresServer) -> None:
    result = info(server, "work_men")
    assert result["failed"] and "PostgreSQL 17 has no parameter work_men" in result["msg"]


@pytest.mark.parametrize(
    ("secrets", "shown"),
    [
        ("password=hunter2hunter2", "password=********"),
        ("sslpassword=hunter2hunter2 password=hunter2two", "sslpassword=******** password=********"),
        ("password=my\\ hunter2hunter2", "password=********"),
        ("password='q\\'hunter2hunter2'", "password=********"),
        ("password=it's4hunter2", "password=********"),
    ],
)
def test_the_password_of_a_standby_is_never_shown(server: PostgresServer, secrets: str, shown: str) -> None:
    setting = {"name": "primary_conninfo", "value": f"host=primary user=replicator {secrets}"}
    result = run(server, settings=[setting])
    assert "hunter2" not in str(result) and shown in str(result["diff"])
    report = info(server, "primary_conninfo")
    assert "hunter2" not in str(report) and report["settings"][0]["configured"] == f"host=primary user=replicator {shown}"
    assert run(server, settings=[setting])["changed"] is False
    # ALTER SYSTEM takes no line end: the message repeats the value, but for the password.
    refused = superuser(server, [{**setting, "value": f"{setting['value']}\n"}])
    assert refused["failed"] and "hunter2" not in str(refused)


@pytest.fixture
def own_server() -> t.Iterator[PostgresServer]:
    with restartable_server() as running:
        yield running


def test_a_restart_is_made_where_it_is_due_and_proven(own_server: PostgresServer) -> None:
    settings = [{"name": "shared_buffers", "value": "24MB"}, {"name": "max_worker_processes", "value": 9}]
    assert [item["pending_restart"] for item in run(own_server, settings=settings)["settings"]] == [True, True]
    assert run(own_server, settings=settings)["changed"] is False
    wish = {"settings": settings, **restarting(own_server)}
    predicted, real = run(own_server, check=True, **wish), run(own_server, **wish)
    for key in ("changed", "diff", "actions", "restarted", "warnings"):
        assert predicted[key] == real[key], key
    assert real["actions"] == ["restart the server for shared_buffers, max_worker_processes"]
    assert [item["pending_restart"] for item in predicted["settings"] + real["settings"]] == [False] * 4
    with own_server.superuser() as cursor:
        cursor.execute("SHOW shared_buffers")
        assert cursor.fetchone() == ("24MB",)
    again = run(own_server, **wish)
    assert (again["changed"], again["restarted"]) == (False, False)


def test_a_restart_that_would_fail_is_not_begun_and_one_that_fails_is_an_error(own_server: PostgresServer) -> None:
    login = {"login": own_server.login(login_user="cloud_admin", provider="self_hosted"), "login_password": SUPERUSER_PASSWORD}
    settings = [{"name": "shared_buffers", "value": "24MB"}]
    broken = run_module(pg_setting, {**login, "settings": settings, **restarting(own_server), "restart_command": ["false"]})
    assert broken["failed"] and "the restart failed: false ended with 1" in broken["msg"]
    with (own_server.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as config:
        config.write("work_mem = 'a lot'\n")
    refused = run_module(pg_setting, {**login, "settings": settings, **restarting(own_server)})
    assert refused["failed"] and "the server was not restarted: it would not start" in refused["msg"] and "work_mem" in refused["msg"]
    with own_server.superuser() as cursor:
        cursor.execute("SELECT now() - pg_postmaster_start_time() < '10 minutes'")
        assert cursor.fetchone() == (True,)


def test_a_restart_is_not_begun_for_what_somebody_else_has_left(own_server: PostgresServer) -> None:
    with own_server.superuser() as cursor:
        cursor.execute("ALTER SYSTEM SET shared_preload_libraries = 'no_such_library'")
        cursor.execute("ALTER SYSTEM SET wal_level = 'minimal'")
    login = {"login": own_server.login(login_user="cloud_admin", provider="self_hosted"), "login_password": SUPERUSER_PASSWORD}
    wish = {**login, "settings": [{"name": "shared_buffers", "value": "24MB"}], **restarting(own_server)}
    for check in (True, False):
        refused = run_module(pg_setting, wish, check=check)
        assert refused["failed"] and 'could not access file "no_such_library"' in refused["msg"], refused["msg"]
        assert "max_wal_senders = 10 (the default), wal_level = minimal (configured)" in refused["msg"]
    with own_server.superuser() as cursor:
        cursor.execute("SELECT count(*) FROM pg_file_settings WHERE setting = '24MB'")
        assert cursor.fetchone() == (0,)


def test_nothing_of_replication_is_reset_for_not_being_declared(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute("SELECT name FROM pg_settings WHERE category LIKE 'Replication%'")
        names = [name for (name,) in cursor.fetchall()]
    assert len(names) > 20
    assert [name for name in names if not is_guarded(name)] == []
