# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError, NotFoundError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_exact import exact_scopes, is_guarded, resets, surplus
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingState, SettingWanted

SYSTEM, DATABASE, ROLE = Scope(), Scope("shop"), Scope(None, "app")
STATE = SettingState(
    snapshot_catalogue(17),
    "self_hosted",
    "postgres",
    login_superuser=True,
    databases=frozenset({"shop"}),
    roles=frozenset({"app"}),
    stored={DATABASE: {"work_mem": "8MB", "jit": "off", "app.flag": "1"}, ROLE: {"work_mem": "1MB", "session_preload_libraries": "x"}},
    file_text={"work_mem": "4MB", "port": "5433", "fsync": "off", "jit": "on"},
    in_auto_file=frozenset({"work_mem", "port", "fsync"}),
)


def names(found: t.Iterable[t.Any]) -> list[tuple[str, str]]:
    return [(item.scope.words, item.name) for item in found]


def test_what_is_not_declared_is_found_in_every_exact_scope() -> None:
    wanted = [SettingWanted("WORK_MEM", DATABASE, "8MB"), SettingWanted("work_mem", SYSTEM, "4MB")]
    found = surplus(STATE, wanted, exact_scopes(wanted, [ROLE]))
    assert names(found) == [
        ("database shop", "app.flag"),
        ("database shop", "jit"),
        ("role app", "session_preload_libraries"),
        ("role app", "work_mem"),
        ("system", "fsync"),
        ("system", "port"),
    ]
    # A line of postgresql.conf (jit) is not ours to reset; what keeps the server alive and reachable is not either.
    assert names(resets(found)) == [("database shop", "app.flag"), ("database shop", "jit"), ("role app", "work_mem"), ("system", "fsync")]


def test_a_scope_in_which_nothing_is_declared_is_not_looked_at() -> None:
    wanted = [SettingWanted("work_mem", DATABASE, "8MB"), SettingWanted("jit", DATABASE, "off"), SettingWanted("app.flag", DATABASE, 1)]
    assert surplus(STATE, wanted, exact_scopes(wanted, [])) == ()


def test_without_a_look_into_the_files_nobody_can_say_what_is_exact() -> None:
    state = dataclasses.replace(STATE, file_readable=False)
    assert surplus(state, [], [ROLE])
    with pytest.raises(InputError, match="may not read pg_file_settings"):
        surplus(state, [], [SYSTEM])


@pytest.mark.parametrize("scope", [Scope("nowhere"), Scope(None, "nobody"), Scope("shop", "nobody")])
def test_a_scope_that_does_not_exist_is_an_error(scope: Scope) -> None:
    with pytest.raises(NotFoundError, match="does not exist"):
        surplus(STATE, [], [scope])
    if scope.database != "nowhere":
        assert surplus(dataclasses.replace(STATE, assume_roles=True), [], [scope]) == ()


@pytest.mark.parametrize(
    "name", ["port", "SSL_CERT_FILE", "ssl", "archive_command", "primary_conninfo", "shared_preload_libraries", "max_connections"]
)
def test_guarded(name: str) -> None:
    assert is_guarded(name)


@pytest.mark.parametrize("name", ["work_mem", "shared_buffers", "autovacuum", "log_min_duration_statement", "statement_timeout"])
def test_not_guarded(name: str) -> None:
    assert not is_guarded(name)


def test_every_guarded_name_is_one_of_some_supported_version() -> None:
    from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_exact import GUARDED

    known = {parameter.name for major in range(14, 19) for parameter in snapshot_catalogue(major)}
    assert known >= GUARDED
