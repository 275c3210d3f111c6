# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A read replica: a standby that streams from its branch's cluster. Every start begins with a copy: like Neon's, it keeps nothing itself."""

from __future__ import annotations

import asyncio

from . import backup, history, server_config, trees
from .certificates import Certificates
from .cluster import Cluster
from .compute import Compute
from .pooler import Pooler
from .server_user import ServerUser
from .spec import ComputeSpec


class Replica(Compute):
    """What serves a read_only endpoint. ``cluster`` is its own standby; ``primary``, whose lock the starter holds, may run or not."""

    def __init__(
        self, spec: ComputeSpec, primary: Cluster, standby: Cluster, pooler: Pooler, certificates: Certificates, user: ServerUser, major: int
    ) -> None:
        super().__init__(spec, standby, pooler, certificates)
        self._primary = primary
        self._user = user
        self._major = major

    @property
    def primary(self) -> Cluster:
        """The branch's cluster."""
        return self._primary

    @property
    def fits(self) -> bool:
        """Whether it can follow its primary as that was started last: a standby must have room for all the primary may do."""
        return all(self.cluster.standby_minimums.get(name, 0) >= minimum for name, minimum in self._primary.standby_minimums.items())

    async def start(self) -> None:
        """Copy the branch's cluster and start the standby on it."""
        if not self._primary.running:
            await history.settle(self._primary)
        await asyncio.to_thread(self._copy)
        await super().start()

    async def stop(self, *, immediate: bool = False) -> None:
        """Stop PgBouncer and the standby, and remove its copy."""
        await super().stop(immediate=immediate)
        await asyncio.to_thread(self.cluster.remove)

    def _conf(self, port: int) -> str:
        return server_config.standby_conf(super()._conf(port), self._primary.standby_minimums, self._primary.socket_folder)

    def _copy(self) -> None:
        if self._primary.running:
            backup.copy_running(self._primary.address, self._primary.data, self.cluster.data, self._major)
        else:
            backup.copy_stopped(self._primary.data, self.cluster.data)
        (self.cluster.data / "standby.signal").touch()
        trees.give_to(self.cluster.data, self._user.owner)
