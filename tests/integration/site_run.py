# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a playbook as an operator would and hands back every task's result."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import typing as t

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Task:
    """One task of a run on one host."""

    name: str
    host: str
    result: dict[str, t.Any]

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))

    @property
    def skipped(self) -> bool:
        return bool(self.result.get("skipped"))

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished run of ansible-playbook."""

    returncode: int
    tasks: list[Task]
    stats: dict[str, dict[str, int]]
    output: str

    @property
    def changed(self) -> int:
        return sum(host["changed"] for host in self.stats.values())

    def task(self, name: str) -> Task:
        """Return the one task with this name (without the role's prefix)."""
        found = [task for task in self.tasks if task.name.split(" : ")[-1] == name]
        assert len(found) == 1, f"{len(found)} tasks are called {name!r} in {[task.name for task in self.tasks]}"
        return found[0]

    @property
    def message(self) -> str:
        """Return the message of the one failed task."""
        failed = [task for task in self.tasks if task.failed]
        assert len(failed) == 1, f"expected one failed task, got {[task.name for task in failed]}: {self.output[-3000:]}"
        return failed[0].result["msg"]

    def succeeded(self) -> Run:
        """Return the run itself, or fail with everything that it printed."""
        assert self.returncode == 0, self.output[-6000:]
        return self


def ansible_playbook() -> str:
    """Return the ansible-playbook that belongs to the interpreter that runs the tests."""
    return str(pathlib.Path(sys.executable).with_name("ansible-playbook"))


def environment(*overrides: t.Mapping[str, str | None]) -> dict[str, str]:
    """Return this process's environment with overrides; None removes a variable."""
    merged = dict(os.environ)
    for override in overrides:
        for name, value in override.items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = value
    return merged


def play(
    env: t.Mapping[str, str],
    *inventories: str,
    playbook: str = "site.yml",
    check: bool = False,
    extra_vars: t.Mapping[str, t.Any] | None = None,
    arguments: t.Sequence[str] = (),
) -> Run:
    """Run a playbook of the checkout with the named inventories and parse what every task returned."""
    command = [ansible_playbook(), playbook]
    for inventory in inventories:
        command += ["-i", f"inventories/{inventory}"]
    if check:
        command += ["--check", "--diff"]
    if extra_vars:
        command += ["-e", json.dumps(extra_vars)]
    finished = subprocess.run(
        [*command, *arguments],
        cwd=CHECKOUT,
        env={**env, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_DEPRECATION_WARNINGS": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return parse(finished.returncode, finished.stdout, finished.stderr)


def parse(returncode: int, stdout: str, stderr: str) -> Run:
    """Turn the JSON callback's output into a run."""
    # With -v, Ansible prints lines before and after the document.
    start = 0 if stdout.startswith("{\n") else stdout.find("\n{\n") + 1
    found = stdout.startswith("{\n", start)
    document = json.JSONDecoder().raw_decode(stdout, start)[0] if found else {"plays": [], "stats": {}}
    tasks = [
        Task(name=task["task"]["name"], host=host, result=result)
        for each in document["plays"]
        for task in each["tasks"]
        for host, result in task["hosts"].items()
    ]
    return Run(returncode=returncode, tasks=tasks, stats=document["stats"], output=stdout + stderr)
