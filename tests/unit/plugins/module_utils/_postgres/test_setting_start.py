# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a server would start with what is declared; real servers are asked in tests/differential."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Catalogue, snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_check import resolve
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_kept import library_paths
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Kept, Scope, SettingState, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_number import show_with_unit
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_plan import plan_settings
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_restart import parse_restart
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_start import files_to_find
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_start_rules import START_RULES

NOON = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)
RESTART = parse_restart(
    {
        "restart": "allowed",
        "restart_command": ["restart"],
        "maintenance_window": {"weekdays": [1, 2, 3, 4, 5, 6, 7], "start_time": "11:00", "end_time": "13:00"},
    },
    NOON,
)


def server(major: int = 17, **changes: t.Any) -> SettingState:
    return SettingState(snapshot_catalogue(major), "self_hosted", "owner", login_superuser=True, **changes)


def system(**values: t.Any) -> list[SettingWanted]:
    return [SettingWanted(name, Scope(), value, present=value is not None) for name, value in values.items()]


def running(state: SettingState, **values: t.Any) -> SettingState:
    """Return the state with other fields of parameters: ``running``, ``source`` and the like, by the parameter's name."""
    changed = [dataclasses.replace(parameter, **values.get(parameter.name, {})) for parameter in state.catalogue]
    return dataclasses.replace(state, catalogue=Catalogue(state.catalogue.major, changed, "a test"))


def refusal(state: SettingState, **values: t.Any) -> str:
    with pytest.raises(InputError) as caught:
        plan_settings(state, system(**values))
    return caught.value.message()


def test_both_settings_both_values_the_servers_words_and_what_to_do() -> None:
    assert refusal(server(file_text={"max_wal_senders": "5"}), wal_level="minimal") == (
        "option settings, wal_level: the server would not start with max_wal_senders = 5 (configured), wal_level = minimal (declared). "
        'it says: WAL streaming (max_wal_senders > 0) requires wal_level to be "replica" or "logical" (PostmasterMain in postmaster.c). '
        "Declare max_wal_senders: 0 as well, or wal_level: replica."
    )


def test_the_words_are_those_of_the_version() -> None:
    assert "superuser_reserved_connections (3) must be less than max_connections (3)" in refusal(server(15), max_connections=3)
    assert "superuser_reserved_connections (3) plus reserved_connections (0) must be" in refusal(server(16), max_connections=3)


def test_all_that_does_not_fit_is_said_at_once() -> None:
    message = refusal(server(), wal_level="minimal", archive_mode="on", min_wal_size="31MB")
    assert message.startswith("option settings: 3 of the settings cannot be made. (1) ") and "(3) " in message


@pytest.mark.parametrize(
    ("major", "values", "fits"),
    [
        (17, {"max_connections": 262121}, True),
        (17, {"max_connections": 262122}, False),
        (18, {"max_connections": 262107}, True),
        (18, {"max_connections": 262108}, False),
        (16, {"superuser_reserved_connections": 99}, True),
        (16, {"superuser_reserved_connections": 99, "reserved_connections": 1}, False),
        (15, {"superuser_reserved_connections": 100}, False),
        (17, {"ssl": "on", "ssl_max_protocol_version": ""}, True),
        (17, {"ssl": "on", "ssl_max_protocol_version": "TLSv1.1"}, False),
        (17, {"ssl_max_protocol_version": "TLSv1.1"}, True),
    ],
)
def test_where_a_rule_ends(major: int, values: dict[str, t.Any], fits: bool) -> None:
    if fits:
        assert plan_settings(server(major), system(**values)).changes
    else:
        refusal(server(major), **values)


def test_a_reset_gives_way_to_postgresql_conf_and_to_the_default() -> None:
    both = {"max_wal_senders", "wal_level"}
    state = server(file_text={"max_wal_senders": "0", "wal_level": "minimal"}, in_auto_file=frozenset(both))
    assert "max_wal_senders = 10 (the default)" in refusal(state, max_wal_senders=None)
    below = dataclasses.replace(state, below_text={"max_wal_senders": "3"})
    assert "max_wal_senders = 3 (in postgresql.conf)" in refusal(below, max_wal_senders=None)
    assert plan_settings(dataclasses.replace(state, below_text={"max_wal_senders": "0"}), system(max_wal_senders=None)).changes


def test_the_command_line_goes_before_the_files() -> None:
    given = running(server(file_text={"max_wal_senders": "5"}), max_wal_senders={"running": "0", "source": "command line"})
    assert plan_settings(given, system(wal_level="minimal")).changes
    given = running(server(), max_wal_senders={"running": "2", "source": "command line"})
    assert "max_wal_senders = 2 (on the command line)" in refusal(given, wal_level="minimal")


def test_who_may_not_read_the_files_judges_by_what_is_running() -> None:
    state = running(server(file_readable=False), max_wal_senders={"running": "4", "source": "configuration file"})
    assert "max_wal_senders = 4 (running)" in refusal(state, wal_level="minimal")
    assert plan_settings(state, system(wal_level="minimal", max_wal_senders=None)).changes, "what counts then is in files that we may not read"


def test_what_a_provider_configures_itself_is_judged_by_what_is_running() -> None:
    """Neon's API shows what it was given; the compute has files of Neon's own beneath, with other values than the built-in ones."""
    neon = dataclasses.replace(server(), provider="neon")
    compute = running(
        neon,
        max_connections={"running": "901", "source": "configuration file"},
        reserved_connections={"running": "800", "source": "configuration file"},
        min_wal_size={"running": "80", "source": "default"},
    )
    assert plan_settings(compute, system(reserved_connections=890)).changes, "100 connections by default, but not here"
    assert "max_connections = 901 (running)" in refusal(compute, reserved_connections=898)
    given = dataclasses.replace(compute, file_text={"reserved_connections": "890"}, in_auto_file=frozenset({"reserved_connections"}))
    assert plan_settings(given, system(reserved_connections=None)).changes, "what counts then is Neon's, and not known"


def test_what_was_wrong_before_is_a_warning_and_refused_when_it_would_be_restarted() -> None:
    state = server(file_text={"wal_level": "minimal", "work_mem": "4MB"})
    assert plan_settings(state, system(work_mem="5MB")).warnings == (), "no declared setting takes part"
    plan = plan_settings(state, system(wal_level="minimal"))
    assert plan.changes == () and "the server would not start with" in plan.warnings[0]
    waiting = running(state, max_worker_processes={"running": "8", "pending_restart": True})
    assert plan_settings(waiting, system(max_worker_processes=9)).changes
    with pytest.raises(InputError, match="would not start with max_wal_senders = 10"):
        plan_settings(waiting, system(max_worker_processes=9), RESTART)


def test_of_a_server_that_nobody_has_seen_only_what_is_declared_twice_is_judged() -> None:
    state = server(seen=False)
    assert plan_settings(state, system(wal_level="minimal", min_wal_size="2MB")).changes
    assert "archive_mode = on (declared)" in refusal(state, wal_level="minimal", archive_mode="on")


def test_alter_system_compares_with_what_is_running() -> None:
    state = running(server(), max_worker_processes={"running": "262000"})
    message = refusal(state, max_worker_processes=8, max_connections=200)
    assert "ALTER SYSTEM would refuse max_connections = 200 (declared)" in message and "max_worker_processes = 262000 (running)" in message
    assert plan_settings(running(server(18), max_worker_processes={"running": "262000"}), system(max_worker_processes=8, max_connections=200)).changes


def test_room_for_what_the_server_keeps() -> None:
    kept = server(kept=Kept(("feed",), ("standby",), 2), file_text={"wal_level": "logical"})
    assert 'logical replication slot "feed" exists' in refusal(kept, wal_level="replica")
    assert "leave room for those that there are (2)" in refusal(kept, max_replication_slots=1)
    assert "2 in pg_prepared_xacts" in refusal(kept, max_prepared_transactions=1)
    assert plan_settings(kept, system(max_replication_slots=2, max_prepared_transactions=2)).changes
    origins = server(kept=Kept(origins=3))
    assert "leave room for those that there are (3 in pg_replication_origin_status)" in refusal(origins, max_replication_slots=2)
    assert plan_settings(origins, system(max_replication_slots=0)).changes
    assert plan_settings(server(18, kept=Kept(origins=3)), system(max_replication_slots=2)).changes
    assert 'increase "max_active_replication_origins"' in refusal(server(18, kept=Kept(origins=3)), max_active_replication_origins=2)
    standby = server(kept=Kept(("feed",), on_standby={"max_connections": 100}), file_text={"wal_level": "logical"}, standby=True)
    assert 'slot "feed" exists on the standby, but "hot_standby" = "off"' in refusal(standby, hot_standby="off")
    assert plan_settings(dataclasses.replace(standby, kept=Kept(("feed",)), standby=False), system(hot_standby="off")).changes


def test_files_are_looked_for_only_where_a_change_names_them() -> None:
    state = server(file_text={"ssl": "on", "ssl_cert_file": "a.crt", "shared_preload_libraries": "one, two"})

    def found(**values: t.Any) -> dict[str, tuple[str, ...]]:
        return files_to_find(state, resolve(state, system(**values)))

    assert found(work_mem="5MB", ssl="on") == {}
    assert found(ssl_key_file="b.key") == {"ssl_key_file": ("b.key",)}
    assert found(ssl_key_file="b.key", ssl="off") == {}
    assert found(shared_preload_libraries=["two", "three"]) == {"shared_preload_libraries": ("two", "three")}
    assert found(hba_file="relative.conf") == {} and found(hba_file="/etc/hba") == {"hba_file": ("/etc/hba",)}
    every = files_to_find(state, resolve(state, []), every=True)
    assert every == {"ssl_cert_file": ("a.crt",), "ssl_key_file": ("server.key",), "shared_preload_libraries": ("one", "two")}


def test_a_missing_file_is_named() -> None:
    kept = Kept(missing={"shared_preload_libraries": ("two", "three")})
    message = refusal(server(kept=kept), shared_preload_libraries=["one", "two", "three"])
    assert "shared_preload_libraries = one, two, three (declared)" in message and 'could not access file "two": No such file' in message
    assert "Install what is missing on the server's host first (two, three)" in message


def test_where_a_library_is_looked_for() -> None:
    assert library_paths("one", "$libdir:/opt/pg", "/lib")[:2] == ("/lib/one", "/lib/one.so")
    assert "/opt/pg/one.so" in library_paths("one", "$libdir:/opt/pg", "/lib")
    assert library_paths("$libdir/one", "/opt", "/lib")[1] == "/lib/one.so"
    assert library_paths("/a/one.so", "$libdir", "/lib")[0] == "/a/one.so"


@pytest.mark.parametrize(
    ("text", "unit", "shown"),
    [
        ("16384", "8kB", "128MB"),
        ("1536", "kB", "1536kB"),
        ("300", "s", "5min"),
        ("0", "ms", "0"),
        ("-1", "kB", "-1"),
        ("5", None, "5"),
        ("0.5", "ms", "0.5"),
    ],
)
def test_numbers_are_shown_as_the_server_shows_them(text: str, unit: str | None, shown: str) -> None:
    assert show_with_unit(text, unit) == shown


def test_every_rule_has_its_words_its_source_and_its_remedy() -> None:
    for rule in START_RULES:
        assert rule.words[0][0] <= max(rule.first, 14) and rule.source and rule.remedy and not rule.remedy.endswith(".")
        for major in range(max(rule.first, 14), min(rule.last, 18) + 1):
            assert rule.says(major)
            assert all(snapshot_catalogue(major).get(name) for name in rule.names if name not in rule.optional)
