# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The database as a resource, with the connection that leads to it."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import NotFoundError, ProviderError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .client import NeonClient, path_of
from .connection import Reach, StandIn, ca_certificate, connection, reach_from_uri
from .database_plan import DatabaseWish, plan_database
from .names import check_identifier
from .options import Origin, client_of, is_predicted, origin_of, parent_id
from .reach import connection_uri_of, database_called, databases_path, hosts_of
from .records import Database
from .resource import NeonResource


@dataclasses.dataclass(frozen=True)
class DatabaseState:
    """A database and where its owner reaches it (None: nowhere yet); of a predicted copy, where the original is reached."""

    database: Database | None
    reach: Reach | None = None
    stand_in: StandIn | None = None


@dataclasses.dataclass(frozen=True)
class Access:
    """What the connection says besides the address."""

    ssl_mode: str
    ca_cert: str | None
    server_major: int | None
    host: str | None


class DatabaseResource(NeonResource):
    """A database of a branch.

    :param project_id: None if the project is only predicted.
    :param branch_id: None if the branch is only predicted; nothing is requested then, unless there is an ``origin``.
    :param foreseen: the database that a predicted branch comes with, if it comes with it.
    :param origin: what a predicted branch will be a copy of. It is looked at instead of taking ``foreseen``.
    """

    def __init__(
        self,
        context: Context,
        client: NeonClient,
        wish: DatabaseWish,
        access: Access,
        project_id: str | None,
        branch_id: str | None,
        foreseen: Database | None,
        origin: Origin | None = None,
    ) -> None:
        super().__init__(context, client)
        self._wish = wish
        self._access = access
        self._project_id = project_id
        self._branch_id = branch_id
        self._foreseen = foreseen
        self._origin = origin

    def read(self) -> DatabaseState:
        """Return the database and its address; two requests, three if the host is not known, one if the database does not exist."""
        if self._project_id is None or self._branch_id is None:
            return DatabaseState(self._foreseen) if self._origin is None else self._copy_of(self._origin)
        database = database_called(self.client, self._project_id, self._branch_id, self._wish.name)
        return DatabaseState(database, self._reach(self._project_id, self._branch_id, database, self._access.host) if database else None)

    def plan(self, state: DatabaseState) -> Plan:
        """Plan by :func:`plan_database`."""
        return plan_database(state.database, self._wish)

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send one change."""
        path = databases_path(self._project_id or "", self._branch_id or "")
        if change.action == "create":
            # Before the database is made: a task that fails afterwards would have changed something.
            if self._access.host is None and not hosts_of(self.client, self._project_id or "", self._branch_id or ""):
                raise self._no_compute(self._branch_id or "")
            return self._with_owner("POST", path, change)
        path += path_of(self._wish.name)
        if change.action == "delete":
            try:
                return self.client.call("DELETE", path)
            except NotFoundError:
                return {}
        return self._with_owner("PATCH", path, change)

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the project's id."""
        return self._project_id

    def facts(self, state: DatabaseState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return ``database`` and ``connection``, never a password."""
        wish, database = self._wish, state.database
        gone = not wish.present and predicted
        exists = database is not None and database.branch_id is not None and not gone
        owner = database.owner_name if database is not None and not gone else None
        if wish.present and (predicted or database is None):
            owner = wish.owner_name or owner
        reach = state.reach if exists else None
        if reach is not None and owner is not None:
            reach = dataclasses.replace(reach, user=owner)
        return {
            "database": {"exists": exists, "name": wish.name, "owner_name": owner, "branch_id": self._branch_id},
            "connection": connection(
                reach,
                project_id=self._project_id,
                branch_id=self._branch_id,
                user=owner,
                database=wish.name,
                ssl_mode=self._access.ssl_mode,
                ca_cert=self._access.ca_cert,
                server_major=self._access.server_major,
                stand_in=state.stand_in,
            ),
        }

    def _with_owner(self, method: str, path: str, change: Change) -> t.Mapping[str, t.Any]:
        """Send what names the owner. If Neon does not know that role, the error names the option."""
        try:
            return self.client.call(method, path, body={"database": change.payload})
        except NotFoundError as error:
            owner, refusal = self._wish.owner_name, error.details.get("neon_error") or {}
            if owner and re.search(rf"\brole\b|(?<![\w-]){re.escape(owner)}(?![\w-])", str(refusal.get("message")), re.IGNORECASE):
                error.what = "Neon does not know this role"
                error.where = f"option owner_name ({owner}), {error.where}"
                error.remedy = "Correct the name (it is compared exactly), or make the role first (neon_role)"
            raise

    def _copy_of(self, origin: Origin) -> DatabaseState:
        original = database_called(self.client, origin.project_id, origin.branch_id, self._wish.name)
        if original is None:
            return DatabaseState(None)
        reach = self._reach(origin.project_id, origin.branch_id, original, None)
        return DatabaseState(dataclasses.replace(original, branch_id=None), stand_in=StandIn(reach, origin.branch_id) if reach else None)

    def _reach(self, project_id: str, branch_id: str, database: Database, host: str | None) -> Reach | None:
        if not self._wish.present:
            return None
        try:
            uri = connection_uri_of(self.context, self.client, project_id, branch_id, database=database.name, role=database.owner_name)
        except (NotFoundError, ProviderError):
            if hosts_of(self.client, project_id, branch_id):
                raise
            if self.context.check_mode:
                # An earlier task of this check predicted the compute, or the original of a copy has none.
                return None
            raise self._no_compute(branch_id) from None
        # Neon is not simply believed that the URI leads to this branch: who knows the host has seen that endpoint's branch, everybody else looks.
        hosts = [host] if host is not None else hosts_of(self.client, project_id, branch_id)
        return reach_from_uri(uri, user=database.owner_name, database=database.name, hosts=hosts)

    def _no_compute(self, branch_id: str) -> NotFoundError:
        return NotFoundError(
            f"the branch {branch_id} has no compute, so nobody can say how the database {self._wish.name} is reached",
            where="option branch_id",
            remedy="Make its read-write compute first (neon_endpoint)",
        )


def build_database(context: Context) -> DatabaseResource:
    """Build the resource from a task's options."""
    params = context.params
    wish = DatabaseWish(
        name=params["name"],
        owner_name=params["owner_name"],
        present=params["state"] == "present",
        confirm_destroy=params["confirm_destroy"],
    )
    access = Access(
        ssl_mode=params["ssl_mode"],
        ca_cert=ca_certificate(params["ca_file"], ssl_mode=params["ssl_mode"]),
        server_major=params["server_major"],
        host=params["host"] or None,
    )
    check_identifier(wish.name, "name", "database")
    if wish.present and wish.owner_name:
        check_identifier(wish.owner_name, "owner_name", "role")
    client = client_of(context)
    if not is_predicted(context):
        project_id = parent_id(context, "project_id", "project")
        return DatabaseResource(context, client, wish, access, project_id, parent_id(context, "branch_id", "branch"), None)
    foreseen = None
    if params["predicted_state"] is not None:
        foreseen = Database(wish.name, params["predicted_state"]["owner_name"], None)
    return DatabaseResource(context, client, wish, access, params["project_id"] or None, None, foreseen, origin_of(context))
