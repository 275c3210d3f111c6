# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Points in a branch's past, as requests name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..framework.clock import Clock
from ..framework.errors import ApiError
from .dataplane import DataPlaneError
from .dataplane.wal import parse_lsn
from .state import Branch, Project
from .world import World

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Target:
    """A moment (of the emulator's clock), a position in the WAL, or neither for the present state."""

    at: datetime | None = None
    lsn: str | None = None

    @property
    def is_head(self) -> bool:
        """Whether the present state is meant."""
        return self.at is None and self.lsn is None

    def for_data_plane(self, clock: Clock) -> dict[str, Any]:
        """The arguments of the data plane's ``copy_cluster``, which knows the wall clock only."""
        return {"at": clock.at(clock.to_wall(self.at.timestamp())) if self.at else None, "lsn": self.lsn}


HEAD = Target()


def parse_timestamp(text: str, what: str) -> datetime:
    """An RFC 3339 time with its zone, in UTC.

    :param what: what the time is, for the message.
    :raises ApiError: 400.
    """
    try:
        if not _RFC3339.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ApiError(400, f"{what} {text} is no RFC 3339 time with a time zone, for example 2026-02-26T12:00:00Z") from None


async def target_of(world: World, project: Project, source: Branch, *, timestamp: str | None, lsn: str | None) -> Target:
    """The point in the history of ``source`` that a request asks for; empty values ask for none.

    :raises ApiError: 400 if both are given, one is malformed, or the history does not hold it.
    """
    if timestamp and lsn:
        raise ApiError(400, "a timestamp and an LSN cannot be given together")
    if timestamp:
        at = parse_timestamp(timestamp, "the timestamp")
        check_moment(project, source, at, world.clock.now())
        return Target(at=at)
    if lsn:
        return Target(lsn=await _held(world, source, lsn))
    return HEAD


def history_start(project: Project, branch: Branch, now: datetime) -> datetime:
    """The earliest moment of the branch's past that can be asked for."""
    began = branch.history_began_at or branch.created_at
    return max(began, now - timedelta(seconds=project.history_retention_seconds))


def check_moment(project: Project, source: Branch, at: datetime, now: datetime) -> None:
    """Refuse a moment outside of the history.

    The branch's beginning is shown in whole seconds: such a second belongs to the history.

    :raises ApiError: 400.
    """
    shown = at.isoformat()
    if at > now:
        raise ApiError(400, f"the timestamp {shown} is in the future")
    began = source.history_began_at or source.created_at
    if at < began.replace(microsecond=0):
        raise ApiError(400, f"the timestamp {shown} lies before the beginning of the history of branch {source.name}, {began.isoformat()}")
    if at < history_start(project, source, now).replace(microsecond=0):
        raise ApiError(
            400, f"the timestamp {shown} lies outside of the restore window: history is kept for {project.history_retention_seconds} seconds"
        )


async def _held(world: World, source: Branch, lsn: str) -> str:
    try:
        position = parse_lsn(lsn)
    except ValueError as error:
        raise ApiError(400, f"the LSN is malformed: {error}") from None
    try:
        history = await world.data_plane.history(source.id)
    except DataPlaneError as error:
        raise ApiError(500, f"the history of branch {source.name} cannot be read: {error}") from error
    if not parse_lsn(history.first_lsn) <= position <= parse_lsn(history.last_lsn):
        raise ApiError(400, f"the history of branch {source.name} does not hold LSN {lsn}: it goes from {history.first_lsn} to {history.last_lsn}")
    return lsn
