# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option id of the Neon modules: an empty one, as a template without a value gives it, pins nothing."""

from __future__ import annotations

import types
import typing as t

import pytest
from unit.module_runner import run_module
from unit.neon_branches import BRANCHES, search
from unit.neon_conversation import BRANCH_ID, PROJECT_ID, branch, conversation, endpoint, options, project

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_endpoint, neon_project, neon_snapshot

ON_PROJECT = {"project_id": PROJECT_ID}
PRESENT_PROJECT = {"region_id": "aws-eu-central-1", "pg_version": 17}
SNAPSHOTS = f"/projects/{PROJECT_ID}/snapshots"
SNAPSHOT = {"id": "snap-1", "name": "nightly", "source_branch_id": BRANCH_ID}
LOOK = branch(id="br-2", name="look", restored_from="snap-1", restore_status="restored")
FOUND: dict[str, list[tuple[str, dict[str, t.Any], dict[str, str] | None]]] = {
    "project": [("/projects", {"projects": [project()]}, {"search": "shop", "limit": "400"})],
    "branch": [(BRANCHES, {"branches": [branch()]}, search("production"))],
    "endpoint": [(f"{BRANCHES}/{BRANCH_ID}/endpoints", {"endpoints": [endpoint()]}, None)],
    "snapshot": [(SNAPSHOTS, {"snapshots": [SNAPSHOT]}, None)],
    "restored": [(SNAPSHOTS, {"snapshots": [SNAPSHOT]}, None), (BRANCHES, {"branches": [LOOK]}, search("look"))],
    "no snapshot": [(SNAPSHOTS, {"snapshots": []}, None), (BRANCHES, {"branches": [branch()]}, search("production"))],
}


@pytest.mark.parametrize("unpinned", [{}, {"id": None}, {"id": ""}])
@pytest.mark.parametrize(
    ("module", "found", "wish", "expected"),
    [
        (neon_project, "project", {"name": "shop", **PRESENT_PROJECT}, {"changed": False}),
        (neon_project, "project", {"name": "shop", "org_id": "", **PRESENT_PROJECT}, {"changed": False}),
        (neon_branch, "branch", {**ON_PROJECT, "name": "production"}, {"changed": False}),
        (neon_endpoint, "endpoint", {**ON_PROJECT, "branch_id": BRANCH_ID}, {"changed": False}),
        (neon_endpoint, "endpoint", {**ON_PROJECT, "branch_id": BRANCH_ID, "state": "absent"}, {"needs": "confirm_destroy"}),
        (neon_snapshot, "snapshot", {**ON_PROJECT, "name": "nightly"}, {"changed": False}),
        (neon_snapshot, "snapshot", {**ON_PROJECT, "name": "nightly", "branch": BRANCH_ID}, {"changed": False}),
        # Neither pinned nor ours: one that is to be deleted has to be adopted.
        (neon_snapshot, "snapshot", {**ON_PROJECT, "name": "nightly", "state": "absent", "confirm_destroy": "nightly"}, {"needs": "adopt: true"}),
        (neon_snapshot, "restored", {**ON_PROJECT, "name": "nightly", "state": "restored", "target_name": "look"}, {"changed": False}),
        (neon_snapshot, "no snapshot", {**ON_PROJECT, "name": "nightly", "branch": "production"}, {"changed": True}),
    ],
)
def test_an_empty_id_is_no_id(
    module: types.ModuleType, found: str, wish: dict[str, t.Any], expected: dict[str, t.Any], unpinned: dict[str, str | None]
) -> None:
    with conversation() as neon:
        for path, answer, query in FOUND[found]:
            neon.expect("GET", path, answer, query=query)
        result = run_module(module, options(**wish, **unpinned), check=True)
    if "needs" in expected:
        assert expected["needs"] in result["msg"]
    else:
        assert (result.get("msg"), result["changed"]) == (None, expected["changed"])
