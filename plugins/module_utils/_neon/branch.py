# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The branch as a resource."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import DbinfraError, NotFoundError, ProviderError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .answers import required
from .branch_connection import BranchConnection, connection_wish
from .branch_copy import RESETTING
from .branch_facts import Origins, branch_facts, endpoints_facts
from .branch_find import look, with_foreseen
from .branch_parent import ForeseenParent, foreseen_parent
from .branch_plan import plan_branch, read_write_of
from .branch_restore_plan import RESET, RESTORE
from .branch_state import BranchState
from .branch_wish import BranchWish, wish_from
from .client import NeonClient, path_of
from .endpoint import default_compute, send_endpoint
from .failures import ConflictError
from .history_point import HistoryPoint, explain_point, history_point, text_of
from .operations import wait_until_settled
from .options import client_of, compute_of, is_predicted, parent_id
from .records import MANAGED_BY, NOTHING_SAID, Branch, Compute, Endpoint, branch_from
from .resource import NeonResource


class BranchResource(NeonResource):
    """A branch, found by its pinned id or by its exact name.

    :param project_id: None if the project is only predicted; nothing is requested then.
    :param foreseen: what is known of the branch in that case.
    :param connects: how a database of the branch is reached, None if the result is not to say it.
    :param parent: its parent as an earlier task of the same check foresaw it, None if it is looked up.
    """

    def __init__(
        self,
        context: Context,
        client: NeonClient,
        wish: BranchWish,
        project_id: str | None,
        *,
        pinned: str | None = None,
        foreseen: BranchState | None = None,
        connects: BranchConnection | None = None,
        parent: ForeseenParent | None = None,
    ) -> None:
        super().__init__(context, client)
        self._wish = wish
        self._project_id = project_id
        self._pinned = pinned
        self._foreseen = foreseen or BranchState(None)
        self._connects = connects
        self._parent = parent
        self._made: str | None = None
        self._done = False
        self._deleted = False
        self._required = False
        self._first: BranchState | None = None
        self._restricted: tuple[tuple[str, str], ...] = ()

    def read(self) -> BranchState:
        """Return the branch, and what its plan depends on."""
        if self._project_id is None:
            state = with_foreseen(self._foreseen, self._parent)
        else:
            known, done = self._made or self._pinned, self._done or self._deleted
            state = look(self.client, self._project_id, self._wish, known, done=done, parent=self._parent)
            self._restricted = state.branch.restricted if state.branch else ()
            self._wait_for_another_run(self._project_id, state)
        if self._first is None:
            self._first = state
        return dataclasses.replace(state, done=self._done or self._was_reset(state))

    def plan(self, state: BranchState) -> Plan:
        """Plan by :func:`plan_branch`. Before anything is changed, the connection that the result is to say is looked at."""
        plan = plan_branch(state, self._wish)
        if plan.changes and self._connects is not None and not self._required:
            self._connects.require(self.client, self._project_id, state, self._wish)
        self._required = True
        return plan

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send one change."""
        project_id = self._project_id or ""
        if not change.subject.startswith("branch "):
            return send_endpoint(self.client, project_id, change)
        try:
            if change.action == "create":
                return self._create(project_id, change)
            path = path_of("projects", project_id, "branches", (change.payload or {}).get("id") or self._made or self._present_id())
            if change.action == "set as default":
                return self.client.call("POST", path + "/set_as_default")
            if change.action == "delete":
                return self._delete(path)
            if change.action in (RESET, RESTORE):
                return self._replace(path, change)
            return self.client.call("PATCH", path, body={"branch": change.payload["fields"]})
        except DbinfraError as error:
            self._explain(error, change.action)
            raise

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the project's id."""
        return self._project_id

    def facts(self, state: BranchState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return ``branch``, and ``endpoints`` and ``connection`` if they are asked for."""
        wish = self._wish
        facts: dict[str, t.Any] = {"branch": branch_facts(state, wish, self._project_id, self._origins(), predicted=predicted)}
        if wish.compute is not None or wish.connects:
            facts["endpoints"] = endpoints_facts(state, wish, plan, predicted=predicted, defaults=self._defaults(state, predicted=predicted))
        if self._connects is not None:
            facts["connection"] = self._connects.facts(self.context, self.client, self._project_id, state, wish, predicted=predicted)
        return facts

    def _defaults(self, state: BranchState, *, predicted: bool) -> Compute:
        """Return what the project gives the compute that is predicted to be made; nothing if none is."""
        compute = self._wish.compute
        if not predicted or not self._wish.present or compute is None or read_write_of(state.endpoints or ()) is not None:
            return NOTHING_SAID
        return default_compute(self.client, self._project_id, compute)

    def _origins(self) -> Origins:
        first = self._first or BranchState(None)
        if first.branch is not None or not self._wish.present:
            return Origins()
        source = first.source
        if self._project_id is None and source is None:
            # A project that is only predicted comes with a default branch that nobody has protected yet.
            return Origins(parent_protected=False if self._wish.parent else None, created=True)
        return Origins(first.origin, source.protected if source else None, True)

    def _wait_for_another_run(self, project_id: str, state: BranchState) -> None:
        """Wait for a reset or restore that a run which was killed had sent: its copy is there, its content maybe not yet."""
        if self._wish.replaced and state.preserved and state.branch and state.branch.state == RESETTING and not self.context.check_mode:
            wait_until_settled(self.client, project_id)

    def _was_reset(self, state: BranchState) -> bool:
        """Tell whether the branch was reset or restored since the first look: after a lost answer this is all that can be seen of it."""
        if self._wish.replaced and self._first is not None and self._first.preserved is None and state.preserved is not None:
            return True
        if self._wish.state != "reset" or self._first is None or self._first.branch is None or state.branch is None:
            return False
        return state.branch.last_reset_at != self._first.branch.last_reset_at

    def _create(self, project_id: str, change: Change) -> t.Mapping[str, t.Any]:
        body = {**change.payload, "annotation_value": dict(MANAGED_BY)}
        answer = self.client.call("POST", path_of("projects", project_id, "branches"), body=body)
        self._made = branch_from(required(answer, "branch", dict, "the new branch"), project_id).id
        return answer

    def _replace(self, path: str, change: Change) -> t.Mapping[str, t.Any]:
        try:
            answer = self.client.call("POST", path + "/restore", body=change.payload["request"])
        except ConflictError as error:
            # A branch with the name of the copy appeared meanwhile. It says nothing about this restore, so it must not pass for its copy.
            kept, remedy = self._wish.preserve_under_name, error.remedy
            if kept is not None:
                remedy = f"Find out where the branch {kept} comes from; if it is no copy of this one, choose another preserve_under_name"
            raise ProviderError(error.what, where=error.where, why=error.why, remedy=remedy, details=error.details) from None
        self._done = True
        return answer

    def _present_id(self) -> str:
        branch = self.read().branch
        if branch is None or branch.id is None:
            raise NotFoundError(f"branch {self._wish.name} is gone", where=f"project {self._project_id}", remedy="Run again")
        return branch.id

    def _delete(self, path: str) -> dict[str, t.Any]:
        self._deleted = True
        try:
            return self.client.call("DELETE", path)
        except NotFoundError:
            return {}

    def _explain(self, error: DbinfraError, action: str) -> None:
        """Add to a refusal what is known about this branch."""
        reasons = "; ".join(f"{name}: {reason}" for name, reason in self._restricted if reason)
        if reasons:
            error.why = f"{error.why}. Neon restricts for this branch: {reasons}" if error.why else f"Neon restricts for this branch: {reasons}"
        explain_point(error, self._point(action))

    def _point(self, action: str) -> HistoryPoint | None:
        """Return the point in a branch's history that a change names."""
        wish, restore = self._wish, self._wish.restore
        if action == "create":
            return history_point(wish.parent or "", ("parent_timestamp", text_of(wish.parent_timestamp)), ("parent_lsn", wish.parent_lsn))
        if action == RESTORE and restore is not None:
            return history_point(restore.source or wish.name, ("restore.timestamp", text_of(restore.timestamp)), ("restore.lsn", restore.lsn))
        return None


def build_branch(context: Context) -> BranchResource:
    """Build the resource from a task's options."""
    params = context.params
    client = client_of(context, "branch")
    wish = wish_from(params, client.deadline.clock.now())
    connects = connection_wish(params)
    parent = foreseen_parent(params, check_mode=context.check_mode)
    if not is_predicted(context):
        project_id = parent_id(context, "project_id", "project")
        return BranchResource(context, client, wish, project_id, pinned=params["id"] or None, connects=connects, parent=parent)
    foreseen = None
    if params["predicted_state"] is not None:
        foreseen = _foreseen(params["predicted_state"], wish.name)
    return BranchResource(context, client, wish, None, foreseen=foreseen, connects=connects, parent=parent)


def _foreseen(known: t.Mapping[str, t.Any], name: str) -> BranchState:
    """Return the branch that the creation of a project makes, with its compute."""
    branch = Branch(None, None, name, default=known["default"], protected=known["protected"], init_source=known["init_source"], managed=True)
    compute = Endpoint(None, None, "read_write", None, None, compute_of(known["compute"]), state="active")
    return BranchState(branch, endpoints=(compute,))
