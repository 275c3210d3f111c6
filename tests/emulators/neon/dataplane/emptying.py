# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making a copy schema-only: every definition stays, no row of the source can be read. Blocking.

pg_dump is not among the programs of the local Neon, so the copy is emptied in place instead of being filled from a dump.
"""

from __future__ import annotations

import psycopg2.extensions
from psycopg2 import sql as compose

from . import sql
from .sql import Address

_USER_SCHEMA = r"n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"

# A partitioned table is emptied as such, for foreign keys that point to it; not when a partition is a foreign table, because that
# would empty the table on the other server. Its local partitions are ordinary tables and named one by one.
_TABLES = rf"""
    SELECT n.nspname, c.relname, c.relkind = 'r'
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE {_USER_SCHEMA} AND (c.relkind = 'r' OR c.relkind = 'p' AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_partition_tree(c.oid) part JOIN pg_catalog.pg_class leaf ON leaf.oid = part.relid WHERE leaf.relkind = 'f'))
    ORDER BY 1, 2
"""

_OF_KIND = f"""
    SELECT n.nspname, c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE {_USER_SCHEMA} AND c.relkind = %s ORDER BY 1, 2
"""


def empty_cluster(address: Address) -> None:
    """Empty all databases of the running cluster at ``address``, which nobody else is connected to."""
    with sql.admin_connection(address) as connection:
        names = sql.connectable_databases(connection)
    for name in names:
        with sql.admin_connection(address, name) as connection:
            _empty_database(connection)
    with sql.admin_connection(address) as connection:
        # The old rows stand in the WAL as well. The next checkpoint removes the segments up to here (wal_recycle is off).
        sql.rows(connection, "SELECT pg_catalog.pg_switch_wal()")
        sql.execute(connection, "CHECKPOINT")


def _empty_database(connection: psycopg2.extensions.connection) -> None:
    # Neither triggers nor event triggers of the customer may run.
    sql.execute(connection, "SET session_replication_role = replica")
    connection.autocommit = False
    tables = sql.rows(connection, _TABLES)
    if tables:
        names = [compose.SQL("ONLY {}" if plain else "{}").format(compose.Identifier(schema, name)) for schema, name, plain in tables]
        sql.execute(connection, compose.SQL("TRUNCATE TABLE {}").format(compose.SQL(", ").join(names)))
    for schema, name in sql.rows(connection, _OF_KIND, ("S",)):
        sql.execute(connection, compose.SQL("ALTER SEQUENCE {} RESTART").format(compose.Identifier(schema, name)))
    for schema, name in sql.rows(connection, _OF_KIND, ("m",)):
        statement = compose.SQL("REFRESH MATERIALIZED VIEW {} WITH NO DATA").format(compose.Identifier(schema, name))
        sql.execute(connection, statement)
    sql.rows(connection, "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata")
    # ANALYZE keeps the most common values of columns: rows of the source, readable through pg_stats.
    sql.execute(connection, "DELETE FROM pg_catalog.pg_statistic WHERE starelid >= 16384")
    sql.execute(connection, "DELETE FROM pg_catalog.pg_statistic_ext_data")
    connection.commit()
