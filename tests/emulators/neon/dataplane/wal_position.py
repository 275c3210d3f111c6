# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a cluster's WAL has come, in bytes since its history began. Blocking where it says so."""

from __future__ import annotations

import pathlib

import psycopg2

from . import sql, wal
from .sql import Address


def running(address: Address) -> int | None:
    """Return the position of a running server, None when it does not answer. Blocking."""
    try:
        with sql.admin_connection(address) as connection:
            [(position,)] = sql.rows(connection, "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint")
    except psycopg2.Error:
        # It has just begun to stop, or serves as a replica: there is nothing to measure.
        return None
    return int(position)


def stopped(data: pathlib.Path) -> int | None:
    """Return the position of a cluster that was stopped cleanly: its last checkpoint. None when there is no such file yet."""
    try:
        return wal.read_control(data).checkpoint
    except FileNotFoundError:
        return None
