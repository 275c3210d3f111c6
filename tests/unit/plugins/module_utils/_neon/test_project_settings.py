# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A project's settings: what addresses let in, what differs, and what is left alone."""

from __future__ import annotations

import copy
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import ConfirmationError, InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.maintenance_window import MaintenanceWindow
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.project_addresses import checked_addresses, reaches
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.project_plan import (
    IS_OURS,
    LIBRARIES,
    USAGE,
    Known,
    ProjectWish,
    open_questions,
    plan_project,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.project_settings import SettingsWish, setting_differences
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.records import Project


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (["10.0.0.1"], ["10.0.0.1/32"], True),
        (["10.0.0.0/30"], ["10.0.0.0-10.0.0.3"], True),
        (["10.0.0.0 - 10.0.0.3"], ["10.0.0.0/30"], True),
        (["2001:db8::1"], ["2001:0DB8:0::1/128"], True),
        (["10.0.0.1", "10.0.0.2"], ["10.0.0.2", "10.0.0.1", "10.0.0.1"], True),
        (["10.0.0.1"], ["10.0.0.2"], False),
        (["0.0.0.1"], ["::1"], False),
        (["what the provider says"], ["what the provider says"], True),
        (["what the provider says"], [], False),
        ([], [], True),
    ],
)
def test_entries_are_compared_by_what_they_let_in(one: list[str], other: list[str], same: bool) -> None:
    assert (reaches(one) == reaches(other)) is same


@pytest.mark.parametrize(
    "entry", ["", " ", "::/0", "0.0.0.0-255.255.255.255", "10.0.0.1-::1", "10.0.0.0/33", "10.0.0", "a-b", "1.2.3.4/", "Everyone"]
)
def test_what_is_no_address_is_refused(entry: str) -> None:
    with pytest.raises(InputError, match="option allowed_ips"):
        checked_addresses([entry])


@pytest.mark.parametrize(
    ("entries", "version"),
    [
        (["10.0.0.1", "128.0.0.0/1", "0.0.0.0/1"], 4),
        (["0.0.0.0-9.255.255.255", "10.0.0.0/8", "11.0.0.0-255.255.255.255"], 4),
        (["203.0.113.7", "8000::/1", "::/1"], 6),
    ],
)
def test_entries_that_let_everyone_in_together_are_refused(entries: list[str], version: int) -> None:
    with pytest.raises(InputError, match=f"the entries together let every IPv{version} address in"):
        checked_addresses(entries)


def test_all_but_one_address_is_an_allowlist() -> None:
    entries = ("0.0.0.0-9.255.255.254", "10.0.0.0-255.255.255.255", "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    assert checked_addresses(entries) == entries


ADDRESS = st.sampled_from(["10.0.0.1", "10.0.0.1/32", "203.0.113.0/24", "203.0.113.0-203.0.113.255", "2001:db8::1"])
DAYS = st.lists(st.integers(1, 7), min_size=1, max_size=9)
NAMES = st.lists(st.sampled_from(["pg_cron", "anon", "timescaledb"]), max_size=3)
QUOTAS = st.dictionaries(st.sampled_from(["active_time_seconds", "written_data_bytes", "logical_size_bytes"]), st.integers(0, 9))
BOOL = st.one_of(st.none(), st.booleans())
WISHES = st.builds(
    SettingsWish,
    allowed_ips=st.one_of(st.none(), st.lists(ADDRESS, max_size=3).map(tuple)),
    protected_branches_only=BOOL,
    quota=QUOTAS,
    maintenance_window=st.one_of(
        st.none(), st.builds(MaintenanceWindow, DAYS.map(lambda days: tuple(sorted(set(days)))), st.just(180), st.just(300))
    ),
    preload_libraries=st.one_of(st.none(), NAMES.map(tuple)),
    enable_logical_replication=BOOL,
    block_public_connections=BOOL,
    audit_log_level=st.sampled_from([None, "base", "full"]),
    hipaa=BOOL,
)
CURRENT = st.fixed_dictionaries(
    {"block_vpc_connections": st.booleans(), "a_new_setting": st.just({"x": 1})},
    optional={
        "allowed_ips": st.fixed_dictionaries({}, optional={"ips": st.lists(ADDRESS, max_size=3), "protected_branches_only": st.booleans()}),
        "quota": QUOTAS,
        "maintenance_window": st.fixed_dictionaries({"weekdays": DAYS, "start_time": st.just("03:00"), "end_time": st.just("04:00")}),
        "preload_libraries": st.fixed_dictionaries({"use_defaults": st.booleans(), "enabled_libraries": NAMES}),
        "enable_logical_replication": st.booleans(),
        "hipaa": st.booleans(),
        "audit_log_level": st.sampled_from(["base", "extended"]),
    },
)


@given(CURRENT, WISHES)
def test_what_was_sent_is_all_that_is_left_to_do_and_nothing_else_changes(current: dict[str, t.Any], wish: SettingsWish) -> None:
    before = copy.deepcopy(current)
    differences = setting_differences(current, wish)
    assert current == before
    sent = {**current, **{item.key: item.value for item in differences}}
    assert setting_differences(sent, wish) == []
    assert {key: value for key, value in sent.items() if key not in {item.key for item in differences}}.items() <= current.items()
    # What is not declared inside of an object stays as well.
    if "preload_libraries" in current:
        assert sent["preload_libraries"]["use_defaults"] == current["preload_libraries"]["use_defaults"]
    undeclared = {name: size for name, size in (current.get("quota") or {}).items() if name not in wish.quota}
    assert undeclared.items() <= (sent.get("quota") or {}).items()
    if wish.allowed_ips is None:
        assert (sent.get("allowed_ips") or {}).get("ips", []) == (current.get("allowed_ips") or {}).get("ips", [])


@given(CURRENT)
def test_what_is_not_declared_never_differs(current: dict[str, t.Any]) -> None:
    assert setting_differences(current, SettingsWish()) == []


def shop(**settings: t.Any) -> Project:
    return Project("p-1", "shop", "aws-eu-central-1", 17, "org-1", True, 86400, None, settings)


@pytest.mark.parametrize(
    ("wish", "questions"),
    [
        ({}, set()),
        ({"history_retention_seconds": 86400}, set()),
        ({"history_retention_seconds": 604800}, {IS_OURS}),
        ({"history_retention_seconds": 604800, "adopt": True}, set()),
        ({"history_retention_seconds": 604800, "owner": False}, set()),
        ({"present": False}, set()),
        ({"settings": SettingsWish(preload_libraries=("anon",))}, {IS_OURS, LIBRARIES}),
        ({"settings": SettingsWish(preload_libraries=())}, set()),
        ({"settings": SettingsWish(quota={"active_time_seconds": 5}), "adopt": True}, {USAGE}),
        ({"settings": SettingsWish(quota={"active_time_seconds": 0})}, set()),
    ],
)
def test_only_what_a_plan_depends_on_is_asked(wish: dict[str, t.Any], questions: set[str]) -> None:
    assert open_questions(shop(), ProjectWish("shop", **wish)) == questions


def test_a_foreign_project_is_refused_before_anything_asks_for_a_confirmation() -> None:
    with pytest.raises(InputError, match="was not made by this collection"):
        plan_project(shop(), ProjectWish("shop", history_retention_seconds=60), Known(ours=False))
    with pytest.raises(ConfirmationError):
        plan_project(shop(), ProjectWish("shop", history_retention_seconds=60, adopt=True), Known(ours=False))
