# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The restored snapshot as a resource."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError, NotFoundError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .answers import required
from .client import NeonClient, path_of
from .lists import branch_called, branch_named
from .resource import NeonResource
from .snapshot_find import find_snapshot, no_snapshot, snapshot_facts
from .snapshot_record import SnapshotBranch, snapshot_branch_from
from .snapshot_restore_plan import RestoreState, RestoreWish, check_restore, is_replaced, plan_restore


class RestoreResource(NeonResource):
    """A snapshot restored into a branch, which may then replace another.

    :param project_id: None if something that this depends on is only predicted; nothing is requested then.
    """

    def __init__(self, context: Context, client: NeonClient, wish: RestoreWish, project_id: str | None, pinned: str | None) -> None:
        super().__init__(context, client)
        self._wish = wish
        self._project_id = project_id
        self._pinned = pinned

        self._restored: str | None = None

    def read(self) -> RestoreState:
        """Return the snapshot and the branches that matter."""
        wish, project_id = self._wish, self._project_id
        if project_id is None:
            return RestoreState(predicted=True)
        snapshot = find_snapshot(self.client, project_id, wish.name, self._pinned)
        if snapshot is None and self._pinned:
            raise no_snapshot(project_id, self._pinned)
        if not wish.finalize:
            replaced = None
            if wish.branch is not None:
                replaced = snapshot_branch_from(branch_called(self.client, project_id, wish.branch, where="option branch"))
            return RestoreState(snapshot, False, self._named(wish.target_name), replaced, None)
        # By its name only: afterwards the name belongs to the restored branch, while the id stays with the one that was replaced.
        replaced = self._named(wish.branch or "")
        if replaced is None:
            raise NotFoundError(
                f"project {project_id} has no branch named {wish.branch!r}",
                where="option branch",
                remedy="Give the exact name (not the id) of the branch that is to be replaced",
            )
        state = RestoreState(snapshot, False, None, replaced, None)
        if is_replaced(state):
            return state
        return dataclasses.replace(state, target=self._named(wish.target_name), preserved=self._named(wish.preserve_under_name or ""))

    def plan(self, state: RestoreState) -> Plan:
        """Plan by :func:`plan_restore`."""
        return plan_restore(state, self._wish)

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send one change."""
        project = ("projects", self._project_id or "")
        if change.action == "restore":
            answer = self.client.call("POST", path_of(*project, "snapshots", change.payload["snapshot_id"], "restore"), body=change.payload["body"])
            self._restored = snapshot_branch_from(required(answer, "branch", dict, "the restored branch")).id
            return answer
        branch_id = change.payload["branch_id"] or self._restored or self._target_id()
        return self.client.call("POST", path_of(*project, "branches", branch_id, "finalize_restore"), body=change.payload["body"])

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the project's id."""
        return self._project_id

    def facts(self, state: RestoreState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return ``snapshot`` and ``branch``."""
        wish, snapshot = self._wish, state.snapshot
        branch = state.replaced if wish.finalize else state.target
        here = branch is not None and not predicted
        # What was restored by an earlier run is there already, and only takes another one's place.
        shown = branch if here else state.target
        name = wish.branch if wish.finalize else wish.target_name
        replaced = state.replaced if wish.finalize else None
        return {
            "snapshot": snapshot_facts(snapshot, wish.name, self._project_id),
            "branch": {
                "exists": here,
                "id": None if shown is None else shown.id,
                "name": name,
                "project_id": self._project_id,
                "restored_from": snapshot.id if snapshot else None,
                "replaced_branch_id": None if replaced is None else replaced.id if predicted else replaced.restored_as,
            },
        }

    def _named(self, name: str) -> SnapshotBranch | None:
        data = branch_named(self.client, self._project_id or "", name)
        return None if data is None else snapshot_branch_from(data)

    def _target_id(self) -> str:
        target = self._named(self._wish.target_name)
        if target is None:
            raise NotFoundError(f"branch {self._wish.target_name} is gone", where=f"project {self._project_id}", remedy="Run again")
        return target.id


def build_restore(context: Context, client: NeonClient, project_id: str | None) -> RestoreResource:
    """Build the resource from a task's options."""
    params = context.params
    for option in ("timestamp", "lsn", "expires_at", "ttl"):
        if params[option]:
            raise InputError("it is set with state: restored", where=f"option {option}", remedy="Leave it out, it belongs to state: present")
    wish = RestoreWish(
        name=params["name"],
        target_name=params["target_name"] or "",
        branch=params["branch"] or None,
        finalize=params["finalize"],
        preserve_under_name=params["preserve_under_name"] or None,
        confirm_destroy=params["confirm_destroy"],
    )
    check_restore(wish)
    return RestoreResource(context, client, wish, project_id, params["id"] or None)
