# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A project of 500 branches: what the inventory and a task on one of them ask for. On a local Neon without servers."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml
from integration.neon_account import Account
from integration.site_run import CHECKOUT, environment

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch
from emulators.fixtures import LocalNeon, running_neon

BRANCHES = 500


@pytest.fixture(scope="module")
def neon() -> t.Iterator[LocalNeon]:
    with running_neon("--hollow", "--operation-seconds", "0.001") as running:
        yield running


@pytest.fixture(scope="module")
def project(neon: LocalNeon) -> str:
    """A project with its default branch and as many more as make 500."""
    fields = {"name": "crowded", "pg_version": 17, "region_id": "aws-eu-central-1"}
    made = neon.post("/projects", {"project": fields})["project"]["id"]
    for number in range(1, BRANCHES):
        neon.post(f"/projects/{made}/branches", {"branch": {"name": f"preview-{number}"}})
    return made


def asked(neon: LocalNeon) -> list[str]:
    return [f"{request['method']} {request['template']}" for request in neon.requests()]


def test_an_inventory_of_500_branches_takes_three_requests_and_pages(neon: LocalNeon, project: str, tmp_path: pathlib.Path) -> None:
    config = tmp_path / "neon.yml"
    config.write_text(yaml.safe_dump({"plugin": "dbinfra.postgres.neon", "projects": ["crowded"], "login_user": "u", "login_db": "d"}))
    neon.reset_requests()
    found = subprocess.run(
        [pathlib.Path(sys.executable).with_name("ansible-inventory"), "-i", config, "--list"],
        env=environment(neon.env, {"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}),
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert len(json.loads(found.stdout)["_meta"]["hostvars"]) == BRANCHES
    # A page holds 400 projects, 100 branches at least, and all computes come at once.
    lists = asked(neon)
    assert lists.count("GET /projects") == 1
    assert lists.count("GET /projects/{project_id}/endpoints") == 1
    assert len(lists) == 2 + lists.count("GET /projects/{project_id}/branches") <= 3 + BRANCHES // 100, lists


def test_a_task_on_one_of_500_branches_does_not_list_them(neon: LocalNeon, project: str) -> None:
    account = Account(neon)
    wish = {"project_id": project, "name": "preview-250"}
    account.ok(neon_branch, **wish, adopt=True, protected=True)
    neon.reset_requests()
    assert account.ok(neon_branch, **wish, protected=True)["changed"] is False
    listed = [request for request in neon.requests() if request["template"] == "/projects/{project_id}/branches"]
    assert [request["query"].get("search") for request in listed] == ["preview-250"]
    assert len(neon.requests()) <= 3, asked(neon)
