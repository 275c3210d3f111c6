# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules that write settings are known to get wrong, one test for each: a check, the run that it predicts, and a second run."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import SUPERUSER_PASSWORD, PostgresServer, running_server
from setting_server import take_back

Settings = list[dict[str, t.Any]]


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with running_server(settings={"log_connections": "on"}) as running:
        with running.superuser() as cursor:
            cursor.execute("CREATE ROLE shop_readonly LOGIN PASSWORD 'of shop_readonly'")
        yield running


@pytest.fixture(autouse=True)
def fresh_settings(server: PostgresServer) -> t.Iterator[None]:
    yield
    take_back(server)


def run(server: PostgresServer, settings: Settings, check: bool = False, **params: t.Any) -> dict[str, t.Any]:
    login = server.login(login_user="cloud_admin", provider="self_hosted")
    return run_module(pg_setting, {"login": login, "login_password": SUPERUSER_PASSWORD, "settings": settings, **params}, check=check)


def lines_written(server: PostgresServer) -> str:
    return (server.folder / "data" / "postgresql.auto.conf").read_text(encoding="utf-8")


def thrice(server: PostgresServer, settings: Settings, **params: t.Any) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Check, run, run again; return the results of the runs. The check says what the run does and changes nothing, the second run has nothing to do."""
    before = lines_written(server)
    checked = run(server, settings, check=True, **params)
    assert not checked.get("failed"), checked["msg"]
    assert lines_written(server) == before, "check mode wrote something"
    real = run(server, settings, **params)
    assert not real.get("failed"), real["msg"]
    for key in ("changed", "diff", "actions"):
        assert checked[key] == real[key], key
    for predicted, found in zip(checked["settings"], real["settings"], strict=True):
        assert {**predicted, "running": found["running"], "source": found["source"]} == found, "what a reload does not touch is predicted"
    again = run(server, settings, **params)
    assert real["changed"] and not again["changed"], again.get("actions")
    return real, again


def refused(server: PostgresServer, settings: Settings, words: str) -> None:
    before = lines_written(server)
    for check in (True, False):
        result = run(server, settings, check=check)
        assert result.get("failed") and words in result["msg"], result
    assert lines_written(server) == before


def shown(server: PostgresServer, name: str) -> str:
    with server.superuser() as cursor:
        cursor.execute("SELECT current_setting(%s)", (name,))
        return cursor.fetchone()[0]


def test_a_value_that_waits_for_a_restart_is_configured_once(server: PostgresServer) -> None:
    """Compared with the running value, shared_buffers would be a change on every run until somebody restarts the server."""
    real, again = thrice(server, [{"name": "shared_buffers", "value": "256MB"}])
    for result in (real, again):
        (setting,) = result["settings"]
        assert (setting["configured"], setting["running"], setting["unit"], setting["pending_restart"]) == ("256MB", "16384", "8kB", True)
    assert [result["settings"][0]["configured_before"] for result in (real, again)] == ["128MB", "256MB"]


def test_the_diff_shows_what_is_configured_and_what_is_running(server: PostgresServer) -> None:
    """A diff of the running value says the same before and after, since only a restart changes it."""
    settings = [{"name": "shared_buffers", "value": "256MB"}]
    real, again = thrice(server, settings)
    after = "shared_buffers = 256MB  # 128MB is in force until a restart\n"
    assert real["diff"] == {"before": "shared_buffers = 128MB\n", "after": after}
    assert again.get("diff", {"before": after, "after": after}) == {"before": after, "after": after}
    gone, _again = thrice(server, settings, state="absent")
    assert gone["diff"] == {"before": after, "after": "shared_buffers = 128MB\n"}


def test_fractions_and_every_unit_are_numbers(server: PostgresServer) -> None:
    """A fraction with a unit is a value like any other; it need not be a whole number before the unit is applied."""
    settings = [
        {"name": "autovacuum_vacuum_cost_delay", "value": "0.5ms"},
        {"name": "checkpoint_timeout", "value": "0.25h"},
        {"name": "work_mem", "value": "1.5MB"},
    ]
    real, _again = thrice(server, settings)
    assert [item["running"] for item in real["settings"]] == ["0.5", "900", "1536"]
    other = {"autovacuum_vacuum_cost_delay": "500us", "checkpoint_timeout": "15 min", "work_mem": 1536}
    assert run(server, [{"name": name, "value": value} for name, value in other.items()])["changed"] is False


def test_booleans_are_what_the_server_takes_for_one(server: PostgresServer) -> None:
    """yes, true and 0 are Booleans in other words, and no change where the server has on and off."""
    settings = [{"name": "enable_seqscan", "value": "yes"}, {"name": "log_disconnections", "value": "true"}, {"name": "jit", "value": 0}]
    real, _again = thrice(server, settings)
    assert [item["configured"] for item in real["settings"]] == ["on", "on", "off"]
    assert (shown(server, "enable_seqscan"), shown(server, "jit")) == ("on", "off")
    words = [{"name": "enable_seqscan", "value": "T"}, {"name": "log_disconnections", "value": 1}, {"name": "jit", "value": "of"}]
    assert run(server, words)["changed"] is False


def test_an_enum_in_capitals_is_the_same(server: PostgresServer) -> None:
    """The server compares the words of an enum without regard to case."""
    with server.superuser() as cursor:
        cursor.execute("ALTER SYSTEM SET wal_level = 'replica'")
    for check in (True, False):
        assert run(server, [{"name": "wal_level", "value": "REPLICA"}], check=check)["changed"] is False
    real, _again = thrice(server, [{"name": "wal_level", "value": "LOGICAL"}])
    assert real["settings"][0]["configured"] == "logical"


def test_a_quote_in_a_command_is_quoted_by_the_driver(server: PostgresServer) -> None:
    """A value that is pasted into SQL fails at its first quote, or becomes SQL of its own."""
    command = "test ! -f '/archive/%f' && cp '%p' '/archive/%f'"
    real, _again = thrice(server, [{"name": "archive_command", "value": command}])
    assert real["settings"][0]["configured"] == real["settings"][0]["running"] == command
    with server.superuser() as cursor:
        # setting says (disabled) while archive_mode is off.
        cursor.execute("SELECT reset_val FROM pg_settings WHERE name = 'archive_command'")
        assert cursor.fetchone() == (command,)


def test_a_comma_makes_no_list_of_what_is_none(server: PostgresServer) -> None:
    """Several hosts in primary_conninfo are one text; only parameters that hold lists have elements, and these may be a YAML list."""
    conninfo = "host=a,b port=1"
    real, _again = thrice(server, [{"name": "primary_conninfo", "value": conninfo}])
    assert real["settings"][0]["configured"] == conninfo and shown(server, "primary_conninfo") == conninfo
    real, _again = thrice(server, [{"name": "log_destination", "value": ["stderr", "csvlog"]}])
    assert real["settings"][0]["running"] == "stderr, csvlog"
    assert run(server, [{"name": "log_destination", "value": "stderr,csvlog"}])["changed"] is False


def test_a_reset_is_made_once(server: PostgresServer) -> None:
    """What has been reset has no line in the file, so there is nothing to reset again."""
    run(server, [{"name": "work_mem", "value": "9MB"}])
    real, again = thrice(server, [{"name": "work_mem", "state": "absent"}])
    assert real["actions"] == ["reset work_mem for system", "reload the server's configuration"]
    assert (again["settings"][0]["configured"], shown(server, "work_mem")) == (None, "4MB")
    assert "work_mem" not in lines_written(server)


def test_a_reset_gives_way_to_the_line_of_the_other_file(server: PostgresServer) -> None:
    """A reset takes away one line; another of postgresql.conf counts then, in a check as in a run."""
    run(server, [{"name": "superuser_reserved_connections", "value": 9}])
    real, again = thrice(server, [{"name": "superuser_reserved_connections", "state": "absent"}])
    assert [result["settings"][0]["configured"] for result in (real, again)] == ["7", "7"]
    assert [result["settings"][0]["pending_restart"] for result in (real, again)] == [False, False]


def test_names_of_extensions_that_are_not_loaded(server: PostgresServer) -> None:
    """A name with a dot may be one of an extension that comes later, where the server takes it; without a dot it is a typing error."""
    real, _again = thrice(server, [{"name": "myext.foo", "value": "bar"}, {"name": "myext.verbose", "value": "on", "database": "shop"}])
    assert [item["configured"] for item in real["settings"]] == ["bar", "on"]
    assert shown(server, "myext.foo") == "bar"
    refused(server, [{"name": "myext_foo", "value": "bar"}], "PostgreSQL 17 has no parameter myext_foo")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("max_connections", 99999999, "99999999 is outside of the valid range 1 to 262143"),
        ("wal_level", "maximal", "it is none of minimal, replica, logical"),
        ("checkpoint_timeout", "1s", "1 s is outside of the valid range 30 s to 86400 s"),
    ],
)
def test_a_check_refuses_what_the_run_would_refuse(server: PostgresServer, name: str, value: t.Any, words: str) -> None:
    """A check that takes every value promises what no run can do."""
    refused(server, [{"name": name, "value": value}], words)


def test_a_check_knows_that_a_restart_will_be_needed(server: PostgresServer) -> None:
    """The context of the parameter tells that before anything is written; a check with an empty diff and no restart says nothing."""
    real, again = thrice(server, [{"name": "max_wal_senders", "value": 20}])
    assert real["diff"]["after"] == "max_wal_senders = 20  # 10 is in force until a restart\n"
    assert [result["settings"][0]["pending_restart"] for result in (real, again)] == [True, True]


def test_thirty_settings_take_one_connection_and_one_reload(server: PostgresServer) -> None:
    """A task, two connections and a reload for each setting make a slow run, with as many moments in which half of it is in force."""
    with server.superuser() as cursor:
        cursor.execute(
            "SELECT name FROM pg_settings WHERE vartype = 'bool' AND context = 'user' AND setting = 'on' AND name LIKE 'enable%' ORDER BY name"
        )
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(
            "SELECT name FROM pg_settings WHERE vartype = 'integer' AND context = 'sighup' AND setting::bigint + 1 <= max_val::bigint"
            " AND name ~ '^(autovacuum|bgwriter|log_auto|vacuum)' ORDER BY name"
        )
        numbers = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT name, setting::bigint + 1 FROM pg_settings WHERE name = ANY(%s)", (numbers,))
        settings: Settings = [{"name": name, "value": int(value)} for name, value in cursor.fetchall()]
    settings = ([{"name": name, "value": "off"} for name in names] + settings)[:30]
    assert len(settings) == 30

    def counted() -> tuple[int, int]:
        log = server.log()
        return log.count("connection authorized"), log.count("received SIGHUP")

    for check, changed, reloads in ((True, True, 0), (False, True, 1), (False, False, 0)):
        before = counted()
        result = run(server, settings, check=check)
        assert not result.get("failed") and result["changed"] is changed, result
        assert tuple(now - then for now, then in zip(counted(), before, strict=True)) == (1, reloads)


def test_a_setting_may_be_for_the_server_a_database_a_role_or_both(server: PostgresServer) -> None:
    """One task sets a parameter in every place where the server keeps one, each apart from the others."""
    settings: Settings = [
        {"name": "work_mem", "value": "5MB"},
        {"name": "work_mem", "value": "6MB", "database": "shop"},
        {"name": "work_mem", "value": "7MB", "role": "shop_readonly"},
        {"name": "work_mem", "value": "8MB", "role": "shop_readonly", "database": "shop"},
    ]
    real, _again = thrice(server, settings)
    assert [item["scope"] for item in real["settings"]] == ["system", "database shop", "role shop_readonly", "role shop_readonly in database shop"]
    found = []
    for user, password, database in (
        ("cloud_admin", SUPERUSER_PASSWORD, "postgres"),
        ("cloud_admin", SUPERUSER_PASSWORD, "shop"),
        ("shop_readonly", "of shop_readonly", "postgres"),
        ("shop_readonly", "of shop_readonly", "shop"),
    ):
        with server.connect(user, password, database) as cursor:
            cursor.execute("SHOW work_mem")
            found.append(cursor.fetchone()[0])
    assert found == ["5MB", "6MB", "7MB", "8MB"]


def test_what_drifted_is_reset_and_nothing_that_keeps_the_server_alive(server: PostgresServer) -> None:
    """What somebody else has configured stays unseen unless a declaration can say that it is all there is; where a value comes from is reported."""
    with server.superuser() as cursor:
        for statement in (
            "ALTER SYSTEM SET checkpoint_timeout = '7min'",
            "ALTER SYSTEM SET work_mem = '3MB'",
            "ALTER SYSTEM SET archive_timeout = '20s'",
            "ALTER DATABASE shop SET jit = off",
            "ALTER DATABASE shop SET app.flag = 'x'",
            "ALTER ROLE shop_readonly SET work_mem = '9MB'",
            "ALTER ROLE shop_readonly IN DATABASE shop SET work_mem = '10MB'",
        ):
            cursor.execute(statement)
        cursor.execute("SELECT pg_reload_conf()")
    wish: dict[str, t.Any] = {
        "state": "exact",
        "scopes": [{"role": "shop_readonly"}],
        "settings": [{"name": "work_mem", "value": "3MB"}, {"name": "lock_timeout", "value": "5s", "database": "shop"}],
    }
    predicted, real = run(server, check=True, **wish), run(server, **wish)
    assert real["settings"][0]["source"] == "configuration file"
    for key in ("changed", "diff", "actions", "settings", "reset", "left_alone", "warnings"):
        assert predicted[key] == real[key], key
    assert real["actions"] == [
        "reset checkpoint_timeout for system",
        "reload the server's configuration",
        "set lock_timeout = 5s for database shop",
        "reset app.flag for database shop",
        "reset jit for database shop",
        "reset work_mem for role shop_readonly",
    ]
    assert [item["name"] for item in real["reset"]] == ["app.flag", "jit", "work_mem", "checkpoint_timeout"]
    assert real["left_alone"] == [{"name": "archive_timeout", "scope": "system"}]
    again = run(server, **wish)
    assert (again["changed"], again["reset"]) == (False, [])
    with server.superuser() as cursor:
        # Not a scope of the declaration: it stays.
        cursor.execute("SELECT setconfig FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE rolname = 'shop_readonly'")
        assert cursor.fetchall() == [(["work_mem=10MB"],)]
        cursor.execute("SHOW checkpoint_timeout")
        assert cursor.fetchone() == ("5min",)


def test_a_run_ends_when_its_values_are_in_force(server: PostgresServer) -> None:
    """A reload only sends a signal: who looks at once, or connects at once, may still meet the old value."""
    for number in range(1, 13):
        setting: Settings = [{"name": "checkpoint_timeout", "value": f"{number}min"}, {"name": "work_mem", "value": f"{number}MB"}]
        assert run(server, setting, check=True)["changed"]
        result = run(server, setting)
        assert [item["running"] for item in result["settings"]] == [str(60 * number), str(1024 * number)]
        assert (shown(server, "checkpoint_timeout"), shown(server, "work_mem")) == (f"{number}min", f"{number}MB")
    assert run(server, setting)["changed"] is False
