# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""System V shared memory that a killed PostgreSQL leaves behind.

PostgreSQL holds one tiny segment as its interlock. A server that ends by itself removes it; one killed by SIGKILL cannot, and the
next start on the same data folder would. A data folder that is thrown away has no next start. Never release the segment of one that
will be started again: it is what keeps a server from starting beside the backends of a killed one.
"""

from __future__ import annotations

import ctypes
import pathlib

_IPC_RMID = 0


def release(data: pathlib.Path) -> None:
    """Remove the segment that the lock file of ``data`` still names. The server of that folder must have ended."""
    lock_file = data / "postmaster.pid"
    try:
        lines = lock_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        # A clean end: the server removed segment and file.
        return
    if len(lines) < 7 or len(lines[6].split()) != 2:
        return
    key, identifier = (int(word) for word in lines[6].split())
    # An old lock file may name a number that the kernel has given to somebody else since then.
    if (key, identifier, int(lines[0])) in _unattached():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.shmctl(identifier, _IPC_RMID, None) != 0:
            raise OSError(ctypes.get_errno(), f"removing shared memory segment {identifier} of {data}")


def _unattached() -> set[tuple[int, int, int]]:
    """Return (key, identifier, process id of its maker) of all segments that no process uses."""
    found = set()
    for line in pathlib.Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]:
        # key shmid perms size cpid lpid nattch ...; see proc(5) and sysvipc(7).
        key, identifier, _, _, maker, _, attached = (int(word) for word in line.split()[:7])
        if attached == 0:
            found.add((key, identifier, maker))
    return found
