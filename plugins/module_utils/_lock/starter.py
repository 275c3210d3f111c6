# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts the detached holder of a lock and turns its answer into a result or an error."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import select
import subprocess
import sys
import time
import typing as t
import urllib.parse

from .._core.errors import DbinfraError, InputError
from . import holder
from .identity import Description, Run, load_description, start_time

#: What the holder keeps of the environment. It lives as long as the run, and the environment of a process can be read by its user:
#: API keys and passwords must not be in it.
KEPT_VARIABLES = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "TZ")

#: How long to wait for the holder of a run that has just ended, or for the description of one that has just begun.
PATIENCE_SECONDS = 5.0

#: Longer names are cut, and told apart by a hash. File systems take 255 bytes; what is added to the name needs some of them.
LONGEST_FILE_NAME = 200

_PATH_OPTION = "option path of run_lock"


class LockHeldError(DbinfraError):
    """Another run holds the lock."""


@dataclasses.dataclass(frozen=True)
class ServerSession:
    """Where the advisory lock is taken.

    :param parameters: libpq's key words, the password among them.
    :param where: the server in words, without the password.
    """

    parameters: t.Mapping[str, t.Any] = dataclasses.field(repr=False)
    where: str


def lock_key(name: str) -> int:
    """Return the advisory lock's key: the first 64 bits of a hash of the name, signed as PostgreSQL's bigint."""
    return int.from_bytes(hashlib.sha256(f"dbinfra.postgres:{name}".encode()).digest()[:8], "big", signed=True)


def lock_file(directory: str, name: str, session: ServerSession | None = None) -> str:
    """Return the path of the lock file: one for the name, and one more for each server in which the name is locked.

    :raises InputError: if the name is empty.
    """
    if not name.strip():
        raise InputError(
            "the name of the lock is empty", where="option name of run_lock", remedy="Choose one, for example the project's and the environment's"
        )
    encoded = urllib.parse.quote(name, safe="")
    if len(encoded) > LONGEST_FILE_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:32]
        encoded = f"{encoded[: LONGEST_FILE_NAME - len(digest) - 1]}~{digest}"
    suffix = f".{hashlib.sha256(session.where.encode()).hexdigest()[:12]}" if session else ""
    return os.path.join(directory, f"{encoded}{suffix}.lock")


def take(name: str, path: str, run: Run, session: ServerSession | None, timeout: float) -> Description:
    """Make a detached process hold the lock until the run's main process ends. A lock that this run holds already is fine.

    :param path: the lock file; its directory exists.
    :param run: the run that the lock is for.
    :param session: take the lock in this server as well.
    :param timeout: seconds for the holder to answer.
    :return: what stands in the lock file.
    :raises LockHeldError: naming the holder.
    :raises InputError: if the lock file cannot be used.
    :raises DbinfraError: if the server cannot be reached, or the holder does not answer.
    """
    started = time.monotonic()
    until = started + PATIENCE_SECONDS
    while True:
        answer = _start(path, run, session, timeout, name)
        state = answer.get("state")
        if state == "held":
            return Description(run, "held" if session else "")
        if state != "busy":
            raise _problem(answer, name, session)
        other = load_description(answer["description"])
        if other is not None and other.run.same_as(run):
            if other.session == "connecting" and time.monotonic() < started + timeout:
                # Another task of this run is at it.
                time.sleep(0.1)
                continue
            return _check_session(other, name, session)
        # The holder of a run that has just ended needs a moment to go, that of one that has just begun to say who it is.
        gone = other is not None and other.run.host == run.host and start_time(other.run.pid) != other.run.started
        if (other is not None and not gone) or time.monotonic() >= until:
            raise _held(name, path, other.run if other else None)
        time.sleep(0.1)


def _check_session(own: Description, name: str, session: ServerSession | None) -> Description:
    if own.session in ("lost", "connecting") and session is not None:
        raise LockHeldError(
            f"this run does not hold the lock {name}",
            where=f"PostgreSQL at {session.where}",
            why=own.note or "another task of this run could not take it yet",
            remedy="Find out whether another run changed the environment meanwhile, then run again",
        )
    return own


def _held(name: str, path: str, run: Run | None) -> LockHeldError:
    if run is None:
        return LockHeldError(
            f"another process holds the lock {name} and does not say who it is",
            where=f"lock file {path}",
            remedy=f"Find it with: fuser {path}",
        )
    return LockHeldError(
        f"another run holds the lock {name}",
        where=f"lock file {path}",
        why=run.describe(),
        remedy=f"Wait until it has ended, or end process {run.pid} on {run.host}; the lock goes with it",
        details={"holder": dataclasses.asdict(run)},
    )


def _problem(answer: t.Mapping[str, t.Any], name: str, session: ServerSession | None) -> DbinfraError:
    state, problem = answer.get("state"), str(answer.get("problem") or "")
    where = f"PostgreSQL at {session.where}" if session else None
    if state == "busy_on_server":
        other = answer.get("holder") or {}
        title = other.get("application_name") or f"{other.get('user') or 'unknown user'}"
        why = f"the session of {title} (server process {other.get('pid')}, from {other.get('address') or 'a local socket'}) holds it since {other.get('since')}"
        return LockHeldError(
            f"another run holds the lock {name}",
            where=where,
            why=why if other else "its session ended or cannot be seen by this user",
            remedy="Wait until that run has ended, or end it where it runs; the lock goes with its session",
            details={"holder": dict(other)},
        )
    if state == "no_driver":
        return InputError(
            "the lock in the server needs the Python package psycopg2",
            where=f"interpreter {sys.executable}",
            why=problem,
            remedy="Install psycopg2-binary for the interpreter that ansible-playbook runs on",
        )
    if state == "no_connection":
        return DbinfraError(
            "the session for the lock did not come about",
            where=where,
            why=problem,
            remedy="Check the login, then run again",
            details={"connect_text": problem},
        )
    if state == "not_written":
        return InputError(
            f"the lock file {answer.get('file')} cannot be written: {problem}",
            where=_PATH_OPTION,
            remedy="Make room there, or name a directory on another file system (for site.yml: db_state_dir, which follows DBINFRA_STATE_DIR)",
        )
    return InputError(
        problem or "the holder of the lock gave no answer that is understood",
        where=_PATH_OPTION,
        remedy="Check the directory, its permissions, and that there is room in it",
    )


def _start(path: str, run: Run, session: ServerSession | None, timeout: float, name: str) -> dict[str, t.Any]:
    """Start a holder and return its answer. Unless it answers ``held``, it has ended when this returns."""
    pidfd = _watch_descriptor(run)
    request = {
        "file": path,
        "watch": {"pid": run.pid, "pidfd": pidfd, "started": run.started},
        "description": dataclasses.asdict(Description(run, "held" if session else "")),
        "session": None
        if session is None
        else {
            "parameters": dict(session.parameters),
            "key": lock_key(name),
            "keepalive": holder.KEEPALIVE_SECONDS,
            "reconnect": holder.RECONNECT_SECONDS,
        },
    }
    try:
        process = subprocess.Popen(
            # -P: the folder of the program stays off the import path.
            [sys.executable, "-P", holder.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={variable: os.environ[variable] for variable in KEPT_VARIABLES if variable in os.environ},
            pass_fds=() if pidfd is None else (pidfd,),
            start_new_session=True,
        )
    except OSError as error:
        raise InputError(f"the holder of the lock cannot be started: {error.strerror}", where=f"interpreter {sys.executable}") from error
    finally:
        if pidfd is not None:
            os.close(pidfd)
    answered = False
    try:
        answer = _converse(process, json.dumps(request).encode(), timeout)
        answered = answer.get("state") == "held"
        return answer
    finally:
        if not answered:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                stream.close()


def _watch_descriptor(run: Run) -> int | None:
    """Return a descriptor that becomes readable when the run's main process ends, None where the system has no such thing.

    :raises DbinfraError: if the process has ended already.
    """
    try:
        return os.pidfd_open(run.pid)
    except ProcessLookupError:
        raise DbinfraError("the run has ended already", where=f"process {run.pid}") from None
    except (AttributeError, OSError):
        # Not Linux, a kernel before 5.3, or a sandbox that does not let it through.
        return None


def _converse(process: subprocess.Popen[bytes], request: bytes, timeout: float) -> dict[str, t.Any]:
    """Hand over the request and read the answer to its end, which is when the holder has let go of the pipes.

    :raises DbinfraError: if there is none in time, or it is none.
    """
    stdin, stdout, stderr = (t.cast(t.IO[bytes], stream) for stream in (process.stdin, process.stdout, process.stderr))
    try:
        stdin.write(request)
        stdin.close()
    except BrokenPipeError:
        # It ended at once; why stands in its standard error.
        pass
    until = time.monotonic() + timeout
    received = b""
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([stdout], [], [], left)[0]:
            raise DbinfraError(
                f"the holder of the lock did not answer within {timeout:g} seconds",
                where="option timeout of run_lock",
                why="the server or the machine is too slow",
                remedy="Check the server, or raise the option",
            )
        chunk = os.read(stdout.fileno(), 65536)
        if not chunk:
            break
        received += chunk
    try:
        return json.loads(received)
    except ValueError:
        words = stderr.read().decode("utf-8", "replace").strip().splitlines()
        raise DbinfraError(
            "the holder of the lock ended without an answer", where=f"interpreter {sys.executable}", why=words[-1] if words else None
        ) from None
