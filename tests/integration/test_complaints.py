# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users of other tools for Neon complain about, one scenario each. The thread stands in each docstring.

TF is kislerdm/terraform-provider-neon on GitHub. The local Neon runs without servers here: these are matters of the API.
"""

from __future__ import annotations

import datetime
import itertools
import types
import typing as t

import pytest
from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader
from unit.module_runner import run_module

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.moments import written
from ansible_collections.dbinfra.postgres.plugins.modules import (
    neon_branch,
    neon_database,
    neon_endpoint,
    neon_info,
    neon_project,
    neon_role,
    neon_snapshot,
)
from emulators.fixtures import LocalNeon, running_neon

NUMBERS = itertools.count(1)
CHANGING = ("POST", "PATCH", "PUT", "DELETE")


@pytest.fixture(scope="module")
def neon() -> t.Iterator[LocalNeon]:
    with running_neon("--hollow", "--operation-seconds", "0.003") as running:
        yield running


@pytest.fixture
def own_neon() -> t.Iterator[LocalNeon]:
    """One whose clock may be moved: for the others, the modules' time is Neon's."""
    with running_neon("--hollow", "--operation-seconds", "0.003") as running:
        yield running


@pytest.fixture
def name() -> str:
    return f"shop-{next(NUMBERS)}"


def run(neon: LocalNeon, module: types.ModuleType, **wish: t.Any) -> dict[str, t.Any]:
    known = {"api_host": neon.api_host, "api_key": neon.api_key, "timeout": 60}
    if module is neon_database:
        known["ca_file"] = neon.ca_file
    return run_module(module, {**known, **wish})


def ok(neon: LocalNeon, module: types.ModuleType, **wish: t.Any) -> dict[str, t.Any]:
    result = run(neon, module, **wish)
    assert not result.get("failed"), result["msg"]
    return result


def unchanged(neon: LocalNeon, module: types.ModuleType, **wish: t.Any) -> dict[str, t.Any]:
    """The task has nothing to do, and sends nothing."""
    neon.reset_requests()
    result = ok(neon, module, **wish)
    assert (result["changed"], sent(neon)) == (False, [])
    return result


def refused(neon: LocalNeon, module: types.ModuleType, **wish: t.Any) -> str:
    """The task fails and sends nothing."""
    neon.reset_requests()
    result = run(neon, module, **wish)
    assert result.get("failed"), result
    assert sent(neon) == []
    return result["msg"]


def sent(neon: LocalNeon) -> list[str]:
    return [f"{request['method']} {request['path']}" for request in neon.requests() if request["method"] in CHANGING]


def made(neon: LocalNeon, name: str, **fields: t.Any) -> dict[str, t.Any]:
    """A project made by hand: with everything under the names that Neon gives by itself."""
    return neon.post("/projects", {"project": {"name": name, "pg_version": 17, **fields}})


def test_nothing_is_inferred_from_a_position_in_a_list(neon: LocalNeon, name: str) -> None:
    """TF#83: the second apply destroyed the project, because the first of a list was taken for "the default"."""
    wish = {"name": name, "region_id": "aws-eu-central-1", "default_branch": "production", "owner_role": "shop_owner", "database": "shop"}
    project = ok(neon, neon_project, **wish)["project"]["id"]
    production = ok(neon, neon_branch, project_id=project, name="production")["branch"]["id"]
    for other in ("aaa", "zzz"):
        branch = neon.post(f"/projects/{project}/branches", {"branch": {"name": other}, "endpoints": [{"type": "read_write"}]})["branch"]["id"]
        neon.post(f"/projects/{project}/branches/{branch}/roles", {"role": {"name": "aaa_role"}})
        neon.post(f"/projects/{project}/branches/{production}/databases", {"database": {"name": f"{other}_db", "owner_name": "shop_owner"}})
    on = {"project_id": project, "branch_id": production}
    assert unchanged(neon, neon_project, **wish)["project"]["id"] == project
    assert unchanged(neon, neon_branch, project_id=project, name="production", default=True)["branch"]["id"] == production
    assert unchanged(neon, neon_endpoint, **on)["endpoint"]["branch_id"] == production
    assert unchanged(neon, neon_role, **on, name="shop_owner")["role"]["branch_id"] == production
    assert unchanged(neon, neon_database, **on, name="shop")["connection"]["branch_id"] == production


def test_what_is_not_declared_is_no_drift(neon: LocalNeon, name: str) -> None:
    """TF#179, #133, #96, #223, #166: a plan that is never empty."""
    project = made(
        neon,
        name,
        history_retention_seconds=3600,
        settings={"allowed_ips": {"ips": ["192.0.2.2", "192.0.2.1"], "protected_branches_only": True}, "quota": {"active_time_seconds": 3600}},
        default_endpoint_settings={"autoscaling_limit_min_cu": 0.25, "autoscaling_limit_max_cu": 1, "suspend_timeout_seconds": 300},
    )["project"]["id"]
    unchanged(neon, neon_project, name=name)
    unchanged(neon, neon_project, name=name, id=project, allowed_ips=["192.0.2.1", "192.0.2.2"])
    unchanged(neon, neon_project, name=name, quota={"active_time_seconds": 3600})
    unchanged(neon, neon_project, name=name, default_compute={"suspend_timeout_seconds": 0})
    branch = ok(neon, neon_branch, project_id=project, name="main")["branch"]["id"]
    unchanged(neon, neon_endpoint, project_id=project, branch_id=branch, suspend_timeout_seconds=0)
    unchanged(neon, neon_endpoint, project_id=project, branch_id=branch, min_cu=0.25)
    # Nothing said is not the same as nothing allowed, or everything.
    unchanged(neon, neon_project, name=name, allowed_ips=None, quota=None)
    assert "allowed_ips" in refused(neon, neon_project, name=name, allowed_ips=[])


@pytest.mark.parametrize("different", [{"region_id": "aws-us-east-2"}, {"pg_version": 16}, {"store_passwords": False}])
def test_a_difference_that_cannot_be_changed_replaces_nothing(neon: LocalNeon, name: str, different: dict[str, t.Any]) -> None:
    """TF#218, #149, #110, website#2255: a harmless looking change replaced the resource, and the data were lost."""
    project = made(neon, name, region_id="aws-eu-central-1")["project"]["id"]
    message = refused(neon, neon_project, name=name, adopt=True, **different)
    assert next(iter(different)) in message
    assert "fixed when a project is made" in message
    assert [each["id"] for each in neon.get(f"/projects?search={name}")["projects"]] == [project]


def test_a_branch_that_starts_otherwise_is_not_made_anew(neon: LocalNeon, name: str) -> None:
    """TF#218, #149, #110 again, for what holds the data: another start of a branch is refused, and another parent is no reason to replace it."""
    project = made(neon, name)["project"]["id"]
    wish = {"project_id": project, "name": "staging", "parent": "main", "init_source": "parent-data"}
    branch = ok(neon, neon_branch, **wish)["branch"]["id"]
    assert "schema-only" in refused(neon, neon_branch, **{**wish, "init_source": "schema-only"})
    assert unchanged(neon, neon_branch, **{**wish, "parent": "another"})["branch"]["id"] == branch


def test_what_came_with_the_project_is_taken_by_its_name(neon: LocalNeon, name: str) -> None:
    """TF#69, #115, #120, #51: the branch, role and database that Neon makes by itself could not be adopted; a missing default database is normal."""
    project = made(neon, name)["project"]["id"]
    branch = unchanged(neon, neon_branch, project_id=project, name="main", default=True)["branch"]["id"]
    on = {"project_id": project, "branch_id": branch}
    unchanged(neon, neon_role, **on, name="neondb_owner")
    unchanged(neon, neon_database, **on, name="neondb", owner_name="neondb_owner")
    neon.change("DELETE", f"/projects/{project}/branches/{branch}/databases/neondb")
    unchanged(neon, neon_project, name=name)
    unchanged(neon, neon_database, **on, name="neondb", state="absent")
    # Whoever declares a change of something that somebody else made has to say so.
    message = refused(neon, neon_branch, project_id=project, name="main", protected=True)
    assert "adopt" in message
    assert ok(neon, neon_branch, project_id=project, name="main", protected=True, adopt=True)["changed"]


def test_what_was_deleted_elsewhere_is_made_again_unless_it_is_pinned(neon: LocalNeon, name: str) -> None:
    """TF#209: an object that was deleted outside of the tool broke every later run."""
    project = made(neon, name)["project"]["id"]
    wish = {"project_id": project, "name": "staging", "parent": "main"}
    first = ok(neon, neon_branch, **wish)["branch"]["id"]
    neon.change("DELETE", f"/projects/{project}/branches/{first}")
    assert "pinned" in refused(neon, neon_branch, **wish, id=first)
    again = ok(neon, neon_branch, **wish)
    assert (again["changed"], again["branch"]["id"] != first) == (True, True)
    unchanged(neon, neon_branch, project_id=project, name="gone", state="absent", confirm_destroy="gone")
    on = {"project_id": project, "branch_id": again["branch"]["id"]}
    path = f"/projects/{project}/branches/{on['branch_id']}"
    for module, more, deleted in (
        (neon_endpoint, {}, f"/projects/{project}/endpoints/{{}}"),
        (neon_role, {"name": "etl"}, f"{path}/roles/etl"),
        (neon_database, {"name": "etl", "owner_name": "neondb_owner"}, f"{path}/databases/etl"),
    ):
        before = ok(neon, module, **on, **more)
        neon.change("DELETE", deleted.format(before.get("endpoint", {}).get("id")))
        assert ok(neon, module, **on, **more)["changed"]
        unchanged(neon, module, **on, **more)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ({"status": 422, "body": {"request_id": "r", "code": "PROJECTS_LIMIT_EXCEEDED", "message": "projects limit exceeded"}}, "larger plan"),
        (
            {"status": 400, "body": {"request_id": "r", "code": "", "message": "requested history retention seconds exceeds allowed maximum"}},
            "less history",
        ),
        ({"status": 422, "body": {"request_id": "r", "code": "SOMETHING_NEW", "message": "no such luck"}}, "no such luck"),
    ],
)
def test_a_limit_of_the_plan_is_explained(neon: LocalNeon, name: str, answer: dict[str, t.Any], advice: str) -> None:
    """TF#104, #157, #176, neonctl#255: limits of the plan as raw HTTP, and limits built into the client that were out of date."""
    neon.faults({"method": "POST", "path_regex": "^/projects$", **answer})
    result = run(neon, neon_project, name=name, history_retention_seconds=2592000)
    assert result["failed"]
    assert advice in result["msg"]
    assert answer["body"]["message"] in result["msg"]


def test_a_busy_project_is_waited_for(neon: LocalNeon, name: str) -> None:
    """TF#137, neonctl#43: 423 failed the run although waiting helps."""
    project = made(neon, name)["project"]["id"]
    neon.faults({"method": "POST", "path_regex": "/branches$", "status": 423, "times": 4})
    assert ok(neon, neon_branch, project_id=project, name="staging", parent="main")["branch"]["created"]
    assert [request["status"] for request in neon.requests() if request["method"] == "POST" and request["path"].endswith(f"{project}/branches")] == [
        423,
        423,
        423,
        423,
        201,
    ]
    # And the task ends when the branch is there, not when it is asked for.
    assert {each["status"] for each in neon.get(f"/projects/{project}/operations")["operations"]} == {"finished"}


def test_what_stands_on_a_later_page_is_found(neon: LocalNeon, name: str) -> None:
    """TF#154, #156: 404 after an import, for the list ended after its first page of ten."""
    for number in range(24):
        made(neon, f"{name}-{number}")
    project = unchanged(neon, neon_project, name=f"{name}-0")["project"]["id"]
    for number in range(24):
        neon.post(f"/projects/{project}/branches", {"branch": {"name": f"dev-{number}"}})
    unchanged(neon, neon_branch, project_id=project, name="dev-0")
    seen = ok(neon, neon_info, project_id=project, gather=["branches"])
    assert {branch["name"] for branch in seen["branches"]} == {"main", *(f"dev-{number}" for number in range(24))}


def test_what_was_asked_for_in_vain_is_there(own_neon: LocalNeon, name: str) -> None:
    """TF#130, #139, #202, #126, #203, #221, neonctl#378: maintenance window, HIPAA, a protected default branch, archived branches, restore, and an end
    that a reset renews. Backup schedules were asked for as well, and no module of this collection sets one.
    """
    window = {"weekdays": [7], "start_time": "03:00", "end_time": "04:00"}
    wish = {"name": name, "default_branch": "production", "maintenance_window": window, "hipaa": True}
    project = ok(own_neon, neon_project, **wish)["project"]["id"]
    unchanged(own_neon, neon_project, **wish)
    settings = own_neon.get(f"/projects/{project}")["project"]["settings"]
    assert (settings["maintenance_window"], settings["hipaa"]) == (window, True)
    assert "HIPAA compliance cannot be disabled once it is enabled" in refused(own_neon, neon_project, **{**wish, "hipaa": False})

    def branch(name: str, **wish: t.Any) -> dict[str, t.Any]:
        """The branch as Neon shows it, once the task has changed something and has nothing more to do."""
        assert ok(own_neon, neon_branch, project_id=project, name=name, **wish)["changed"]
        again = unchanged(own_neon, neon_branch, project_id=project, name=name, **wish)
        return own_neon.get(f"/projects/{project}/branches/{again['branch']['id']}")["branch"]

    production = branch("production", protected=True)
    assert (production["default"], production["protected"]) == (True, True)
    assert branch("cold", parent="production", archived=True)["current_state"] == "archived"

    # To its own past.
    before = branch("staging", parent="production", compute={})
    computes = own_neon.get(f"/projects/{project}/branches/{before['id']}/endpoints")["endpoints"]
    restore = {"timestamp": written(own_neon.now())}
    after = branch("staging", state="restored", restore=restore, confirm_destroy="staging", preserve_under_name="staging-before")
    kept = {each["name"]: each["id"] for each in own_neon.get(f"/projects/{project}/branches")["branches"]}
    # What it held goes on as a branch of its own, which it is made from now.
    assert (after["id"], after["parent_id"]) == (before["id"], kept["staging-before"])
    stayed = own_neon.get(f"/projects/{project}/branches/{before['id']}/endpoints")["endpoints"]
    assert [(each["id"], each["host"]) for each in stayed] == [(each["id"], each["host"]) for each in computes]

    before = branch("preview", parent="production", ttl="3d")
    own_neon.advance_clock(3600)
    after = branch("preview", state="reset", confirm_destroy="preview", preserve_under_name="preview-before")
    assert (after["id"], after["parent_id"]) == (before["id"], production["id"])
    ends = [datetime.datetime.fromisoformat(each["expires_at"]).timestamp() for each in (before, after)]
    assert 3600 <= ends[1] - ends[0] < 2 * 3600


def test_an_expiring_branch_expires(own_neon: LocalNeon, name: str) -> None:
    """databricks/terraform-provider-databricks#5330: branches without an end."""
    project = made(own_neon, name)["project"]["id"]
    branch = ok(own_neon, neon_branch, project_id=project, name="preview", parent="main", ttl="1h")["branch"]["id"]
    own_neon.advance_clock(3601)
    while own_neon.call("GET", f"/projects/{project}/branches/{branch}").status != 404:
        pass
    assert {each["name"] for each in own_neon.get(f"/projects/{project}/branches")["branches"]} == {"main"}


def test_a_branch_that_is_not_found_is_never_replaced_by_the_default_one(neon: LocalNeon, name: str) -> None:
    """neondatabase/create-branch-action#27, #34, #67: the name was not found, and production's connection string was handed out."""
    project = made(neon, name)["project"]["id"]
    neon.post(f"/projects/{project}/branches", {"branch": {"name": "staging-2"}})
    assert "no branch named 'staging'" in refused(neon, neon_branch, project_id=project, name="preview", parent="staging")
    assert "nothing says which branch" in refused(neon, neon_branch, project_id=project, name="staging")
    sure = {"confirm_destroy": "staging", "preserve_under_name": "before"}
    for wish in ({"state": "reset"}, {"state": "restored", "restore": {"source": "main"}}, {"database": "neondb", "compute": {}}):
        assert "staging" in refused(neon, neon_branch, project_id=project, name="staging", **wish, **(sure if "state" in wish else {}))
    assert "no branch named 'staging'" in refused(neon, neon_snapshot, project_id=project, name="nightly", branch="staging")
    assert ok(neon, neon_info, project_id=project, branch="staging", gather=["computes"])["computes"] == []
    for module, wish in ((neon_endpoint, {}), (neon_role, {"name": "neondb_owner"}), (neon_database, {"name": "neondb"})):
        assert "branch" in refused(neon, module, project_id=project, branch_id="br-no-such-1", **wish)
        assert "the id is empty" in refused(neon, module, project_id=project, branch_id="", **wish)
    plugin = lookup_loader.get("dbinfra.postgres.neon_password")
    known = {"api_host": neon.api_host, "api_key": neon.api_key, "project_id": project}
    for branch in ("", "br-no-such-1"):
        with pytest.raises(AnsibleError):
            plugin.run(["neondb_owner"], {}, **known, branch_id=branch)


def test_a_secret_that_cannot_be_read_is_no_drift(neon: LocalNeon, name: str) -> None:
    """supabase/terraform-provider-supabase#310, #151, #202, #358: masked secrets differ for ever."""
    created = made(neon, name, store_passwords=False)
    on = {"project_id": created["project"]["id"], "branch_id": created["branch"]["id"]}
    unchanged(neon, neon_role, **on, name="neondb_owner")
    unchanged(neon, neon_project, name=name, store_passwords=False)
