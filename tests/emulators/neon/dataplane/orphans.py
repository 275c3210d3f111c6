# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server processes whose parent is gone: those of a killed emulator, and the backends of a killed PostgreSQL. Blocking."""

from __future__ import annotations

import os
import pathlib
import signal
import time

from .errors import DataPlaneError

_PROGRAMS = frozenset({"postgres", "pgbouncer", "initdb"})
_SECONDS = 10.0


def end(folder: pathlib.Path) -> None:
    """End all server processes that work in ``folder`` or below it. Raises DataPlaneError when one cannot be ended."""
    deadline = time.monotonic() + _SECONDS
    while found := _working_in(folder):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                # It ended by itself meanwhile.
                continue
        if time.monotonic() > deadline:
            raise DataPlaneError(f"the processes {sorted(found)} still work in {folder} and cannot be ended")
        time.sleep(0.02)


def _working_in(folder: pathlib.Path) -> list[int]:
    prefix = os.fsencode(folder) + b"/"
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if _program(entry) in _PROGRAMS and _works_below(entry, prefix):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            # It ended meanwhile.
            continue
    return found


def _program(entry: pathlib.Path) -> str:
    return (entry / "comm").read_text(encoding="utf-8", errors="replace").strip()


def _works_below(entry: pathlib.Path, prefix: bytes) -> bool:
    try:
        # PostgreSQL's processes work in their data folder, our PgBouncer in its own.
        return (os.fsencode((entry / "cwd").readlink()) + b"/").startswith(prefix)
    except PermissionError:
        # Not ours to look into (containers may lack the capability); a server's own arguments name its folder as well.
        arguments = (entry / "cmdline").read_bytes().split(b"\0")
        return any(argument.startswith(prefix) or b"=" + prefix in argument for argument in arguments[1:])
