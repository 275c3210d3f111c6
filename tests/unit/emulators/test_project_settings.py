# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Project settings: what is refused, and which libraries follow from them."""

from __future__ import annotations

import pytest

from emulators.framework.errors import ApiError
from emulators.neon import preload, project_settings

WINDOW = {"weekdays": [1, 7], "start_time": "23:30", "end_time": "00:30"}


def test_settings_that_are_taken():
    settings = {
        "quota": {"active_time_seconds": 0, "logical_size_bytes": 10**12},
        "allowed_ips": {"ips": ["192.0.2.0/24"], "protected_branches_only": True},
        "maintenance_window": WINDOW,
        "preload_libraries": {"use_defaults": True, "enabled_libraries": ["auto_explain"]},
        "enable_logical_replication": True,
    }
    project_settings.check(settings, {"enable_logical_replication": True})


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"quota": {"written_data_bytes": -1}}, "written_data_bytes"),
        ({"quota": {"written_data_bytes": "1"}}, "written_data_bytes"),
        ({"allowed_ips": {"ips": ["x"]}}, "allowed_ips"),
        ({"preload_libraries": {"enabled_libraries": ["auto_explain", "no_such_thing"]}}, "not available: no_such_thing"),
        ({"enable_logical_replication": False}, "logical replication cannot be disabled"),
        ({"hipaa": False}, "HIPAA cannot be disabled"),
        ({"maintenance_window": {**WINDOW, "weekdays": []}}, "weekdays"),
        ({"maintenance_window": {**WINDOW, "weekdays": [0]}}, "weekdays"),
        ({"maintenance_window": {**WINDOW, "weekdays": [8]}}, "weekdays"),
        ({"maintenance_window": {**WINDOW, "weekdays": [2, 2]}}, "weekdays"),
        ({"maintenance_window": {**WINDOW, "start_time": "24:00"}}, "start_time"),
        ({"maintenance_window": {**WINDOW, "start_time": "1:00"}}, "start_time"),
        ({"maintenance_window": {**WINDOW, "end_time": "01:60"}}, "end_time"),
        ({"maintenance_window": {**WINDOW, "end_time": "23:30"}}, "the same"),
        ({"maintenance_window": {"weekdays": [1], "start_time": "01:00"}}, "end_time"),
    ],
)
def test_settings_that_are_refused(settings, complaint):
    with pytest.raises(ApiError, match=complaint) as caught:
        project_settings.check(settings, {"enable_logical_replication": True, "hipaa": True})
    assert caught.value.status == 400


def test_a_one_way_switch_may_be_given_again_and_left_out():
    project_settings.check({"hipaa": True}, {"hipaa": True})
    project_settings.check({}, {"hipaa": True})
    project_settings.check({"hipaa": False}, {})


@pytest.mark.parametrize(
    ("project", "endpoint", "expected"),
    [
        ({}, {}, "pg_stat_statements"),
        ({"enabled_libraries": ["auto_explain"], "use_defaults": True}, {}, "pg_stat_statements,auto_explain"),
        ({"enabled_libraries": ["auto_explain"]}, {}, "auto_explain"),
        ({"use_defaults": False}, {}, ""),
        ({"enabled_libraries": ["auto_explain"]}, {"enabled_libraries": ["pg_prewarm"]}, "pg_prewarm"),
        ({"enabled_libraries": ["pg_stat_statements"], "use_defaults": True}, {}, "pg_stat_statements"),
    ],
)
def test_the_libraries_that_follow(project, endpoint, expected):
    assert preload.shared_preload_libraries({"preload_libraries": project}, {"preload_libraries": endpoint}) == expected
