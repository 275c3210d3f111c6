# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only file that talks to PostgreSQL, by psycopg2 (2.9.5, as in Debian 12, or newer)."""

from __future__ import annotations

import contextlib
import dataclasses
import locale
import os
import socket
import typing as t

from .._core.errors import DbinfraError, InputError, ServerError, UnreachableError
from .connect_errors import AFTER_AUTHENTICATION, ConnectFailure, classify, connect_error
from .login import Login
from .statement import Identifier, Keywords, Literal, Part, Password, Routine, Several, Statement

try:
    import psycopg2
    import psycopg2.extensions
    import psycopg2.extras
    from psycopg2 import sql
except ImportError as error:
    PSYCOPG2_PROBLEM: str | None = str(error)
else:
    PSYCOPG2_PROBLEM = None

#: How long a change waits for a lock before it gives up: long enough for short transactions, short enough for a scheduled run.
LOCK_TIMEOUT = "30s"

_EXPLANATIONS: dict[str, tuple[str, str]] = {
    "42501": ("the login user lacks the right to do this", "Log in as the role that made the object, or as one with ADMIN OPTION on it"),
    "55P03": (f"another session held the lock for more than {LOCK_TIMEOUT}", "Find it in pg_locks and pg_stat_activity, end it, and run again"),
    "25006": ("the server is a standby or read-only", "Connect to the primary"),
    "40001": ("another session changed the same object at the same time", "Run again"),
    "XX000": ("another session may have changed the same object at the same time", "Run again"),
    "57014": ("somebody cancelled it, as pg_cancel_backend() does; this session has no statement_timeout", "Run again"),
}

#: What says of a trial that it came to no verdict: somebody else is at the same object, or ended the trial.
_NO_VERDICT = frozenset({"55P03", "40001", "XX000", "57014"})

#: A database's owner chooses its search_path, and functions in front of the system's own would be run with the rights of whoever logs in.
#: The others, meant for applications, would end a statement, a transaction or the session before its work is done, or let it wait.
_OWN_SETTINGS = """
SELECT pg_catalog.set_config(own.name, own.value, false)
FROM (VALUES ('search_path', 'pg_catalog'), ('statement_timeout', '0'), ('transaction_timeout', '0'), ('idle_session_timeout', '0'),
             ('idle_in_transaction_session_timeout', '0'), ('default_transaction_deferrable', 'off'), ('exit_on_error', 'off')) AS own(name, value)
WHERE pg_catalog.current_setting(own.name, true) OPERATOR(pg_catalog.<>) own.value
"""
#: A statement_timeout of a millisecond ends the very statement that is to lift it, now and then.
_ATTEMPTS = 20
_CANCELLED = "57014"


_SET_PASSWORD = """
DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', current_setting('dbinfra.role'), current_setting('dbinfra.password')); END $$
"""


@dataclasses.dataclass(frozen=True)
class Trial:
    """What a server says to a statement that it was asked to try.

    :param refused: its words if it refuses, else None.
    :param notices: what it has to remark if it does not.
    """

    refused: str | None
    notices: tuple[str, ...] = ()


class ConnectRefusedError(Exception):
    """A connection that did not come about; callers turn it into a typed error or into a finding."""

    def __init__(self, failure: ConnectFailure) -> None:
        super().__init__(failure.words)
        self.failure = failure


def require_driver() -> None:
    """Refuse early where psycopg2 is missing.

    :raises InputError: naming the interpreter's missing package.
    """
    if PSYCOPG2_PROBLEM is not None:
        raise InputError(
            "the Python package psycopg2 is missing on the host that runs this module",
            why=PSYCOPG2_PROBLEM,
            remedy="Install python3-psycopg2 (Debian) or psycopg2-binary for the interpreter that Ansible uses there",
        )


@contextlib.contextmanager
def _untranslated() -> t.Iterator[None]:
    """libpq translates its texts by LC_MESSAGES, which AnsibleModule sets from the environment; :func:`classify` reads English."""
    before = locale.setlocale(locale.LC_MESSAGES)
    locale.setlocale(locale.LC_MESSAGES, "C")
    try:
        yield
    finally:
        locale.setlocale(locale.LC_MESSAGES, before)


def open_connection(parameters: t.Mapping[str, t.Any], secret: str | None = None) -> t.Any:
    """Connect by libpq and return the psycopg2 connection in autocommit mode.

    :param parameters: libpq's key words.
    :param secret: masked in the texts of a failure, should libpq ever repeat it.
    :raises ConnectRefusedError: if no connection came about.
    """
    require_driver()
    failure: ConnectFailure | None = None
    with _untranslated():
        try:
            connection = psycopg2.connect(**parameters)
        except psycopg2.Error as error:
            text = str(error)
            failure = classify(text.replace(secret, "********") if secret else text)
        except UnicodeDecodeError:
            # psycopg2 cannot decode a server's translated message in another encoding.
            failure = ConnectFailure("unknown", "the server answered in an encoding that cannot be read")
    if failure is not None:
        # Raised here, outside of the handler, so that no traceback carries libpq's own text.
        raise ConnectRefusedError(failure)
    connection.autocommit = True
    return connection


def login_parameters(login: Login, application_name: str, *, user: str | None = None, password: str | None = None) -> dict[str, t.Any]:
    """Return libpq's key words for a login.

    :param user: connect as this user with ``password`` instead of the login's own.
    """
    parameters: dict[str, t.Any] = {
        "host": login.host,
        "port": login.port,
        "user": user or login.user,
        "dbname": login.database,
        "sslmode": login.ssl_mode,
        "connect_timeout": login.connect_timeout,
        "application_name": application_name,
        "gssencmode": "disable",
        "client_encoding": "UTF8",
    }
    secret = password if user else login.password
    if secret is not None:
        parameters["password"] = secret
    if login.ca_cert:
        parameters["sslrootcert"] = login.ca_cert
    return parameters


class Session:
    """One connection. Reads are plain queries; changes are :class:`Statement` objects inside one transaction, unless told otherwise."""

    def __init__(self, connection: t.Any, where: str, *, read_only: bool = False) -> None:
        self._connection = connection
        self._where = where
        self._in_transaction = False
        self._read_only = read_only
        if read_only:
            self._plain("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "make the session read-only")

    @classmethod
    def connect(cls, login: Login, application_name: str, *, read_only: bool = False) -> Session:
        """Log in.

        :param read_only: neither this class nor the server lets anything be changed.
        :raises DbinfraError: one clear typed error for every way in which this can fail.
        """
        try:
            connection = open_connection(login_parameters(login, application_name), login.password)
        except ConnectRefusedError as refused:
            raise login_error(login, refused.failure) from None
        session = cls(connection, login.where, read_only=read_only)
        session._leave_settings()
        return session

    @classmethod
    def for_check(cls, stand_in: Login | None, application_name: str) -> Session | None:
        """Log in to what stands in for a predicted server, only to read; None if nothing does.

        :raises DbinfraError: as :meth:`connect`.
        """
        return cls.connect(stand_in, application_name, read_only=True) if stand_in else None

    @property
    def major(self) -> int:
        """The server's major version."""
        return self._connection.server_version // 10000

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read along: TLS, a socket of the host, or its loopback."""
        info = self._connection.info
        return bool(info.ssl_in_use) or info.host.startswith("/") or info.host in ("localhost", "127.0.0.1", "::1")

    @property
    def peer(self) -> tuple[str, int] | None:
        """The address and port that the connection leads to, None for a socket of the host."""
        with socket.socket(fileno=os.dup(self._connection.fileno())) as wire:
            name = wire.getpeername()
        return (name[0], name[1]) if isinstance(name, tuple) else None

    @property
    def database(self) -> str:
        """The database that this session is in."""
        return str(self._connection.info.dbname)

    def _leave_settings(self) -> None:
        """Free this session from what the server, its database or the login's role set for everybody and what would keep it from its work."""
        for _attempt in range(_ATTEMPTS):
            try:
                self.rows(_OWN_SETTINGS, None, "leave the settings of its database")
                return
            except ServerError as error:
                if error.details.get("sqlstate") != _CANCELLED:
                    raise
            with contextlib.suppress(ServerError):
                # Quicker than the query: it may be done before a statement_timeout of a millisecond is over.
                self._plain("SET statement_timeout = 0", "leave the statement_timeout of its database")
        self.rows(_OWN_SETTINGS, None, "leave the settings of its database")

    def sources_before(self, names: t.Sequence[str]) -> dict[str, str]:
        """Return where the values of parameters came from before this session set them for itself, as in pg_settings.source; for a moment it has them again."""
        if not names:
            return {}
        self._plain("BEGIN READ ONLY", "begin a transaction")
        try:
            self.rows(
                "SELECT pg_catalog.set_config(name, NULL, true) FROM unnest(%(names)s::text[]) AS own(name)", {"names": list(names)}, "look at them"
            )
            rows = self.rows("SELECT name, source FROM pg_catalog.pg_settings WHERE name = ANY (%(names)s)", {"names": list(names)}, "look at them")
            return {row["name"]: row["source"] for row in rows}
        except ServerError as error:
            if error.details.get("sqlstate") != _CANCELLED:
                raise
            # A statement_timeout of a millisecond. It is hardly the whole server's.
            return dict.fromkeys(names, "database")
        finally:
            if not self._connection.closed:
                self._plain("ROLLBACK", "roll back")

    def rows(self, query: str, parameters: t.Mapping[str, t.Any] | None = None, purpose: str = "read the catalogue") -> list[dict[str, t.Any]]:
        """Run a query that only reads, and return its rows as dictionaries."""
        with self._translated(purpose), self._connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(query, parameters)
            return [dict(row) for row in cursor.fetchall()]

    def execute(self, statement: Statement) -> None:
        """Carry out a change in the transaction that :meth:`begin` opened, or on its own."""
        if self._read_only:
            # The server would let ALTER SYSTEM through: to PostgreSQL it counts as reading.
            raise InputError(f"refused to {statement.purpose}", where=f"PostgreSQL at {self._where}", why="this session only reads")
        with self._translated(statement.purpose), self._connection.cursor() as cursor:
            if statement.template:
                cursor.execute(self._compose(statement))
            if statement.clear_password is not None:
                self._set_clear_password(cursor, statement.clear_password)

    @staticmethod
    def _set_clear_password(cursor: t.Any, password: Password) -> None:
        """Set a password that the server wants in the clear, without a statement that has it in its text.

        ``ALTER ROLE ... PASSWORD '...'`` would stay in pg_stat_statements and, with log_statement = ddl, in the server's log. So the value
        travels as a constant of a SELECT, which pg_stat_statements replaces by a placeholder, and a nested statement uses it.
        """
        hand_over = "SELECT set_config('dbinfra.role', %s, true), set_config('dbinfra.password', %s, true)"
        cursor.execute(hand_over, (password.role, password.value))
        cursor.execute(_SET_PASSWORD)
        cursor.execute(hand_over, ("", ""))

    def quote_name(self, name: str) -> str:
        """Return a name quoted by the driver, for queries that cannot take it as a parameter."""
        return sql.Identifier(name).as_string(self._connection)

    @property
    def read_only(self) -> bool:
        """Whether nothing may be changed in this session."""
        return self._read_only

    def try_out(self, statement: Statement, *, writes: bool = False) -> Trial:
        """Carry out a statement in a transaction that is rolled back.

        :param writes: it changes a catalogue, which a transaction that only reads would refuse.
        :raises DbinfraError: if the connection was lost, or if somebody else holds a lock that the statement needs.
        """
        self._plain("BEGIN READ WRITE" if writes and not self._read_only else "BEGIN READ ONLY", "begin a transaction")
        try:
            if writes:
                self._plain(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'", "bound the wait for locks")
            # Remarks only: what the server logs may be sent as well.
            self._plain("SET LOCAL client_min_messages = notice", "leave the log to the server")
            self._connection.notices.clear()
            with self._connection.cursor() as cursor:
                cursor.execute(self._compose(statement))
            return Trial(None, tuple(notice.partition(":")[2].strip().splitlines()[0] for notice in self._connection.notices))
        except psycopg2.Error as error:
            if error.pgcode is None or error.pgcode in _NO_VERDICT:
                raise _server_error(error, statement.purpose, self._where) from None
            return Trial("; ".join(filter(None, (error.diag.message_primary, error.diag.message_detail, error.diag.message_hint))))
        finally:
            if not self._connection.closed:
                self._plain("ROLLBACK", "roll back")

    def begin(self) -> None:
        """Open a transaction if none is open. It may write even where ``default_transaction_read_only`` is on."""
        if not self._in_transaction:
            self._plain("BEGIN READ WRITE", "begin a transaction")
            self._in_transaction = True
            self._plain(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'", "bound the wait for locks")

    def commit(self) -> None:
        """Commit if a transaction is open."""
        if self._in_transaction:
            self._plain("COMMIT", "commit the changes")
            self._in_transaction = False

    def close(self) -> None:
        """End the session; an open transaction is lost."""
        self._connection.close()

    def _compose(self, statement: Statement) -> t.Any:
        """Turn a statement into the driver's composed SQL: every name and value is quoted by psycopg2."""
        return sql.SQL(statement.template).format(**{name: self._compose_part(part) for name, part in statement.parts.items()})

    def _compose_part(self, part: Part) -> t.Any:
        if isinstance(part, Identifier):
            return sql.Identifier(*part.parts)
        if isinstance(part, Literal):
            return sql.Literal(part.value)
        if isinstance(part, Keywords):
            return sql.SQL(part.text)
        if isinstance(part, Routine):
            # The arguments are the server's own text, quoted by it; nothing else may stand here.
            return sql.SQL("{}({})").format(sql.Identifier(part.schema, part.name), sql.SQL(part.arguments))
        if isinstance(part, Password):
            return sql.Literal(psycopg2.extensions.encrypt_password(part.value, part.role, self._connection, "scram-sha-256"))
        if isinstance(part, Several):
            return sql.SQL(", ").join([self._compose_part(item) for item in part.parts])
        raise TypeError(f"{type(part).__name__} cannot stand in a statement")

    def _plain(self, text: str, purpose: str) -> None:
        with self._translated(purpose), self._connection.cursor() as cursor:
            cursor.execute(text)

    @contextlib.contextmanager
    def _translated(self, purpose: str) -> t.Iterator[None]:
        failure: DbinfraError | None = None
        try:
            yield
        except psycopg2.Error as error:
            failure = _server_error(error, purpose, self._where)
        if failure is not None:
            raise failure


def _server_error(error: t.Any, purpose: str, where: str) -> DbinfraError:
    code = getattr(error, "pgcode", None)
    place = f"PostgreSQL at {where}"
    if code is None or code.startswith(("08", "57P")):
        words = str(error).strip().splitlines()
        return UnreachableError(
            f"the connection was lost while this ran: {purpose}",
            where=place,
            why=words[0] if words else None,
            remedy="Run again; an open transaction was rolled back",
        )
    diagnosis = error.diag
    why, remedy = _EXPLANATIONS.get(code, (None, None))
    reasons = [diagnosis.message_primary, diagnosis.message_detail, diagnosis.message_hint, why]
    return ServerError(
        f"the server refused to {purpose}",
        where=place,
        why="; ".join(reason.rstrip(". ") for reason in reasons if reason),
        remedy=remedy,
        details={"sqlstate": code},
    )


def login_error(login: Login, failure: ConnectFailure) -> DbinfraError:
    """Return the typed error for a login that failed."""
    return connect_error(
        failure,
        where=login.where,
        user=login.user,
        host=login.host or "",
        database=login.database,
        ssl_mode=login.ssl_mode,
        ca_cert=login.ca_cert,
        provider=login.provider,
    )


def probe_password(login: Login, role: str, password: str, application_name: str) -> str:
    """Find out by logging in whether a role has a password.

    :return: ``fits``, ``differs``, or ``unasked`` when the server lets the role in without asking for one.
    :raises DbinfraError: if the server gave no answer to the question.
    """
    try:
        connection = open_connection(login_parameters(login, application_name, user=role, password=password), password)
    except ConnectRefusedError as refused:
        return _judge_probe(login, role, refused.failure)
    try:
        return "fits" if connection.info.used_password else "unasked"
    finally:
        connection.close()


def _judge_probe(login: Login, role: str, failure: ConnectFailure) -> str:
    if failure.kind in AFTER_AUTHENTICATION:
        return "fits"
    if failure.kind == "password":
        return "differs"
    base = login_error(login, failure)
    raise type(base)(
        f"whether {role} has the declared password could not be found out",
        where=f"PostgreSQL at {login.where}",
        why=failure.words,
        remedy=base.remedy,
        details=base.details,
    )


def parse_uri(uri: str, where: str) -> dict[str, t.Any]:
    """Return libpq's key words of a connection string.

    :param where: names the option; neither the string nor libpq's words about it are repeated, both may hold the password.
    :raises InputError: if libpq cannot read it.
    """
    require_driver()
    try:
        return dict(psycopg2.extensions.parse_dsn(uri))
    except psycopg2.Error:
        pass
    raise InputError(
        "libpq cannot read this connection string",
        where=where,
        why="a parameter is unknown, or user or password hold a sign that is not percent-encoded",
        remedy="Pass the delivered string as it is",
    )


def tls_facts(connection: t.Any) -> tuple[str | None, str | None]:
    """Return protocol and cipher of a connection as libpq sees them, or (None, None) without TLS.

    ``pg_stat_ssl`` would tell about the last leg only: behind a pooler or proxy that is another connection.
    """
    if not connection.info.ssl_in_use:
        return None, None
    return connection.info.ssl_attribute("protocol"), connection.info.ssl_attribute("cipher")
