# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.maintenance_window import MaintenanceWindow
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Catalogue, snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingState, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_plan import RESTART, plan_settings
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_restart import Restart, parse_restart

STATE = SettingState(snapshot_catalogue(17), "self_hosted", "postgres", login_superuser=True)
WINDOW = MaintenanceWindow((2,), 0, 60)
NOON = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)  # a Tuesday
RAW = {
    "restart": "allowed",
    "restart_command": ["pg_ctl", "restart"],
    "maintenance_window": {"weekdays": [2], "start_time": "11:00", "end_time": "13:00"},
}


def test_a_window_within_a_day() -> None:
    restart = parse_restart(RAW, NOON)
    assert restart is not None and restart.open_now and restart.window.words == "Tuesday from 11:00 to 13:00 UTC"
    for moment in (NOON + datetime.timedelta(hours=1), NOON - datetime.timedelta(days=1), NOON - datetime.timedelta(hours=1, seconds=1)):
        later = parse_restart(RAW, moment)
        assert later is not None and not later.open_now


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"restart_command": None}, "nobody says how"),
        ({"restart_command": [""]}, "nobody says how"),
        ({"maintenance_window": None}, "nobody says when"),
        ({"maintenance_window": {"weekdays": [0], "start_time": "01:00", "end_time": "02:00"}}, "option maintenance_window: weekdays is"),
    ],
)
def test_what_is_missing_or_wrong_is_named(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_restart({**RAW, **changes}, NOON)
    assert parse_restart({**RAW, **changes, "restart": "never"}, NOON) is None


def planned(name: str, value: t.Any, *, is_open: bool = True, **of_parameter: t.Any) -> t.Any:
    changed = [dataclasses.replace(each, **of_parameter) if each.name == name else each for each in STATE.catalogue]
    state = dataclasses.replace(STATE, catalogue=Catalogue(17, changed, "a test"))
    return plan_settings(state, [SettingWanted(name, Scope(), value)], Restart(("x",), WINDOW, is_open))


def test_a_restart_comes_last_and_only_where_it_is_due() -> None:
    plan = planned("shared_buffers", "1GB")
    assert [change.action for change in plan.changes] == ["set", "reload", "restart"]
    assert plan.changes[-1].payload == RESTART and plan.changes[-1].subject == "the server for shared_buffers"
    assert [change.action for change in planned("work_mem", "1GB").changes] == ["set", "reload"]
    # The value that runs already is written down, no more.
    assert [change.action for change in planned("shared_buffers", "128MB").changes] == ["set", "reload"]


def test_outside_the_window_it_goes_on_waiting_with_a_warning() -> None:
    plan = planned("shared_buffers", "1GB", is_open=False)
    assert [change.action for change in plan.changes] == ["set", "reload"]
    assert [text for text in plan.warnings if "allowed on Tuesday from 00:00 to 01:00 UTC" in text]


def test_what_is_on_the_command_line_is_no_reason_for_a_restart() -> None:
    plan = planned("shared_buffers", "1GB", source="command line")
    assert [change.action for change in plan.changes] == ["set", "reload"]
