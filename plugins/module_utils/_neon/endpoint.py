# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The compute endpoint as a resource."""

from __future__ import annotations

import typing as t

from .._core.errors import NotFoundError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .answers import required
from .client import NeonClient, path_of
from .endpoint_plan import EndpointWish, plan_endpoint
from .lists import only
from .options import client_of, compute_of, is_predicted, parent_id
from .records import Compute, Endpoint, endpoint_from
from .resource import NeonResource


class EndpointResource(NeonResource):
    """The one endpoint of a type that a branch has.

    :param project_id: None if the branch is only predicted, like ``branch_id``; nothing is requested then.
    :param foreseen: the endpoint that a predicted branch comes with, if it comes with one.
    """

    def __init__(
        self,
        context: Context,
        client: NeonClient,
        wish: EndpointWish,
        project_id: str | None,
        branch_id: str | None,
        foreseen: Endpoint | None,
    ) -> None:
        super().__init__(context, client)
        self._wish = wish
        self._project_id = project_id
        self._branch_id = branch_id
        self._foreseen = foreseen

    def read(self) -> Endpoint | None:
        """Return the endpoint or None; one request."""
        if self._project_id is None or self._branch_id is None:
            return self._foreseen
        answer = self.client.get(path_of("projects", self._project_id, "branches", self._branch_id, "endpoints"))
        listed = required(answer, "endpoints", list, f"endpoints of branch {self._branch_id}")
        matches = [data for data in listed if isinstance(data, dict) and data.get("type") == self._wish.type]
        data = only(matches, f"the {self._wish.type} endpoint of branch {self._branch_id}")
        return None if data is None else endpoint_from(data, self._branch_id)

    def plan(self, state: Endpoint | None) -> Plan:
        """Plan by :func:`plan_endpoint`."""
        return plan_endpoint(state, self._branch_id, self._wish)

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send one change."""
        endpoints = path_of("projects", self._project_id or "", "endpoints")
        if change.action == "create":
            return self.client.call("POST", endpoints, body={"endpoint": change.payload})
        path = endpoints + path_of(change.payload["id"])
        if change.action == "delete":
            try:
                return self.client.call("DELETE", path)
            except NotFoundError:
                return {}
        return self.client.call("PATCH", path, body={"endpoint": change.payload["fields"]})

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the project's id."""
        return self._project_id

    def facts(self, state: Endpoint | None, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return ``endpoint``."""
        wanted = self._wish.compute
        if not self._wish.present and (state is None or predicted):
            return {"endpoint": self._shape(None, Compute())}
        if state is None:
            return {"endpoint": self._shape(None, wanted)}
        compute = state.compute
        if predicted:
            compute = Compute(
                min_cu=compute.min_cu if wanted.min_cu is None else wanted.min_cu,
                max_cu=compute.max_cu if wanted.max_cu is None else wanted.max_cu,
                suspend_timeout_seconds=plan.after.get("suspend_timeout_seconds", compute.suspend_timeout_seconds),
            )
        return {"endpoint": self._shape(state, compute)}

    def _shape(self, endpoint: Endpoint | None, compute: Compute) -> dict[str, t.Any]:
        return {
            "exists": endpoint is not None and endpoint.id is not None,
            "id": endpoint.id if endpoint else None,
            "branch_id": self._branch_id,
            "type": self._wish.type,
            "host": endpoint.host if endpoint else None,
            "pooled_host": endpoint.pooled_host if endpoint else None,
            "min_cu": compute.min_cu,
            "max_cu": compute.max_cu,
            "suspend_timeout_seconds": compute.suspend_timeout_seconds,
        }


def build_endpoint(context: Context) -> EndpointResource:
    """Build the resource from a task's options."""
    params = context.params
    wish = EndpointWish(
        type=params["type"], compute=compute_of(params), present=params["state"] == "present", confirm_destroy=params["confirm_destroy"]
    )
    client = client_of(context)
    if not is_predicted(context):
        project_id = parent_id(context, "project_id", "project")
        return EndpointResource(context, client, wish, project_id, parent_id(context, "branch_id", "branch"), None)
    foreseen = None
    if params["predicted_state"] is not None:
        foreseen = Endpoint(None, None, wish.type, None, None, compute_of(params["predicted_state"]))
    return EndpointResource(context, client, wish, None, None, foreseen)
