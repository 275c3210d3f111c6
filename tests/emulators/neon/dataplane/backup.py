# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A consistent copy of a cluster's present state, running or stopped. Blocking."""

from __future__ import annotations

import pathlib
import re

from . import sql, trees, wal
from .errors import DataPlaneError
from .sql import Address

_START = re.compile(r"START WAL LOCATION: ([0-9A-F]+/[0-9A-F]+) ")


def copy_stopped(source: pathlib.Path, target: pathlib.Path, *, first_segment: int | None = None) -> None:
    """Copy the data folder ``source`` of a stopped server to ``target``, with the WAL that its next start needs.

    ``first_segment``: the WAL from there on, if that is more; the older segments are shared (see history.py).
    """
    trees.copy_data_folder(source, target)
    needed = wal.segment_of(wal.read_control(source).redo)
    trees.copy_wal(source, target, first=needed if first_segment is None else first_segment, shared_below=needed)


def copy_running(address: Address, source: pathlib.Path, target: pathlib.Path, major: int, *, first_segment: int | None = None) -> None:
    """Copy the data folder ``source`` of the server at ``address`` to ``target``, ready for recovery.

    Recovery ends at the end of the WAL that is copied last, so all that was committed before this call is in the copy.
    ``first_segment``: the WAL from there on, if that is more than recovery needs; the older segments are shared (see history.py).
    """
    start, stop = (
        ("pg_backup_start(%s, true)", "pg_backup_stop(false)")
        if major >= 15
        else ("pg_start_backup(%s, true, false)", "pg_stop_backup(false, false)")
    )
    with sql.admin_connection(address) as connection:
        sql.rows(connection, f"SELECT pg_catalog.{start}", ("branch",))
        trees.copy_data_folder(source, target)
        [(label,)] = sql.rows(connection, f"SELECT labelfile FROM pg_catalog.{stop}")
        began = _START.match(label)
        if began is None:
            raise DataPlaneError(f"the backup label of {source} does not begin with the start of its WAL")
        # All of it is still there: servers that others may write to keep every segment (see history.py).
        needed = wal.segment_of(wal.parse_lsn(began[1]))
        trees.copy_wal(source, target, first=needed if first_segment is None else first_segment, shared_below=needed)
    (target / "backup_label").write_text(label, encoding="utf-8")
