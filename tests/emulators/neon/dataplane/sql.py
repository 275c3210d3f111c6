# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL as the platform's own superuser, through the unix socket. Blocking: call it in a thread."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import typing as t

import psycopg2
import psycopg2.extensions

from .server_config import ADMIN_ROLE


@dataclasses.dataclass(frozen=True)
class Address:
    """Where a running cluster listens for its admin."""

    socket_folder: pathlib.Path
    port: int


@contextlib.contextmanager
def admin_connection(address: Address, database: str = "postgres") -> t.Iterator[psycopg2.extensions.connection]:
    """Connect as the admin, in autocommit mode; the connection is closed at the end of the block.

    What the platform does is not counted in pg_stat_statements, which customers read.
    """
    connection = psycopg2.connect(
        host=str(address.socket_folder),
        port=address.port,
        user=ADMIN_ROLE,
        dbname=database,
        application_name="local Neon",
        options="-c pg_stat_statements.track=none",
        connect_timeout=10,
        gssencmode="disable",
        sslmode="disable",
    )
    try:
        connection.autocommit = True
        yield connection
    finally:
        connection.close()


def rows(connection: psycopg2.extensions.connection, statement: t.Any, parameters: t.Sequence[t.Any] = ()) -> list[tuple[t.Any, ...]]:
    """Run one query and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall()


def execute(connection: psycopg2.extensions.connection, statement: t.Any, parameters: t.Sequence[t.Any] = ()) -> None:
    """Run one statement that returns nothing."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


def connectable_databases(connection: psycopg2.extensions.connection) -> list[str]:
    """Return the names of all databases that accept connections, template1 included."""
    return [name for (name,) in rows(connection, "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn ORDER BY datname")]
