# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a setting of the whole server goes, and what is handed over to a provider's API."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_backend import ALTER_SYSTEM, backend_of
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Catalogue, snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_exact import resets, surplus
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingState, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_place import narrowing_warnings, placed
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_plan import HandedOver, plan_settings
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_read import with_server_settings

SYSTEM, SHOP = Scope(), Scope("shop")
NEON = backend_of("neon")
CATALOGUE = snapshot_catalogue(17)
STATE = with_server_settings(
    SettingState(CATALOGUE, "neon", "owner", databases=frozenset({"shop"})), {"work_mem": "8MB", "log_min_duration_statement": "1s"}
)


def system(name: str, value: object = None) -> SettingWanted:
    return SettingWanted(name, SYSTEM, value, value is not None)


@pytest.mark.parametrize("provider", ["self_hosted", "supabase", "something new"])
def test_a_provider_without_an_own_place_is_asked_by_sql(provider: str) -> None:
    assert backend_of(provider) is ALTER_SYSTEM
    assert placed(ALTER_SYSTEM, CATALOGUE, [system("maintenance_work_mem", "1GB")], "shop")[0].scope == SYSTEM


def test_what_neon_sets_itself_and_a_session_may_set_is_the_databases() -> None:
    declared = [system("maintenance_work_mem", "1GB"), system("work_mem", "8MB"), system("max_connections", 9), system("no_such_parameter", 1)]
    found = placed(NEON, CATALOGUE, declared, "shop")
    assert [item.scope for item in found] == [SHOP, SYSTEM, SYSTEM, SYSTEM]
    (warning,) = narrowing_warnings(declared, found)
    assert "maintenance_work_mem: the provider sets this for the whole server itself, so the declared value is kept for database shop" in warning
    assert narrowing_warnings(declared[1:], found[1:]) == ()


def test_two_declarations_may_not_meet_in_one_scope() -> None:
    declared = [system("maintenance_work_mem", "1GB"), SettingWanted("MAINTENANCE_WORK_MEM", SHOP, "2GB")]
    with pytest.raises(InputError, match="declared for the whole server and for database shop"):
        placed(NEON, CATALOGUE, declared, "shop")


def test_no_parameter_is_both_taken_and_refused() -> None:
    for parameter in CATALOGUE:
        refusal = NEON.refusal(parameter, 17)
        assert not (refusal is None and NEON.narrowed(parameter)), parameter.name
        assert refusal is None or "Leave it out" in str(refusal.remedy)
    taken = ("work_mem", "log_min_duration_statement", "random_page_cost", "autovacuum_naptime", "autovacuum_vacuum_cost_limit")
    assert all(NEON.refusal(CATALOGUE.find(name), 17) is None for name in taken)


def test_a_list_is_handed_over_as_a_configuration_file_has_it() -> None:
    plan = plan_settings(STATE, [system("search_path", ["My Schema", 'a"b', "$user", "public"]), system("DateStyle", ["ISO", "DMY"])])
    assert plan.changes[-1].payload == HandedOver({"search_path": '"My Schema", "a""b", "$user", public', "DateStyle": "ISO, DMY"})
    assert plan.changes[0].describe() == 'set search_path = My Schema, a"b, $user, public for system'


def test_all_settings_of_the_whole_server_are_handed_over_at_once_and_first() -> None:
    wanted = [SettingWanted("jit", SHOP, False), system("work_mem", "16MB"), system("log_min_duration_statement"), system("random_page_cost", 1.1)]
    plan = plan_settings(STATE, wanted)
    assert [change.describe() for change in plan.changes] == [
        "set work_mem = 16MB for system",
        "reset log_min_duration_statement for system",
        "set random_page_cost = 1.1 for system",
        "hand over the whole server's settings to Neon's API",
        "set jit = off for database shop",
    ]
    assert [change.payload for change in plan.changes[:3]] == [None, None, None]
    assert plan.changes[3].payload == HandedOver({"work_mem": "16MB", "log_min_duration_statement": None, "random_page_cost": "1.1"})
    assert plan.before == "work_mem = 8MB\nlog_min_duration_statement = 1s\n"
    assert any("may restart the server" in warning for warning in plan.warnings)


def test_values_of_the_api_are_compared_as_postgresql_does_and_need_no_right_of_sql() -> None:
    plan = plan_settings(STATE, [system("work_mem", "8192kB"), system("log_min_duration_statement", 1000)])
    assert (plan.changes, plan.warnings) == ((), ())


def test_exact_takes_away_what_the_api_has_beside_the_declaration() -> None:
    wanted = (system("work_mem", "8MB"),)
    plan = plan_settings(STATE, wanted + resets(surplus(STATE, wanted, [SYSTEM])))
    assert plan.changes[-1].payload == HandedOver({"log_min_duration_statement": None})


def test_a_value_that_the_server_does_not_run_waits_for_a_restart() -> None:
    def waits(running: str, source: str) -> bool:
        own = dataclasses.replace(CATALOGUE.find("work_mem"), running=running, source=source)
        state = with_server_settings(dataclasses.replace(STATE, catalogue=Catalogue(17, [own], "a test")), {"work_mem": "8MB"})
        return state.catalogue.find("work_mem").pending_restart

    assert waits("4096", "default") and waits("4096", "configuration file")
    assert not waits("8192", "configuration file")
    assert not waits("4096", "database"), "a value of the session's own says nothing of the server's"
