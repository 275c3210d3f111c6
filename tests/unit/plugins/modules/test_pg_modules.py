# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PostgreSQL modules without a server: predictions, and what is refused before anybody is asked."""

from __future__ import annotations

import pathlib
import sys
import types
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres import transport
from ansible_collections.dbinfra.postgres.plugins.modules import pg_access, pg_access_info, pg_connection_info, pg_setting, pg_setting_info

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from module_runner import run_module

LOGIN = {
    "provider": "neon",
    "exists": False,
    "login_host": None,
    "login_port": 5432,
    "login_user": "shop_owner",
    "login_db": "shop",
    "server_major": 17,
    "branch_id": None,
}
ROLES = [{"name": "shop_app", "privileges": "application", "connection_limit": 15}]
CALLS: list[tuple[types.ModuleType, dict[str, t.Any]]] = [
    (pg_access, {"login": LOGIN, "environment": "staging", "roles": ROLES, "passwords": {"shop_app": "<predicted>"}}),
    (pg_access_info, {"login": LOGIN, "environment": "staging", "roles": ["shop_app"]}),
    (pg_setting, {"login": LOGIN, "settings": [{"name": "statement_timeout", "value": "30s", "database": "shop"}]}),
]


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: t.Any, **_keywords: t.Any) -> t.NoReturn:
        raise AssertionError("a prediction connects nowhere")

    monkeypatch.setattr(transport.psycopg2, "connect", refuse)


@pytest.mark.parametrize(("module", "params"), CALLS)
def test_outside_check_mode_a_prediction_is_an_error(module: types.ModuleType, params: dict[str, t.Any]) -> None:
    result = run_module(module, params)
    assert result["failed"] and "the server is only a prediction, but this is no check mode" in result["msg"]


def test_the_roles_of_a_new_server() -> None:
    result = run_module(*CALLS[0], check=True)
    assert result["changed"] and result["diff"]["before"]["role shop_app, exists"] is False
    (role,) = result["access"]["roles"]
    assert (role["exists"], role["connection_limit"], role["superuser"], role["environment"]) == (False, 15, False, "staging")


def test_no_role_exists_on_a_new_server() -> None:
    result = run_module(*CALLS[1], check=True)
    assert not result["changed"] and result["settled"] == [] and result["copied"] == []
    assert result["roles"]["shop_app"]["exists"] is False and result["roles"]["shop_app"]["connection_limit"] is None


def test_the_settings_of_a_new_server() -> None:
    result = run_module(*CALLS[2], check=True)
    assert result["actions"] == ["set statement_timeout = 30s for database shop"]
    assert result["settings"][0]["configured"] == "30s" and result["settings"][0]["configured_before"] is None


def test_a_prediction_of_settings_needs_the_major_version() -> None:
    params = {**CALLS[2][1], "login": {**LOGIN, "server_major": None}}
    result = run_module(pg_setting, params, check=True)
    assert result["failed"] and "the server's major version is not known" in result["msg"]


def test_a_prediction_validates_as_a_run_would() -> None:
    wrong = {**CALLS[2][1], "settings": [{"name": "max_connections", "value": 15}]}
    result = run_module(pg_setting, wrong, check=True)
    assert result["failed"] and "Neon has no ALTER SYSTEM" in result["msg"]


NEON = {"api_key": "napi_this_is_a_secret_key"}


def test_settings_of_a_new_compute() -> None:
    settings = [{"name": "log_min_duration_statement", "value": "1s"}, {"name": "maintenance_work_mem", "value": "1GB"}]
    params = {"login": LOGIN, "neon": NEON, "remember": "us", "settings": settings}
    result = run_module(pg_setting, params, check=True)
    assert result["actions"] == [
        "set log_min_duration_statement = 1s for system",
        "hand over the whole server's settings to Neon's API",
        "set maintenance_work_mem = 1GB for database shop",
        "remember what us has set",
    ]
    assert [setting["scope"] for setting in result["settings"]] == ["system", "database shop"]
    # Whether Neon restarts the compute for it is Neon's decision.
    assert result["restarted"] is None
    without_key = run_module(pg_setting, {**params, "neon": {}}, check=True)
    assert without_key["failed"] and "there is no Neon API key" in without_key["msg"]
    only_session = run_module(pg_setting, {"login": LOGIN, "settings": settings[1:]}, check=True)
    assert only_session["changed"] and only_session["restarted"] is False


@pytest.mark.parametrize("check", [True, False])
def test_a_null_character_is_refused_before_anything_connects(check: bool) -> None:
    present = {**LOGIN, "exists": True, "login_host": "localhost"}
    for module, params in CALLS:
        result = run_module(module, {**params, "login": present, "login_password": "hunter2\0"}, check=check)
        assert result["failed"] and "option login_password: the password of shop_owner holds a null character" in result["msg"]
        result = run_module(module, {**params, "login": {**present, "login_host": "local\0host"}, "login_password": "x"}, check=check)
        assert result["failed"] and "option login.login_host: the value holds a null character" in result["msg"]
    access = {**CALLS[0][1], "login": present, "login_password": "x", "passwords": {"shop_app": "hunter2\0hunter2"}}
    result = run_module(pg_access, access, check=check)
    assert result["failed"] and "option passwords, key shop_app: the password of role shop_app holds a null character" in result["msg"]
    assert "hunter2" not in result["msg"]


def test_without_the_driver_one_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PSYCOPG2_PROBLEM", "No module named 'psycopg2'")
    present = {**LOGIN, "exists": True, "login_host": "localhost"}
    for module, params in CALLS:
        result = run_module(module, {**params, "login": present, "login_password": "x"})
        assert result["failed"] and "the Python package psycopg2 is missing" in result["msg"]
    result = run_module(pg_connection_info, {"connections": [{"name": "x", "uri": "postgresql://u:p@localhost/d"}]})
    assert result["failed"] and "the Python package psycopg2 is missing" in result["msg"]


STAND_IN = {"login_host": "original", "login_port": 5432, "login_user": "shop_owner", "login_db": "shop", "branch_id": "br-1"}


@pytest.mark.parametrize(("module", "params"), CALLS)
def test_what_stands_in_is_for_check_mode_only_and_needs_its_password(module: types.ModuleType, params: dict[str, t.Any]) -> None:
    copy = {**params, "login": {**LOGIN, "stand_in": STAND_IN}, "login_password": ""}
    result = run_module(module, copy)
    assert result["failed"] and "the server is only a prediction, but this is no check mode" in result["msg"]
    result = run_module(module, copy, check=True)
    assert result["failed"] and "the password of shop_owner is empty" in result["msg"]


@pytest.mark.parametrize(("module", "params"), CALLS)
def test_a_predicted_option_connects_nowhere_whatever_stands_in(module: types.ModuleType, params: dict[str, t.Any]) -> None:
    plain = run_module(module, params, check=True)
    told = run_module(module, {**params, "login": {**LOGIN, "stand_in": STAND_IN}, "login_password": "x", "predicted": True}, check=True)
    assert {**plain, "invocation": None} == {**told, "invocation": None}


SETTINGS = [
    {"name": "search_path", "value": ["app's", "public"], "database": "shop"},
    {"name": "SHARED_BUFFERS", "value": "2GB"},
    {"name": "jit", "state": "absent", "role": "shop_app", "database": "shop"},
]


@pytest.mark.parametrize("check", [True, False])
def test_rendered_settings_need_no_server(check: bool) -> None:
    result = run_module(pg_setting, {"state": "rendered", "server_major": 17, "settings": SETTINGS}, check=check)
    assert result["changed"] is False
    assert result["rendered"] == [
        """ALTER SYSTEM SET "shared_buffers" TO '2GB';""",
        "SELECT pg_catalog.pg_reload_conf();",
        """ALTER DATABASE "shop" SET "search_path" TO 'app''s', 'public';""",
        """ALTER ROLE "shop_app" IN DATABASE "shop" RESET "jit";""",
    ]
    assert "settings" not in result


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"state": "rendered", "settings": SETTINGS}, "the server's major version is missing"),
        ({"state": "rendered", "server_major": 9, "settings": SETTINGS}, "PostgreSQL 9 is not supported"),
        ({"state": "rendered", "server_major": 17, "settings": [{"name": "work_men", "value": 1}]}, "Did you mean work_mem"),
        ({"state": "rendered", "login": {**LOGIN, "exists": True}, "settings": SETTINGS[1:2]}, "on neon they go to the provider's API"),
        ({"state": "rendered", "server_major": 17, "remember": "x", "settings": SETTINGS}, "options state and remember"),
        ({"remember": "x\ny", "login": LOGIN, "settings": []}, "no name to remember by"),
        (
            {
                "login": LOGIN,
                "restart": "allowed",
                "restart_command": ["true"],
                "maintenance_window": {"weekdays": [1], "start_time": "01:00", "end_time": "02:00"},
                "settings": [],
            },
            "the server is restarted through the provider's API",
        ),
        ({"settings": SETTINGS}, "there is no server to connect to"),
        ({"login": LOGIN, "settings": SETTINGS, "scopes": [{"role": "x"}]}, "scopes are only read with state: exact"),
        ({"login": LOGIN, "state": "exact", "settings": SETTINGS, "scopes": [{"role": ""}]}, "option scopes: the role is empty"),
    ],
)
def test_states_are_checked_before_anybody_is_asked(params: dict[str, t.Any], words: str) -> None:
    result = run_module(pg_setting, params, check=True)
    assert result["failed"] and words in result["msg"]


def test_an_exact_declaration_of_a_new_server_has_nothing_to_reset() -> None:
    result = run_module(pg_setting, {**CALLS[2][1], "state": "exact"}, check=True)
    assert (result["reset"], result["left_alone"]) == ([], [])
    assert result["actions"] == ["set statement_timeout = 30s for database shop"]


def test_a_new_server_has_nothing_configured() -> None:
    result = run_module(pg_setting_info, {"login": LOGIN}, check=True)
    assert (result["changed"], result["settings"], result["kept"]) == (False, [], [])
