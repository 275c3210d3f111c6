# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A data plane without servers, for tests of the API alone: hundreds of generated cases, hundreds of branches.

The API above it is the same, so what it refuses, locks and forgets is the same as well. Whatever a client would see in a database is not here.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import pathlib
import typing as t

from . import certificates, server_user
from .errors import DataPlaneError, UnknownBranchError, UnknownEndpointError
from .history import History
from .plane import Copied, DataPlane
from .spec import ComputeSpec
from .sql import Address

#: Where every branch's WAL is said to begin, and how much is said to be written before a branch is copied.
_BEGINNING = 0x1000000
_WRITTEN = 0x100


def _lsn(position: int) -> str:
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


@dataclasses.dataclass
class _Content:
    """What a cluster would hold: roles with a password, and databases with their owners."""

    roles: set[str] = dataclasses.field(default_factory=set)
    owners: dict[str, str] = dataclasses.field(default_factory=dict)

    def copy(self) -> _Content:
        return _Content(set(self.roles), dict(self.owners))


class HollowPlane(DataPlane):
    """Knows which clusters and computes there are, and runs none of them. Nobody can connect."""

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._branches: dict[str, _Content] = {}
        self._running: dict[str, ComputeSpec] = {}
        self._end = _BEGINNING

    async def start(self) -> None:
        """Make the folder and the CA file, nothing else."""
        self._user = server_user.find()
        await asyncio.to_thread(self._folder.open, self._user)
        self._certificates = await asyncio.to_thread(certificates.issue, self._folder.path, self.domain, key_owner=self._user.owner)

    @property
    def port(self) -> int:
        """A port where nothing listens."""
        return 1

    def deviations(self) -> dict[str, str]:
        """Return the known differences to Neon, by a short name."""
        return {"hollow": "There are no servers: nobody can connect.", **super().deviations()}

    def data_folder(self, branch_id: str) -> pathlib.Path:
        """There is none. Raises DataPlaneError."""
        raise DataPlaneError(f"branch {branch_id} has no files in a hollow data plane")

    async def create_cluster(self, branch_id: str, pg_version: int) -> None:
        """Know the branch."""
        self._branches[branch_id] = _Content()

    async def copy_cluster(self, source_branch_id: str, branch_id: str, **how: t.Any) -> Copied:
        """Know the branch; whatever the point in time, it holds what its source holds now. Raises UnknownBranchError without a source."""
        content = self._branches[branch_id] = self._known(source_branch_id).copy()
        # No verifier of a password: the API keeps to the passwords that it knows.
        self._end += _WRITTEN
        return Copied(how.get("lsn") or _lsn(self._end), dict.fromkeys(content.roles, ""), dict(content.owners))

    async def history(self, branch_id: str) -> History:
        """The branch has a history of everything, and no WAL."""
        self._known(branch_id)
        return History(datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC), _lsn(_BEGINNING), _lsn(self._end))

    async def replace_cluster(self, branch_id: str, replacement_id: str, *, keep_as: str | None = None) -> None:
        """Give the branch the other one's content; its own is then branch ``keep_as``, or gone."""
        old = self._known(branch_id)
        self._known(replacement_id)
        self._branches[branch_id] = self._branches.pop(replacement_id)
        if keep_as is not None:
            self._branches[keep_as] = old

    async def drop_cluster(self, branch_id: str) -> None:
        """Forget the branch and its computes."""
        self._known(branch_id)
        del self._branches[branch_id]
        self._running = {key: spec for key, spec in self._running.items() if spec.branch_id != branch_id}

    async def logical_size(self, branch_id: str) -> int:
        """Nothing is stored."""
        self._known(branch_id)
        return 0

    async def wal_position(self, branch_id: str) -> int | None:
        """Nothing is written."""
        self._known(branch_id)
        return 0

    async def start_compute(self, spec: ComputeSpec) -> None:
        """Mark the compute as running."""
        self._known(spec.branch_id)
        self._running[spec.endpoint_id] = spec

    async def stop_compute(self, endpoint_id: str) -> None:
        """Mark the compute as stopped."""
        self._running.pop(endpoint_id, None)

    async def restart(self, endpoint_id: str, spec: ComputeSpec | None = None) -> None:
        """Keep it running. Raises UnknownEndpointError when it does not run."""
        if endpoint_id not in self._running:
            raise UnknownEndpointError(f"endpoint {endpoint_id} has no compute to restart")
        self._running[endpoint_id] = spec or self._running[endpoint_id]

    async def reload(self, spec: ComputeSpec, names: t.Collection[str]) -> None:
        """There is no server that would read its parameters."""

    def compute_running(self, endpoint_id: str) -> bool:
        """Say whether the compute is marked as running."""
        return endpoint_id in self._running

    def client_count(self, endpoint_id: str) -> int:
        """Nobody can connect."""
        return 0

    def last_activity(self, endpoint_id: str) -> float | None:
        """Nobody ever connected."""
        return None

    def sent_bytes(self, endpoint_id: str) -> int:
        """Nobody ever connected."""
        return 0

    async def create_role(self, branch_id: str, name: str, password: str) -> None:
        """Know the role."""
        self._known(branch_id).roles.add(name)

    async def drop_role(self, branch_id: str, name: str) -> None:
        """Forget the role."""
        self._known(branch_id).roles.discard(name)

    async def create_database(self, branch_id: str, name: str, owner: str) -> None:
        """Know the database."""
        self._known(branch_id).owners[name] = owner

    async def alter_database(self, branch_id: str, name: str, *, new_name: str | None = None, new_owner: str | None = None) -> None:
        """Rename the database, give it another owner, or both."""
        owners = self._known(branch_id).owners
        owner = owners.pop(name)
        owners[new_name or name] = new_owner or owner

    async def drop_database(self, branch_id: str, name: str) -> None:
        """Forget the database."""
        self._known(branch_id).owners.pop(name, None)

    async def _sql(self, branch_id: str, purpose: str, work: t.Callable[[Address], None]) -> None:
        self._known(branch_id)

    def _known(self, branch_id: str) -> _Content:
        try:
            return self._branches[branch_id]
        except KeyError:
            raise UnknownBranchError(f"branch {branch_id} has no cluster") from None
