# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role as a resource."""

from __future__ import annotations

import hmac
import typing as t

from .._core.errors import InputError, NotFoundError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .answers import required
from .client import NeonClient, path_of
from .lists import branch_called
from .names import check_identifier
from .options import Origin, client_of, is_predicted, origin_of, parent_id
from .passwords import reveal_password, role_path
from .records import Role, branch_from, role_from
from .resource import NeonResource
from .role_plan import RoleState, RoleWish, plan_role


class RoleResource(NeonResource):
    """A role that Neon makes, and thereby a member of ``neon_superuser``.

    :param project_id: None if the branch is only predicted, like ``branch_id``; nothing is requested then.
    :param foreseen: what a predicted branch comes with.
    :param origin: what a predicted branch will be a copy of; ``foreseen`` then holds if the role is there.
    """

    def __init__(
        self,
        context: Context,
        client: NeonClient,
        wish: RoleWish,
        project_id: str | None,
        branch_id: str | None,
        foreseen: RoleState,
        origin: Origin | None = None,
    ) -> None:
        super().__init__(context, client)
        self._wish = wish
        self._project_id = project_id
        self._branch_id = branch_id
        self._foreseen = foreseen
        self._origin = origin
        self._other: str | None = None

    def read(self) -> RoleState:
        """Return the role; one request, and up to three more to compare passwords."""
        if self._project_id is None or self._branch_id is None:
            if self._origin is not None and self._find(self._origin.project_id, self._origin.branch_id) is None:
                return RoleState(None)
            return self._foreseen
        role = self._find(self._project_id, self._branch_id)
        return RoleState(role, self._shared(self._project_id, self._branch_id) if role else None)

    def plan(self, state: RoleState) -> Plan:
        """Plan by :func:`plan_role`."""
        return plan_role(state, self._wish)

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send one change."""
        project_id, branch_id = self._project_id or "", self._branch_id or ""
        if change.action == "create":
            return self.client.call("POST", path_of("projects", project_id, "branches", branch_id, "roles"), body={"role": change.payload})
        path = role_path(project_id, branch_id, self._wish.name)
        if change.action == "delete":
            try:
                return self.client.call("DELETE", path)
            except NotFoundError:
                return {}
        return self.client.call("POST", path + "/reset_password")

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the project's id."""
        return self._project_id

    def facts(self, state: RoleState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return ``role``, never a password."""
        gone = not self._wish.present and predicted
        exists = state.role is not None and state.role.branch_id is not None and not gone
        return {"role": {"exists": exists, "name": self._wish.name, "branch_id": self._branch_id}}

    def _find(self, project_id: str, branch_id: str) -> Role | None:
        answer = self.client.get(path_of("projects", project_id, "branches", branch_id, "roles"))
        for data in required(answer, "roles", list, f"roles of branch {branch_id}"):
            if isinstance(data, dict) and data.get("name") == self._wish.name:
                return role_from(data, branch_id)
        return None

    def _shared(self, project_id: str, branch_id: str) -> bool | None:
        if self._wish.distinct_from is None or not self._wish.present:
            return None
        other = self._other_branch(project_id)
        if other == branch_id:
            raise InputError(
                "it names the branch itself",
                where="option distinct_from_branch",
                remedy="Name the branch whose password must be another one, or leave the option out",
            )
        try:
            theirs = reveal_password(self.client, project_id, other, self._wish.name)
        except NotFoundError:
            # That branch has no such role (any more), so there is no password to share.
            return False
        self.context.hide(theirs)
        ours = reveal_password(self.client, project_id, branch_id, self._wish.name)
        self.context.hide(ours)
        return hmac.compare_digest(ours.encode(), theirs.encode())

    def _other_branch(self, project_id: str) -> str:
        if self._other is None:
            where, variable = "option distinct_from_branch", "neon_branch_parent"
            data = branch_called(self.client, project_id, str(self._wish.distinct_from), where=where, variable=variable)
            self._other = str(branch_from(data, project_id).id)
        return self._other


def build_role(context: Context) -> RoleResource:
    """Build the resource from a task's options."""
    params = context.params
    wish = RoleWish(
        name=params["name"],
        distinct_from=params["distinct_from_branch"] or None,
        present=params["state"] == "present",
        confirm_destroy=params["confirm_destroy"],
    )
    check_identifier(wish.name, "name", "role")
    client = client_of(context)
    if not is_predicted(context):
        project_id = parent_id(context, "project_id", "project")
        return RoleResource(context, client, wish, project_id, parent_id(context, "branch_id", "branch"), RoleState(None))
    known, origin = params["predicted_state"], origin_of(context)
    foreseen = RoleState(None)
    if known is not None or origin is not None:
        foreseen = RoleState(Role(wish.name, None), bool(known and known["password_shared"]) if wish.distinct_from else None)
    return RoleResource(context, client, wish, None, None, foreseen, origin)
