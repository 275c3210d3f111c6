# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The template: a cluster as initdb makes it, with what Neon's platform puts into every project. New projects are copies of it."""

from __future__ import annotations

import asyncio
import pathlib

from . import initdb, roles, server_config, sql
from .cluster import Cluster
from .programs import PostgresPrograms
from .server_user import ServerUser
from .sql import Address


async def make(cluster: Cluster, programs: PostgresPrograms, user: ServerUser, kept_in: pathlib.Path | None) -> None:
    """Fill ``cluster``, whose folders exist, with the template's content. It is left stopped. ``kept_in``: see initdb.py."""
    await initdb.make(cluster, programs, user, kept_in)
    conf = server_config.maintenance_conf(cluster.socket_folder, cluster.access_files, durable=False)
    await cluster.start(conf, port=5432, tcp=False)
    try:
        await asyncio.to_thread(_fill, cluster.address, programs.major)
    finally:
        await cluster.stop()


def _fill(address: Address, major: int) -> None:
    with sql.admin_connection(address) as connection:
        roles.make_neon_superuser(connection, major)
    for database in ("postgres", "template1"):
        with sql.admin_connection(address, database) as connection:
            roles.grant_replication_functions(connection, major)
