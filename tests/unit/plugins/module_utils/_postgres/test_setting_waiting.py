# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What waits for a restart, and what PostgreSQL only says so of."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_automatic import AUTOMATIC, automatic_value
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Catalogue, snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_check import resolve
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingState, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_waiting import waits, waits_now


def server(name: str, running: str, *, configured: str | None = None, major: int = 18, **changes: t.Any) -> SettingState:
    """Return a server that says of one parameter that it waits for a restart."""
    flagged = [
        dataclasses.replace(parameter, running=running, pending_restart=True) if parameter.name == name else parameter
        for parameter in snapshot_catalogue(major)
    ]
    files = {} if configured is None else {name: configured}
    state = SettingState(Catalogue(major, flagged, "a test"), "self_hosted", "owner", login_superuser=True, file_text=files)
    return dataclasses.replace(state, in_auto_file=frozenset(files), **changes)


def now(state: SettingState, name: str) -> bool:
    return waits_now(state, state.catalogue.find(name))


@pytest.mark.parametrize(
    ("name", "running", "configured", "waiting"),
    [
        ("max_wal_senders", "10", "20", True),
        ("max_wal_senders", "10", "10", False),
        ("max_wal_senders", "10", None, False),
        ("max_wal_senders", "20", None, True),
        ("transaction_buffers", "32", "0", False),
        ("transaction_buffers", "64", "0", True),
        ("transaction_buffers", "32", None, False),
        ("wal_buffers", "512", "-1", False),
        ("io_max_concurrency", "64", "-1", False),
        ("io_max_concurrency", "65", "-1", True),
        ("hba_file", "/data/pg_hba.conf", "pg_hba.conf", False),
        ("hba_file", "/data/pg_hba.conf", "./pg_hba.conf", False),
        ("hba_file", "/data/pg_hba.conf", "other.conf", True),
        ("hba_file", "/data/pg_hba.conf", "/etc/pg_hba.conf", True),
    ],
)
def test_what_a_restart_would_change(name: str, running: str, configured: str | None, waiting: bool) -> None:
    assert now(server(name, running, configured=configured), name) is waiting


def test_where_the_files_are_not_seen_the_server_is_believed() -> None:
    assert now(server("max_wal_senders", "10", file_readable=False), "max_wal_senders")
    assert now(server("max_connections", "100", provider="neon"), "max_connections"), "Neon has files of its own"
    assert not now(server("transaction_buffers", "32", configured="0", provider="neon"), "transaction_buffers")


def test_what_is_yet_to_be_configured_is_judged_the_same_way() -> None:
    for value, waiting in ((0, False), (32, False), (48, True)):
        state = server("transaction_buffers", "32", configured="64")
        (step,) = resolve(state, [SettingWanted("transaction_buffers", Scope(), value)])
        assert step.differs and waits(state, step, predicted=True) is waiting, value


def test_a_new_server_that_is_only_known_from_the_snapshot_runs_automatic_values() -> None:
    for name, (word, _compute) in AUTOMATIC.items():
        state = SettingState(snapshot_catalogue(18), "self_hosted", "owner", login_superuser=True, seen=False)
        (step,) = resolve(state, [SettingWanted(name, Scope(), int(word))])
        assert not waits(state, step, predicted=True), name


def test_what_cannot_be_computed_is_not_said() -> None:
    catalogue = snapshot_catalogue(18)
    few = Catalogue(18, [catalogue.find("io_max_concurrency"), catalogue.find("shared_buffers")], "a test")
    assert automatic_value(few, few.find("io_max_concurrency"), "-1") is None
    assert automatic_value(catalogue, catalogue.find("io_max_concurrency"), "-1") == "64"
    assert automatic_value(catalogue, catalogue.find("work_mem"), "-1") is None
