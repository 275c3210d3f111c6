# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server parameters that follow from a compute's size. Pure functions.

The formulas are the ones Neon documents for its computes ("Postgres parameters that differ by compute size"). The vendor's table
says 4000 connections from 9 CU on while its own formula gives 3776; here the formula decides.
"""

from __future__ import annotations

import math

#: Connection slots that Neon keeps back for its own superuser, whatever the size.
SUPERUSER_RESERVED_CONNECTIONS = 7

#: Clients that one PgBouncer of Neon accepts.
MAX_CLIENT_CONNECTIONS = 10_000

_CONNECTIONS_PER_CU = 419.66
_RAM_BYTES_PER_CU = 4 * 1024**3


def compute_size(min_cu: float, max_cu: float) -> float:
    """Return the size in CU from which Neon derives connection limits: the maximum, but at most eight times the minimum."""
    return min(max_cu, 8 * min_cu)


def max_connections(min_cu: float, max_cu: float) -> int:
    """Return ``max_connections`` of a compute that scales between ``min_cu`` and ``max_cu``."""
    return max(100, min(4000, math.floor(compute_size(min_cu, max_cu) * _CONNECTIONS_PER_CU)))


def max_worker_processes(max_cu: float) -> int:
    """Return ``max_worker_processes``."""
    return 12 + math.floor(2 * max_cu)


def maintenance_work_mem_kb(min_cu: float) -> int:
    """Return ``maintenance_work_mem`` in kB."""
    return max(math.floor(min_cu * _RAM_BYTES_PER_CU * 1024 / 63_963_136), 65_536)


def default_pool_size(connections: int) -> int:
    """Return PgBouncer's pool size per user and database: nine tenths of ``max_connections``."""
    return connections * 9 // 10


def max_client_connections(open_files_limit: int, connections: int) -> int:
    """Return how many clients PgBouncer can accept with that many file descriptors.

    Neon's value is 10000. Every client and every server connection is one descriptor, and PgBouncer needs some of its own.
    """
    return max(100, min(MAX_CLIENT_CONNECTIONS, open_files_limit - connections - 100))
