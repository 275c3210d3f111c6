# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The serving process: API and data plane until a signal ends it."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from ..framework.contract import CHECKOUT
from ..framework.instance import Instance, InstanceError, InstanceRecord
from ..framework.records import Violation
from . import housekeeping, names
from .app import BASE_PATH, build_app, build_gate, build_world
from .dataplane import DataPlane, HollowPlane
from .dataplane.errors import DataPlaneError
from .postgres_home import postgres_home
from .world import DOMAIN

LOG = logging.getLogger("emulator.serve")
ADDRESS = "127.0.0.1"
# A Unix socket's path has 107 bytes; the data plane needs about 60 below this folder.
LONGEST_TEMPORARY_FOLDER = 30


@dataclass(frozen=True)
class ServeOptions:
    """How to serve.

    :param port: port of the API; 0 for any free one.
    :param pg_port: port of the PostgreSQL proxy; 0 for any free one.
    :param pg_major: PostgreSQL major version.
    :param operation_seconds: how long an operation takes at least.
    :param snapshot_limit: how many manual snapshots a project may have: 100 on the service's paid plans.
    :param strict: answer with an error to what breaks the contract.
    :param hollow: run no servers; see :class:`HollowPlane`.
    :param end_with: process id whose end ends this one too, however it comes about; 0 for none.
    """

    port: int = 0
    pg_port: int = 0
    pg_major: int = 17
    operation_seconds: float = 0.15
    snapshot_limit: int = 100
    strict: bool = True
    end_with: int = 0
    hollow: bool = False


def runtime_folder() -> Path:
    """A name for the data plane's folder: short, unused, not guessable."""
    parent = tempfile.gettempdir()
    return Path(parent if len(parent) <= LONGEST_TEMPORARY_FOLDER else "/tmp") / f"dbinfra-neon-{secrets.token_hex(4)}"


def serve(instance: Instance, options: ServeOptions) -> None:
    """Serve in the foreground until SIGINT or SIGTERM.

    :raises InstanceError: if binaries are missing or the folder is in use.
    """
    home = postgres_home(options.pg_major)
    instance.create_directory()
    with instance.held():
        instance.remove_leftovers()
        record = InstanceRecord(os.getpid(), 0, str(runtime_folder()), False)
        instance.write_record(record)
        asyncio.run(_serve(instance, record, home, options))
        instance.forget()  # not after an error: the record leads `stop` to what is left


async def _serve(instance: Instance, record: InstanceRecord, home: Path, options: ServeOptions) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if options.end_with:
        _watch(options.end_with, stop)
    try:
        listener = socket.create_server((ADDRESS, options.port))
    except OSError as error:
        raise InstanceError(f"cannot listen on {ADDRESS} port {options.port}: {error.strerror}") from error
    api_key = names.api_key()
    gate = build_gate(api_key, strict=options.strict)

    async def wake(endpoint_id: str) -> None:
        await world.computes.wake(endpoint_id)

    def died(task: asyncio.Task[None]) -> None:
        """A background task never ends by itself: whatever ended it is a fault of the emulator, for tests to fail on."""
        if not task.cancelled():
            LOG.error("background task %s ended", task.get_name(), exc_info=task.exception())
            gate.records.violations.append(Violation("emulator", "", task.get_name(), [f"background task ended: {task.exception()!r}"]))

    data_plane = (HollowPlane if options.hollow else DataPlane)(
        Path(record.runtime_dir),
        home,
        port=options.pg_port,
        domain=DOMAIN,
        wake=wake,
        admit=lambda endpoint_id, address: world.computes.admission(endpoint_id, address),
        cache=CHECKOUT / ".cache",
    )
    world = build_world(
        gate, data_plane, pg_versions=(options.pg_major,), operation_seconds=options.operation_seconds, snapshot_limit=options.snapshot_limit
    )
    runner = web.AppRunner(build_app(gate, world), access_log=None, shutdown_timeout=2.0)
    background: list[asyncio.Task[None]] = []
    try:
        try:
            await data_plane.start()
        except DataPlaneError as error:
            raise InstanceError(str(error)) from error
        await runner.setup()
        await web.SockSite(runner, listener).start()
        port = listener.getsockname()[1]
        background.append(asyncio.create_task(world.computes.suspend_idle_forever(), name="suspend idle computes"))
        background.append(asyncio.create_task(housekeeping.keep_house(world), name="housekeeping"))
        for task in background:
            task.add_done_callback(died)
        host = f"http://{ADDRESS}:{port}{BASE_PATH}"
        instance.write_env({"NEON_API_HOST": host, "NEON_API_KEY": api_key, "PGSSLROOTCERT": str(data_plane.ca_file)})
        instance.write_record(InstanceRecord(record.pid, port, record.runtime_dir, True))
        LOG.info("the local Neon serves %s; PostgreSQL on port %s; contract validation %s", host, data_plane.port, gate.contract_state())
        await stop.wait()
        LOG.info("stopping")
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await runner.cleanup()
        await world.operations.close()
        await data_plane.stop()
        listener.close()


def _watch(pid: int, stop: asyncio.Event) -> None:
    """Set ``stop`` when process ``pid`` ends, or at once if it has ended already."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        stop.set()
        return
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        LOG.info("process %s has ended", pid)
        stop.set()

    loop.add_reader(descriptor, ended)
