# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pg_setting on the local Neon: the whole server goes through the API, databases and roles by SQL, in one task that tells the truth before it runs."""

from __future__ import annotations

import typing as t

import pytest
from integration.neon_account import DATABASE, Account, Shop
from unit.module_runner import run_module

from ansible_collections.dbinfra.postgres.plugins.modules import neon_endpoint, pg_setting
from emulators.fixtures import LocalNeon

SLOW = {"name": "log_min_duration_statement", "value": "1s"}
TIMEOUT = {"name": "statement_timeout", "value": "30s", "database": DATABASE}


class Settings:
    """The settings of a shop's production branch."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.neon = shop.account.neon
        self.login = shop.connection(shop.production)
        self.password = shop.password(shop.production)

    def run(self, *settings: dict[str, t.Any], check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        access = {"api_host": self.neon.api_host, "api_key": self.neon.api_key}
        wish = {"login": self.login, "login_password": self.password, "neon": access, "settings": list(settings), **options}
        return run_module(pg_setting, wish, check=check)

    def do(self, *settings: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
        """Predict, run, and run again: the prediction has to be true, and the second run must find nothing to do."""
        self.neon.reset_requests()
        predicted = self.ok(self.run(*settings, check=True, **options))
        assert self.shop.account.changing_requests() == [], "check mode changed something"
        result = self.ok(self.run(*settings, **options))
        for key in ("changed", "diff", "actions"):
            assert predicted.get(key) == result.get(key), key
        self.neon.reset_requests()
        again = self.ok(self.run(*settings, **options))
        assert (again["changed"], self.shop.account.changing_requests()) == (False, [])
        return result

    @staticmethod
    def ok(result: dict[str, t.Any]) -> dict[str, t.Any]:
        assert not result.get("failed"), result["msg"]
        return result

    def refused(self, *settings: dict[str, t.Any], **options: t.Any) -> str:
        """Return the message of a run that has to fail without a change to a database."""
        before = self.stored()
        result = self.run(*settings, **options)
        assert result.get("failed"), result
        assert "This is a defect" not in result["msg"] and self.neon.api_key not in str(result)
        assert self.stored() == before
        return result["msg"]

    def show(self, name: str) -> str:
        return self.shop.rows(self.shop.production, f"SHOW {name}")[0][0]

    def stored(self) -> list[tuple[t.Any, ...]]:
        return self.shop.rows(self.shop.production, "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 1, 2")

    def of_database(self) -> list[str]:
        query = "SELECT unnest(setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE datname = current_database()"
        return sorted(row[0] for row in self.shop.rows(self.shop.production, query))

    def in_api(self) -> dict[str, str]:
        return self.shop.account.ok(neon_endpoint, **self.shop.on(self.shop.production))["endpoint"]["pg_settings"]


@pytest.fixture
def settings(local_neon: LocalNeon) -> t.Iterator[Settings]:
    shop = Shop(Account(local_neon))
    yield Settings(shop)
    shop.remove()


def test_the_whole_server_goes_to_the_compute_and_is_in_force(settings: Settings) -> None:
    result = settings.do(SLOW, TIMEOUT, {"name": "autovacuum_naptime", "value": "20s"}, {"name": "track_activity_query_size", "value": 4096})
    assert settings.in_api() == {"log_min_duration_statement": "1s", "autovacuum_naptime": "20s", "track_activity_query_size": "4096"}
    assert (settings.show("autovacuum_naptime"), settings.show("track_activity_query_size"), settings.show("statement_timeout")) == (
        "20s",
        "4kB",
        "30s",
    )
    assert result["actions"][-2:] == ["hand over the whole server's settings to Neon's API", "set statement_timeout = 30s for database shop"]
    assert result["diff"]["after"].startswith("log_min_duration_statement = 1s\nstatement_timeout = 30s  # database shop\n")
    # The local Neon restarts a running compute for its settings, so nothing waits.
    assert result["restarted"] is True and [item["pending_restart"] for item in result["settings"]] == [False] * 4
    assert [item["configured"] for item in result["settings"]] == ["1s", "30s", "20s", "4096"]


def test_settings_of_the_whole_server_are_one_changing_request(settings: Settings) -> None:
    settings.neon.reset_requests()
    settings.ok(settings.run(SLOW, {"name": "work_mem", "value": "7MB"}, TIMEOUT))
    assert settings.shop.account.changing_requests() == ["PATCH /projects/{project_id}/endpoints/{endpoint_id}"]
    settings.neon.reset_requests()
    settings.ok(settings.run(TIMEOUT))
    assert settings.neon.requests() == [], "without a setting of the whole server nobody asks the API"


def test_lists_reach_the_api_with_the_quotes_that_the_server_needs(settings: Settings) -> None:
    schemas = ["My Schema", "Sales", 'a"b', "public"]
    settings.do({"name": "search_path", "value": schemas})
    assert settings.in_api() == {"search_path": '"My Schema", "Sales", "a""b", public'}
    for schema in schemas[:3]:
        settings.shop.rows(settings.shop.production, f'CREATE SCHEMA "{schema.replace(chr(34), chr(34) * 2)}"')
    assert settings.shop.rows(settings.shop.production, "SELECT to_json(current_schemas(false))") == [(schemas,)]
    settings.do({"name": "search_path", "value": "$user, public"})


def test_absent_and_exact_take_away_what_the_api_has(settings: Settings) -> None:
    settings.do(SLOW, {"name": "work_mem", "value": "7MB"}, {"name": "hash_mem_multiplier", "value": 3})
    settings.do({"name": "LOG_MIN_DURATION_STATEMENT", "state": "absent"})
    assert settings.in_api() == {"work_mem": "7MB", "hash_mem_multiplier": "3"} and settings.show("log_min_duration_statement") == "-1"
    result = settings.do({"name": "work_mem", "value": "7168kB"}, state="exact")
    assert settings.in_api() == {"work_mem": "7MB"}
    assert settings.ok(settings.run({"name": "work_mem", "value": "7MB"}, state="exact"))["reset"] == []
    assert result["reset"] == [{"name": "hash_mem_multiplier", "scope": "system"}]


def test_what_neon_sets_itself_is_the_databases_or_is_refused(settings: Settings) -> None:
    result = settings.do({"name": "maintenance_work_mem", "value": "96MB"})
    assert result["settings"][0]["scope"] == "database shop" and settings.of_database() == ["maintenance_work_mem=96MB"]
    assert any("the declared value is kept for database shop" in warning for warning in result["warnings"])
    settings.neon.reset_requests()
    message = settings.refused({"name": "max_connections", "value": 15}, TIMEOUT)
    assert "max_connections cannot be set for the whole server on Neon" in message and "follows from the compute's size" in message
    assert settings.shop.account.changing_requests() == [] and settings.in_api() == {}


def test_what_neon_refuses_is_named_and_nothing_else_is_done(settings: Settings) -> None:
    # To the module an unknown matter: the API alone knows that it does not take this one.
    message = settings.refused({"name": "log_min_error_statement", "value": "error"}, SLOW, TIMEOUT)
    assert "log_min_duration_statement, log_min_error_statement could not be configured for the whole server" in message
    assert "log_min_error_statement cannot be changed" in message
    assert settings.in_api() == {}


@pytest.mark.parametrize(
    ("login", "access", "words"),
    [
        ({"project_id": None}, {}, "project_id or branch_id is missing"),
        ({}, {"api_key": ""}, "there is no Neon API key"),
    ],
)
def test_the_api_is_reached_before_anything_is_changed(settings: Settings, login: dict[str, t.Any], access: dict[str, str], words: str) -> None:
    options = {"login": {**settings.login, **login}, "neon": {"api_host": settings.neon.api_host, "api_key": settings.neon.api_key, **access}}
    assert words in settings.refused(TIMEOUT, SLOW, **options)


def test_a_restart_is_the_providers(settings: Settings) -> None:
    size = {"name": "track_activity_query_size", "value": 4096}
    every_day = {"weekdays": [1, 2, 3, 4, 5, 6, 7], "start_time": "00:00", "end_time": "23:59"}
    allowed = {"restart": "allowed", "maintenance_window": every_day}
    assert "the server is restarted through the provider's API" in settings.refused(size, **allowed, restart_command=["true"])
    result = settings.do(size, **allowed)
    assert result["restarted"] is True and settings.show("track_activity_query_size") == "4kB"


def test_what_is_declared_no_longer_is_reset_and_nothing_of_somebody_else(settings: Settings) -> None:
    production = settings.shop.production
    settings.shop.rows(production, f"COMMENT ON DATABASE {DATABASE} IS 'The shop'")
    jit = {"name": "jit", "value": False, "database": DATABASE}
    cost = {"name": "random_page_cost", "value": 1.1, "database": DATABASE}
    settings.do(SLOW, TIMEOUT, jit, cost, remember="us")
    settings.shop.rows(production, f"ALTER DATABASE {DATABASE} SET lock_timeout = '9s'")
    settings.shop.rows(production, f"ALTER DATABASE {DATABASE} SET random_page_cost = '3'")
    result = settings.do(jit, remember="us")
    assert settings.in_api() == {} and settings.of_database() == ["jit=off", "lock_timeout=9s", "random_page_cost=3"]
    assert result["reset"] == [
        {"name": "statement_timeout", "scope": f"database {DATABASE}"},
        {"name": "log_min_duration_statement", "scope": "system"},
    ]
    assert result["left_alone"] == [{"name": "random_page_cost", "scope": f"database {DATABASE}"}]
    settings.do(remember="us")
    assert settings.of_database() == ["lock_timeout=9s", "random_page_cost=3"]
    comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    assert settings.shop.rows(production, comment) == [("The shop",)]
