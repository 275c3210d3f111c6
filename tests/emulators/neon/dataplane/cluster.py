# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One branch: a data folder, and the server that runs on it at times."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import signal
import socket

from . import orphans, server_config, server_user, shared_memory, trees
from .base import Base
from .errors import DataPlaneError
from .processes import Server
from .programs import PostgresPrograms
from .server_user import ServerUser
from .sql import Address

_START_SECONDS = 60.0
_POLL_SECONDS = 0.01


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """The PostgreSQL cluster of one branch. Whoever starts or stops it holds ``lock``."""

    def __init__(self, branch_id: str, folder: pathlib.Path, socket_folder: pathlib.Path, programs: PostgresPrograms, user: ServerUser) -> None:
        self.branch_id = branch_id
        self.lock = asyncio.Lock()
        #: What the history is replayed from; None while the data folder itself still is what it began with.
        self.base: Base | None = None
        #: When the history begins, in seconds since 1970, and where in the WAL.
        self.began_at = 0.0
        self.first_position = 0
        #: What a standby needs at least, as of the last start.
        self.standby_minimums: dict[str, int] = {}
        self._folder = folder
        self._socket_folder = socket_folder
        self._programs = programs
        self._user = user
        self._server: Server | None = None
        self._port = 0

    @property
    def data(self) -> pathlib.Path:
        """The data folder."""
        return self._folder / "data"

    @property
    def socket_folder(self) -> pathlib.Path:
        """Where the server's unix socket is."""
        return self._socket_folder

    @property
    def access_files(self) -> tuple[pathlib.Path, pathlib.Path]:
        """Paths of pg_hba.conf and pg_ident.conf; they are outside of the data folder, so no copy inherits them."""
        return self._folder / "pg_hba.conf", self._folder / "pg_ident.conf"

    @property
    def address(self) -> Address:
        """Where the running server listens for the admin."""
        return Address(self._socket_folder, self._port)

    @property
    def running(self) -> bool:
        """Whether a server runs, as far as noticed."""
        return self._server is not None and self._server.alive

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        return self._server.pid if self._server is not None and self._server.alive else None

    def prepare_folders(self) -> None:
        """Make the folders around the data folder."""
        for folder in (self._folder, self._socket_folder):
            folder.mkdir(mode=0o700, parents=True)
            os.chown(folder, *self._user.owner)

    async def start(self, conf: str, *, port: int, tcp: bool, patience: float = _START_SECONDS) -> None:
        """Start the server with this configuration and wait, at most ``patience`` seconds, until it accepts connections.

        Raises DataPlaneError with the end of its log when it does not start.
        """
        if self.running:
            raise DataPlaneError(f"branch {self.branch_id}: its server runs already")
        self._server = None
        hba_file, ident_file = self.access_files
        self._write(hba_file, server_config.hba(tcp=tcp))
        # The admin is this process, and PgBouncer, which runs as the server user and looks passwords up.
        self._write(ident_file, server_config.ident({server_user.own_name(), self._user.name}))
        conf_file = self._write_conf(conf)
        argv = [self._programs.postgres, "-D", str(self.data), "-c", f"config_file={conf_file}"]
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while True:
            # SIGQUIT: an immediate shutdown ends the backends and gives back the shared memory, too, which SIGKILL would not.
            server = await Server.spawn(argv, self._user, self._folder, "postgres.log", death_signal="QUIT")
            self._server, self._port = server, port
            if await self._ready(server, deadline):
                self.standby_minimums = server_config.standby_minimums(conf)
                self._link_socket(port)
                return
            # A server that ends says why some lines before its last.
            reason = server.log_tail(10)
            await server.stop((signal.SIGQUIT, 5.0))
            self._server = None
            # Backends of a killed server go on until they notice; PostgreSQL refuses to start beside them.
            if "is still in use" in reason and loop.time() < deadline:
                await asyncio.to_thread(orphans.end, self.data)
                continue
            raise DataPlaneError(f"branch {self.branch_id}: PostgreSQL did not start: {reason}")

    def reload(self, conf: str) -> None:
        """Let the running server read this configuration; what needs a restart waits for the next start."""
        self._write_conf(conf)
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):  # it died a moment ago: the next start reads the file
                os.kill(self.pid, signal.SIGHUP)

    async def stop(self, *, immediate: bool = False) -> None:
        """Stop the server if it runs: fast with a checkpoint, or ``immediate``, as in a crash."""
        server, self._server = self._server, None
        if server is None:
            return
        if immediate:
            await server.stop((signal.SIGQUIT, 10.0))
        else:
            await server.stop((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))

    def remove(self) -> None:
        """Remove all files of the stopped cluster. Blocking."""
        orphans.end(self._folder)
        shared_memory.release(self.data)
        trees.remove(self._folder)
        trees.remove(self._socket_folder)

    async def noticed_dead(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for the end of a server that no longer answers; say whether it has ended."""
        return self._server is None or await self._server.wait(timeout)

    def _write_conf(self, conf: str) -> pathlib.Path:
        path = self._folder / "postgresql.conf"
        self._write(path, conf)
        return path

    def _write(self, path: pathlib.Path, content: str) -> None:
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        os.chown(path, *self._user.owner)

    def _link_socket(self, port: int) -> None:
        """Give the server's socket a second name that its standbys know, whatever the port is."""
        link = self._socket_folder / f".s.PGSQL.{server_config.STABLE_PORT}"
        link.unlink(missing_ok=True)
        link.symlink_to(f".s.PGSQL.{port}")

    async def _ready(self, server: Server, deadline: float) -> bool:
        loop = asyncio.get_running_loop()
        while server.alive and loop.time() < deadline:
            if _status(self.data, server.pid) == "ready":
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False


def _status(data: pathlib.Path, pid: int) -> str:
    """Return the status that the server ``pid`` has written into its lock file (its eighth line; see miscadmin.h), or nothing."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ""
    if len(lines) < 8 or lines[0].strip() != str(pid):
        return ""
    return lines[7].strip()
