# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Positions in the WAL: LSNs, segments, and what a data folder's control file says about them."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import struct

from .errors import DataPlaneError

#: Bytes of a WAL segment, as initdb makes clusters by default.
SEGMENT_BYTES = 16 * 1024**2

_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})\Z")
_SEGMENT = re.compile(r"[0-9A-F]{24}\Z")
_TIMELINE_LINE = re.compile(r"\d+\s+([0-9A-Fa-f]+/[0-9A-Fa-f]+)\s")

# The beginning of ControlFileData (pg_control.h), the same since PostgreSQL 9: system identifier, two version numbers, state, time,
# position of the last checkpoint, and of the checkpoint itself its redo position and its timeline.
_CONTROL = struct.Struct("=QIIi4xqQQI")
_SHUT_DOWN = 1


def parse_lsn(text: str) -> int:
    """Return the position that ``text`` (for example ``0/16B3748``) names. Raises ValueError when it names none."""
    found = _LSN.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no LSN: two hexadecimal numbers with a slash between them, for example 0/16B3748")
    return int(found[1], 16) << 32 | int(found[2], 16)


def format_lsn(position: int) -> str:
    """Return ``position`` as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def segment_of(position: int) -> int:
    """Return the number of the segment that holds ``position``."""
    return position // SEGMENT_BYTES


def segment_number(file_name: str) -> int | None:
    """Return the number of the segment with this file name, on whatever timeline; None for another file."""
    if not _SEGMENT.match(file_name):
        return None
    return int(file_name[8:16], 16) * (0x1_0000_0000 // SEGMENT_BYTES) + int(file_name[16:], 16)


@dataclasses.dataclass(frozen=True)
class Control:
    """What a control file says: where the last checkpoint is, from where recovery would replay, and whether the server was shut down."""

    checkpoint: int
    redo: int
    timeline: int
    shut_down: bool


def read_control(data: pathlib.Path) -> Control:
    """Read the control file of a data folder. Blocking. Raises OSError, or DataPlaneError when it is no control file."""
    content = (data / "global" / "pg_control").read_bytes()[: _CONTROL.size]
    if len(content) < _CONTROL.size:
        raise DataPlaneError(f"{data}/global/pg_control is too short for a control file")
    _, _, _, state, _, checkpoint, redo, timeline = _CONTROL.unpack(content)
    return Control(checkpoint, redo, timeline, state == _SHUT_DOWN)


def promoted_at(data: pathlib.Path) -> int | None:
    """Return where the newest timeline of a data folder left the one before it, or None on the first timeline. Blocking."""
    histories = sorted((data / "pg_wal").glob("????????.history"))
    if not histories:
        return None
    positions = _TIMELINE_LINE.findall(histories[-1].read_text(encoding="utf-8"))
    return parse_lsn(positions[-1]) if positions else None
