# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a database of a branch is reached, in the shape that neon_database returns, so that a preview needs one task."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError, NotFoundError, ProviderError
from .._core.runner import Context
from .branch_plan import read_write_of
from .branch_state import BranchState
from .branch_wish import BranchWish
from .client import NeonClient
from .connection import Reach, StandIn, ca_certificate, connection, reach_from_uri
from .reach import connection_uri_of, database_called, hosts_of, role_exists


@dataclasses.dataclass(frozen=True)
class BranchConnection:
    """The database and the role that are asked for.

    :param role: None for the database's owner.
    """

    database: str
    role: str | None
    ssl_mode: str
    ca_cert: str | None
    server_major: int | None
    #: By branch: the database's owner, as far as it was asked for.
    owners: dict[str, str | None] = dataclasses.field(default_factory=dict, compare=False)

    def require(self, client: NeonClient, project_id: str | None, state: BranchState, wish: BranchWish) -> None:
        """Refuse, before anything is changed, a database or a role that will not be there to connect to.

        Of a branch yet to be made, its source is asked: a copy has the same. A past of the source is not asked, nobody knows what it held.

        :raises InputError: if the branch will have no compute.
        :raises NotFoundError: if there is no such database or role.
        """
        if wish.absent or project_id is None:
            return
        branch = state.branch
        if branch is None and (wish.compute is None or wish.archived):
            raise InputError(
                f"branch {wish.name} will have no compute, so nobody can connect to its databases",
                where="option database",
                why="an archived branch has none" if wish.archived else "a branch comes without one",
                remedy="Leave database and role out" if wish.archived else "Declare the option compute as well, or leave database and role out",
            )
        past = wish.parent_timestamp is not None or wish.parent_lsn is not None
        asked = branch.id if branch is not None else None if past else state.origin
        if asked is None or (branch is not None and wish.replaced):
            return
        if self._owner(client, project_id, asked) is None:
            raise self._no_database(asked)
        if self.role is not None and not role_exists(client, project_id, asked, self.role):
            raise NotFoundError(
                f"branch {asked} has no role named {self.role!r}",
                where="option role",
                remedy="Correct the name (it is compared exactly), make the role first, or leave the option out for the database's owner",
            )

    def facts(
        self, context: Context, client: NeonClient, project_id: str | None, state: BranchState, wish: BranchWish, *, predicted: bool
    ) -> dict[str, t.Any]:
        """Return ``connection``; one request, two without a role. In check mode a branch yet to be made has the one of its source as stand-in."""
        branch, user = state.branch, self.role
        reach: Reach | None = None
        stand_in: StandIn | None = None
        gone = wish.absent or branch is None or branch.id is None
        if not gone and project_id is not None and branch is not None and branch.id is not None:
            compute = read_write_of(state.endpoints or ())
            # Without one, an earlier task of this check predicted it, or this one does.
            if compute is not None and compute.host is not None:
                reach = self._reach(context, client, project_id, branch.id, [compute.host])
                user = reach.user
        elif not wish.absent and project_id is not None and state.origin is not None:
            original = self._original(context, client, project_id, state.origin)
            stand_in = StandIn(original, state.origin) if original else None
            user = self.role or (original.user if original else None)
        return connection(
            reach,
            project_id=project_id,
            branch_id=None if gone else branch and branch.id,
            user=user,
            database=self.database,
            ssl_mode=self.ssl_mode,
            ca_cert=self.ca_cert,
            server_major=self.server_major,
            stand_in=stand_in,
        )

    def _reach(self, context: Context, client: NeonClient, project_id: str, branch_id: str, hosts: t.Sequence[str]) -> Reach:
        role = self.role or self._owner(client, project_id, branch_id)
        if role is None:
            raise self._no_database(branch_id)
        try:
            uri = connection_uri_of(context, client, project_id, branch_id, database=self.database, role=role)
        except NotFoundError as error:
            if self.role is None:
                raise
            # The answer does not say what is missing: the database, or else the role.
            if self._owner(client, project_id, branch_id) is None:
                raise self._no_database(branch_id) from None
            raise NotFoundError(
                f"branch {branch_id} has no role named {role!r}, or database {self.database} cannot be reached with it",
                where="option role",
                why=error.why,
                remedy="Correct the name (it is compared exactly), make the role first, or leave the option out for the database's owner",
                details=error.details,
            ) from None
        return reach_from_uri(uri, user=role, database=self.database, hosts=hosts)

    def _no_database(self, branch_id: str) -> NotFoundError:
        return NotFoundError(
            f"branch {branch_id} has no database named {self.database!r}",
            where="option database",
            remedy="Correct the name (it is compared exactly), or make the database first",
        )

    def _original(self, context: Context, client: NeonClient, project_id: str, branch_id: str) -> Reach | None:
        """Return where the branch's source is reached, None without the database or a compute there."""
        owner = self._owner(client, project_id, branch_id)
        hosts = hosts_of(client, project_id, branch_id) if owner else []
        if owner is None or not hosts:
            return None
        try:
            uri = connection_uri_of(context, client, project_id, branch_id, database=self.database, role=owner)
        except (NotFoundError, ProviderError):
            # Only read-only computes: nobody can be connected to as the owner.
            return None
        return reach_from_uri(uri, user=owner, database=self.database, hosts=hosts)

    def _owner(self, client: NeonClient, project_id: str, branch_id: str) -> str | None:
        """Return the owner of the database on a branch, None if it is not there. What is there is asked for once."""
        if branch_id not in self.owners:
            found = database_called(client, project_id, branch_id, self.database)
            if found is None:
                return None
            self.owners[branch_id] = found.owner_name
        return self.owners[branch_id]


def connection_wish(params: t.Mapping[str, t.Any]) -> BranchConnection | None:
    """Read the options; None if no connection is asked for.

    :raises InputError: if there is no CA file.
    """
    if not params["database"]:
        return None
    return BranchConnection(
        database=params["database"],
        role=params["role"] or None,
        ssl_mode=params["ssl_mode"],
        ca_cert=ca_certificate(params["ca_file"], ssl_mode=params["ssl_mode"]),
        server_major=params["server_major"],
    )
