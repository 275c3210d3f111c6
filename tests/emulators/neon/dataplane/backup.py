# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A consistent copy of a running cluster: a base backup by PostgreSQL's low-level API, and its WAL. Blocking."""

from __future__ import annotations

import pathlib

from . import sql, trees
from .sql import Address


def copy_running(address: Address, source: pathlib.Path, target: pathlib.Path, major: int) -> None:
    """Copy the data folder ``source`` of the server at ``address`` to ``target``, ready for recovery.

    Recovery ends at the end of the WAL that is copied last, so all that was committed before this call is in the copy.
    """
    start, stop = (
        ("pg_backup_start(%s, true)", "pg_backup_stop(false)")
        if major >= 15
        else ("pg_start_backup(%s, true, false)", "pg_stop_backup(false, false)")
    )
    with sql.admin_connection(address) as connection:
        # The slot keeps the server from removing WAL until this connection ends.
        sql.rows(connection, "SELECT pg_catalog.pg_create_physical_replication_slot(%s, true, true)", (f"copy_{connection.get_backend_pid()}",))
        sql.rows(connection, f"SELECT pg_catalog.{start}", ("branch",))
        trees.copy_data_folder(source, target, wal=False)
        [(label,)] = sql.rows(connection, f"SELECT labelfile FROM pg_catalog.{stop}")
        trees.copy_wal(source, target)
    (target / "backup_label").write_text(label, encoding="utf-8")
