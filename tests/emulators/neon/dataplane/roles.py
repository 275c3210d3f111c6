# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles and databases as Neon's platform makes them: through its API, as its own superuser. Blocking.

What the API makes is a member of neon_superuser and no superuser. Roles made by customers in SQL have nothing of this.
"""

from __future__ import annotations

import typing as t

import psycopg2.extensions
from psycopg2 import sql as compose

from . import sql
from .server_config import ADMIN_ROLE
from .sql import Address

#: The role every API-made role is a member of.
NEON_SUPERUSER = "neon_superuser"

Connection = psycopg2.extensions.connection


def make_neon_superuser(connection: Connection, major: int) -> None:
    """Make the group role ``neon_superuser``, with the attributes and memberships that dumps of Neon's servers show."""
    group = compose.Identifier(NEON_SUPERUSER)
    sql.execute(
        connection,
        compose.SQL("CREATE ROLE {} NOLOGIN CREATEDB CREATEROLE REPLICATION BYPASSRLS IN ROLE pg_read_all_data, pg_write_all_data").format(group),
    )
    sql.execute(connection, compose.SQL("GRANT pg_monitor, pg_signal_backend TO {} WITH ADMIN OPTION").format(group))
    if major >= 16:
        sql.execute(connection, compose.SQL("GRANT pg_create_subscription TO {}").format(group))


def grant_replication_functions(connection: Connection, major: int) -> None:
    """Let ``neon_superuser`` run, in this database, the functions that logical replication needs."""
    functions = ["pg_show_replication_origin_status()"]
    if major >= 16:
        functions += ["pg_export_snapshot()", "pg_log_standby_snapshot()"]
    for function in functions:
        sql.execute(connection, f"GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO {NEON_SUPERUSER}")


def verifier(connection: Connection, name: str, password: str) -> str:
    """Return the SCRAM verifier of ``password``: statements carry this, never the password itself."""
    return psycopg2.extensions.encrypt_password(password, name, scope=connection, algorithm="scram-sha-256")


def create_role(connection: Connection, name: str, password: str) -> None:
    """Make a role as the API does."""
    sql.execute(
        connection,
        compose.SQL("CREATE ROLE {} LOGIN INHERIT CREATEROLE CREATEDB BYPASSRLS REPLICATION IN ROLE {} PASSWORD {}").format(
            compose.Identifier(name), compose.Identifier(NEON_SUPERUSER), compose.Literal(verifier(connection, name, password))
        ),
    )


def set_password(connection: Connection, name: str, password: str) -> None:
    """Give a role a new password."""
    sql.execute(
        connection,
        compose.SQL("ALTER ROLE {} PASSWORD {}").format(compose.Identifier(name), compose.Literal(verifier(connection, name, password))),
    )


def owned_databases(connection: Connection) -> list[tuple[str, str]]:
    """Return (database, owner) of all databases that accept connections."""
    return t.cast(
        "list[tuple[str, str]]",
        sql.rows(connection, "SELECT datname, pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datallowconn ORDER BY datname"),
    )


def catalog(address: Address) -> tuple[dict[str, str], dict[str, str]]:
    """Return the password verifier of every role that has one, and the owner of every database."""
    with sql.admin_connection(address) as connection:
        verifiers = sql.rows(connection, "SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolpassword IS NOT NULL ORDER BY oid")
        return dict(t.cast("list[tuple[str, str]]", verifiers)), dict(owned_databases(connection))


def release_role(connection: Connection, name: str, successor: str) -> None:
    """Give what ``name`` owns in this database to ``successor`` and take away its privileges, so that it can be dropped."""
    role = compose.Identifier(name)
    if successor != name:
        sql.execute(connection, compose.SQL("REASSIGN OWNED BY {} TO {}").format(role, compose.Identifier(successor)))
    sql.execute(connection, compose.SQL("DROP OWNED BY {}").format(role))


def drop_role(connection: Connection, name: str) -> None:
    """Drop a role that owns nothing and holds no privilege any more."""
    sql.execute(connection, compose.SQL("DROP ROLE {}").format(compose.Identifier(name)))


def create_database(connection: Connection, name: str, owner: str) -> None:
    """Make a database as the API does: neon_superuser may do everything in it."""
    database = compose.Identifier(name)
    sql.execute(connection, compose.SQL("CREATE DATABASE {} OWNER {}").format(database, compose.Identifier(owner)))
    sql.execute(connection, compose.SQL("GRANT ALL PRIVILEGES ON DATABASE {} TO {}").format(database, compose.Identifier(NEON_SUPERUSER)))


def settle_public_schema(connection: Connection, owner: str) -> None:
    """Give the schema public to the database's owner where the platform owns it (before PostgreSQL 15), and set default privileges."""
    admin_owns = sql.rows(
        connection,
        "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'public' AND pg_catalog.pg_get_userbyid(nspowner) = %s",
        (ADMIN_ROLE,),
    )
    if admin_owns:
        sql.execute(connection, compose.SQL("ALTER SCHEMA public OWNER TO {}").format(compose.Identifier(owner)))
    for kind in ("TABLES", "SEQUENCES"):
        sql.execute(
            connection,
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {kind} TO {NEON_SUPERUSER} WITH GRANT OPTION",
        )


def alter_database(connection: Connection, name: str, new_name: str | None, new_owner: str | None) -> None:
    """Give a database another owner, another name, or both. Renaming ends the sessions of that database, which it needs to."""
    if new_owner is not None:
        statement = compose.SQL("ALTER DATABASE {} OWNER TO {}")
        sql.execute(connection, statement.format(compose.Identifier(name), compose.Identifier(new_owner)))
    if new_name is not None and new_name != name:
        sql.rows(
            connection,
            "SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE datname = %s AND pid <> pg_catalog.pg_backend_pid()",
            (name,),
        )
        statement = compose.SQL("ALTER DATABASE {} RENAME TO {}")
        sql.execute(connection, statement.format(compose.Identifier(name), compose.Identifier(new_name)))


def drop_database(connection: Connection, name: str) -> None:
    """Drop a database and end its sessions."""
    database = compose.Identifier(name)
    sql.execute(connection, compose.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(database))
    sql.execute(connection, compose.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
