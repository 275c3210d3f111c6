# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The branch as a resource."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import DbinfraError, InputError, NotFoundError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .answers import required
from .branch_plan import PARENT_DATA, SCHEMA_ONLY, BranchWish, plan_branch
from .client import NeonClient, path_of
from .lists import branch_called, branch_named
from .options import client_of, is_predicted, parent_id
from .records import MANAGED_BY, Branch, branch_from
from .resource import NeonResource


@dataclasses.dataclass(frozen=True)
class BranchState:
    """A branch, and the id of the declared parent where it was looked up."""

    branch: Branch | None
    source: str | None = None


class BranchResource(NeonResource):
    """A branch, found by its pinned id or by its exact name.

    :param project_id: None if the project is only predicted; nothing is requested then.
    :param foreseen: the branch that a predicted project comes with, if it is this one.
    """

    def __init__(
        self, context: Context, client: NeonClient, wish: BranchWish, project_id: str | None, pinned: str | None, foreseen: Branch | None
    ) -> None:
        super().__init__(context, client)
        self._wish = wish
        self._project_id = project_id
        self._pinned = pinned
        self._foreseen = foreseen
        self._made: str | None = None
        self._copied_from: str | None = None
        self._restricted: tuple[tuple[str, str], ...] = ()
        # A project that is only predicted comes with a default branch that nobody has protected yet.
        self._source_protected: bool | None = False if project_id is None and foreseen is None and wish.parent else None

    def read(self) -> BranchState:
        """Return the branch, and the declared parent's id if something depends on it."""
        if self._project_id is None:
            return BranchState(self._foreseen)
        branch = self._find(self._project_id)
        self._restricted = branch.restricted if branch else ()
        source = self._source(self._project_id, branch)
        if branch is None:
            self._copied_from = source
        return BranchState(branch, source)

    def plan(self, state: BranchState) -> Plan:
        """Plan by :func:`plan_branch`."""
        return plan_branch(state.branch, state.source, self._wish)

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send one change."""
        project_id = self._project_id or ""
        branches = path_of("projects", project_id, "branches")
        if change.action == "create":
            body = {"branch": change.payload, "annotation_value": dict(MANAGED_BY)}
            answer = self.client.call("POST", branches, body=body)
            self._made = branch_from(required(answer, "branch", dict, "the new branch"), project_id).id
            return answer
        branch_id = self._made or (change.payload or {}).get("id") or self._present_id()
        path = path_of("projects", project_id, "branches", branch_id)
        try:
            if change.action == "set as default":
                return self.client.call("POST", path + "/set_as_default")
            if change.action == "delete":
                return self._delete(path)
            return self.client.call("PATCH", path, body={"branch": {"protected": change.action == "protect"}})
        except DbinfraError as error:
            self._explain(error)
            raise

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the project's id."""
        return self._project_id

    def facts(self, state: BranchState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return ``branch``."""
        wish, branch = self._wish, state.branch
        if not wish.present and (branch is None or predicted):
            return {"branch": self._shape(None, default=False, protected=False, parent_id=None, init_source=None)}
        if branch is None:
            init_source = wish.init_source or PARENT_DATA
            return {
                "branch": self._shape(
                    None,
                    default=bool(wish.default),
                    protected=bool(wish.protected),
                    # A schema-only branch becomes a root: the parent is where the schema comes from, no more.
                    parent_id=None if init_source == SCHEMA_ONLY else state.source,
                    init_source=init_source,
                )
            }
        protected = branch.protected if wish.protected is None or not predicted else wish.protected
        default = branch.default or (predicted and bool(wish.default))
        return {"branch": self._shape(branch.id, default=default, protected=protected, parent_id=branch.parent_id, init_source=branch.init_source)}

    def _shape(self, branch_id: str | None, *, default: bool, protected: bool, parent_id: str | None, init_source: str | None) -> dict[str, t.Any]:
        return {
            "exists": branch_id is not None,
            "id": branch_id,
            "name": self._wish.name,
            "project_id": self._project_id,
            "default": default,
            "protected": protected,
            "parent_id": parent_id,
            "parent_protected": self._source_protected,
            "copied_from": self._copied_from,
            "init_source": init_source,
        }

    def _find(self, project_id: str) -> Branch | None:
        known = self._made or self._pinned
        if known is None:
            data = branch_named(self.client, project_id, self._wish.name)
            return None if data is None else branch_from(data, project_id)
        try:
            answer = self.client.get(path_of("projects", project_id, "branches", known))
        except NotFoundError as error:
            if not self._wish.present:
                return None
            error.where = f"option id ({known})"
            error.remedy = "Correct the pinned id, or remove it if the branch is to be found by its name or made"
            raise
        branch = branch_from(required(answer, "branch", dict, f"branch {known}"), project_id)
        if branch.name != self._wish.name:
            raise InputError(
                f"the branch with the pinned id {known} is named {branch.name!r}, declared is {self._wish.name!r}",
                where="options id and name",
                remedy="Correct the one that is wrong",
            )
        return branch

    def _source(self, project_id: str, branch: Branch | None) -> str | None:
        parent = self._wish.parent
        if parent is None or not self._wish.present:
            return None
        if branch is not None and (branch.parent_id is None or branch.parent_id == parent):
            # A root branch has no parent to compare with.
            return branch.parent_id
        found = branch_from(branch_called(self.client, project_id, parent, where="option parent"), project_id)
        self._source_protected = found.protected
        return found.id

    def _present_id(self) -> str:
        branch = self.read().branch
        if branch is None or branch.id is None:
            raise NotFoundError(f"branch {self._wish.name} is gone", where=f"project {self._project_id}", remedy="Run again")
        return branch.id

    def _delete(self, path: str) -> dict[str, t.Any]:
        try:
            return self.client.call("DELETE", path)
        except NotFoundError:
            return {}

    def _explain(self, error: DbinfraError) -> None:
        """Add to a refusal what the provider said about this branch when it was read."""
        reasons = "; ".join(f"{name}: {reason}" for name, reason in self._restricted if reason)
        if reasons:
            error.why = f"{error.why}. Neon restricts for this branch: {reasons}" if error.why else f"Neon restricts for this branch: {reasons}"


def build_branch(context: Context) -> BranchResource:
    """Build the resource from a task's options."""
    params = context.params
    wish = BranchWish(
        name=params["name"],
        parent=params["parent"] or None,
        init_source=params["init_source"],
        protected=params["protected"],
        default=params["default"],
        present=params["state"] == "present",
        confirm_destroy=params["confirm_destroy"],
    )
    if not wish.name:
        raise InputError("it is empty", where="option name", remedy="Give the branch's exact name")
    client = client_of(context)
    if not is_predicted(context):
        return BranchResource(context, client, wish, parent_id(context, "project_id", "project"), params["id"], None)
    foreseen = None
    if params["predicted_state"] is not None:
        known = params["predicted_state"]
        foreseen = Branch(None, None, wish.name, default=known["default"], protected=known["protected"], init_source=known["init_source"])
    return BranchResource(context, client, wish, None, None, foreseen)
