# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot, and a branch as far as snapshots have to do with it."""

from __future__ import annotations

import dataclasses
import typing as t

from .answers import optional, required

#: Snapshots carry no annotation, so those of this collection are known by the beginning of their name.
OUR_PREFIX: t.Final = "dbinfra-"


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A snapshot. Times are as Neon writes them; None means that the answer does not say it.

    :param manual: False for one that a schedule made.
    :param full_size: bytes of data in it. None while Neon has not measured it yet.
    """

    id: str
    name: str
    source_branch_id: str | None
    lsn: str | None
    timestamp: str | None
    created_at: str | None
    expires_at: str | None
    manual: bool | None
    full_size: int | None


@dataclasses.dataclass(frozen=True)
class SnapshotBranch:
    """A branch that a snapshot is taken of, restored to, or restored over.

    :param restored_from: the snapshot that it was restored from.
    :param restored_as: the branch that it replaced, or is to replace.
    :param restore_status: Neon's word: ``restored`` until it has replaced a branch, ``finalized`` from then on, in between ``detaching``.
    """

    id: str
    name: str
    parent_id: str | None = None
    restored_from: str | None = None
    restored_as: str | None = None
    restore_status: str | None = None


def snapshot_from(data: t.Any) -> Snapshot:
    """Read a snapshot."""
    where = f"snapshot {data.get('name') or data.get('id')!r}" if isinstance(data, dict) else "a snapshot"
    return Snapshot(
        id=required(data, "id", str, where),
        name=required(data, "name", str, where),
        source_branch_id=optional(data, "source_branch_id", str, where),
        lsn=optional(data, "lsn", str, where),
        timestamp=optional(data, "timestamp", str, where),
        created_at=optional(data, "created_at", str, where),
        expires_at=optional(data, "expires_at", str, where),
        manual=optional(data, "manual", bool, where),
        full_size=optional(data, "full_size", int, where),
    )


def snapshot_branch_from(data: t.Any) -> SnapshotBranch:
    """Read a branch."""
    where = f"branch {data.get('name') or data.get('id')!r}" if isinstance(data, dict) else "a branch"
    return SnapshotBranch(
        id=required(data, "id", str, where),
        name=required(data, "name", str, where),
        parent_id=optional(data, "parent_id", str, where),
        restored_from=optional(data, "restored_from", str, where),
        restored_as=optional(data, "restored_as", str, where),
        restore_status=optional(data, "restore_status", str, where),
    )
