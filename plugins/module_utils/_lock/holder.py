# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The detached process that holds one lock for a run. A program of its own: standard library only, plus psycopg2 for a lock in a server.

It gets its request as JSON on the standard input (a password may be in it, so neither arguments nor environment will do), answers with
JSON on the standard output, to the end of the file, and then holds the lock until the run's main process ends. A thread waits for that end and
leaves at once (:func:`os._exit`), so a connection that hangs cannot delay it. The kernel gives the file lock back and closes the
connection, whereupon the server gives its lock back: nothing has to be cleaned up.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import select
import sys
import threading
import time
import typing as t

#: A session without traffic is dropped by firewalls, and a Neon compute that sees no query goes to sleep and drops its sessions.
KEEPALIVE_SECONDS = 30.0
RECONNECT_SECONDS = 5.0

#: Everybody may set these. The server finds out that this machine vanished within a minute; its default of two hours would keep the lock
#: that long. Defaults of the database or the role must not end the session.
_SESSION_SETTINGS = (
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("statement_timeout", "0"),
    ("idle_session_timeout", "0"),
)

_HOLDER_QUERY = """
SELECT a.pid, a.usename, a.application_name, a.client_addr::text, a.backend_start::text
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND (l.classid::bigint << 32) | l.objid::bigint = %s
"""


class ServerBusy(Exception):
    """Another session holds the advisory lock."""

    def __init__(self, holder: dict[str, t.Any] | None) -> None:
        super().__init__("busy")
        self.holder = holder


def wait_for_end(pid: int, pidfd: int | None, started: str, interval: float = 0.5) -> None:
    """Return when the process has ended.

    :param pidfd: descriptor from :func:`os.pidfd_open`, None where the system has none; the process table is looked at then.
    :param started: its start time (field 22 of /proc/<pid>/stat), to tell it from a later process with the same pid; empty where unknown.
    :param interval: seconds between two looks at the process table.
    """
    if pidfd is not None:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        while not poll.poll():
            pass
        return
    while _runs(pid, started):
        time.sleep(interval)


def _runs(pid: int, started: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat_file:
            fields = stat_file.read().rpartition(")")[2].split()
    except FileNotFoundError:
        # Without /proc the signal is all there is.
        return not os.path.isdir("/proc/self")
    return fields[0] not in "ZX" and (not started or fields[19] == started.partition("/")[0])


class NotWritten(Exception):
    """The file system did not take the description, for example because it is full."""


class LockFile:
    """The locked file with the holder's description.

    Whoever holds it removes it, so that names that never come back (those of previews) leave nothing behind. It is removed while it is locked, and
    a lock counts only if the locked file is still the one at the path: who waited for a file that was removed meanwhile opens the path again.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = self._open()

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def _is_at_path(self) -> bool:
        try:
            there = os.lstat(self._path)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))

    def take(self) -> bool:
        """Lock the file; return false if another process has it.

        :raises OSError: if the file at the path was removed, and cannot be opened again.
        """
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if self._is_at_path():
                return True
            os.close(self._descriptor)
            self._descriptor = self._open()

    def read(self) -> str:
        """Return what the file says."""
        return os.pread(self._descriptor, 65536, 0).decode("utf-8", "replace")

    def write(self, description: t.Mapping[str, t.Any]) -> None:
        """Say who holds the file.

        :raises NotWritten: if nobody could read it there.
        """
        raw = (json.dumps(description, indent=2) + "\n").encode("utf-8")
        try:
            os.ftruncate(self._descriptor, 0)
            written = os.pwrite(self._descriptor, raw, 0)
        except OSError as error:
            raise NotWritten(error.strerror) from None
        if written < len(raw):
            raise NotWritten(os.strerror(errno.ENOSPC))

    def remove(self) -> None:
        """Remove the file, which has to be locked. Where that is not allowed, it says at least that nobody holds it any more."""
        try:
            # Somebody may have removed it by hand: what is at the path then is another run's.
            if self._is_at_path():
                os.unlink(self._path)
        except OSError:
            os.ftruncate(self._descriptor, 0)


class NoConnection(Exception):
    """The server did not let us in, or the session broke."""


class ServerLock:
    """An advisory lock of a database session."""

    def __init__(self, parameters: t.Mapping[str, t.Any], key: int) -> None:
        import psycopg2  # a lock file needs no driver

        self._driver = psycopg2
        self._parameters = parameters
        self._key = key
        self._connection: t.Any = None

    def take(self) -> None:
        """Connect and take the lock.

        :raises ServerBusy: if another session has it.
        :raises NoConnection: if there is no session.
        """
        self.close()
        try:
            connection = self._driver.connect(**self._parameters)
            connection.autocommit = True
            with connection.cursor() as cursor:
                for name, value in _SESSION_SETTINGS:
                    cursor.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))
                cursor.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (self._key,))
                if not cursor.fetchone()[0]:
                    cursor.execute(_HOLDER_QUERY, (self._key,))
                    raise ServerBusy(_holder_of(cursor.fetchone()))
        except (self._driver.Error, UnicodeDecodeError) as error:
            raise NoConnection(str(error)) from None
        self._connection = connection

    def alive(self) -> bool:
        """Use the session, and say whether it is still there."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except self._driver.Error:
            return False
        return True

    def wait(self, seconds: float) -> None:
        """Return after that time, or earlier when the server has something to say: it usually says that it ends the session."""
        select.select([self._connection], [], [], seconds)

    def retake(self) -> str:
        """Try to take the lock again; return an empty text or why not."""
        try:
            self.take()
        except ServerBusy as busy:
            name = (busy.holder or {}).get("application_name") or "another session"
            return f"{name} has taken it in the meantime"
        except NoConnection as error:
            return _first_line(error)
        return ""

    def close(self) -> None:
        """End the session."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _holder_of(row: t.Sequence[t.Any] | None) -> dict[str, t.Any] | None:
    return None if row is None else dict(zip(("pid", "user", "application_name", "address", "since"), row, strict=True))


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _answer(**content: t.Any) -> None:
    """Answer and let go of the pipes: whoever reads the run's output would wait for them to be closed.

    The answer is the last thing that goes through them, so that whoever has read it to its end knows that they are closed.
    """
    answers = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    with os.fdopen(answers, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(content))


def _watch(request: t.Mapping[str, t.Any], lock: LockFile, taken: threading.Event) -> None:
    watch = request["watch"]
    wait_for_end(watch["pid"], watch["pidfd"], watch["started"])
    if taken.is_set():
        lock.remove()
    os._exit(0)


def _note(lock: LockFile, description: t.Mapping[str, t.Any]) -> None:
    # A file that could not be written is empty: later tasks of the run are refused then, and the lock stays held.
    with contextlib.suppress(NotWritten):
        lock.write(description)


def _keep(lock: LockFile, server: ServerLock, description: dict[str, t.Any], keepalive: float, reconnect: float) -> t.NoReturn:
    """Use the session from time to time; when it broke, take it again and leave a note for later tasks of the run."""
    while True:
        server.wait(keepalive)
        if server.alive():
            continue
        lost = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        while True:
            problem = server.retake()
            if not problem:
                break
            _note(
                lock,
                {
                    **description,
                    "session": "lost",
                    "note": f"the connection broke about {lost} and the lock could not be taken again yet: {problem}",
                },
            )
            time.sleep(reconnect)
        description["note"] = f"the connection broke about {lost}; the lock was taken again"
        _note(lock, description)


def main() -> int:
    """Take the lock, answer, hold it until the run ends."""
    request = json.loads(sys.stdin.read())
    try:
        return _hold(request)
    except NotWritten as error:
        _answer(state="not_written", file=request["file"], problem=error.args[0])
        return 1


def _hold(request: t.Mapping[str, t.Any]) -> int:
    taken = threading.Event()
    try:
        lock = LockFile(request["file"])
        threading.Thread(target=_watch, args=(request, lock, taken), daemon=True).start()
        if not lock.take():
            _answer(state="busy", description=lock.read())
            return 1
    except OSError as error:
        what = "is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        _answer(state="error", problem=f"the lock file {request['file']} cannot be opened: {what}")
        return 1
    taken.set()
    try:
        return _keep_for_run(request, lock)
    except NotWritten:
        lock.remove()
        raise


def _keep_for_run(request: t.Mapping[str, t.Any], lock: LockFile) -> int:
    description = dict(request["description"])
    session = request["session"]
    if session is None:
        lock.write(description)
        _answer(state="held")
        threading.Event().wait()
    # Others see who is about to take it.
    lock.write({**description, "session": "connecting"})
    try:
        server = ServerLock(session["parameters"], session["key"])
        server.take()
    except (ServerBusy, ImportError, NoConnection) as error:
        lock.remove()
        if isinstance(error, ServerBusy):
            _answer(state="busy_on_server", holder=error.holder)
        else:
            _answer(state="no_driver" if isinstance(error, ImportError) else "no_connection", problem=str(error))
        return 1
    lock.write(description)
    _answer(state="held")
    _keep(lock, server, description, session["keepalive"], session["reconnect"])


if __name__ == "__main__":
    raise SystemExit(main())
