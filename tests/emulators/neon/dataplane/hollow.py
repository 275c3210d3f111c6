# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A data plane without servers, for tests of the API alone: hundreds of generated cases, hundreds of branches.

The API above it is the same, so what it refuses, locks and forgets is the same as well. Whatever a client would see in a database is not here.
"""

from __future__ import annotations

import asyncio
import pathlib
import typing as t

from . import certificates, server_user
from .errors import DataPlaneError, UnknownBranchError, UnknownEndpointError
from .plane import DataPlane
from .spec import ComputeSpec
from .sql import Address


class HollowPlane(DataPlane):
    """Knows which clusters and computes there are, and runs none of them. Nobody can connect."""

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._branches: set[str] = set()
        self._running: dict[str, ComputeSpec] = {}

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
        self._branches.add(branch_id)

    async def copy_cluster(self, source_branch_id: str, branch_id: str, **how: t.Any) -> None:
        """Know the branch. Raises UnknownBranchError if there is no such source."""
        self._known(source_branch_id)
        self._branches.add(branch_id)

    async def drop_cluster(self, branch_id: str) -> None:
        """Forget the branch and its computes."""
        self._known(branch_id)
        self._branches.discard(branch_id)
        self._running = {key: spec for key, spec in self._running.items() if spec.branch_id != branch_id}

    async def logical_size(self, branch_id: str) -> int:
        """Nothing is stored."""
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

    def compute_running(self, endpoint_id: str) -> bool:
        """Say whether the compute is marked as running."""
        return endpoint_id in self._running

    def client_count(self, endpoint_id: str) -> int:
        """Nobody can connect."""
        return 0

    def last_activity(self, endpoint_id: str) -> float | None:
        """Nobody ever connected."""
        return None

    async def _sql(self, branch_id: str, purpose: str, work: t.Callable[[Address], None]) -> None:
        self._known(branch_id)

    def _known(self, branch_id: str) -> None:
        if branch_id not in self._branches:
            raise UnknownBranchError(f"branch {branch_id} has no cluster")
