# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Either inventory may be run first: here production makes the project that staging then finds. The other order: test_site.py."""

from __future__ import annotations

from integration.prediction import differences
from integration.site_run import environment, play

ENVIRONMENTS = ("production", "staging")


def test_production_before_staging_is_predicted_and_settles(local_neon, tmp_path):
    env = environment(local_neon.env, {"DBINFRA_STATE_DIR": str(tmp_path / "state")})
    for name in ENVIRONMENTS:
        local_neon.reset_requests()
        predicted = play(env, name, check=True).succeeded()
        assert {request["method"] for request in local_neon.requests()} == {"GET"}
        real = play(env, name, arguments=["--diff"]).succeeded()
        assert real.changed > 0
        assert differences(predicted, real) == []
    for name in ENVIRONMENTS:
        assert play(env, name).succeeded().changed == 0
    (project,) = local_neon.get("/projects")["projects"]
    branches = {branch["name"]: branch for branch in local_neon.get(f"/projects/{project['id']}/branches")["branches"]}
    assert {name: branch["default"] for name, branch in branches.items()} == {"production": True, "staging": False}
