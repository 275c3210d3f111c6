# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that only their owner may read: safe to kill anywhere, safe against two writers, safe against planted links.

A file is never written in place. A temporary file beside it (mode 0600) gets the whole content, is flushed to the disk and renamed over
the old one, so a reader sees the old content or the new one. Writers exclude each other by an advisory lock (:func:`fcntl.flock`) on the
*directory*: the file itself is replaced by every write, and a lock file of its own would be left behind.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import glob
import os
import stat
import tempfile
import time
import typing as t

from .._core.errors import InputError

#: Seconds that a writer waits for another one. Writing takes milliseconds, so this only ends when the other one hangs.
LOCK_SECONDS = 30.0

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700

#: Bytes by which a temporary file's name is longer: two dots, eight random letters and .tmp.
TEMPORARY_BYTES = 14


@dataclasses.dataclass(frozen=True)
class PrivateFile:
    """What a read found.

    :param text: the content, None when there is no file.
    :param mode: the permission bits, None when there is no file.
    """

    text: str | None
    mode: int | None

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.text is not None

    @property
    def shared(self) -> bool:
        """Whether the permission bits let anybody but the owner in."""
        return bool(self.mode is not None and self.mode & 0o077)


def absolute(path: str, where: str) -> str:
    """Return ``path`` with ``~`` expanded, as an absolute path.

    :param where: the option, for the error.
    :raises InputError: if the path is empty, holds a NUL, or names a directory by its trailing slash.
    """
    if not path or "\0" in path or path.endswith("/"):
        raise InputError(
            f"{path!r} is not the path of a file",
            where=where,
            remedy="Give the path of a file, for example ~/.local/state/dbinfra-postgres/shop.env",
        )
    return os.path.abspath(os.path.expanduser(path))


def read_private(path: str, where: str) -> PrivateFile:
    """Read a file of the current user without following a symbolic link at its end.

    :param where: the option that named the file, for errors.
    :raises InputError: if it is a link, not a regular file, somebody else's, not readable, or not UTF-8.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        if isinstance(error, NotADirectoryError):
            raise InputError(
                f"{path} cannot be a file",
                where=where,
                why="a part of its path is a file and not a directory",
                remedy="Choose another path",
            ) from error
        return PrivateFile(None, None)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise InputError(
                f"{path} is a symbolic link",
                where=where,
                why="whoever can change the link decides where secrets are written",
                remedy="Give the path that the link leads to, or remove the link",
            ) from error
        raise InputError(
            f"{path} cannot be read: {error.strerror}", where=where, remedy="Run as the user that owns the file, or choose another path"
        ) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is not a regular file", where=where, remedy="Choose another path")
        if status.st_uid != os.geteuid():
            raise InputError(
                f"{path} belongs to another user (uid {status.st_uid}, this run is uid {os.geteuid()})",
                where=where,
                why="its owner can read and change what is kept there",
                remedy=f"Run as that user, or give the file to this one: chown {os.geteuid()} {path}",
            )
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            raw = stream.read()
    finally:
        os.close(descriptor)
    try:
        return PrivateFile(raw.decode("utf-8"), stat.S_IMODE(status.st_mode))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text", where=where, why=f"byte {error.start} does not fit", remedy="Move the file away, or convert it"
        ) from error


def check_directory(path: str, where: str) -> None:
    """Refuse a directory (or, if it does not exist, its nearest existing parent) in which others can replace our files.

    A directory that everyone may write to is accepted only with the sticky bit (such as /tmp), which lets nobody rename a file of others.

    :raises InputError: naming the directory and what to do.
    """
    present = path
    while not os.path.lexists(present):
        parent = os.path.dirname(present)
        if parent == present:
            break
        present = parent
    try:
        status = os.stat(present)
    except OSError as error:
        raise InputError(f"the directory {present} cannot be used: {error.strerror}", where=where, remedy="Choose another path") from error
    if not stat.S_ISDIR(status.st_mode):
        raise InputError(f"{present} is not a directory", where=where, remedy="Choose another path")
    sticky = bool(status.st_mode & stat.S_ISVTX)
    if status.st_mode & stat.S_IWOTH and not sticky:
        raise InputError(
            f"everybody may write to the directory {present}",
            where=where,
            why="anybody could replace a file with secrets there",
            remedy=f"Choose another directory, or: chmod o-w {present}",
        )
    if status.st_mode & stat.S_IWGRP and not sticky and status.st_gid not in (0, os.getegid()):
        raise InputError(
            f"the group {status.st_gid} may write to the directory {present}",
            where=where,
            why="its members could replace a file with secrets there",
            remedy=f"Choose another directory, or: chmod g-w {present}",
        )


def make_directory(path: str, where: str) -> None:
    """Make a directory and its missing parents with mode 0700. An existing directory stays as it is.

    :raises InputError: if that is not possible or the place is not safe (see :func:`check_directory`).
    """
    check_directory(path, where)
    missing: list[str] = []
    current = path
    while not os.path.isdir(current):
        missing.append(current)
        current = os.path.dirname(current)
    for directory in reversed(missing):
        try:
            os.mkdir(directory, DIRECTORY_MODE)
        except FileExistsError:
            # Another writer was faster; whether what it made is safe is looked at below.
            check_directory(directory, where)
        except OSError as error:
            raise InputError(
                f"the directory {directory} cannot be made: {error.strerror}",
                where=where,
                remedy="Choose a directory that this user may write to",
            ) from error


@contextlib.contextmanager
def only_writer(path: str, where: str, seconds: float = LOCK_SECONDS) -> t.Iterator[None]:
    """Hold off every other writer of this collection in the file's directory.

    :param seconds: how long to wait for another writer.
    :raises InputError: if the directory cannot be locked, or another writer does not finish in time.
    """
    directory = os.path.dirname(path)
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"the directory {directory} cannot be opened: {error.strerror}", where=where, remedy="Choose another path") from error
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise InputError(
                        f"another process has been writing in {directory} for more than {seconds:g} seconds",
                        where=where,
                        remedy="Find out which one hangs (fuser or lsof on the directory), then run again",
                    ) from None
                time.sleep(0.05)
            except OSError as error:
                raise InputError(
                    f"the directory {directory} cannot be locked: {error.strerror}",
                    where=where,
                    why="its file system does not support flock on a directory",
                    remedy="Choose a directory on a local file system",
                ) from error
        yield
    finally:
        os.close(descriptor)


def write_private(path: str, text: str, where: str) -> None:
    """Replace the file by one with mode 0600 and this content. The caller holds :func:`only_writer`.

    :raises InputError: if the disk or the directory refuses.
    """
    directory, name = os.path.split(path)
    prefix = f".{name}."
    # What a killed writer left. Nobody else is writing: the caller holds the lock.
    for leftover in glob.glob(glob.escape(os.path.join(directory, prefix)) + "*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(leftover)
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=directory)
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(stream.fileno(), FILE_MODE)
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        temporary = None
        _flush_directory(directory)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}", where=where, remedy="Make room or choose another path, then run again"
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def remove_private(path: str, where: str) -> None:
    """Remove the file. The caller holds :func:`only_writer`.

    :raises InputError: if the directory refuses.
    """
    try:
        os.unlink(path)
        _flush_directory(os.path.dirname(path))
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path} cannot be removed: {error.strerror}", where=where, remedy="Run as the user that owns its directory") from error


def _flush_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
