# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consumption history and rate limits of the local Neon: numbers that are true, refusals of the contract, pages."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from integration.local_neon_project import Project, query

from emulators.fixtures import running_neon

MEGABYTE = 1024**2
ORGANISATION = "org-local-demo-10000000"


@pytest.fixture(scope="module")
def neon():
    """An instance of its own: its clock is moved."""
    with running_neon() as instance:
        yield instance


@pytest.fixture(scope="module")
def used(neon):
    """A project that has been used for an hour, with a child and a branch that is deleted by now."""
    project = Project(neon, default_endpoint_settings={"suspend_timeout_seconds": -1})
    query(neon, project.uri(), f"CREATE TABLE filler AS SELECT repeat('x', 1000) AS text FROM generate_series(1, {4 * 1024})")
    project.child = project.add_branch("child")
    query(neon, project.uri(project.child), "CREATE TABLE own AS SELECT text FROM filler LIMIT 2000")
    project.deleted = project.add_branch("deleted")
    neon.advance_clock(250)
    neon.change("DELETE", project.deleted)
    for path in (project.endpoint, *(f"{project.path}/endpoints/{item['id']}" for item in neon.get(f"{project.child}/endpoints")["endpoints"])):
        neon.change("POST", f"{path}/suspend")
    neon.advance_clock(3600)
    return project


def history(neon, kind, metrics, /, **changes):
    """Path of a valid request for the last day, changed."""
    now = neon.now()
    values = {
        "from": (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "to": (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "granularity": "hourly",
        "org_id": ORGANISATION,
        "metrics": ",".join(metrics),
        **changes,
    }
    return f"/consumption_history/{kind}?{urlencode({name: value for name, value in values.items() if value is not None})}"


def sums(item):
    """The sum of each metric over all timeframes of one project or branch."""
    found = {}
    for period in item["periods"]:
        for frame in period["consumption"]:
            for metric in frame["metrics"]:
                found[metric["metric_name"]] = found.get(metric["metric_name"], 0) + metric["value"]
    return found


def test_the_projects_history_is_what_it_did(neon, used):
    metrics = ["compute_unit_seconds", "public_network_transfer_bytes", "root_branch_bytes_month", "child_branch_bytes_month"]
    answer = neon.get(history(neon, "v2/projects", [*metrics, "snapshot_storage_bytes_month"], project_ids=used.id))
    (item,) = answer["projects"]
    assert item["project_id"] == used.id
    found = sums(item)
    # Three computes of a quarter CU, each for a little more than 250 s.
    assert 3 * 62 <= found["compute_unit_seconds"] < 3 * 150
    assert found["public_network_transfer_bytes"] > 1000
    assert found["root_branch_bytes_month"] > found["child_branch_bytes_month"] > 0
    assert {endpoint["current_state"] for endpoint in neon.get(f"{used.path}/endpoints")["endpoints"]} == {"idle"}  # nothing was woken
    starts = [frame["timeframe_start"] for period in item["periods"] for frame in period["consumption"]]
    assert starts == sorted(starts)


def test_the_branches_history_splits_it_and_knows_the_deleted_one(neon, used):
    answer = neon.get(history(neon, "v2/branches", ["compute_unit_seconds", "child_branch_bytes_month"], project_ids=used.id))
    found = {item["branch_id"]: sums(item) for item in answer["branches"]}
    names = {path.rsplit("/", 1)[1] for path in (used.branch, used.child, used.deleted)}
    assert found.keys() == names
    assert all(62 <= item["compute_unit_seconds"] < 150 for item in found.values())
    assert found[used.child.rsplit("/", 1)[1]]["child_branch_bytes_month"] > 0
    only = neon.get(history(neon, "v2/branches", ["compute_unit_seconds"], project_ids=used.id, branch_ids=used.child.rsplit("/", 1)[1]))
    assert [item["branch_id"] for item in only["branches"]] == [used.child.rsplit("/", 1)[1]]


def test_the_history_of_old_has_its_own_shape(neon, used):
    for granularity in ("hourly", "daily"):
        answer = neon.get(history(neon, "projects", ["logical_size_bytes"], granularity=granularity, project_ids=used.id))
        frames = [frame for period in answer["projects"][0]["periods"] for frame in period["consumption"]]
        assert all("logical_size_bytes" in frame for frame in frames)
    hourly = neon.get(history(neon, "projects", [], metrics=None, org_id=None, project_ids=used.id))["projects"][0]
    frames = [frame for period in hourly["periods"] for frame in period["consumption"]]
    assert sum(frame["active_time_seconds"] for frame in frames) >= 3 * 250
    assert sum(frame["written_data_bytes"] for frame in frames) > 4 * MEGABYTE


def test_pages_lead_through_all_projects(neon, used):
    others = {Project(neon).id, Project(neon).id}
    seen, cursor = [], None
    while True:
        answer = neon.get(history(neon, "v2/projects", ["compute_unit_seconds"], limit=1, cursor=cursor))
        seen += [item["project_id"] for item in answer["projects"]]
        if not answer["projects"]:
            break
        cursor = answer["pagination"]["cursor"]
    assert set(seen) == {used.id, *others}
    assert seen[-1] == used.id  # newest first
    assert len(seen) == 3
    for project_id in others:
        neon.call("DELETE", f"/projects/{project_id}")


@pytest.mark.parametrize("kind", ["v2/projects", "v2/branches"])
@pytest.mark.parametrize("missing", ["from", "to", "granularity", "org_id", "metrics"])
def test_what_is_required_is_missed(neon, used, kind, missing):
    path = history(neon, kind, ["compute_unit_seconds"], project_ids=used.id, **{missing: None})
    with neon.expect_violations():
        used.refused("GET", path, 400, missing)


def test_refusals_of_the_contract(neon, used):
    metrics = ["compute_unit_seconds"]
    used.refused("GET", history(neon, "v2/projects", metrics, org_id="org-of-others-1"), 404, "organization")
    used.refused("GET", history(neon, "v2/branches", ["extra_branches_month"], project_ids=used.id), 400, "extra_branches_month")
    long_ago = (neon.now() - timedelta(hours=200)).strftime("%Y-%m-%dT%H:%M:%SZ")
    used.refused("GET", history(neon, "v2/projects", metrics, **{"from": long_ago}), 406, "hourly")
    used.refused("GET", history(neon, "projects", [], metrics=None, **{"from": long_ago}), 406, "hourly")
    neon.plan("launch")
    try:
        assert neon.get("/users/me")["plan"] == "launch"
        neon.get(history(neon, "v2/projects", metrics))
        used.refused("GET", history(neon, "projects", [], metrics=None), 403, "launch")
        neon.plan("free")
        used.refused("GET", history(neon, "v2/projects", metrics), 403, "free")
    finally:
        neon.plan("scale")


def test_rate_limits_are_off_and_act_when_they_are_on(neon, used):
    assert {neon.call("GET", "/regions").status for _number in range(100)} == {200}
    neon.rate_limits(enabled=True, requests_per_minute=20, burst_per_second=10_000)
    statuses = [neon.call("GET", "/regions").status for _number in range(25)]
    assert statuses == [200] * 20 + [429] * 5
    refused = neon.call("GET", "/users/me")
    assert refused.status == 429
    neon.advance_clock(int(refused.headers["Retry-After"]))
    assert neon.call("GET", "/users/me").status == 200
