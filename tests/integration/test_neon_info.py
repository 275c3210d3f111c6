# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_info on the local Neon: it sees what is there, asks as little as it can, and wakes nothing."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from integration.local_neon_project import query
from unit.module_runner import run_module

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_endpoint, neon_info, neon_project
from emulators.fixtures import LocalNeon

NAME = "info-shop"
ALL = ["projects", "branches", "computes", "roles", "databases", "operations", "snapshots"]


class Account:
    """Runs modules that have to succeed."""

    def __init__(self, neon: LocalNeon) -> None:
        self.neon = neon

    def ok(self, module: t.Any, **wish: t.Any) -> dict[str, t.Any]:
        result = run_module(module, {"api_host": self.neon.api_host, "api_key": self.neon.api_key, "timeout": 60, **wish})
        assert not result.get("failed"), result["msg"]
        return result

    def look(self, **wish: t.Any) -> dict[str, t.Any]:
        """Look, and see that nothing but GET was asked."""
        self.neon.reset_requests()
        result = self.ok(neon_info, **wish)
        assert result["changed"] is False
        assert {request["method"] for request in self.neon.requests()} <= {"GET"}
        assert result["complete"] is True
        return result

    def asked(self) -> int:
        return len(self.neon.requests())


@pytest.fixture(scope="module")
def account(local_neon: LocalNeon) -> Account:
    return Account(local_neon)


@pytest.fixture(scope="module")
def project_id(account: Account) -> t.Iterator[str]:
    """A project with two branches, of which the second has no compute."""
    wish = {"name": NAME, "default_branch": "production", "owner_role": "shop_owner", "database": "shop"}
    made = account.ok(neon_project, **wish)["project"]["id"]
    account.ok(neon_branch, project_id=made, name="staging", parent="production", init_source="schema-only")
    yield made
    account.ok(neon_project, name=NAME, id=made, state="absent", confirm_destroy=NAME)


def test_it_sees_what_is_there(account: Account, project_id: str) -> None:
    result = account.look(name=NAME, gather=ALL[:-1])
    # One list of projects; branches, computes and operations; roles and databases of two branches.
    assert account.asked() == 1 + 3 + 2 * 2
    (project,) = result["projects"]
    assert (project["id"], project["pg_version"]) == (project_id, 17)
    branches = {branch["name"]: branch for branch in result["branches"]}
    assert {name: (branch["default"], branch["managed"]) for name, branch in branches.items()} == {
        "production": (True, True),
        "staging": (False, True),
    }
    (compute,) = result["computes"]
    assert (compute["branch_id"], compute["type"]) == (branches["production"]["id"], "read_write")
    assert compute["pooled_host"].split(".")[0] == compute["host"].split(".")[0] + "-pooler"
    assert sorted((role["name"], role["branch_id"]) for role in result["roles"]) == sorted(
        ("shop_owner", branch["id"]) for branch in branches.values()
    )
    assert {(database["name"], database["owner_name"]) for database in result["databases"]} == {("shop", "shop_owner")}
    assert {operation["project_id"] for operation in result["operations"]} == {project_id}
    assert {operation["status"] for operation in result["operations"]} == {"finished"}
    password = account.neon.get(f"/projects/{project_id}/branches/{compute['branch_id']}/roles/shop_owner/reveal_password")["password"]
    assert password not in str(result)
    assert account.neon.api_key not in str(result)


def test_usually_it_asks_three_times(account: Account, project_id: str) -> None:
    result = account.look(project_id=project_id)
    assert account.asked() == 3
    assert [branch["name"] for branch in result["branches"]] == ["production", "staging"]


def test_a_branch_limits_what_belongs_to_branches(account: Account, project_id: str) -> None:
    result = account.look(project_id=project_id, branch="staging", gather=["branches", "computes", "roles"])
    assert ([branch["name"] for branch in result["branches"]], result["computes"]) == (["staging"], [])
    assert [role["branch_id"] for role in result["roles"]] == [result["branches"][0]["id"]]
    for nowhere in ({"branch": "stag"}, {"name": NAME[:-1]}, {"project_id": "quiet-sun-1"}):
        result = account.look(**{"project_id": project_id, **nowhere})
        assert (result["branches"], result["computes"]) == ([], [])


def test_it_wakes_no_compute(account: Account, project_id: str) -> None:
    compute = account.look(project_id=project_id, gather=["computes"])["computes"][0]
    account.neon.change("POST", f"/projects/{project_id}/endpoints/{compute['id']}/suspend")
    result = account.look(project_id=project_id, gather=ALL[:-1])
    assert [item["state"] for item in result["computes"]] == ["idle"]
    assert account.ok(neon_endpoint, project_id=project_id, branch_id=compute["branch_id"])["changed"] is False
    assert account.neon.get(f"/projects/{project_id}/endpoints/{compute['id']}")["endpoint"]["current_state"] == "idle"


def test_consumption_is_what_was_used_and_wakes_nothing(account: Account, project_id: str) -> None:
    uri = account.neon.get(f"/projects/{project_id}/connection_uri?database_name=shop&role_name=shop_owner")["uri"]
    query(account.neon, uri, "SELECT repeat('x', 100000)")
    compute = account.look(project_id=project_id, gather=["computes"])["computes"][0]
    account.neon.change("POST", f"/projects/{project_id}/endpoints/{compute['id']}/suspend")
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    wish = {"granularity": "hourly", "to": soon.isoformat(timespec="seconds")}
    result = account.look(project_id=project_id, gather=["consumption"], consumption=wish)
    # The project, for its organization, and its consumption.
    assert account.asked() == 2
    (project,) = result["consumption"]
    assert project["project_id"] == project_id
    assert sum(frame["metrics"]["public_network_transfer_bytes"] for frame in project["timeframes"]) > 100000
    assert all("snapshot_storage_bytes_month" in frame["metrics"] for frame in project["timeframes"])
    wish |= {"per": "branch", "metrics": ["public_network_transfer_bytes"]}
    result = account.look(project_id=project_id, branch="production", gather=["branches", "consumption"], consumption=wish)
    (branch,) = result["consumption"]
    assert branch["branch_id"] == result["branches"][0]["id"] == compute["branch_id"]
    assert sum(frame["metrics"]["public_network_transfer_bytes"] for frame in branch["timeframes"]) > 100000
    assert account.look(project_id=project_id, gather=["computes"])["computes"][0]["state"] == "idle"


@pytest.mark.parametrize("granularity", ["hourly", "daily", "monthly"])
def test_the_usual_range_is_one_that_neon_answers_for(account: Account, project_id: str, granularity: str) -> None:
    result = account.look(project_id=project_id, gather=["consumption"], consumption={"granularity": granularity})
    assert [item["project_id"] for item in result["consumption"]] == [project_id]


def test_more_branches_than_a_page_are_all_there(account: Account, project_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.dbinfra.postgres.plugins.module_utils._neon import lists

    monkeypatch.setattr(lists, "_BRANCHES_PAGE", 1)
    result = account.look(project_id=project_id, gather=["branches"])
    assert [branch["name"] for branch in result["branches"]] == ["production", "staging"]
    assert account.asked() > 2
