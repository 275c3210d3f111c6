# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the throw-away clusters of tests live: in memory where there is room, else where temporary files belong.

Tests make and remove some hundred clusters of 1,000 files each. On a disk that others use as well, that is half of their time.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile

_MEMORY = "/dev/shm"
# All clusters that two workers have at a time are below 1 GB; the rest is for whoever else shares the memory.
_ROOM_BYTES = 4 * 1024**3


@functools.cache
def folder() -> str:
    """Return the folder for temporary clusters. Programs are run from there, too, so a mount without that right (a container's) does not serve."""
    try:
        mount = os.statvfs(_MEMORY)
        fits = os.path.ismount(_MEMORY) and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    except OSError:
        return tempfile.gettempdir()
    return _MEMORY if fits and not mount.f_flag & os.ST_NOEXEC else tempfile.gettempdir()
