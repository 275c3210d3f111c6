# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One endpoint's PgBouncer."""

from __future__ import annotations

import asyncio
import os
import pathlib
import resource
import secrets
import signal

from . import server_config
from .certificates import Certificates
from .cluster import Cluster, free_port
from .errors import DataPlaneError
from .processes import Server
from .programs import PgBouncerProgram
from .server_user import ServerUser

_START_SECONDS = 20.0
_ATTEMPTS = 5


class Pooler:
    """A PgBouncer in front of a compute's unix socket. It is started at the first pooled connection and ends with the compute."""

    def __init__(self, folder: pathlib.Path, program: PgBouncerProgram, certificates: Certificates, user: ServerUser) -> None:
        self._folder = folder
        self._program = program
        self._certificates = certificates
        self._user = user
        self._server: Server | None = None
        self._lock = asyncio.Lock()
        self._port = 0

    @property
    def port(self) -> int | None:
        """The TCP port of the running PgBouncer."""
        return self._port if self._server is not None and self._server.alive else None

    @property
    def pid(self) -> int | None:
        """Process id of the running PgBouncer."""
        return self._server.pid if self._server is not None and self._server.alive else None

    async def ensure(self, cluster: Cluster, connections: int) -> int:
        """Start it when it does not run, for a compute with that ``max_connections``, and return its TCP port."""
        async with self._lock:
            if self._server is not None and self._server.alive:
                return self._port
            for _attempt in range(_ATTEMPTS):
                self._server, reason = await self._start(cluster, connections)
                if self._server is not None:
                    return self._port
                # Another program may have taken the port between choosing and binding it.
                if "in use" not in reason:
                    break
            raise DataPlaneError(f"branch {cluster.branch_id}: PgBouncer did not start: {reason}")

    async def noticed_dead(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for the end of a PgBouncer that no longer answers; say whether it has ended."""
        return self._server is None or await self._server.wait(timeout)

    async def stop(self) -> None:
        """End it; its clients' connections drop, as they do when a compute of Neon stops."""
        async with self._lock:
            server, self._server = self._server, None
            if server is not None:
                # The only signal that ends every version at once: since 1.23 SIGTERM and SIGINT wait for clients.
                await server.stop((signal.SIGQUIT, 5.0))

    async def _start(self, cluster: Cluster, connections: int) -> tuple[Server | None, str]:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(self._folder, *self._user.owner)
        self._port = free_port()
        auth_file = self._folder / "userlist.txt"
        # Known to PgBouncer as the look-up's user, the admin could be asked for by a client: with a password nobody knows.
        self._write(auth_file, f'"{server_config.ADMIN_ROLE}" "{secrets.token_hex(32)}"\n')
        ini = self._folder / "pgbouncer.ini"
        content = server_config.pgbouncer_ini(
            port=self._port,
            server_socket_folder=cluster.socket_folder,
            server_port=cluster.address.port,
            auth_file=auth_file,
            certificate=(self._certificates.certificate_file, self._certificates.key_file),
            connections=connections,
            open_files_limit=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            knows_prepared_statements=self._program.knows_prepared_statements,
        )
        self._write(ini, content)
        server = await Server.spawn([self._program.path, str(ini)], self._user, self._folder, "pgbouncer.log", death_signal="KILL")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_SECONDS
        while server.alive and loop.time() < deadline:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            # If the port belonged to another program, PgBouncer would end now.
            if "listening on" in server.log_tail(50) or not await server.wait(0.05):
                return server, ""
        reason = server.log_tail()
        await server.stop((signal.SIGQUIT, 5.0))
        return None, reason

    def _write(self, path: pathlib.Path, content: str) -> None:
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        os.chown(path, *self._user.owner)
