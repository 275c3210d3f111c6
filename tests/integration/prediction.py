# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds what check mode predicted against what the run did, task by task and diff by diff."""

from __future__ import annotations

import typing as t

from integration.site_run import Run, Task

# What nobody can know before an object is made. This is the whole list; a key that is not here must be predicted exactly.
UNKNOWABLE = {
    "id": "the provider chooses ids",
    "project_id": "the provider chooses ids",
    "branch_id": "the provider chooses ids",
    "parent_id": "the provider chooses ids",
    "org_id": "the provider answers with the key's organization",
    "host": "the provider chooses host names",
    "pooled_host": "the provider chooses host names",
    "login_host": "the provider chooses host names",
    "login_port": "the provider chooses the port",
    "pooled_port": "the provider chooses the port",
    "lock": "check mode takes no lock",
    "copied_from": "the provider chooses ids",
    "stand_in": "a real run has the server itself, nothing stands in for it",
    "exists": "a predicted object does not exist yet",
    "parent_timestamp": "the moment in the parent's history is that of the creation",
    "parent_lsn": "the place in the parent's history is that of the creation",
    "expires_at": "a time to live begins when the branch is made",
    "source_branch_id": "the provider chooses ids",
    "created_at": "a snapshot is made when a run comes to it",
    "timestamp": "a snapshot shows the moment at which a run comes to it",
    "lsn": "a snapshot shows the place in the log at which a run comes to it",
    "full_size": "the provider measures a snapshot after it is made",
}
# Tasks that look at the server or at what was delivered; on an empty account there is nothing to look at yet.
LOOKS = {
    "Connect with what was delivered": "there is no server to connect to",
    "What the proof saw": "prints what the proof saw",
    "What there is": "the sizes of branches that nobody touches move by themselves",
    "What was done": "a check says what would be done",
    "The report's folder": "ansible-core's file says less in check mode",
    "The report": "ansible-core's copy says less in check mode",
}
# Keys of a result that belong to Ansible, not to the module's answer.
PLUMBING = {"invocation", "deprecations", "_ansible_no_log", "_ansible_verbose_always", "action"}
# Ansible itself adds these to any result with a path, once the file is there.
PLUMBING |= {"gid", "group", "mode", "owner", "size", "state", "uid"}


def differences(predicted: Run, real: Run) -> list[str]:
    """Return every difference between prediction and run, in words; an empty list is the goal."""
    found = []
    names = [(task.name, task.host) for task in predicted.tasks]
    if names != [(task.name, task.host) for task in real.tasks]:
        return [f"other tasks: {names} predicted, {[(task.name, task.host) for task in real.tasks]} run"]
    for before, after in zip(predicted.tasks, real.tasks, strict=True):
        found += _of_task(before, after)
    return found


def _of_task(predicted: Task, real: Task) -> list[str]:
    found = [
        f"{predicted.name}: {flag} was predicted {getattr(predicted, flag)} and is {getattr(real, flag)}"
        for flag in ("changed", "skipped", "failed")
        if getattr(predicted, flag) != getattr(real, flag)
    ]
    # Check mode may warn of what it takes for granted; what the run warns of has to be foreseen.
    unforeseen = [warning for warning in real.result.get("warnings", []) if warning not in predicted.result.get("warnings", [])]
    found += [f"{predicted.name}: no check foresaw the warning {warning!r}" for warning in unforeseen]
    if predicted.name.split(" : ")[-1] not in LOOKS:
        found += [f"{predicted.name}: {line}" for line in _of_values("result", answer(predicted), answer(real))]
    return found


def answer(task: Task) -> dict[str, t.Any]:
    """Return a task's result without plumbing and without what nobody can know. Facts belong to it, warnings are held apart."""
    return known({key: value for key, value in task.result.items() if key not in PLUMBING | {"warnings"}})


def known(value: t.Any) -> t.Any:
    """Return the value without what nobody can know."""
    if isinstance(value, dict):
        return {key: known(item) for key, item in value.items() if key not in UNKNOWABLE}
    if isinstance(value, list):
        return [known(item) for item in value]
    return value


def _of_values(path: str, predicted: t.Any, real: t.Any) -> list[str]:
    if isinstance(predicted, dict) and isinstance(real, dict):
        return [
            line
            for key in sorted(set(predicted) | set(real))
            for line in _of_values(f"{path}.{key}", predicted.get(key, "<absent>"), real.get(key, "<absent>"))
        ]
    return [] if predicted == real else [f"{path} was predicted {predicted!r} and is {real!r}"]
