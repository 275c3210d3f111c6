# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_branch: the exact HTTP conversation of points in time, expiry, rename, computes, connections and adoption."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_branches import ALL, BRANCHES, ENDPOINTS, OPERATIONS, PATH, PRODUCTION, found, listed, search
from unit.neon_conversation import BRANCH_ID, OTHER_BRANCH_ID, PROJECT_ID, branch, conversation, database, endpoint, options, project, refusal

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch

STAGING = branch(name="staging", init_source="schema-only")
WISH = {"project_id": PROJECT_ID, "name": "staging", "parent": "production", "init_source": "schema-only"}
NEW_STAGING = {
    "branch": {"name": "staging", "parent_id": OTHER_BRANCH_ID, "init_source": "parent-data"},
    "annotation_value": {"managed_by": "dbinfra.postgres"},
}
SIZES = {"autoscaling_limit_min_cu": 0.25, "autoscaling_limit_max_cu": 1.0}
COMPUTE = {"min_cu": 0.25, "max_cu": 1}
ENDPOINT = endpoint(autoscaling_limit_max_cu=1, current_state="active")
COPIED = branch(name="staging", parent_id=OTHER_BRANCH_ID, init_source="parent-data", parent_lsn="0/1DE2850")
DATA = {"init_source": "parent-data"}
URI = f"postgresql://shop_owner:s3cret@{ENDPOINT['host']}/shop?sslmode=require"
REACH = {"branch_id": BRANCH_ID, "database_name": "shop", "role_name": "shop_owner", "pooled": "false"}


def run(check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    return run_module(neon_branch, options(**{**WISH, **wish}), check=check)


def test_a_point_in_time_is_sent_in_utc_and_asserted_to_lie_in_the_history() -> None:
    project = {"id": PROJECT_ID, "name": "shop", "region_id": "r", "pg_version": 17, "history_retention_seconds": 86400}
    body = {**NEW_STAGING, "branch": {**NEW_STAGING["branch"], "parent_timestamp": "2023-11-14T20:00:00.250000Z"}}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project})
        neon.expect("POST", BRANCHES, {"branch": COPIED, "operations": []}, body=body, status=201)
        neon.expect("GET", PATH, found(COPIED))
        result = run(**DATA, parent_timestamp="2023-11-14T21:00:00.25+01:00")
    assert (result["branch"]["parent_lsn"], result["branch"]["parent_id"]) == ("0/1DE2850", OTHER_BRANCH_ID)
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project})
        message = run(**DATA, parent_timestamp="2023-11-12T21:00:00Z")["msg"]
    assert "is 2 d 1 h ago, outside of the project's history. The project keeps 1 d of it (86400 s), now back to 2023-11-13T22:13:20Z" in message


@pytest.mark.parametrize("status", [400, 404, 422])
def test_an_lsn_that_neon_refuses(status: int) -> None:
    body = {**NEW_STAGING, "branch": {**NEW_STAGING["branch"], "parent_lsn": "0/FFFFFF"}}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("POST", BRANCHES, refusal("LSN is not in the history"), body=body, status=status)
        message = run(**DATA, parent_lsn="0/FFFFFF")["msg"]
    assert message.startswith(f"option parent_lsn (0/FFFFFF), Neon API, POST {BRANCHES}: ")
    assert "LSN is not in the history" in message
    assert "Check that 0/FFFFFF is an LSN of branch production" in message


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_moment_before_the_parents_own_history(status: int) -> None:
    early = "2023-11-14T20:00:00Z"
    body = {**NEW_STAGING, "branch": {**NEW_STAGING["branch"], "parent_timestamp": early}}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project()})
        neon.expect("POST", BRANCHES, refusal("timestamp precedes the branch"), body=body, status=status)
        message = run(**DATA, parent_timestamp=early)["msg"]
    assert message.startswith(f"option parent_timestamp ({early}), Neon API, POST {BRANCHES}: ")
    assert "timestamp precedes the branch" in message
    assert f"Check that branch production was there at {early}" in message
    assert "quote the request id" not in message


@pytest.mark.parametrize("point", [{"parent_timestamp": "2023-11-14T20:00:00Z"}, {"parent_lsn": "0/FF"}])
def test_a_limit_of_the_plan_is_not_blamed_on_the_point_in_history(point: dict[str, str]) -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        if "parent_timestamp" in point:
            neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project()})
        body = {**NEW_STAGING, "branch": {**NEW_STAGING["branch"], **point}}
        neon.expect("POST", BRANCHES, refusal("no", "BRANCHES_LIMIT_EXCEEDED"), body=body, status=422)
        message = run(**DATA, **point)["msg"]
    assert "The plan allows no more branches" in message
    assert message.startswith("Neon API, ")


def test_a_branch_is_made_with_its_compute_in_one_request() -> None:
    body = {**NEW_STAGING, "endpoints": [{"type": "read_write", **SIZES}]}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("POST", BRANCHES, {"branch": COPIED, "operations": []}, body=body, status=201)
        neon.expect("GET", PATH, found(COPIED))
        neon.expect("GET", ENDPOINTS, {"endpoints": [ENDPOINT]})
        result = run(**DATA, compute=COMPUTE)
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        # What is not declared of the compute is the project's default.
        neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project(default_endpoint_settings={"suspend_timeout_seconds": 0})})
        checked = run(check=True, **DATA, compute=COMPUTE)
    assert (checked["diff"], checked["actions"]) == (result["diff"], result["actions"])
    unknown = {"exists": False, "id": None, "branch_id": None, "host": None, "pooled_host": None}
    assert checked["endpoints"] == [{**result["endpoints"][0], **unknown}]
    assert result["endpoints"][0]["current_state"] == "active"
    assert (checked["branch"]["created"], result["branch"]["created"]) == (True, True)


def test_a_compute_without_a_difference_is_left_alone_and_one_with_is_changed() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        neon.expect("GET", ENDPOINTS, {"endpoints": [ENDPOINT]})
        assert run(**DATA, compute={"min_cu": 0.25, "suspend_timeout_seconds": 300})["changed"] is False
    body = {"endpoint": {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2.0}}
    larger = {**ENDPOINT, "autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        neon.expect("GET", ENDPOINTS, {"endpoints": [ENDPOINT]})
        neon.expect("PATCH", f"/projects/{PROJECT_ID}/endpoints/{ENDPOINT['id']}", {"endpoint": larger, "operations": []}, body=body)
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        neon.expect("GET", ENDPOINTS, {"endpoints": [larger]})
        result = run(**DATA, compute={"min_cu": 0.5, "max_cu": 2})
    assert result["diff"]["after"] == {"name": "staging", "compute": {"min_cu": 0.5, "max_cu": 2.0}}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        neon.expect("GET", ENDPOINTS, {"endpoints": [ENDPOINT]})
        checked = run(check=True, **DATA, compute={"min_cu": 0.5, "max_cu": 2})
    assert (checked["endpoints"], checked["diff"]) == (result["endpoints"], result["diff"])


@pytest.mark.parametrize("role", ["shop_owner", None])
def test_a_preview_is_one_task_with_its_connection(role: str | None) -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        neon.expect("GET", ENDPOINTS, {"endpoints": [endpoint(id="ep-ro", type="read_only"), ENDPOINT]})
        if role is None:
            neon.expect("GET", f"{PATH}/databases", {"databases": [database(name="other"), database()]})
        neon.expect("GET", f"/projects/{PROJECT_ID}/connection_uri", {"uri": URI}, query=REACH)
        result = run(**DATA, database="shop", role=role, ca_file="system", server_major=17)
    assert result["connection"] == {
        "provider": "neon",
        "exists": True,
        "project_id": PROJECT_ID,
        "branch_id": BRANCH_ID,
        "login_host": ENDPOINT["host"],
        "login_port": 5432,
        "login_user": "shop_owner",
        "login_db": "shop",
        "pooled_host": ENDPOINT["host"].replace("ep-cool-dark-1", "ep-cool-dark-1-pooler"),
        "pooled_port": 5432,
        "ssl_mode": "verify-full",
        "ca_cert": "system",
        "server_major": 17,
        "stand_in": None,
    }
    assert "s3cret" not in str(result)
    assert [each["type"] for each in result["endpoints"]] == ["read_write", "read_only"]


def test_a_connection_that_leads_to_another_branch_is_refused() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        neon.expect("GET", ENDPOINTS, {"endpoints": [ENDPOINT]})
        neon.expect("GET", f"/projects/{PROJECT_ID}/connection_uri", {"uri": URI.replace("ep-cool", "ep-hot")}, query=REACH)
        result = run(**DATA, database="shop", role="shop_owner", ca_file="system")
    assert "it leads to ep-hot-dark-1" in result["msg"]
    assert "s3cret" not in str(result)


def test_a_database_that_is_not_there_is_never_replaced_by_another() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        neon.expect("GET", ENDPOINTS, {"endpoints": [ENDPOINT]})
        neon.expect("GET", f"{PATH}/databases", {"databases": [database(name="shop2")]})
        assert "has no database named 'shop'" in run(**DATA, database="shop", ca_file="system")["msg"]


@pytest.mark.parametrize(
    ("databases", "message"),
    [
        ([database()], f"option role: branch {BRANCH_ID} has no role named 'nope'"),
        ([database(name="shop2")], f"option database: branch {BRANCH_ID} has no database named 'shop'"),
    ],
)
def test_what_is_missing_for_a_connection_is_named(databases: list[dict[str, t.Any]], message: str) -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        neon.expect("GET", ENDPOINTS, {"endpoints": [ENDPOINT]})
        neon.expect("GET", f"/projects/{PROJECT_ID}/connection_uri", refusal("not found"), query={**REACH, "role_name": "nope"}, status=404)
        neon.expect("GET", f"{PATH}/databases", {"databases": databases})
        assert run(**DATA, database="shop", role="nope", ca_file="system")["msg"].startswith(message)


def test_check_mode_names_the_original_as_stand_in() -> None:
    origin = f"{BRANCHES}/{OTHER_BRANCH_ID}"
    theirs = endpoint(id="ep-prod-1", branch_id=OTHER_BRANCH_ID, host="ep-prod-1.x.neon.tech")
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("GET", f"{origin}/databases", {"databases": [database(branch_id=OTHER_BRANCH_ID)]})
        neon.expect("GET", f"/projects/{PROJECT_ID}", {"project": project()})
        neon.expect("GET", f"{origin}/endpoints", {"endpoints": [theirs]})
        uri = URI.replace(ENDPOINT["host"], theirs["host"])
        neon.expect("GET", f"/projects/{PROJECT_ID}/connection_uri", {"uri": uri}, query={**REACH, "branch_id": OTHER_BRANCH_ID})
        result = run(check=True, **DATA, compute=COMPUTE, database="shop", ca_file="system")
    assert (result["connection"]["exists"], result["connection"]["login_host"], result["connection"]["login_user"]) == (False, None, "shop_owner")
    assert result["connection"]["stand_in"] == {
        "login_host": theirs["host"],
        "login_port": 5432,
        "login_user": "shop_owner",
        "login_db": "shop",
        "branch_id": OTHER_BRANCH_ID,
    }
    assert "s3cret" not in str(result)


def test_a_time_to_live_is_set_when_the_branch_is_made_and_left_alone_afterwards() -> None:
    body = {**NEW_STAGING, "branch": {**NEW_STAGING["branch"], "expires_at": "2023-11-17T22:13:20Z"}}
    expiring = {**COPIED, "expires_at": "2023-11-17T22:13:20Z", "ttl_interval_seconds": 259200}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION), query=search("production"))
        neon.expect("POST", BRANCHES, {"branch": expiring, "operations": []}, body=body, status=201)
        neon.expect("GET", PATH, found(expiring))
        result = run(**DATA, ttl="3d")
    assert (result["branch"]["expires_at"], result["diff"]["after"]["expires_at"]) == ("2023-11-17T22:13:20Z", "3d from now")
    older = {**expiring, "expires_at": "2023-11-15T22:13:20Z"}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(older), query=search("staging"))
        assert run(**DATA, ttl="3d")["changed"] is False
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(expiring), query=search("staging"))
        assert run(**DATA, ttl="259200", renew=True)["changed"] is False


def test_a_time_to_live_is_renewed() -> None:
    older = {**COPIED, "expires_at": "2023-11-15T22:13:20Z"}
    renewed = {**COPIED, "expires_at": "2023-11-17T22:13:20Z"}
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(older), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, older), query=ALL)
        body = {"branch": {"expires_at": "2023-11-17T22:13:20Z"}}
        neon.expect("PATCH", PATH, {"branch": renewed, "operations": []}, body=body)
        neon.expect("GET", BRANCHES, listed(renewed), query=search("staging"))
        result = run(**DATA, ttl="3d", renew=True)
    assert result["actions"] == ["set the expiry of branch staging"]
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(older), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, older), query=ALL)
        checked = run(check=True, **DATA, ttl="3d", renew=True)
    assert (checked["diff"], checked["actions"]) == (result["diff"], result["actions"])


def test_an_expiry_is_cleared() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed({**COPIED, "expires_at": "2023-11-15T22:13:20Z"}), query=search("staging"))
        neon.expect("PATCH", PATH, {"branch": COPIED, "operations": []}, body={"branch": {"expires_at": None}})
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        assert run(**DATA, expires_at="never")["branch"]["expires_at"] is None


def test_rename() -> None:
    renamed = {**STAGING, "name": "staging-2"}
    with conversation() as neon:
        # One search: whoever is called staging-2 has staging in the name.
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("PATCH", PATH, {"branch": renamed, "operations": []}, body={"branch": {"name": "staging-2", "protected": True}})
        neon.expect("GET", BRANCHES, listed({**renamed, "protected": True}), query=search("staging"))
        result = run(new_name="staging-2", protected=True)
    assert (result["actions"], result["branch"]["name"]) == (["rename and protect branch staging"], "staging-2")
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(renamed), query=search("staging"))
        assert run(new_name="staging-2")["changed"] is False
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(), query=search("preview-2"))
        assert run(check=True, new_name="preview-2")["branch"]["name"] == "preview-2"
    with conversation() as neon:
        neon.expect("GET", PATH, found(renamed))
        assert run(new_name="staging-2", id=BRANCH_ID)["changed"] is False


def test_a_rename_never_guesses() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING, branch(id="br-x", name="staging-2")), query=search("staging"))
        assert "there is another branch 'staging-2' (br-x)" in run(new_name="staging-2")["msg"]
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(branch(name="Staging-2")), query=search("staging"))
        assert "no branch named 'staging' to rename, nor one named 'staging-2'" in run(new_name="staging-2")["msg"]
    with conversation() as neon:
        neon.expect("GET", PATH, found(STAGING))
        neon.expect("GET", BRANCHES, listed(branch(id="br-x", name="staging-2")), query=search("staging-2"))
        assert "cannot be renamed" in run(new_name="staging-2", id=BRANCH_ID)["msg"]


def test_a_lost_answer_to_a_change_is_looked_up() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("PATCH", PATH, requests.exceptions.ReadTimeout(), body={"branch": {"protected": True}})
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("GET", BRANCHES, listed({**STAGING, "protected": True}), query=search("staging"))
        neon.expect("GET", OPERATIONS, {"operations": []}, query={"limit": "100"})
        neon.expect("GET", BRANCHES, listed({**STAGING, "protected": True}), query=search("staging"))
        assert run(protected=True)["changed"] is True


def test_a_busy_project_is_waited_for() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING), query=search("staging"))
        neon.expect("PATCH", PATH, refusal("locked"), body={"branch": {"protected": True}}, status=423)
        neon.expect("PATCH", PATH, refusal("slow down"), body={"branch": {"protected": True}}, status=429, headers={"Retry-After": "7"})
        neon.expect("PATCH", PATH, {"branch": STAGING, "operations": []}, body={"branch": {"protected": True}})
        neon.expect("GET", BRANCHES, listed({**STAGING, "protected": True}), query=search("staging"))
        assert run(protected=True)["changed"] is True
        assert neon.clock.slept[-1] >= 7


@pytest.mark.parametrize("allowed", [{"adopt": True}, {"id": BRANCH_ID}])
def test_a_branch_of_somebody_else_is_adopted_only_when_told_to(allowed: dict[str, t.Any]) -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(STAGING, foreign=True), query=search("staging"))
        refused = run(protected=True)
    assert "branch staging (br-still-tree-1) was not made by this collection, and would be changed: protect branch staging" in refused["msg"]
    assert refused["diff"] == {"before": {"name": "staging", "protected": False}, "after": {"name": "staging", "protected": True}}
    after = {**STAGING, "protected": True}
    with conversation() as neon:
        for data in (STAGING, after):
            if "id" in allowed:
                neon.expect("GET", PATH, found(data, foreign=True))
            else:
                neon.expect("GET", BRANCHES, listed(data, foreign=True), query=search("staging"))
            if data is STAGING:
                neon.expect("PATCH", PATH, {"branch": after, "operations": []}, body={"branch": {"protected": True}})
        result = run(protected=True, **allowed)
    assert (result["changed"], result["branch"]["managed"]) == (True, False)
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(after, foreign=True), query=search("staging"))
        assert run(protected=True)["changed"] is False


def test_children_are_named_before_anything_is_sent() -> None:
    children = [branch(id=f"br-{name}", name=name, parent_id=BRANCH_ID) for name in ("leaf", "bud")]
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(COPIED), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, COPIED, *children), query=ALL)
        assert "these were made from it: bud, leaf" in run(state="absent", confirm_destroy="staging")["msg"]


def test_only_the_root_that_the_project_was_made_with_stays_for_ever() -> None:
    """The kept copy of a restored root has no parent either, nor has a schema-only branch."""
    gone = {"state": "absent", "confirm_destroy": "staging"}
    root = branch(name="staging")
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(root), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(root, PRODUCTION), query=ALL)
        assert "the root branch that the project was made with cannot be deleted" in run(**gone)["msg"]
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(root), query=search("staging"))
        neon.expect("GET", BRANCHES, listed(PRODUCTION, root), query=ALL)
        neon.expect("DELETE", PATH, {"branch": root, "operations": []})
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        assert run(**gone)["changed"] is True


def test_a_new_branch_under_an_expiring_one_is_refused() -> None:
    with conversation() as neon:
        neon.expect("GET", BRANCHES, listed(), query=search("staging"))
        neon.expect("GET", BRANCHES, listed({**PRODUCTION, "expires_at": "2023-11-15T22:13:20Z"}), query=search("production"))
        assert "an expiring branch cannot have children" in run(**DATA)["msg"]


def test_a_predicted_project_comes_with_its_compute_and_without_a_connection() -> None:
    wish = {"name": "production", "predicted": True, "compute": COMPUTE, "database": "shop", "role": "shop_owner", "ca_file": "system"}
    with conversation() as neon:
        foreseen = {"compute": {"min_cu": 0.25, "max_cu": 0.25, "suspend_timeout_seconds": 0}}
        resized = run_module(neon_branch, options(**wish, predicted_state=foreseen), check=True)
        same = run_module(neon_branch, options(**{**wish, "compute": {"max_cu": 0.25}}, predicted_state=foreseen), check=True)
        new = run_module(neon_branch, options(**wish, parent="main"), check=True)
        assert neon.requests == []
    assert (resized["actions"], same["changed"], new["actions"]) == (["update read_write endpoint"], False, ["create branch production"])
    for result, size in ((resized, 1), (same, 0.25), (new, 1)):
        assert [(each["exists"], each["id"], each["max_cu"]) for each in result["endpoints"]] == [(False, None, size)]
        assert (result["connection"]["exists"], result["connection"]["login_user"], result["connection"]["stand_in"]) == (False, "shop_owner", None)
    assert (resized["branch"]["created"], new["branch"]["created"]) == (False, True)
