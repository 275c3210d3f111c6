# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The snapshot as a resource."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._core.errors import DbinfraError, InputError, NotFoundError, ProviderError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .answers import required
from .branch_find import project_history
from .client import NeonClient, path_of
from .failures import BusyError
from .history_point import History, explain_point, history_point, past_moment, text_of
from .ids import wrong_pin
from .lists import branch_called
from .moments import answered_moment, at, lsn, moment, shown_second, span, written
from .names import check_name
from .options import both_given, client_of, is_predicted, parent_id, refuse_both, refuse_empty_end
from .resource import NeonResource
from .snapshot_find import find_snapshot, no_snapshot, snapshot_facts, snapshots_named
from .snapshot_plan import SnapshotWish, expiry, expiry_not_changed, expiry_remedy, plan_snapshot
from .snapshot_record import Snapshot, SnapshotBranch, snapshot_branch_from, snapshot_from
from .snapshot_restore import build_restore


@dataclasses.dataclass(frozen=True)
class SnapshotState:
    """A snapshot, and the declared branch and the project's history where they were looked up."""

    snapshot: Snapshot | None
    source: SnapshotBranch | None = None
    history: History | None = None


class SnapshotResource(NeonResource):
    """A snapshot, found by its pinned id or by its exact name.

    :param project_id: None if the project or the branch is only predicted; nothing is requested then.
    """

    def __init__(self, context: Context, client: NeonClient, wish: SnapshotWish, project_id: str | None, pinned: str | None) -> None:
        super().__init__(context, client)
        self._wish = wish
        self._project_id = project_id
        self._pinned = pinned
        # Seconds of a ttl are counted from the beginning of the task, so that every look at the plan says the same.
        self._now = at(client.deadline.clock.now())
        self._made: str | None = None
        self._deleted = False
        self._updated_to: str | None = None

    def read(self) -> SnapshotState:
        """Return the snapshot, and the declared branch and the project's history if something depends on them."""
        if self._project_id is None:
            return SnapshotState(None)
        snapshot = find_snapshot(self.client, self._project_id, self._wish.name, self._made or self._pinned)
        if snapshot is None and self._pinned and not self._deleted:
            self._without_pinned(self._project_id, self._pinned)
        if snapshot is not None and self._updated_to is not None and answered_moment(snapshot.expires_at) != answered_moment(self._updated_to):
            raise expiry_not_changed(snapshot, self._updated_to)
        source = self._source(self._project_id, snapshot)
        wants_history = snapshot is None and self._wish.present and self._wish.timestamp is not None
        return SnapshotState(snapshot, source, project_history(self.client, self._project_id) if wants_history else None)

    def plan(self, state: SnapshotState) -> Plan:
        """Plan by :func:`plan_snapshot`."""
        return plan_snapshot(state.snapshot, state.source, self._wish, self._now, state.history)

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send one change."""
        project_id = self._project_id or ""
        if change.action == "create":
            end = expiry(self._wish, self._now)
            query = {**change.payload, "expires_at": None if end is None else written(end)}
            path = path_of("projects", project_id, "branches", query.pop("branch_id"), "snapshot")
            try:
                answer = self.client.call("POST", path, query=query, unless=self._is_there)
            except DbinfraError as error:
                point = history_point(self._wish.branch or "", ("timestamp", query.get("timestamp")), ("lsn", query.get("lsn")))
                explain_point(error, point)
                raise
            self._made = snapshot_from(required(answer, "snapshot", dict, "the new snapshot")).id
            return answer
        path = path_of("projects", project_id, "snapshots", change.payload["id"])
        if change.action == "delete":
            self._deleted = True
            try:
                return self.client.call("DELETE", path)
            except NotFoundError:
                return {}
        try:
            answer = self.client.call("PATCH", path, body={"snapshot": {"expires_at": change.payload["expires_at"]}})
        except BusyError:
            raise
        except ProviderError as error:
            # Older versions of the service do not know the field.
            error.remedy = expiry_remedy(self._wish.name)
            raise
        self._updated_to = change.payload["expires_at"]
        return answer

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the project's id."""
        return self._project_id

    def facts(self, state: SnapshotState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return ``snapshot``."""
        wish, snapshot = self._wish, state.snapshot
        if snapshot is not None and wish.present:
            shown = snapshot_facts(snapshot, wish.name, self._project_id)
            if predicted and wish.expires_at is not None:
                shown["expires_at"] = written(wish.expires_at)
            return {"snapshot": shown}
        shown = snapshot_facts(None, wish.name, self._project_id)
        if wish.present:
            shown["source_branch_id"] = state.source.id if state.source else None
            shown["lsn"] = wish.lsn
            # Neon shows whole seconds.
            shown["timestamp"] = shown_second(text_of(wish.timestamp))
            # The end of a ttl is not known before a run comes to it.
            shown["expires_at"] = None if wish.expires_at is None else written(wish.expires_at)
            shown["manual"] = True
        return {"snapshot": shown}

    def _without_pinned(self, project_id: str, pinned: str) -> None:
        """Refuse what nothing with the pinned id can be. One that is to be absent may be gone; names are not unique, so another of its name is told."""
        if self._wish.present:
            raise no_snapshot(project_id, pinned)
        ids = snapshots_named(self.client, project_id, self._wish.name)
        if ids:
            self.context.warn(wrong_pin("snapshot", pinned, f"named {self._wish.name!r}", ids, f"project {project_id}").message())

    def _is_there(self) -> bool:
        """Tell whether there is a snapshot of that name: Neon would take another one."""
        return find_snapshot(self.client, self._project_id or "", self._wish.name, None) is not None

    def _source(self, project_id: str, snapshot: Snapshot | None) -> SnapshotBranch | None:
        branch = self._wish.branch
        if branch is None or not self._wish.present or (snapshot is not None and branch == snapshot.source_branch_id):
            return None
        return snapshot_branch_from(branch_called(self.client, project_id, branch, where="option branch"))


def build_snapshot(context: Context) -> NeonResource:
    """Build the resource from a task's options: a snapshot, or a restored one."""
    params = context.params
    check_name(params["name"] or "", "name", "snapshot")
    client = client_of(context, "snapshot")
    project_id = None if is_predicted(context) else parent_id(context, "project_id", "project")
    if params["state"] == "restored":
        return build_restore(context, client, project_id)
    for option in ("target_name", "preserve_under_name"):
        if params[option]:
            raise InputError(f"it is set with state: {params['state']}", where=f"option {option}", remedy="Leave it out, or set state: restored")
    refuse_both(params, "timestamp", "lsn")
    end, ttl = _end(params) if params["state"] == "present" else (None, None)
    wish = SnapshotWish(
        name=params["name"],
        pinned=bool(params["id"]),
        branch=params["branch"] or None,
        timestamp=past_moment(params["timestamp"], "option timestamp", client.deadline.clock.now()),
        lsn=lsn(params["lsn"], "option lsn") if params["lsn"] else None,
        expires_at=end,
        ttl=ttl,
        present=params["state"] == "present",
        adopt=params["adopt"],
        confirm_destroy=params["confirm_destroy"],
    )
    return SnapshotResource(context, client, wish, project_id, params["id"] or None)


def _end(params: t.Mapping[str, t.Any]) -> tuple[datetime.datetime | None, int | None]:
    """Return when the snapshot ends, and how many seconds it is kept; None for what is not declared.

    :raises InputError: naming the option that is wrong.
    """
    text, ttl = params["expires_at"], params["ttl"]
    if text is not None and ttl is not None:
        raise both_given("expires_at", "ttl")
    for option, value in (("expires_at", text), ("ttl", ttl)):
        if value is not None:
            refuse_empty_end(value, option, "leave the option out for a snapshot that does not end")
    # Neon keeps whole seconds.
    end = None if text is None else moment(text, "option expires_at").replace(microsecond=0)
    return end, None if ttl is None else span(ttl, "option ttl")
