# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a whole server is asked for after its settings were written: to reload them, and to start anew with them."""

from __future__ import annotations

import re
import time
import typing as t

from .._core.errors import DbinfraError, InputError, ServerError
from .._core.runner import Context
from .login import Login
from .setting_catalogue import Catalogue
from .setting_value import declared_value
from .transport import Session

#: How long a server may take to answer after its restart has been reported done, in seconds: it may have to replay its log first.
RESTART_TIMEOUT = 60.0

# What pg_file_settings says of a parameter that waits for the restart.
_WAITS = "setting could not be applied"

# What it says, in a line without a name, of one whose line was taken away. The server translates neither (guc.c, guc-file.l on 14).
_TAKEN_AWAY = re.compile(r'parameter "(.+)" cannot be changed without restarting the server')

#: How long a reload may take before the server counts as not having done it, in seconds. It settles within milliseconds; a busy machine needs more.
RELOAD_TIMEOUT = 20.0

_ERRORS = """
SELECT f.name, f.setting, f.error, s.context FROM pg_catalog.pg_file_settings f LEFT JOIN pg_catalog.pg_settings s ON lower(s.name) = lower(f.name)
WHERE f.error IS NOT NULL ORDER BY f.seqno
"""

_BROKEN = "SELECT name, error FROM pg_catalog.pg_file_settings WHERE error IS NOT NULL ORDER BY seqno LIMIT 3"


def reload_server(session: Session, login: Login) -> None:
    """Reload and wait: ``pg_reload_conf`` only sends a signal, and this very session may see the old values for a while."""
    loaded = "SELECT pg_conf_load_time()::text AS loaded"
    before = session.rows(loaded, None, "read the time of the last reload")[0]["loaded"]
    session.rows("SELECT pg_reload_conf()", None, "reload the configuration")
    deadline = time.monotonic() + RELOAD_TIMEOUT
    while session.rows(loaded, None, "wait for the reload")[0]["loaded"] == before:
        if time.monotonic() > deadline:
            broken = session.rows(_BROKEN, None, "look for errors in the configuration files")
            words = "; ".join(f"{row['name'] or 'file'}: {row['error']}" for row in broken)
            raise ServerError(
                f"the server did not reload its configuration within {RELOAD_TIMEOUT:.0f} s",
                where=f"PostgreSQL at {login.where}",
                why=words or "it gave no reason",
                remedy="Correct the configuration files and look into the server's log",
            )
        time.sleep(0.01)


def started_at(session: Session) -> str:
    """Return when the server was started: another time is another start."""
    return session.rows("SELECT pg_postmaster_start_time()::text AS started", None, "read when the server was started")[0]["started"]


def restart_server(context: Context, session: Session, login: Login, catalogue: Catalogue, command: t.Sequence[str], application: str) -> Session:
    """Restart the server and return a session to the one that runs then.

    The configuration files are looked at first: a server that does not start any more is worse than one that waits for a restart.
    """
    where = f"PostgreSQL at {login.where}"
    broken = [row for row in session.rows(_ERRORS, None, "look for errors in the configuration files") if not _only_waits(catalogue, row)]
    if broken:
        words = "; ".join(f"{row['name'] or 'file'} = {row['setting']!r}: {row['error']}" for row in broken[:3])
        raise ServerError("the server was not restarted: it would not start", where=where, why=words, remedy="Correct the configuration files")
    before = started_at(session)
    session.close()
    status, output = context.run(command)
    remedy = "Look into the server's log. What this task has configured is taken back with state: absent, or by removing its lines from postgresql.auto.conf"
    if status:
        raise ServerError(
            f"the restart failed: {' '.join(command)} ended with {status}",
            where="option restart_command",
            why=output[-500:] or None,
            remedy=remedy,
        )
    deadline = time.monotonic() + RESTART_TIMEOUT
    while True:
        try:
            again = Session.connect(login, application)
            if started_at(again) != before:
                return again
            again.close()
            problem = DbinfraError("it is still the server from before")
        except DbinfraError as error:
            problem = error
        if time.monotonic() > deadline:
            raise ServerError(
                f"the server was not back within {RESTART_TIMEOUT:.0f} s of its restart", where=where, why=problem.message(), remedy=remedy
            )
        time.sleep(0.1)


def _only_waits(catalogue: Catalogue, row: t.Mapping[str, t.Any]) -> bool:
    """Return whether a line of the files has no other fault than that it waits for the restart; the server says the same of a bad value."""
    gone = _TAKEN_AWAY.fullmatch(row["error"]) if row["name"] is None else None
    if gone:
        parameter = catalogue.get(gone[1])
        return parameter is not None and parameter.context == "postmaster"
    if row["error"] != _WAITS or row["context"] != "postmaster":
        return False
    try:
        declared_value(catalogue.find(row["name"]), row["setting"])
    except InputError:
        return False
    return True
