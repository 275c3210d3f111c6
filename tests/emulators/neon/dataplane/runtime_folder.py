# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder everything of one running data plane lives in, and what a killed one left there."""

from __future__ import annotations

import fcntl
import os
import pathlib
import typing as t

from . import orphans, shared_memory, trees
from .errors import DataPlaneError
from .server_user import ServerUser

_LOCK_NAME = "dataplane.lock"

# "s/<number>/.s.PGSQL.<port>.lock" is the longest name below the folder; the kernel takes 107 bytes for a unix socket's path.
_LONGEST_SOCKET = len("/s/99999/.s.PGSQL.65535")
_SOCKET_PATH_BYTES = 107


class RuntimeFolder:
    """A locked folder. The lock is the kernel's: it goes with the process, however that ends."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._lock: t.TextIO | None = None

    def open(self, user: ServerUser) -> None:
        """Make the folder, or take over one that a killed data plane left, after removing what is in it.

        Raises DataPlaneError when another data plane uses it, when it holds something else, when its path is too long for a unix
        socket, or when the server user cannot enter it.
        """
        if len(os.fsencode(self.path)) + _LONGEST_SOCKET > _SOCKET_PATH_BYTES:
            raise DataPlaneError(
                f"the folder {self.path} has too long a path for a unix socket: at most {_SOCKET_PATH_BYTES - _LONGEST_SOCKET} bytes"
            )
        if self.path.exists() and not (self.path / _LOCK_NAME).exists() and any(self.path.iterdir()):
            raise DataPlaneError(f"the folder {self.path} holds something that is not the local Neon's: name another folder or remove it")
        self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
        # Others may pass through (servers run as another user, clients read the CA), not look around.
        self.path.chmod(0o711)
        obstacle = user.entry_obstacle(self.path)
        if obstacle is not None:
            raise DataPlaneError(f"the servers run as user {user.name}, who cannot enter {obstacle}: choose a folder below /tmp for {self.path}")
        self._take_lock()
        remove_leftovers(self.path)

    def close(self) -> None:
        """Remove the folder and give the lock back."""
        if self._lock is not None:
            remove_leftovers(self.path)
            trees.remove(self.path)
            self._lock.close()
            self._lock = None

    def _take_lock(self) -> None:
        lock = (self.path / _LOCK_NAME).open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise DataPlaneError(
                f"the folder {self.path} is in use by another local Neon (process {holder}): stop that one or name another folder"
            ) from error
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock


def remove_leftovers(folder: pathlib.Path) -> None:
    """Remove what a killed data plane left in ``folder``: processes, shared memory, files; the lock file stays. Blocking."""
    orphans.end(folder)
    for lock_file in folder.glob("b/*/data/postmaster.pid"):
        shared_memory.release(lock_file.parent)
    for entry in folder.iterdir():
        if entry.name == _LOCK_NAME:
            continue
        if entry.is_dir() and not entry.is_symlink():
            trees.remove(entry)
        else:
            entry.unlink()
