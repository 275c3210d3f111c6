# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staging and production started at the same time on an empty account, as two schedules do on their first night."""

from __future__ import annotations

import concurrent.futures

from integration.site_run import environment, play

from emulators.fixtures import running_neon

ENVIRONMENTS = ("staging", "production")


def test_both_environments_at_once_make_one_project(tmp_path):
    with running_neon() as neon, concurrent.futures.ThreadPoolExecutor(2) as pool:
        env = environment(neon.env, {"DBINFRA_STATE_DIR": str(tmp_path / "state")})
        together = [pool.submit(play, env, name) for name in ENVIRONMENTS]
        for name, run in zip(ENVIRONMENTS, together, strict=True):
            assert "Traceback" not in run.result().output
            if run.result().returncode != 0:
                # Staging may have come before its parent was there: it says so then, and the next run goes on.
                assert name == "staging"
                play(env, name).succeeded()
        for name in ENVIRONMENTS:
            assert play(env, name).succeeded().changed == 0
        projects = neon.get("/projects?limit=400")["projects"]
        assert [project["name"] for project in projects] == ["shop"]
        branches = neon.get(f"/projects/{projects[0]['id']}/branches")["branches"]
        assert sorted(branch["name"] for branch in branches) == ["production", "staging"]
