# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The compute endpoint as a resource."""

from __future__ import annotations

import dataclasses
import json
import math
import typing as t

from .._core.errors import InputError, NotFoundError, ProviderError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .answers import required
from .client import NeonClient, path_of
from .endpoint_plan import (
    ACTIVE,
    DEEDS,
    IDLE,
    EndpointWish,
    check_endpoint_wish,
    completion,
    pg_settings_of,
    plan_endpoint,
    settings_that_differ,
    settings_to_go,
)
from .ids import wrong_pin
from .lists import only
from .options import client_of, compute_of, is_predicted, parent_id
from .records import NOTHING_SAID, Compute, Endpoint, branch_answer, compute_from_settings, endpoint_from, project_from
from .resource import NeonResource

_STATE_AFTER: t.Final = {"started": ACTIVE, "restarted": ACTIVE, "suspended": IDLE}


class EndpointResource(NeonResource):
    """One endpoint of a branch: the one with the pinned id, or the read-only one with the declared name, or the only one of its type.

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
        pinned: str | None = None,
    ) -> None:
        super().__init__(context, client)
        self._wish = wish
        self._project_id = project_id
        self._branch_id = branch_id
        self._foreseen = foreseen
        self._pinned = pinned
        self._settings_sent = False
        self._restarted = False
        self._deleted = False
        self._protected: str | None = None
        self._first_start: str | None = None
        self._looked = False

    def read(self) -> Endpoint | None:
        """Return the endpoint or None; one request, and one more before a confirmed deletion."""
        if self._project_id is None or self._branch_id is None:
            return self._foreseen
        endpoint = self._find(self._project_id, self._branch_id)
        if not self._looked:
            self._looked, self._first_start = True, endpoint.started_at if endpoint else None
            # Without the right confirmation nothing is deleted, whatever its branch is.
            if self._wish.absent and endpoint is not None and self._wish.confirm_destroy == endpoint.id:
                self._protected = self._protecting(self._project_id, self._branch_id)
        return endpoint

    def plan(self, state: Endpoint | None) -> Plan:
        """Plan by :func:`plan_endpoint`."""
        if self._settings_sent and state is not None:
            self._require_echo(state)
        # After a lost answer, the time of the last start tells whether it was carried out.
        restarted = state is not None and state.started_at is not None and state.started_at != self._first_start
        done = self._wish.state == "restarted" and (self._restarted or restarted)
        return plan_endpoint(state, self._branch_id, self._wish, done=done, protected=self._protected)

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send one change."""
        self._deleted = change.action == "delete"
        answer = send_endpoint(self.client, self._project_id or "", change, unless=self._is_there)
        if change.action == "restart":
            self._restarted = True
        elif change.action in ("create", "update") and (self._wish.pg_settings or self._wish.pg_settings_absent):
            self._settings_sent = True
        return answer

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the project's id."""
        return self._project_id

    def facts(self, state: Endpoint | None, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return ``endpoint``."""
        wish = self._wish
        if wish.absent and (state is None or predicted):
            return {"endpoint": endpoint_facts(None, wish.type, self._branch_id)}
        if state is not None and not predicted:
            return {"endpoint": endpoint_facts(state)}
        defaults = default_compute(self.client, self._project_id, wish.compute) if state is None else NOTHING_SAID
        return {"endpoint": predicted_facts(state, wish, self._branch_id, plan, defaults)}

    def _protecting(self, project_id: str, branch_id: str) -> str | None:
        """Return the branch's name if it is protected."""
        branch = branch_answer(self.client.get(path_of("projects", project_id, "branches", branch_id)), project_id, f"branch {branch_id}")
        return branch.name if branch.protected else None

    def _is_there(self) -> bool:
        """Tell whether there is the endpoint that was to be made: of read replicas Neon would make another one, whatever their names.

        One without a name is made only where there was none of its type, so any of its type is it.
        """
        return self._find(self._project_id or "", self._branch_id or "") is not None

    def _find(self, project_id: str, branch_id: str) -> Endpoint | None:
        answer = self.client.get(path_of("projects", project_id, "branches", branch_id, "endpoints"))
        listed = [data for data in required(answer, "endpoints", list, f"endpoints of branch {branch_id}") if isinstance(data, dict)]
        if self._pinned is not None:
            return self._pinned_one(listed, branch_id, self._pinned)
        wish = self._wish
        subject = f"the {wish.type} endpoint of branch {branch_id}"
        matches = [data for data in listed if data.get("type") == wish.type]
        # A branch has one read-write endpoint, whatever its name; a name is what tells read replicas apart.
        if wish.type == "read_only" and wish.name is not None:
            subject = f"the {wish.type} endpoint {wish.name!r} of branch {branch_id}"
            matches = [data for data in matches if data.get("name") == wish.name]
        data = only(matches, subject)
        return None if data is None else endpoint_from(data, branch_id)

    def _pinned_one(self, listed: t.Sequence[dict[str, t.Any]], branch_id: str, pinned: str) -> Endpoint | None:
        data = next((data for data in listed if data.get("id") == pinned), None)
        if data is None:
            if self._wish.absent:
                if not self._deleted:
                    self._refuse_another(listed, branch_id, pinned)
                return None
            raise NotFoundError(
                f"branch {branch_id} has no endpoint with this id",
                where=f"option id ({pinned})",
                remedy="Correct the id, or remove it if the endpoint is to be found by its type and name, or made",
            )
        endpoint = endpoint_from(data, branch_id)
        if endpoint.type != self._wish.type:
            raise InputError(
                f"endpoint {pinned} is {endpoint.type}, declared is {self._wish.type}",
                where="options id and type",
                remedy="Correct the one that is wrong",
            )
        return endpoint

    def _refuse_another(self, listed: t.Sequence[dict[str, t.Any]], branch_id: str, pinned: str) -> None:
        """Refuse to call an endpoint absent by a pinned id that nothing has, while what is declared of it is there: a branch has one read-write
        endpoint, and a name is what tells read replicas apart.
        """
        wish = self._wish
        if wish.type == "read_only" and wish.name is None:
            return
        ids = [
            str(data.get("id")) for data in listed if data.get("type") == wish.type and (wish.type != "read_only" or data.get("name") == wish.name)
        ]
        if ids:
            named = f"named {wish.name!r}" if wish.type == "read_only" else ""
            raise wrong_pin(f"{wish.type} endpoint", pinned, named, sorted(ids), f"branch {branch_id}")

    def _require_echo(self, endpoint: Endpoint) -> None:
        ignored = settings_that_differ(endpoint, self._wish)
        if ignored:
            raise ProviderError(
                f"Neon accepted the request, but does not show these settings as declared: {', '.join(sorted(ignored))}",
                where=f"option settings.pg_settings, endpoint {endpoint.id}",
                why="Which settings a compute takes is not documented, and these it does not take, or it writes them in another way",
                remedy="Set them by ALTER ROLE or ALTER DATABASE (module pg_setting), or ask Neon's support",
            )
        kept = settings_to_go(endpoint, self._wish)
        if kept:
            raise ProviderError(
                f"Neon accepted the request, but still shows these settings that were to go: {', '.join(sorted(kept))}",
                where=f"option settings.pg_settings, endpoint {endpoint.id}",
                why="Whether Neon merges or replaces a compute's settings is not documented",
                remedy="Give them the value that they shall have, or ask Neon's support",
            )


def send_endpoint(client: NeonClient, project_id: str, change: Change, *, unless: t.Callable[[], bool] | None = None) -> t.Mapping[str, t.Any]:
    """Send one change of an endpoint's plan.

    :param unless: tells whether the endpoint that is to be made is there, see :meth:`NeonClient.call`. A read-write one, of which Neon makes no
        second one, needs no such look.
    """
    endpoints = path_of("projects", project_id, "endpoints")
    if change.action == "create":
        return client.call("POST", endpoints, body={"endpoint": change.payload}, unless=unless)
    path = endpoints + path_of(change.payload["id"])
    if change.action == "delete":
        try:
            return client.call("DELETE", path)
        except NotFoundError:
            return {}
    if change.action in DEEDS.values():
        return client.call("POST", path + path_of(change.action))
    return client.call("PATCH", path, body={"endpoint": change.payload["fields"]})


def endpoints_of(client: NeonClient, project_id: str, branch_id: str) -> tuple[Endpoint, ...]:
    """Return all endpoints of a branch; one request."""
    answer = client.get(path_of("projects", project_id, "branches", branch_id, "endpoints"))
    listed = required(answer, "endpoints", list, f"endpoints of branch {branch_id}")
    return tuple(endpoint_from(data, branch_id) for data in listed)


def default_compute(client: NeonClient, project_id: str | None, declared: Compute) -> Compute:
    """Return what Neon gives a new compute that does not declare it, as far as the project says it; one request, none if all is declared.

    :param project_id: None if the project is only predicted; nothing is known then.
    """
    if project_id is None or None not in dataclasses.astuple(declared):
        return NOTHING_SAID
    project = project_from(required(client.get(path_of("projects", project_id)), "project", dict, f"project {project_id}"))
    return compute_from_settings(project.default_endpoint_settings)


def endpoint_facts(endpoint: Endpoint | None, kind: str | None = None, branch_id: str | None = None) -> dict[str, t.Any]:
    """Return an endpoint's part of a result.

    :param kind: its type, of one that does not exist.
    :param branch_id: its branch, of one that does not exist.
    """
    return {
        "exists": endpoint is not None and endpoint.id is not None,
        "id": endpoint.id if endpoint else None,
        "branch_id": endpoint.branch_id if endpoint else branch_id,
        "type": endpoint.type if endpoint else kind,
        "name": (endpoint.name or None) if endpoint else None,
        "host": endpoint.host if endpoint else None,
        "pooled_host": endpoint.pooled_host if endpoint else None,
        "min_cu": endpoint.compute.min_cu if endpoint else None,
        "max_cu": endpoint.compute.max_cu if endpoint else None,
        "suspend_timeout_seconds": endpoint.compute.suspend_timeout_seconds if endpoint else None,
        "disabled": endpoint.disabled if endpoint else None,
        "current_state": endpoint.state if endpoint else None,
        "pg_settings": pg_settings_of(endpoint) if endpoint else {},
    }


def predicted_facts(
    endpoint: Endpoint | None, wish: EndpointWish, branch_id: str | None, plan: Plan, defaults: Compute = NOTHING_SAID
) -> dict[str, t.Any]:
    """Return what :func:`endpoint_facts` will be after ``plan``.

    :param defaults: what the project gives a new compute that does not declare it.
    """
    have = endpoint.compute if endpoint else completion(wish.compute, defaults)
    want = wish.compute
    facts = endpoint_facts(endpoint, wish.type, branch_id)
    # The branch of a prediction is the declared one, and null as long as that is predicted itself.
    facts["branch_id"] = branch_id
    facts["min_cu"] = have.min_cu if want.min_cu is None else want.min_cu
    facts["max_cu"] = have.max_cu if want.max_cu is None else want.max_cu
    said = want.suspend_timeout_seconds if endpoint is None else plan.after.get("suspend_timeout_seconds")
    facts["suspend_timeout_seconds"] = have.suspend_timeout_seconds if said is None else said
    facts["name"] = wish.name or facts["name"]
    facts["disabled"] = bool(facts["disabled"]) if wish.disabled is None else wish.disabled
    facts["pg_settings"] = {**facts["pg_settings"], **(wish.pg_settings or {})}
    if facts["current_state"] is None:
        # A compute is started when it is made.
        facts["current_state"] = ACTIVE
    if wish.disabled:
        facts["current_state"] = IDLE
    facts["current_state"] = _STATE_AFTER.get(wish.state, facts["current_state"])
    return facts


def build_endpoint(context: Context) -> EndpointResource:
    """Build the resource from a task's options."""
    params = context.params
    settings = (params["settings"] or {}).get("pg_settings")
    wish = EndpointWish(
        type=params["type"],
        compute=compute_of(params),
        state=params["state"],
        confirm_destroy=params["confirm_destroy"],
        name=params["name"],
        pg_settings=None if settings is None else {str(name): _setting_text(str(name), value) for name, value in settings.items()},
        disabled=params["disabled"],
    )
    check_endpoint_wish(wish)
    client = client_of(context, "endpoint")
    if not is_predicted(context):
        project_id = parent_id(context, "project_id", "project")
        return EndpointResource(context, client, wish, project_id, parent_id(context, "branch_id", "branch"), None, params["id"] or None)
    foreseen = None
    if params["predicted_state"] is not None:
        foreseen = Endpoint(None, None, wish.type, None, None, compute_of(params["predicted_state"]), state=ACTIVE)
    return EndpointResource(context, client, wish, None, None, foreseen)


def _setting_text(name: str, value: t.Any) -> str:
    """Return a setting's value the way the API takes it, a text: YAML's true is PostgreSQL's on.

    :raises InputError: if it is nothing, a list or a dictionary, which have no such text, or a number that is not finite.
    """
    if not isinstance(value, (str, bool, int, float)) or (isinstance(value, float) and not math.isfinite(value)):
        raise InputError(
            f"the value of {name!r} is {json.dumps(value, ensure_ascii=False, default=str)}, which is no text, number or boolean",
            where="option settings.pg_settings",
            remedy=f"Give {name} a value as PostgreSQL writes it, or remove it: a setting is never reset by this module",
        )
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
