# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed leaves a state from which the next run converges, with nothing twice and nothing lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time

from integration.site_run import CHECKOUT, ansible_playbook, environment, play

BRANCH = "/projects/{project_id}/branches/{branch_id}"
REVEAL = ("GET", f"{BRANCH}/roles/{{role_name}}/reveal_password")
#: What a run is about when it is killed: the task that it has begun, and the first request after that. A task that works on the server
#: itself asks for the owner's password first.
POINTS = {
    "the project was asked for": ("The project", ("POST", "/projects")),
    "the branch was asked for": ("The branch", ("POST", "/projects/{project_id}/branches")),
    "the compute was asked for": ("The compute", ("POST", "/projects/{project_id}/endpoints")),
    "the owner's password was reset": ("The owner", ("POST", f"{BRANCH}/roles/{{role_name}}/reset_password")),
    "the roles are being made": ("The roles, their attributes and grants", REVEAL),
    "the settings are being made": ("Settings of the server, of the database and of roles in it", REVEAL),
}


def test_runs_that_are_killed_again_and_again_end_where_one_would(local_neon, tmp_path):
    """Every run is killed one step further on: that it gets there shows that the state which the one before it left is no obstacle."""
    env = environment(local_neon.env, {"DBINFRA_STATE_DIR": str(tmp_path / "state")})
    for point, (task, request) in POINTS.items():
        assert killed(local_neon, env, tmp_path / "output", task, request), f"the run ended before it came to the point where {point}"

    play(env, "staging").succeeded()
    assert play(env, "staging").succeeded().changed == 0
    (project,) = local_neon.get("/projects?limit=400")["projects"]
    branches = local_neon.get(f"/projects/{project['id']}/branches")["branches"]
    assert sorted(branch["name"] for branch in branches) == ["production", "staging"]
    endpoints = local_neon.get(f"/projects/{project['id']}/endpoints")["endpoints"]
    assert sorted(endpoint["branch_id"] for endpoint in endpoints) == sorted(branch["id"] for branch in branches)


def killed(neon, env, output, task: str, request: tuple[str, str]) -> bool:
    """Start a run and kill it at the first such request after the task has begun; return whether it came that far."""
    with output.open("wb") as stdout:
        run = subprocess.Popen(
            [ansible_playbook(), "site.yml", "-i", "inventories/staging"],
            cwd=CHECKOUT, env=env, stdout=stdout, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    while f" : {task}] ***" not in output.read_text() and run.poll() is None:
        time.sleep(0.02)
    neon.reset_requests()
    while not (reached := request in [(each["method"], each["template"]) for each in neon.requests()]) and run.poll() is None:
        time.sleep(0.005)
    # The whole process group: Ansible, its workers and the module at work, as when the machine goes down.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    return reached
