# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A branch's history, and branches of it: a stopped copy of a data folder, the base, and all WAL since then.

The WAL stays in the branch's own pg_wal (``wal_keep_size``), not in an archive: no archiver process and no command for each segment,
nothing that lags behind a commit or that a stopping server has to wait for, and what a killed server wrote is there as well.
A branch shares its source's base, and has second names (hard links) of its source's complete segments: making a branch copies no more
than without a history, and its history outlives its source. A project's first branch has the template as its base.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import pathlib
import time

from . import backup, server_config, sql, trees, wal
from .base import Base
from .cluster import Cluster
from .errors import DataPlaneError
from .server_user import ServerUser
from .sql import Address

# Replaying is limited by the disk, not by a server that hangs.
_REPLAY_SECONDS = 600.0
_NOT_REACHED = "recovery ended before configured recovery target was reached"
# A branch of a source with a longer history gets a base of its own: 1 GB is replayed in seconds.
_LONGEST_SHARED_SEGMENTS = 64


@dataclasses.dataclass(frozen=True)
class Point:
    """A point in a branch's history: a moment of the wall clock (aware), or a position in its WAL; neither for its present state."""

    at: datetime.datetime | None = None
    lsn: str | None = None

    @property
    def is_head(self) -> bool:
        """Whether the present state is meant."""
        return self.at is None and self.lsn is None


@dataclasses.dataclass(frozen=True)
class History:
    """What a branch's history holds: from when (wall clock) and from which LSN on, and its newest LSN."""

    began_at: datetime.datetime
    first_lsn: str
    last_lsn: str


async def keep(cluster: Cluster, user: ServerUser) -> None:
    """See to it that the history of a stopped cluster can be replayed from its beginning, before somebody writes to it.

    Only a cluster that shares no base needs a copy; until now its data folder was what it began with.
    """
    if cluster.base is not None:
        return
    folder = cluster.data.parent
    base = Base(folder.with_name(f"{folder.name}-base"))
    try:
        await asyncio.to_thread(_copy_base, cluster.data, base.data, user)
    except BaseException:
        await asyncio.to_thread(trees.remove, base.data)
        raise
    cluster.base = base


async def forget(cluster: Cluster) -> None:
    """Remove all files of a stopped cluster, and its base when nobody else shares it."""
    base, cluster.base = cluster.base, None
    unused = base is not None and base.release()
    await asyncio.to_thread(cluster.remove)
    if base is not None and unused:
        await asyncio.to_thread(trees.remove, base.data)


async def settle(cluster: Cluster) -> None:
    """Bring a stopped cluster whose server was killed to a clean end, so that its control file tells where its WAL ends."""
    if not (await asyncio.to_thread(wal.read_control, cluster.data)).shut_down:
        await cluster.start(server_config.maintenance_conf(cluster.socket_folder, cluster.access_files, durable=True), port=5432, tcp=False)
        await cluster.stop()


async def begin(cluster: Cluster) -> None:
    """The stopped cluster is what its branch begins with: from here on its history counts."""
    cluster.began_at = time.time()
    cluster.first_position = (await asyncio.to_thread(wal.read_control, cluster.data)).checkpoint


async def describe(cluster: Cluster) -> History:
    """Return what the cluster's history holds. The caller holds its lock; a stopped cluster stays stopped."""
    if cluster.running:
        last = await asyncio.to_thread(_current_position, cluster.address)
    else:
        await settle(cluster)
        last = (await asyncio.to_thread(wal.read_control, cluster.data)).checkpoint
    began_at = datetime.datetime.fromtimestamp(cluster.began_at, tz=datetime.UTC)
    return History(began_at, wal.format_lsn(cluster.first_position), wal.format_lsn(last))


async def fill(source: Cluster, target: Cluster, point: Point, user: ServerUser, major: int, *, with_history: bool) -> str:
    """Fill ``target`` with ``source`` as it was at ``point``; its server is left running, for the data plane only.

    A moment before the beginning of the source's history means that beginning: what lies before is its own source's past.

    :param with_history: whether the WAL of ``source`` may stay in ``target``; what was deleted can still be read there.
    :return: the LSN of ``source`` at which ``target`` begins. Raises DataPlaneError.
    """
    if point.at is not None and point.at.timestamp() < source.began_at:
        point = Point(lsn=wal.format_lsn(source.first_position))
    if not point.is_head and source.base is not None:
        try:
            return await _replay(source, target, point, user, with_history=with_history)
        except DataPlaneError as error:
            if _NOT_REACHED not in str(error):
                raise
            # Nothing was committed after that point: the present state is what was there at that point.
            _unshare(target)
            await asyncio.to_thread(trees.remove, target.data)
    async with source.lock:
        shared = await asyncio.to_thread(_shareable, source) if with_history else None
        await asyncio.to_thread(_copy_head, source, target, user, major, shared)
        _share(shared, target)
    # One run for recovery: what is handed out is complete and stopped cleanly. It need not be durable before.
    conf = server_config.maintenance_conf(target.socket_folder, target.access_files, durable=False, keep_wal=shared is not None)
    await target.start(conf, port=5432, tcp=False)
    # Recovery ends with a checkpoint at the end of what was copied; a cleanly stopped source ended with one.
    return wal.format_lsn((await asyncio.to_thread(wal.read_control, target.data)).checkpoint)


async def _replay(source: Cluster, target: Cluster, point: Point, user: ServerUser, *, with_history: bool) -> str:
    async with source.lock:
        if source.running:
            # Recovery stops before the first record after the point, so there must be one.
            end = await asyncio.to_thread(_mark, source.address)
        else:
            await settle(source)
            end = (await asyncio.to_thread(wal.read_control, source.data)).checkpoint
        timeline = await asyncio.to_thread(_copy_for_replay, source, target, end, user)
        if with_history:
            _share(source.base, target)
    conf = server_config.recovery_conf(
        target.socket_folder, target.access_files, timeline=timeline, at=point.at, lsn=point.lsn, keep_wal=with_history
    )
    await target.start(conf, port=5432, tcp=False, patience=_REPLAY_SECONDS)
    position = await asyncio.to_thread(wal.promoted_at, target.data)
    if position is None:
        raise DataPlaneError(f"branch {target.branch_id}: replaying the WAL of branch {source.branch_id} ended without a timeline of its own")
    return wal.format_lsn(position)


def _share(base: Base | None, target: Cluster) -> None:
    target.base = base.share() if base is not None else None


def _unshare(target: Cluster) -> None:
    # The source shares it as well: it is not the last one.
    if target.base is not None:
        target.base.release()
        target.base = None


def _shareable(source: Cluster) -> Base | None:
    """Return the source's base if a branch may share it: its server keeps all WAL, and replaying that takes seconds at most."""
    if source.base is None:
        return None
    since = wal.segment_of(wal.read_control(source.data).redo) - wal.segment_of(wal.read_control(source.base.data).redo)
    return source.base if since <= _LONGEST_SHARED_SEGMENTS else None


def _copy_base(data: pathlib.Path, base: pathlib.Path, user: ServerUser) -> None:
    backup.copy_stopped(data, base)
    trees.give_to(base, user.owner)


def _copy_head(source: Cluster, target: Cluster, user: ServerUser, major: int, shared: Base | None) -> None:
    first = wal.segment_of(wal.read_control(shared.data).redo) if shared is not None else None
    if source.running:
        backup.copy_running(source.address, source.data, target.data, major, first_segment=first)
    else:
        backup.copy_stopped(source.data, target.data, first_segment=first)
    trees.give_to(target.data, user.owner)


def _copy_for_replay(source: Cluster, target: Cluster, end: int, user: ServerUser) -> int:
    """Make ``target`` the source's base with the source's WAL; return the timeline to follow."""
    if source.base is None:
        raise DataPlaneError(f"branch {source.branch_id}: its history has no beginning to replay from")
    trees.copy_data_folder(source.base.data, target.data)
    first = wal.segment_of(wal.read_control(source.base.data).redo)
    trees.copy_wal(source.data, target.data, first=first, shared_below=wal.segment_of(end))
    (target.data / "recovery.signal").touch()
    trees.give_to(target.data, user.owner)
    return wal.read_control(source.data).timeline


def _mark(address: Address) -> int:
    """Commit a transaction that changes nothing, and return where the WAL ends now."""
    with sql.admin_connection(address) as connection:
        # Neither a customer's asynchronous commit nor a standby that does not answer may be in the way.
        sql.execute(connection, "SET synchronous_commit = local")
        sql.rows(connection, "SELECT pg_catalog.pg_logical_emit_message(true, 'local-neon', '')")
    return _current_position(address)


def _current_position(address: Address) -> int:
    with sql.admin_connection(address) as connection:
        [(text,)] = sql.rows(connection, "SELECT pg_catalog.pg_current_wal_lsn()::text")
    return wal.parse_lsn(text)
