# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_project's settings on the local Neon: what the service holds afterwards, and what it does with it."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from integration.local_neon_project import eventually, query, refusal
from unit.module_runner import run_module

from ansible_collections.dbinfra.postgres.plugins.modules import neon_project
from emulators.fixtures import LocalNeon

NUMBERS = itertools.count(1)
CHANGING = ("POST", "PATCH", "PUT", "DELETE")
WINDOW = {"weekdays": [7, 6], "start_time": "22:00", "end_time": "00:00"}


class Shop:
    """A project with a name of its own."""

    def __init__(self, neon: LocalNeon, *, ours: bool = True) -> None:
        self.neon = neon
        self.name = f"settings-{next(NUMBERS)}"
        if ours:
            self.id = self.ok(region_id="aws-eu-central-1", default_branch="production")["project"]["id"]
        else:
            self.id = neon.post("/projects", {"project": {"name": self.name, "branch": {"name": "production"}}})["project"]["id"]

    def run(self, check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
        access = {"api_host": self.neon.api_host, "api_key": self.neon.api_key, "timeout": 60}
        return run_module(neon_project, {**access, "name": self.name, **wish}, check=check)

    def ok(self, check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
        result = self.run(check, **wish)
        assert not result.get("failed"), result["msg"]
        return result

    def do(self, **wish: t.Any) -> dict[str, t.Any]:
        """Predict, run and run again: the prediction has to be true, and the second run must find nothing to do."""
        predicted, result = self.ok(check=True, **wish), self.ok(**wish)
        for key in ("changed", "diff", "actions", "warnings", "project"):
            assert predicted.get(key) == result.get(key), key
        self.neon.reset_requests()
        again = self.ok(**wish)
        assert (again["changed"], self.changing_requests()) == (False, [])
        return result

    def message(self, **wish: t.Any) -> str:
        """Run a task that has to fail in one clear message, and change nothing."""
        self.neon.reset_requests()
        result = self.run(**wish)
        assert result.get("failed"), result
        assert "This is a defect" not in result["msg"]
        assert self.changing_requests() == []
        return result["msg"]

    def changing_requests(self) -> list[str]:
        return [f"{request['method']} {request['template']}" for request in self.neon.requests() if request["method"] in CHANGING]

    def uri(self) -> str:
        return self.neon.get(f"/projects/{self.id}/connection_uri?database_name=neondb&role_name=neondb_owner")["uri"]

    def compute(self) -> dict[str, t.Any]:
        return self.neon.get(f"/projects/{self.id}/endpoints")["endpoints"][0]

    def settings(self) -> dict[str, t.Any]:
        return self.neon.get(f"/projects/{self.id}")["project"]["settings"]

    def remove(self) -> None:
        self.ok(id=self.id, state="absent", confirm_destroy=self.name)


@pytest.fixture
def shop(local_neon: LocalNeon) -> t.Iterator[Shop]:
    made = Shop(local_neon)
    yield made
    made.remove()


@pytest.fixture
def foreign(local_neon: LocalNeon) -> t.Iterator[Shop]:
    """A project that somebody else made."""
    made = Shop(local_neon, ours=False)
    yield made
    made.remove()


def test_settings_are_set_one_after_the_other_and_none_is_lost(shop: Shop) -> None:
    shop.do(allowed_ips=["127.0.0.1", "10.0.0.0/8"])
    shop.do(maintenance_window=WINDOW)
    shop.do(quota={"logical_size_bytes": 1 << 40})
    shop.do(quota={"active_time_seconds": 1 << 30})
    shop.do(audit_log_level="extended")
    settings = shop.settings()
    assert sorted(settings["allowed_ips"]["ips"]) == ["10.0.0.0/8", "127.0.0.1"]
    assert settings["allowed_ips"]["protected_branches_only"] is False
    assert settings["maintenance_window"] == {**WINDOW, "weekdays": [6, 7]}
    assert (settings["quota"]["logical_size_bytes"], settings["quota"]["active_time_seconds"]) == (1 << 40, 1 << 30)
    assert settings["audit_log_level"] == "extended"
    # The same in other words is no change.
    assert shop.ok(allowed_ips=["10.0.0.0-10.255.255.255", "127.0.0.1/32"], maintenance_window=WINDOW)["changed"] is False
    shop.do(allowed_ips=["127.0.0.1", "10.0.0.0/8"], allowed_ips_protected_branches_only=True)
    assert shop.settings()["allowed_ips"]["protected_branches_only"] is True
    shop.do(allowed_ips=["everyone"], allowed_ips_protected_branches_only=False, quota={"logical_size_bytes": 0})
    assert not shop.settings()["allowed_ips"]["ips"]
    assert not shop.settings()["quota"]["logical_size_bytes"]
    assert shop.settings()["quota"]["active_time_seconds"] == 1 << 30


def test_a_project_is_made_with_its_settings(local_neon: LocalNeon) -> None:
    made = Shop.__new__(Shop)
    made.neon, made.name = local_neon, f"settings-{next(NUMBERS)}"
    wish = {
        "allowed_ips": ["127.0.0.1"],
        "allowed_ips_protected_branches_only": True,
        "maintenance_window": WINDOW,
        "quota": {"active_time_seconds": 360000},
        "enable_logical_replication": True,
    }
    predicted = made.ok(check=True, **wish)
    result = made.ok(**wish)
    made.id = result["project"]["id"]
    try:
        assert (predicted["diff"], predicted["actions"]) == (result["diff"], result["actions"])
        assert made.settings()["allowed_ips"] == {"ips": ["127.0.0.1"], "protected_branches_only": True}
        assert made.settings()["enable_logical_replication"] is True
        assert made.ok(**wish)["changed"] is False
    finally:
        made.remove()


def test_a_member_asserts_and_sends_nothing(shop: Shop) -> None:
    shop.do(maintenance_window=WINDOW)
    assert shop.ok(maintenance_window=WINDOW, ownership="member")["changed"] is False
    assert "is a member" in shop.message(maintenance_window={**WINDOW, "weekdays": [1]}, ownership="member")


def test_a_foreign_project_is_changed_only_by_word_or_by_its_id(foreign: Shop) -> None:
    wish = {"maintenance_window": WINDOW}
    assert foreign.ok()["changed"] is False
    assert "was not made by this collection" in foreign.message(**wish)
    assert "was not made by this collection" in foreign.message(check=True, history_retention_seconds=604800)
    assert foreign.ok(check=True, id=foreign.id, **wish)["changed"] is True
    foreign.do(adopt=True, **wish)
    assert foreign.ok(**wish)["changed"] is False


def test_the_allowlist_decides_who_connects(shop: Shop) -> None:
    uri = shop.uri()
    assert query(shop.neon, uri, "SELECT 1") == [(1,)]
    shop.do(allowed_ips=["192.0.2.0/24"])
    assert "is not allowed to connect to this endpoint" in refusal(shop.neon, uri)
    # Of this list, the default branch is exempt as long as nobody protects it.
    shop.do(allowed_ips=["192.0.2.0/24"], allowed_ips_protected_branches_only=True)
    assert query(shop.neon, uri, "SELECT 1") == [(1,)]
    shop.do(allowed_ips=["127.0.0.1-127.0.0.9", "::1"], allowed_ips_protected_branches_only=False)
    assert query(shop.neon, uri, "SELECT 1") == [(1,)]
    shop.do(block_public_connections=True)
    assert "blocked network" in refusal(shop.neon, uri)
    shop.do(block_public_connections=False, allowed_ips=["everyone"])
    assert query(shop.neon, uri, "SELECT 1") == [(1,)]


def test_libraries_are_preloaded_after_a_restart(shop: Shop) -> None:
    show, uri = "SHOW shared_preload_libraries", shop.uri()
    assert "cannot preload pg_crom in this project" in shop.message(preload_libraries=["auto_explain", "pg_crom"])
    result = shop.do(preload_libraries=["auto_explain"])
    assert ["restart the active ones" in warning for warning in result["warnings"]] == [True]
    assert query(shop.neon, uri, show) == [("pg_stat_statements",)]
    shop.neon.change("POST", f"/projects/{shop.id}/endpoints/{shop.compute()['id']}/restart")
    assert query(shop.neon, uri, show) == [("pg_stat_statements,auto_explain",)]
    shop.do(preload_libraries=[])


def test_a_quota_that_is_used_up_suspends_production_and_needs_the_exact_name(shop: Shop) -> None:
    uri, quota = shop.uri(), {"written_data_bytes": 4 << 20}
    query(shop.neon, uri, "CREATE TABLE filler AS SELECT repeat('x', 1000) AS text FROM generate_series(1, 6144)")
    eventually(lambda: shop.neon.get(f"/projects/{shop.id}")["project"]["written_data_bytes"] > 4 << 20)
    assert "suspends all computes" in shop.message(quota=quota)
    assert shop.compute()["current_state"] == "active"
    assert shop.ok(quota={"written_data_bytes": 1 << 40})["changed"] is True
    assert shop.ok(quota=quota, confirm_destroy=shop.name)["changed"] is True
    eventually(lambda: shop.compute()["current_state"] == "idle")
    assert "exceeded the written data quota" in eventually(lambda: refusal(shop.neon, uri))
    shop.do(quota={"written_data_bytes": 0})
    assert query(shop.neon, uri, "SELECT count(*) FROM filler") == [(6144,)]


def test_a_deleted_project_is_absent_although_it_can_be_recovered(local_neon: LocalNeon) -> None:
    shop = Shop(local_neon)
    first = shop.id
    shop.remove()
    recoverable = local_neon.get(f"/projects?recoverable=true&search={shop.name}")["projects"]
    assert [project["id"] for project in recoverable] == [first]
    assert shop.ok(state="absent")["changed"] is False
    assert shop.ok(state="absent", id=first)["changed"] is False
    assert "can be recovered" in shop.message(id=first)
    shop.id = shop.ok()["project"]["id"]
    assert shop.id != first
    shop.remove()


def test_what_cannot_be_undone_is_refused(shop: Shop) -> None:
    result = shop.do(enable_logical_replication=True)
    assert ["suspends all active computes" in warning for warning in result["warnings"]] == [True]
    assert "cannot be disabled once it is enabled" in shop.message(enable_logical_replication=False)
    states = [endpoint["current_state"] for endpoint in shop.neon.get(f"/projects/{shop.id}/endpoints")["endpoints"]]
    assert states == ["idle"]


def test_bad_settings_change_nothing(shop: Shop) -> None:
    for wish, text in (
        ({"allowed_ips": []}, "means that everyone may connect"),
        ({"allowed_ips": ["10.0.0.0/8", "0.0.0.0/0"]}, "lets every IPv4 address in"),
        ({"quota": {"written_data_bytes": -1}}, "written_data_bytes is -1"),
        ({"maintenance_window": {**WINDOW, "end_time": "2:00"}}, "Write HH:MM in UTC"),
        ({"maintenance_window": {**WINDOW, "end_time": "02:00"}}, "none that goes on after midnight"),
    ):
        assert text in shop.message(**wish)


def test_what_neon_excludes_is_refused_by_check_and_run_alike(local_neon: LocalNeon) -> None:
    """Of a project yet to be made; and the service refuses the same. Bounds of history stand in its contract, so no request may break them."""
    cases: tuple[tuple[dict[str, t.Any], dict[str, t.Any] | None, str], ...] = (
        ({"history_retention_seconds": 2592001}, None, "Neon keeps 0 to 2592000 seconds"),
        ({"history_retention_seconds": -1}, None, "Neon keeps 0 to 2592000 seconds"),
        ({"owner_role": "public"}, {"branch": {"role_name": "public"}}, "the name public is reserved"),
        ({"owner_role": "postgres"}, {"branch": {"role_name": "postgres"}}, "the name postgres is reserved"),
        ({"database": "template1"}, {"branch": {"database_name": "template1"}}, "every PostgreSQL server has a database of this name"),
        (*_sizes(0.3, 1), "min_cu is 0.3. Neon has no compute of this size"),
        (*_sizes(0.25, 9), "Neon scales over at most 8 CU"),
        (*_sizes(16, 18), "Computes above 16 CU do not scale"),
    )
    access = {"api_host": local_neon.api_host, "api_key": local_neon.api_key, "timeout": 60, "name": "cannot-be"}
    for wish, body, text in cases:
        local_neon.reset_requests()
        messages = {run_module(neon_project, {**access, **wish}, check=check)["msg"] for check in (True, False)}
        assert local_neon.requests() == []
        assert [text in message for message in messages] == [True]
        if body is not None:
            assert local_neon.call("POST", "/projects", {"project": {"name": "cannot-be", **body}}).status == 400


def _sizes(low: float, high: float) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    limits = {"autoscaling_limit_min_cu": low, "autoscaling_limit_max_cu": high}
    return {"default_compute": {"min_cu": low, "max_cu": high}}, {"default_endpoint_settings": limits}


@pytest.mark.parametrize("fault", [{"drop_after": True}, {"drop_before": True}, {"status": 502}])
def test_a_lost_answer_to_a_change_of_settings(shop: Shop, fault: dict[str, t.Any]) -> None:
    """What was carried out is seen; what was not, is said, and made by the next run."""
    shop.neon.faults({"method": "PATCH", "path_regex": "^/projects/[^/]+$", "times": 1, **fault})
    result = shop.run(maintenance_window=WINDOW, timeout=10)
    if "drop_after" in fault:
        assert result["changed"] is True
    else:
        assert "nobody knows" in result["msg"]
        assert shop.ok(maintenance_window=WINDOW)["changed"] is True
    assert shop.ok(maintenance_window=WINDOW)["changed"] is False
