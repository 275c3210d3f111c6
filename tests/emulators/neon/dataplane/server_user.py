# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user that PostgreSQL and PgBouncer run as. Both refuse to run as root."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import pwd
import shutil
import stat

from .errors import DataPlaneError


@dataclasses.dataclass(frozen=True)
class ServerUser:
    """Whom the servers run as; ``changes`` says that this is somebody else than the user of this process."""

    name: str
    uid: int
    gid: int
    changes: bool

    @property
    def owner(self) -> tuple[int, int]:
        """The (uid, gid) that the servers' files need."""
        return self.uid, self.gid

    def command(self, argv: list[str], *, death_signal: str) -> list[str]:
        """Return ``argv`` run as this user and sent ``death_signal`` when the thread that started it ends, even by SIGKILL."""
        identity = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"] if self.changes else []
        return [_setpriv(), *identity, "--pdeathsig", death_signal, "--", *argv]

    def entry_obstacle(self, folder: pathlib.Path) -> pathlib.Path | None:
        """Return the first folder on the way to ``folder``, itself included, that this user may not pass, or None."""
        if not self.changes:
            return None
        resolved = folder.resolve()
        return next((part for part in (*reversed(resolved.parents), resolved) if not self._may(part, stat.S_IXOTH)), None)

    def obstacle(self, path: pathlib.Path) -> pathlib.Path | None:
        """Return the first part of ``path`` that keeps this user from reading the file or folder there, or None."""
        if not self.changes:
            return None
        resolved = path.resolve()
        way = self.entry_obstacle(resolved if resolved.is_dir() else resolved.parent)
        return way if way is not None else None if self._may(resolved, stat.S_IROTH) else resolved

    def _may(self, path: pathlib.Path, wanted: int) -> bool:
        status = path.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return (status.st_mode >> shift) & wanted == wanted


def _setpriv() -> str:
    found = shutil.which("setpriv")
    if found is None:
        raise DataPlaneError("the local Neon needs the program setpriv (package util-linux) to start its servers: install it")
    return found


def own_name() -> str:
    """Return the name of the user this process runs as."""
    return pwd.getpwuid(os.geteuid()).pw_name


def find() -> ServerUser:
    """Return the user for the servers: ourselves, or when we are root ``postgres``, else ``nobody``."""
    if os.geteuid() != 0:
        return ServerUser(own_name(), os.geteuid(), os.getegid(), changes=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name, entry.pw_uid, entry.pw_gid, changes=True)
    raise DataPlaneError("PostgreSQL refuses to run as root and this machine has neither a user postgres nor a user nobody: create one")
