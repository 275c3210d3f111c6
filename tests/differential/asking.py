# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks a real server what it thinks of a value: whether it takes it, and how it shows it afterwards.

What a session may change is asked by SET LOCAL in a transaction of its own. What belongs to the whole server or to the begin of a
session refuses SET; there ALTER SYSTEM gives the verdict and ``postgres -C`` reads back what a server that starts now would have.
"""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import typing as t

import psycopg2
import psycopg2.extensions
import psycopg2.sql
from postgres_server import SUPERUSER_PASSWORD, PostgresServer

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Catalogue, Parameter, live_catalogue

#: Parameters of sessions that are asked like those of the whole server: they would end the session or the question, or pg_settings shows
#: what the session's socket has instead of what was set.
_NOT_IN_SESSION = (
    "exit_on_error",
    "statement_timeout",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "transaction_timeout",
)

_CATALOGUE = """
SELECT name, setting, vartype, unit, context, min_val, max_val, enumvals, boot_val, source, pending_restart
FROM pg_catalog.pg_settings ORDER BY lower(name)
"""


@dataclasses.dataclass(frozen=True)
class Answer:
    """:param text: the value as pg_settings shows it, None if the server refuses it; ``refusal`` then holds its words."""

    text: str | None
    refusal: str = ""


class Asker:
    """One session of a superuser on a running server."""

    def __init__(self, server: PostgresServer, major: int) -> None:
        self.major = major
        self._server = server
        self._connection = self._connect()
        rows = self._dicts(_CATALOGUE)
        self.catalogue: Catalogue = live_catalogue(major, rows)
        self.parameters: list[Parameter] = [self.catalogue.find(row["name"]) for row in rows]
        self.questions = 0

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def by_session(self, parameter: Parameter) -> bool:
        """Return whether a session is asked."""
        return parameter.context in ("user", "superuser") and parameter.name not in _NOT_IN_SESSION

    def ask(self, parameter: Parameter, arguments: t.Sequence[str]) -> Answer:
        """Return what the server makes of ``name TO argument, ...``."""
        self.questions += 1
        statement = psycopg2.sql.SQL("{} TO {}").format(
            psycopg2.sql.SQL(".").join(psycopg2.sql.Identifier(part) for part in parameter.name.split(".")),
            psycopg2.sql.SQL(", ").join(psycopg2.sql.Literal(argument) for argument in arguments),
        )
        if self.by_session(parameter):
            return self._in_session(parameter, psycopg2.sql.SQL("SET LOCAL {}").format(statement))
        refusal = self._refusal(psycopg2.sql.SQL("ALTER SYSTEM SET {}").format(statement))
        if refusal:
            return Answer(None, refusal)
        try:
            return self._at_start(parameter)
        finally:
            name = psycopg2.sql.SQL(".").join(psycopg2.sql.Identifier(part) for part in parameter.name.split("."))
            assert not self._refusal(psycopg2.sql.SQL("ALTER SYSTEM RESET {}").format(name))

    def ask_line(self, parameter: Parameter, text: str) -> Answer:
        """Return what the server makes of a whole list in one text, as a line of postgresql.conf holds it: no SET can say that."""
        self.questions += 1
        if self.by_session(parameter):
            call = psycopg2.sql.SQL("SELECT set_config({}, {}, true)").format(psycopg2.sql.Literal(parameter.name), psycopg2.sql.Literal(text))
            return self._in_session(parameter, call)
        return self._at_start(parameter, "-c", f"{parameter.name}={text}")

    def refuses_system(self, parameter: Parameter) -> str:
        """Return why ALTER SYSTEM may not set a parameter at all, an empty text if it may."""
        name = psycopg2.sql.SQL(".").join(psycopg2.sql.Identifier(part) for part in parameter.name.split("."))
        return self._refusal(psycopg2.sql.SQL("ALTER SYSTEM RESET {}").format(name))

    def _connect(self) -> t.Any:
        connection = psycopg2.connect(**self._server.parameters("cloud_admin", SUPERUSER_PASSWORD, "postgres"))
        connection.autocommit = True
        return connection

    def _dicts(self, query: str) -> list[dict[str, t.Any]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            columns = [column[0] for column in cursor.description]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def _in_session(self, parameter: Parameter, change: psycopg2.sql.Composable) -> Answer:
        # Two statements in one message are one transaction, which ends before the answer arrives: nothing stays set.
        look = psycopg2.sql.SQL("; SELECT setting FROM pg_catalog.pg_settings WHERE name = {}").format(psycopg2.sql.Literal(parameter.name))
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(change + look)
                return Answer(cursor.fetchone()[0])
            except psycopg2.Error as error:
                refusal = str(error).strip()
        assert not self._connection.closed, f"{parameter.name} ended the session: {refusal}"
        return Answer(None, refusal)

    def _refusal(self, statement: psycopg2.sql.Composable) -> str:
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                return str(error).strip()
        return ""

    def _at_start(self, parameter: Parameter, *options: str) -> Answer:
        done = subprocess.run(
            self._server.as_user(
                [str(self._server.home / "bin" / "postgres"), "-D", str(self._server.folder / "data"), *options, "-C", parameter.name]
            ),
            capture_output=True,
            check=False,
            # Paths are shown as this folder's.
            cwd="/",
        )
        if done.returncode:
            return Answer(None, done.stderr.decode("utf-8", "replace").strip())
        return Answer(done.stdout.decode("utf-8", "replace").removesuffix("\n"))


@contextlib.contextmanager
def asker(server: PostgresServer, major: int) -> t.Iterator[Asker]:
    """Hand out a session for the time of a ``with`` block."""
    asking = Asker(server, major)
    try:
        yield asking
    finally:
        asking.close()
