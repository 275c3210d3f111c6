# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import DbinfraError, InputError, NotFoundError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.reconcile import Plan
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import Context
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting import build_setting
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Catalogue, Parameter, snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_check import resolve
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingState, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_plan import RELOAD, plan_settings, setting_facts

SYSTEM, DATABASE, ROLE, BOTH = Scope(), Scope("shop"), Scope(None, "app"), Scope("shop", "app")
STATE = SettingState(snapshot_catalogue(17), "self_hosted", "owner", login_superuser=True, databases=frozenset({"shop"}), roles=frozenset({"app"}))


def wanted(name: str, value: t.Any = None, scope: Scope = DATABASE, present: bool = True) -> SettingWanted:
    return SettingWanted(name, scope, value, present)


def running(**values: tuple[str, str | None]) -> SettingState:
    """Return a server that runs other values than the built-in ones: each with its source."""
    parameters = [
        dataclasses.replace(parameter, running=values[parameter.name][0], source=values[parameter.name][1]) if parameter.name in values else parameter
        for parameter in STATE.catalogue
    ]
    return dataclasses.replace(STATE, catalogue=Catalogue(17, parameters, "the test"))


@pytest.mark.parametrize(
    ("scope", "template", "words"),
    [
        (SYSTEM, "ALTER SYSTEM SET {name} TO {value}", "system"),
        (DATABASE, "ALTER DATABASE {database} SET {name} TO {value}", "database shop"),
        (ROLE, "ALTER ROLE {role} SET {name} TO {value}", "role app"),
        (BOTH, "ALTER ROLE {role} IN DATABASE {database} SET {name} TO {value}", "role app in database shop"),
    ],
)
def test_one_statement_for_each_scope(scope: Scope, template: str, words: str) -> None:
    plan = plan_settings(STATE, [wanted("work_mem", "8MB", scope)])
    assert plan.changes[0].payload.template == template
    assert plan.changes[0].describe() == f"set work_mem = 8MB for {words}"
    assert (plan.before, plan.after) == ("", "work_mem = 8MB" + ("" if words == "system" else f"  # {words}") + "\n")


def test_alter_system_comes_first_with_one_reload() -> None:
    plan = plan_settings(STATE, [wanted("jit", True), wanted("work_mem", "8MB", SYSTEM), wanted("fsync", "on", SYSTEM)])
    assert [change.action for change in plan.changes] == ["set", "set", "reload", "set"]
    assert plan.changes[2].payload == RELOAD and plan.changes[3].payload.template.startswith("ALTER DATABASE")


def test_what_is_equal_keeps_its_text_and_needs_nothing() -> None:
    state = dataclasses.replace(STATE, stored={DATABASE: {"work_mem": "1024kB"}})
    plan = plan_settings(state, [wanted("work_mem", "1MB")])
    assert plan.changes == () and plan.before == plan.after == "work_mem = 1024kB  # database shop\n"


class Task:
    """A context with the options of a task that renders."""

    check_mode = False

    def __init__(self, settings: list[dict[str, t.Any]]) -> None:
        empty = {"value": None, "database": None, "role": None, "state": "present"}
        self.params = {"state": "rendered", "settings": [{**empty, **item} for item in settings], "login": None, "server_major": 17}
        self.params |= {"scopes": [], "remember": None}

    def hide(self, secret: str | None) -> None:
        """Nothing is printed."""


@pytest.mark.parametrize("word", ["DEFAULT", "default", "Default"])
@pytest.mark.parametrize(
    ("name", "scope"),
    [
        *((name, scope) for name in ("work_mem", "search_path", "jit", "IntervalStyle") for scope in (DATABASE, ROLE, BOTH)),
        ("work_mem", SYSTEM),
        ("log_line_prefix", SYSTEM),
    ],
)
def test_the_word_default_is_absent(name: str, scope: Scope, word: str) -> None:
    def rendered(setting: dict[str, t.Any]) -> list[str]:
        task = Task([{"name": name, "database": scope.database, "role": scope.role, **setting}])
        resource = build_setting(t.cast("Context", task), {})
        return resource.facts(resource.read(), Plan(), predicted=False)["rendered"]

    absent = rendered({"state": "absent"})
    assert rendered({"value": word}) == absent and f'RESET "{name}"' in absent[0]


def test_a_list_may_hold_the_word_default() -> None:
    task = Task([{"name": "search_path", "value": ["default"], "database": "shop"}])
    resource = build_setting(t.cast("Context", task), {})
    facts = resource.facts(resource.read(), Plan(), predicted=False)
    assert facts["rendered"] == ["""ALTER DATABASE "shop" SET "search_path" TO 'default';"""]


def test_scopes_are_compared_apart() -> None:
    state = dataclasses.replace(STATE, stored={DATABASE: {"work_mem": "1MB"}})
    assert len(plan_settings(state, [wanted("work_mem", "1MB"), wanted("work_mem", "1MB", BOTH)]).changes) == 1


def test_reset_only_what_alter_system_wrote() -> None:
    gone = [wanted("work_mem", scope=SYSTEM, present=False)]
    in_conf = dataclasses.replace(running(work_mem=("1024", "configuration file")), file_text={"work_mem": "1MB"})
    assert plan_settings(in_conf, gone).changes == ()
    in_auto = dataclasses.replace(in_conf, in_auto_file=frozenset({"work_mem"}))
    assert plan_settings(in_auto, gone).changes[0].payload.template == "ALTER SYSTEM RESET {name}"


def test_an_empty_preload_list_is_a_reset() -> None:
    libraries = [wanted("shared_preload_libraries", [], SYSTEM)]
    assert plan_settings(STATE, libraries).changes == ()
    state = dataclasses.replace(STATE, file_text={"shared_preload_libraries": '""'}, in_auto_file=frozenset({"shared_preload_libraries"}))
    assert plan_settings(state, libraries).changes[0].payload.template == "ALTER SYSTEM RESET {name}"


def test_custom_names_are_quoted_part_by_part() -> None:
    (change,) = plan_settings(STATE, [wanted("online_analyze.verbose", "on")]).changes
    assert change.payload.parts["name"].parts == ("online_analyze", "verbose")


@pytest.mark.parametrize(
    ("state", "item", "error", "words"),
    [
        ({"provider": "neon"}, wanted("fsync", "on", SYSTEM), InputError, "Neon has no ALTER SYSTEM, and sets this one itself"),
        ({"provider": "neon"}, wanted("ssl_min_protocol_version", "TLSv1.3", SYSTEM), InputError, "cannot be set for the whole server on Neon"),
        ({"provider": "neon"}, wanted("server_version", "1", SYSTEM), InputError, "it is fixed when the server is built"),
        ({"provider": "neon"}, wanted("max_connections", 1, SYSTEM), InputError, "follows from the compute's size"),
        ({}, wanted("server_version", "1", SYSTEM), InputError, "cannot be set by ALTER SYSTEM"),
        ({}, wanted("allow_alter_system", "off", SYSTEM), InputError, "cannot be set by ALTER SYSTEM"),
        ({"alter_system_allowed": False}, wanted("work_mem", "1MB", SYSTEM), InputError, "ALTER SYSTEM is switched off"),
        ({"catalogue": snapshot_catalogue(15)}, wanted("my.ext", "1", SYSTEM), InputError, "the server does not know my.ext"),
        ({}, wanted("max_connections", 5), InputError, "it takes effect only when the server starts"),
        ({}, wanted("checkpoint_timeout", 60), InputError, "it belongs to the whole server"),
        ({}, wanted("log_connections", "on", ROLE), InputError, "it cannot change after a connection has begun"),
        ({"standby": True}, wanted("work_mem", "1MB"), InputError, "the server is a standby"),
        ({"databases": frozenset()}, wanted("work_mem", "1MB"), NotFoundError, "database shop does not exist"),
        ({"roles": frozenset()}, wanted("work_mem", "1MB", ROLE), NotFoundError, "role app does not exist"),
        ({"login_superuser": False}, wanted("work_mem", "1MB", SYSTEM), InputError, "may not set work_mem for the whole server"),
        ({"login_superuser": False}, wanted("log_statement", "all"), InputError, "owner may not set log_statement"),
        ({"login_superuser": False}, wanted("my.ext", "1"), InputError, "owner may not set my.ext"),
        ({"refused": {(DATABASE, "timezone"): "no such zone"}}, wanted("TimeZone", "x"), InputError, "the server says: no such zone"),
    ],
)
def test_what_is_refused(state: dict[str, t.Any], item: SettingWanted, error: type[DbinfraError], words: str) -> None:
    with pytest.raises(error) as caught:
        plan_settings(dataclasses.replace(STATE, **state), [item])
    assert words in caught.value.message()


def test_the_same_setting_twice() -> None:
    with pytest.raises(InputError, match="work_mem is declared twice for the same database shop"):
        plan_settings(STATE, [wanted("work_mem", "1MB"), wanted("WORK_MEM", "2MB")])


def test_everything_that_is_wrong_is_said_at_once_with_the_place_of_each() -> None:
    wrong = [wanted("work_mem", "abc"), wanted("jit", "on"), wanted("statement_timeot", 1, ROLE), wanted("max_connections", 5, BOTH)]
    with pytest.raises(InputError) as caught:
        plan_settings(STATE, wrong)
    message = caught.value.message()
    assert message.startswith("option settings: 3 of the settings cannot be made. (1) ")
    for words in (
        "option settings, work_mem for database shop: 'abc' is not a value for work_mem. it is not a number.",
        "option settings, statement_timeot for role app: PostgreSQL 17 has no parameter statement_timeot.",
        "option settings, max_connections for role app in database shop: max_connections cannot be set for a role.",
    ):
        assert words in message
    assert "jit" not in message and "\n" not in message


def test_what_no_setting_can_be_made_on_is_said_once() -> None:
    with pytest.raises(InputError) as caught:
        plan_settings(dataclasses.replace(STATE, standby=True), [wanted("work_mem", "1MB"), wanted("jit", "on")])
    assert caught.value.message().count("the server is a standby") == 1


def test_neon_is_not_told_to_declare_for_the_whole_server() -> None:
    with pytest.raises(InputError, match=r"Leave it out\. It follows from the compute's size"):
        plan_settings(dataclasses.replace(STATE, provider="neon"), [wanted("max_connections", 5)])


APP, APP_HERE, APP_ELSEWHERE, OWNER = Scope(None, "app"), Scope("shop", "app"), Scope("other", "app"), Scope(None, "owner")


@pytest.mark.parametrize(
    ("stored", "declared", "named"),
    [
        # The database's setting and a role's own.
        ({APP: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB")], ["role app has its own work_mem = '8MB',"]),
        ({APP_HERE: {"work_mem": "8MB"}}, [wanted("WORK_MEM", "1MB")], ["role app has its own work_mem = '8MB' in database shop,"]),
        ({APP: {"work_mem": "8MB"}, OWNER: {"work_mem": "2MB"}}, [wanted("work_mem", "1MB")], ["role app", "role owner"]),
        ({APP: {"work_mem": "1024kB"}}, [wanted("work_mem", "1MB")], []),
        ({APP: {"jit": "off"}}, [wanted("work_mem", "1MB")], []),
        ({APP_ELSEWHERE: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB")], []),
        ({Scope(): {"work_mem": "8MB"}}, [wanted("work_mem", "1MB")], []),
        # Of two of the role's own, the one in the database counts.
        ({APP: {"work_mem": "8MB"}, APP_HERE: {"work_mem": "1MB"}}, [wanted("work_mem", "1MB")], []),
        ({APP: {"work_mem": "1MB"}, APP_HERE: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB")], ["'8MB' in database shop"]),
        # What the declaration says of the role is meant.
        ({APP: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB"), wanted("work_mem", "8MB", APP)], []),
        ({APP: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB"), wanted("work_mem", "4MB", APP_HERE)], []),
        ({APP: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB"), wanted("work_mem", scope=APP, present=False)], []),
        ({APP: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB"), wanted("work_mem", scope=APP_HERE, present=False)], ["role app"]),
        ({APP: {"work_mem": "8MB"}}, [wanted("work_mem", present=False)], []),
        # A role's setting for every database, and its own in one.
        ({APP_ELSEWHERE: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB", APP)], ["'8MB' in database other"]),
        ({APP: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB", APP_HERE)], []),
        ({APP: {"work_mem": "8MB"}}, [wanted("work_mem", "1MB", SYSTEM)], []),
        ({APP: {"search_path": 'app, "$user"'}}, [wanted("search_path", ["app", "$user"])], []),
    ],
)
def test_a_role_whose_sessions_do_not_get_what_is_declared_is_named(
    stored: dict[Scope, dict[str, str]], declared: list[SettingWanted], named: list[str]
) -> None:
    logins = frozenset(scope.role for scope in stored if scope.role)
    warnings = plan_settings(dataclasses.replace(STATE, stored=stored, logins=logins), declared).warnings
    assert len(warnings) == len(named)
    for text, words in zip(warnings, named, strict=True):
        assert words in text and "reset its own with ALTER ROLE" in text


def test_a_role_that_cannot_log_in_has_no_sessions() -> None:
    state = dataclasses.replace(STATE, stored={APP: {"work_mem": "8MB"}})
    assert plan_settings(state, [wanted("work_mem", "1MB")]).warnings == ()


def test_granted_parameters_need_no_superuser() -> None:
    state = dataclasses.replace(STATE, login_superuser=False, alterable=frozenset({"work_mem"}), settable=frozenset({"log_statement"}))
    assert len(plan_settings(state, [wanted("work_mem", "1MB", SYSTEM), wanted("log_statement", "all")]).changes) == 3


@pytest.mark.parametrize(
    ("major", "changes", "item", "words"),
    [
        (17, {}, wanted("work_mem", "1MB", SYSTEM), 'run GRANT ALTER SYSTEM ON PARAMETER "work_mem" TO "owner"; or'),
        (14, {}, wanted("work_mem", "1MB", SYSTEM), "PostgreSQL 14 has no grants on parameters"),
        (17, {}, wanted("my.ext", "1"), 'GRANT SET ON PARAMETER "my"."ext" TO "owner";'),
        (17, {"foreign_databases": {"shop": "Boss"}}, wanted("work_mem", "1MB"), "its owner Boss, a role that inherits from Boss, or a superuser"),
        (17, {"foreign_databases": {"shop": "Boss"}}, wanted("work_mem", "1MB"), 'run GRANT "Boss" TO "owner";'),
        (17, {"foreign_roles": {"app": frozenset({"SUPERUSER"})}}, wanted("work_mem", "1MB", ROLE), "app is a superuser"),
        (
            17,
            {"foreign_roles": {"app": frozenset({"CREATEROLE", "ADMIN"})}},
            wanted("work_mem", "1MB", BOTH),
            'run ALTER ROLE "owner" CREATEROLE; GRANT "app" TO "owner" WITH ADMIN OPTION;',
        ),
        (
            15,
            {"foreign_roles": {"app": frozenset({"CREATEROLE"})}},
            wanted("work_mem", "1MB", ROLE),
            "that takes app itself, the attribute CREATEROLE, or a",
        ),
        (
            17,
            {"alterable": frozenset({"work_mem"}), "may_reload": False},
            wanted("work_mem", "1MB", SYSTEM),
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf()",
        ),
    ],
)
def test_a_missing_right_is_named_with_the_statement_that_gives_it(major: int, changes: dict[str, t.Any], item: SettingWanted, words: str) -> None:
    state = dataclasses.replace(STATE, catalogue=snapshot_catalogue(major), login_superuser=False, **changes)
    with pytest.raises(InputError) as caught:
        plan_settings(state, [item])
    assert "owner may not" in caught.value.message() and words in caught.value.message()


def test_the_value_in_force_stands_beside_the_one_that_waits() -> None:
    state = one_parameter()
    plan = plan_settings(state, [wanted("max_wal_senders", 20, SYSTEM)])
    assert (plan.before, plan.after) == ("", "max_wal_senders = 20  # 10 is in force until a restart\n")
    waiting = dataclasses.replace(
        one_parameter(pending_restart=True), file_text={"max_wal_senders": "20"}, in_auto_file=frozenset({"max_wal_senders"})
    )
    assert plan_settings(waiting, [wanted("max_wal_senders", 20, SYSTEM)]).before == plan.after
    given = dataclasses.replace(one_parameter(source="command line"), file_text={"max_wal_senders": "20"})
    assert plan_settings(given, [wanted("max_wal_senders", 20, SYSTEM)]).after == "max_wal_senders = 20  # 10 is in force from the command line\n"
    old = Parameter("max_wal_senders", "integer", context="postmaster", min_val="0", max_val="100", boot_val="10", running="20")
    reset = dataclasses.replace(waiting, catalogue=Catalogue(17, [old], "a test"))
    assert (
        plan_settings(reset, [wanted("max_wal_senders", scope=SYSTEM, present=False)]).after
        == "#max_wal_senders = 10  # 20 is in force until a restart\n"
    )


def test_a_right_is_asked_for_only_when_there_is_something_to_do() -> None:
    state = dataclasses.replace(STATE, login_superuser=False, stored={DATABASE: {"log_statement": "all"}})
    assert plan_settings(state, [wanted("log_statement", "ALL")]).changes == ()


def test_a_role_that_check_mode_cannot_know() -> None:
    state = dataclasses.replace(STATE, roles=frozenset(), assume_roles=True)
    plan = plan_settings(state, [wanted("work_mem", "1MB", ROLE)])
    assert len(plan.changes) == 1 and "the roles app do not exist yet" in plan.warnings[0]


def one_parameter(**changes: t.Any) -> SettingState:
    parameter = Parameter("max_wal_senders", "integer", context="postmaster", min_val="0", max_val="100", boot_val="10", running="10", **changes)
    return dataclasses.replace(STATE, catalogue=Catalogue(17, [parameter], "a test"))


@pytest.mark.parametrize(("value", "waits"), [(20, True), ("10", False)])
def test_a_restart_is_predicted_from_the_context(value: t.Any, waits: bool) -> None:
    state = one_parameter()
    (step,) = resolve(state, [wanted("max_wal_senders", value, SYSTEM)])
    assert setting_facts(state, step, predicted=True)["pending_restart"] is waits


def test_the_command_line_is_no_pending_restart_but_a_warning() -> None:
    state = one_parameter(source="command line", pending_restart=True)
    item = wanted("max_wal_senders", 20, SYSTEM)
    (step,) = resolve(state, [item])
    assert setting_facts(state, step, predicted=False)["pending_restart"] is False
    assert "given on the server's command line" in plan_settings(state, [item]).warnings[0]


def test_what_was_computed_stands_for_the_word_where_the_files_cannot_be_seen() -> None:
    word = [wanted("wal_buffers", -1, SYSTEM)]
    computed = running(wal_buffers=("512", "override"), shared_buffers=("16384", "configuration file"), wal_segment_size=("16777216", "default"))
    unseen = dataclasses.replace(computed, file_readable=False)
    assert plan_settings(unseen, word).changes == ()
    assert plan_settings(computed, word).changes != ()
