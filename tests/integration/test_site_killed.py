# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed leaves a state from which the next run converges, with nothing twice and nothing lost."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
from integration.site_run import CHECKOUT, ansible_playbook, environment, play

#: Requests after which the run is killed, and what the run is about by then. Passwords are revealed for each task that connects.
POINTS = {
    "the project was asked for": ("POST", "/projects", 1),
    "the branch was asked for": ("POST", "/projects/{project_id}/branches", 1),
    "the compute was asked for": ("POST", "/projects/{project_id}/endpoints", 1),
    "the owner's password was reset": ("POST", "/projects/{project_id}/branches/{branch_id}/roles/{role_name}/reset_password", 1),
    "the roles are being made": ("GET", "/projects/{project_id}/branches/{branch_id}/roles/{role_name}/reveal_password", 7),
    "the settings are being made": ("GET", "/projects/{project_id}/branches/{branch_id}/roles/{role_name}/reveal_password", 8),
}


def count(neon, method: str, template: str) -> int:
    return sum(request["method"] == method and request["template"] == template for request in neon.requests())


@pytest.mark.parametrize("point", POINTS)
def test_the_run_after_a_killed_one_converges(local_neon, tmp_path, point):
    method, template, times = POINTS[point]
    project = f"killed-{list(POINTS).index(point)}"
    extra = {"neon_project_name": project}
    env = environment(local_neon.env, {"DBINFRA_STATE_DIR": str(tmp_path / "state")})
    local_neon.reset_requests()
    run = subprocess.Popen(
        [ansible_playbook(), "site.yml", "-i", "inventories/staging", "-e", f"neon_project_name={project}"],
        cwd=CHECKOUT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while count(local_neon, method, template) < times and run.poll() is None:
        time.sleep(0.005)
    reached = count(local_neon, method, template)
    # The whole process group: Ansible, its workers and the module at work, as when the machine goes down.
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert reached >= times, f"the run ended before it came to the point where {point}"

    play(env, "staging", extra_vars=extra).succeeded()
    assert play(env, "staging", extra_vars=extra).succeeded().changed == 0
    projects = [each for each in local_neon.get("/projects?limit=400")["projects"] if each["name"] == project]
    assert len(projects) == 1
    branches = local_neon.get(f"/projects/{projects[0]['id']}/branches")["branches"]
    assert sorted(branch["name"] for branch in branches) == ["production", "staging"]
