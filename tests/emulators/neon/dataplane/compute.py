# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One running compute: an endpoint's server and its PgBouncer."""

from __future__ import annotations

import asyncio
import dataclasses
import typing as t

from . import server_config, sizing
from .certificates import Certificates
from .cluster import Cluster, free_port
from .errors import DataPlaneError
from .pooler import Pooler
from .spec import ComputeSpec

_ATTEMPTS = 5


class Compute:
    """What serves one endpoint. Whoever starts or stops it holds the cluster's lock."""

    def __init__(self, spec: ComputeSpec, cluster: Cluster, pooler: Pooler, certificates: Certificates) -> None:
        self.spec = spec
        self.cluster = cluster
        self.pooler = pooler
        self._certificates = certificates

    @property
    def primary(self) -> Cluster:
        """The branch's cluster that this compute serves."""
        return self.cluster

    @property
    def running(self) -> bool:
        """Whether the server runs, as far as noticed."""
        return self.cluster.running

    @property
    def connections(self) -> int:
        """``max_connections`` of this compute."""
        return sizing.max_connections(self.spec.min_cu, self.spec.max_cu)

    async def start(self) -> None:
        """Start the server; PgBouncer follows with the first pooled connection."""
        for attempt in range(1, _ATTEMPTS + 1):
            port = free_port()
            try:
                await self.cluster.start(self._conf(port), port=port, tcp=True)
            except DataPlaneError as error:
                # Another program may have taken the port between choosing and binding it.
                if attempt < _ATTEMPTS and "Address already in use" in str(error):
                    continue
                raise
            return

    def _conf(self, port: int) -> str:
        files = (self._certificates.certificate_file, self._certificates.key_file)
        return server_config.compute_conf(self.spec, self.cluster.socket_folder, port, self.cluster.access_files, files)

    def reload(self, changes: t.Mapping[str, t.Any]) -> None:
        """Change parameters of the running server that need no restart; None takes one back to its default."""
        settings = {**self.spec.pg_settings, **changes}
        self.spec = dataclasses.replace(self.spec, pg_settings={name: value for name, value in settings.items() if value is not None})
        self.cluster.reload(self._conf(self.cluster.address.port))

    async def stop(self, *, immediate: bool = False) -> None:
        """Stop PgBouncer, then the server."""
        await self.pooler.stop()
        await self.cluster.stop(immediate=immediate)

    async def port(self, *, pooled: bool) -> int:
        """Return the TCP port for direct or pooled connections; PgBouncer is started if need be."""
        if pooled:
            return await self.pooler.ensure(self.cluster, self.connections)
        return self.cluster.address.port

    async def failed(self, *, pooled: bool) -> None:
        """A port did not answer: give its process a moment to be noticed as dead."""
        if not await (self.pooler.noticed_dead(1.0) if pooled else self.cluster.noticed_dead(1.0)):
            await asyncio.sleep(0.05)
