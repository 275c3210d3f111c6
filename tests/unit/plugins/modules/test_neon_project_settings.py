# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_project's settings and adoption: every request, every answer and every result."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_conversation import BRANCH_ID, PROJECT_ID, Conversation, branch, conversation, operation, options, project, refusal

from ansible_collections.dbinfra.postgres.plugins.modules import neon_project

PATH = f"/projects/{PROJECT_ID}"
SEARCH = {"search": "shop", "limit": "400"}
PAGE = {"limit": "1000", "sort_by": "created_at", "sort_order": "asc"}
OTHERS = {"quota": {"logical_size_bytes": 5}, "block_vpc_connections": True}
WINDOW = {"weekdays": [6, 7], "start_time": "22:00", "end_time": "00:00"}


def listed(*projects: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"projects": list(projects), "pagination": {"cursor": "c"}}


def branches(value: dict[str, str] | None, **more: t.Any) -> dict[str, t.Any]:
    """A page with the default branch and its annotation."""
    return {"branches": [branch(default=True)], "annotations": {BRANCH_ID: {"object": {}, "value": value}} if value else {}, **more}


def expect_list(neon: Conversation, **settings: t.Any) -> None:
    neon.expect("GET", "/projects", listed(project(settings=settings)), query=SEARCH)


def expect_mark(neon: Conversation, value: dict[str, str] | None) -> None:
    neon.expect("GET", f"{PATH}/branches", branches(value), query=PAGE)


OURS = {"managed_by": "dbinfra.postgres", "pull_request": "7"}


def run(check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    return run_module(neon_project, options(name="shop", **wish), check=check)


def test_create_sends_the_settings_along() -> None:
    sent = {
        "allowed_ips": {"ips": ["203.0.113.7"], "protected_branches_only": True},
        "quota": {"active_time_seconds": 3600, "logical_size_bytes": 0},
        "maintenance_window": WINDOW,
        "enable_logical_replication": True,
        "audit_log_level": "extended",
    }
    wish = {
        "allowed_ips": ["203.0.113.7", "203.0.113.7/32"],
        "allowed_ips_protected_branches_only": True,
        "quota": {"active_time_seconds": 3600, "logical_size_bytes": 0},
        "maintenance_window": {**WINDOW, "weekdays": [7, 6, 7]},
        "enable_logical_replication": True,
        "block_public_connections": False,
        "audit_log_level": "extended",
        "hipaa": False,
    }
    body = {"project": {"name": "shop", "branch": {"annotations": {"managed_by": "dbinfra.postgres"}}, "settings": sent}}
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        neon.expect("POST", "/projects", {"project": project(settings=sent), "operations": []}, body=body, status=201)
        neon.expect("GET", "/projects", listed(project(settings=sent)), query=SEARCH)
        neon.expect("GET", PATH, {"project": project(settings=sent)})
        result = run(**wish)
    assert (result["changed"], result["actions"]) == (True, ["create project shop"])
    assert result["diff"]["after"] == {
        "name": "shop",
        "allowed_ips": ["203.0.113.7"],
        "allowed_ips_protected_branches_only": True,
        "quota": {"active_time_seconds": 3600},
        "maintenance_window": WINDOW,
        "enable_logical_replication": True,
        "audit_log_level": "extended",
    }
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        assert run(check=True, **wish)["diff"] == result["diff"]


def test_libraries_of_a_new_project_are_checked_and_set_once_it_is_there() -> None:
    body = {"project": {"name": "shop", "branch": {"annotations": {"managed_by": "dbinfra.postgres"}}}}
    done = project(settings={"preload_libraries": {"enabled_libraries": ["pg_cron"], "use_defaults": True}})
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(), query=SEARCH)
        neon.expect("POST", "/projects", {"project": project(), "operations": [operation()]}, body=body, status=201)
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        neon.expect("GET", f"{PATH}/available_preload_libraries", {"libraries": [{"library_name": "pg_cron"}]})
        neon.expect("PATCH", PATH, {"project": done}, body={"project": {"settings": done["settings"]}})
        neon.expect("GET", PATH, {"project": done})
        result = run(preload_libraries=["pg_cron"])
    assert result["actions"] == ["create project shop", "update project shop"]


def test_no_change_is_one_request_if_the_list_says_the_settings() -> None:
    with conversation() as neon:
        expect_list(
            neon,
            allowed_ips={"ips": ["10.0.0.0-10.0.0.255", "2001:DB8::1"]},
            maintenance_window=WINDOW,
            preload_libraries={"enabled_libraries": ["b", "a"], "use_defaults": True},
            quota={"active_time_seconds": 60, "data_transfer_bytes": 1},
        )
        result = run(
            allowed_ips=["2001:db8:0::1", "10.0.0.0/24"],
            allowed_ips_protected_branches_only=False,
            maintenance_window=WINDOW,
            preload_libraries=["a", "b"],
            quota={"active_time_seconds": 60, "logical_size_bytes": 0},
            enable_logical_replication=False,
            hipaa=False,
        )
    assert (result["changed"], result["warnings"]) == (False, [])


def test_settings_that_the_list_does_not_say_are_read_from_the_project() -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(project()), query=SEARCH)
        neon.expect("GET", PATH, {"project": project(settings={})})
        assert run(allowed_ips=["everyone"])["changed"] is False


def test_change_sends_the_whole_settings() -> None:
    before = {**OTHERS, "allowed_ips": {"ips": ["10.0.0.1"], "protected_branches_only": True}}
    after = {**before, "allowed_ips": {"ips": ["10.0.0.2", "10.0.0.1"], "protected_branches_only": True}}
    with conversation() as neon:
        expect_list(neon, **before)
        expect_mark(neon, OURS)
        neon.expect("PATCH", PATH, {"project": project(settings=after), "operations": []}, body={"project": {"settings": after}})
        expect_list(neon, **after)
        result = run(allowed_ips=["10.0.0.2", "10.0.0.1"])
    assert result["diff"] == {
        "before": {"name": "shop", "allowed_ips": ["10.0.0.1"]},
        "after": {"name": "shop", "allowed_ips": ["10.0.0.1", "10.0.0.2"]},
    }
    with conversation() as neon:
        expect_list(neon, **before)
        expect_mark(neon, OURS)
        assert run(check=True, allowed_ips=["10.0.0.2", "10.0.0.1"])["diff"] == result["diff"]


def test_everyone_empties_the_list() -> None:
    whole = {"allowed_ips": {"ips": [], "protected_branches_only": False}}
    with conversation() as neon:
        expect_list(neon, allowed_ips={"ips": ["10.0.0.1"]})
        expect_mark(neon, OURS)
        neon.expect("PATCH", PATH, {"project": project(settings=whole)}, body={"project": {"settings": whole}})
        expect_list(neon, **whole)
        result = run(allowed_ips="everyone")
    assert result["diff"]["after"]["allowed_ips"] == ["everyone"]


def test_what_the_provider_does_not_keep_is_noticed() -> None:
    with conversation() as neon:
        expect_list(neon)
        expect_mark(neon, OURS)
        neon.expect("PATCH", PATH, {"project": project()}, body={"project": {"settings": {"block_public_connections": True}}})
        expect_list(neon)
        assert "still something to do: update project shop" in run(block_public_connections=True)["msg"]


def test_a_member_asserts_and_sends_nothing() -> None:
    with conversation() as neon:
        expect_list(neon, maintenance_window=WINDOW, audit_log_level="base")
        result = run(maintenance_window={**WINDOW, "weekdays": [1]}, audit_log_level="full", ownership="member", adopt=True)
    assert "maintenance_window is {'weekdays': [6, 7]" in result["msg"]
    assert "audit_log_level is base, declared is full" in result["msg"]
    assert "is a member" in result["msg"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("value", [None, {"managed_by": "terraform"}, {"other": "dbinfra.postgres"}])
def test_a_foreign_project_is_not_changed(value: dict[str, str] | None, check: bool) -> None:
    with conversation() as neon:
        expect_list(neon)
        expect_mark(neon, value)
        result = run(check=check, block_public_connections=True)
    assert "was not made by this collection" in result["msg"]
    assert "block_public_connections is False, declared is True" in result["msg"]
    assert f"id: {PROJECT_ID}" in result["msg"]
    assert "adopt: true" in result["msg"]


def test_a_foreign_project_in_which_nothing_differs_is_used() -> None:
    with conversation() as neon:
        expect_list(neon, block_public_connections=True)
        assert run(block_public_connections=True)["changed"] is False


@pytest.mark.parametrize("how", [{"adopt": True}, {"id": PROJECT_ID}])
def test_a_foreign_project_is_adopted_by_word_or_by_its_id(how: dict[str, t.Any]) -> None:
    done = project(settings={"block_public_connections": True})

    def expect_look(neon: Conversation, data: dict[str, t.Any]) -> None:
        if "id" in how:
            neon.expect("GET", PATH, {"project": data})
        else:
            neon.expect("GET", "/projects", listed(data), query=SEARCH)

    with conversation() as neon:
        expect_look(neon, project(settings={}))
        neon.expect("PATCH", PATH, {"project": done}, body={"project": {"settings": {"block_public_connections": True}}})
        expect_look(neon, done)
        assert run(block_public_connections=True, **how)["changed"] is True


def test_the_default_branch_is_found_on_whatever_page_it_stands() -> None:
    others = {"branches": [branch(id="br-1", name="production-2")], "annotations": {"br-1": {"object": {}, "value": OURS}}}
    with conversation() as neon:
        expect_list(neon)
        neon.expect("GET", f"{PATH}/branches", others, query={**PAGE, "search": "production"})
        neon.expect("GET", f"{PATH}/branches", {**others, "pagination": {"next": "n"}}, query=PAGE)
        neon.expect("GET", f"{PATH}/branches", branches(OURS), query={**PAGE, "cursor": "n"})
        assert run(check=True, block_public_connections=True, default_branch="production")["changed"] is True


@pytest.mark.parametrize(("value", "status", "ours"), [(OURS, 200, True), (None, 200, False), (OURS, 404, False)])
def test_of_a_restored_default_branch_the_one_that_it_replaced_counts(value: dict[str, str] | None, status: int, ours: bool) -> None:
    restored = branch(id="br-new-3", default=True, restored_from="snap-1", restored_as=BRANCH_ID)
    with conversation() as neon:
        expect_list(neon)
        neon.expect("GET", f"{PATH}/branches", {"branches": [restored], "annotations": {}}, query=PAGE)
        answer = {"branch": branch(name="production-before"), "annotation": {"object": {}, "value": value} if value else None}
        neon.expect("GET", f"{PATH}/branches/{BRANCH_ID}", answer if status == 200 else refusal("no branch"), status=status)
        result = run(check=True, block_public_connections=True)
    assert result.get("changed", False) is ours


def test_libraries_are_checked_before_anything_is_changed() -> None:
    with conversation() as neon:
        expect_list(neon)
        expect_mark(neon, OURS)
        neon.expect("GET", f"{PATH}/available_preload_libraries", {"libraries": [{"library_name": "pg_cron"}, {"library_name": "anon"}]})
        result = run(preload_libraries=["pg_cron", "pgcron"], block_public_connections=True)
    assert "cannot preload pgcron in this project" in result["msg"]
    assert "anon, pg_cron" in result["msg"]


def test_libraries_keep_the_defaults_and_ask_for_a_restart() -> None:
    before = {"preload_libraries": {"use_defaults": True, "enabled_libraries": ["anon"]}}
    after = {"preload_libraries": {"use_defaults": True, "enabled_libraries": ["pg_cron"]}}
    with conversation() as neon:
        expect_list(neon, **before)
        expect_mark(neon, OURS)
        neon.expect("GET", f"{PATH}/available_preload_libraries", {"libraries": [{"library_name": "pg_cron"}]})
        neon.expect("PATCH", PATH, {"project": project(settings=after)}, body={"project": {"settings": after}})
        expect_list(neon, **after)
        result = run(preload_libraries=["pg_cron"])
    assert ["restart the active ones" in warning for warning in result["warnings"]] == [True]


def test_logical_replication_is_switched_on_with_a_warning_and_never_off() -> None:
    done = {"enable_logical_replication": True}
    with conversation() as neon:
        expect_list(neon)
        expect_mark(neon, OURS)
        neon.expect("PATCH", PATH, {"project": project(settings=done), "operations": [operation("running")]}, body={"project": {"settings": done}})
        neon.expect("GET", f"{PATH}/operations/op-1", {"operation": operation()})
        expect_list(neon, **done)
        result = run(enable_logical_replication=True)
    assert ["suspends all active computes" in warning for warning in result["warnings"]] == [True]
    for option in ("enable_logical_replication", "hipaa"):
        with conversation() as neon:
            expect_list(neon, **{option: True})
            assert "cannot be disabled once it is enabled" in run(**{option: False})["msg"]


@pytest.mark.parametrize(
    ("quota", "confirmed", "text"),
    [
        ({"active_time_seconds": 500}, None, "active_time_seconds 500 (used: 1000)"),
        ({"active_time_seconds": 1000}, "Shop", "suspends all computes of project shop at once"),
        ({"active_time_seconds": 1000}, "shop", None),
        ({"active_time_seconds": 1001, "logical_size_bytes": 1}, None, None),
        ({"active_time_seconds": 0, "data_transfer_bytes": 5}, None, None),
    ],
)
def test_a_quota_that_is_used_up_needs_the_exact_name(quota: dict[str, int], confirmed: str | None, text: str | None) -> None:
    used = project(settings={"quota": {"active_time_seconds": 9000}}, active_time_seconds=1000, data_transfer_bytes=0)
    with conversation() as neon:
        expect_list(neon, quota={"active_time_seconds": 9000})
        neon.expect("GET", PATH, {"project": used})
        expect_mark(neon, OURS)
        result = run(check=True, quota=quota, confirm_destroy=confirmed)
    if text is None:
        assert result["changed"] is True
    else:
        assert text in result["msg"]


def test_a_lost_answer_to_a_change_of_settings_is_looked_up() -> None:
    done = {"block_public_connections": True}
    with conversation() as neon:
        expect_list(neon)
        expect_mark(neon, OURS)
        neon.expect("PATCH", PATH, requests.exceptions.ReadTimeout(), body={"project": {"settings": done}})
        expect_list(neon)
        expect_list(neon, **done)
        expect_list(neon, **done)
        neon.expect("GET", f"{PATH}/operations", {"operations": []}, query={"limit": "100"})
        expect_list(neon, **done)
        result = run(block_public_connections=True)
        assert sum(request.method == "PATCH" for request in neon.requests) == 1
    assert result["changed"] is True


def test_a_busy_project_is_waited_for() -> None:
    done = {"block_public_connections": True}
    with conversation() as neon:
        expect_list(neon)
        expect_mark(neon, OURS)
        neon.expect("PATCH", PATH, refusal("busy"), body={"project": {"settings": done}}, status=423)
        neon.expect("PATCH", PATH, {"project": project(settings=done)}, body={"project": {"settings": done}})
        expect_list(neon, **done)
        assert run(block_public_connections=True)["changed"] is True


def test_a_project_that_is_only_deleted_softly_is_absent() -> None:
    gone = project(deleted_at="2026-11-20T00:00:00Z", recoverable_until="2026-11-27T00:00:00Z")
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(gone), query=SEARCH)
        assert run(state="absent")["changed"] is False
    with conversation() as neon:
        neon.expect("GET", "/projects", listed(gone), query=SEARCH)
        assert run(check=True)["actions"] == ["create project shop"]


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"allowed_ips": []}, "To Neon an empty allowlist means that everyone may connect"),
        ({"allowed_ips": ["everyone", "10.0.0.1"]}, "everyone stands beside addresses"),
        ({"allowed_ips": ["everyone"], "allowed_ips_protected_branches_only": True}, "it is true while allowed_ips is everyone"),
        ({"allowed_ips": ["0.0.0.0/0"]}, "lets every IPv4 address in"),
        ({"allowed_ips": ["10.0.0.1/24"]}, "the network is 10.0.0.0/24"),
        ({"allowed_ips": ["10.0.0.9-10.0.0.1"]}, "the range ends before it begins"),
        ({"allowed_ips": ["example.com"]}, "'example.com' is no address, range or network"),
        ({"allowed_ips_protected_branches_only": True}, "allowed_ips"),
        ({"quota": {"active_time_seconds": -1}}, "active_time_seconds is -1"),
        ({"maintenance_window": {**WINDOW, "weekdays": [0]}}, "from 1 (Monday) to 7 (Sunday)"),
        ({"maintenance_window": {**WINDOW, "weekdays": []}}, "at least one number"),
        ({"maintenance_window": {**WINDOW, "start_time": 1320}}, "YAML reads 22:00 without quotes as the number 1320"),
        ({"maintenance_window": {**WINDOW, "end_time": "24:00"}}, "Write HH:MM in UTC"),
        ({"maintenance_window": {**WINDOW, "end_time": "22:00"}}, "begins and ends at 22:00"),
        ({"maintenance_window": {**WINDOW, "end_time": "00:01"}}, "ends at 00:01 on the next day. Neon describes a window by the days"),
        ({"maintenance_window": {"weekdays": [1], "start_time": "22:00"}}, "end_time"),
        ({"audit_log_level": "loud"}, "base, extended, full"),
    ],
)
def test_wrong_options_ask_nothing(wish: dict[str, t.Any], text: str) -> None:
    with conversation():
        result = run(**wish)
    assert text in result["msg"]
    assert "exception" not in result
