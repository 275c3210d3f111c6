# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first messages of the PostgreSQL protocol, as far as a proxy that looks for a server name needs them. Pure functions.

See "Message Formats" in PostgreSQL's documentation of its frontend/backend protocol.
"""

from __future__ import annotations

import struct

SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102

#: First byte of a TLS record that carries a handshake; a client that begins with it skips SSLRequest (PostgreSQL 17).
TLS_HANDSHAKE = 0x16

#: The longest first message that PostgreSQL accepts.
MAX_STARTUP_LENGTH = 10_000

_HEADER = struct.Struct("!II")


class ProtocolViolationError(Exception):
    """What a client sent is no PostgreSQL protocol."""


def startup_header(header: bytes) -> tuple[int, int]:
    """Return (length, code) of a first message from its first eight bytes. ``length`` counts the eight bytes, too."""
    length, code = _HEADER.unpack(header)
    if not 8 <= length <= MAX_STARTUP_LENGTH:
        raise ProtocolViolationError(f"the first message says it has {length} bytes")
    return length, code


def startup_message(code: int, payload: bytes = b"") -> bytes:
    """Return a first message with that code."""
    return _HEADER.pack(8 + len(payload), code) + payload


def error_response(message: str, code: str) -> bytes:
    """Return an ErrorResponse of severity FATAL with an SQLSTATE ``code``, which ends the connection attempt."""
    fields = b"".join(kind + value.encode("utf-8") + b"\0" for kind, value in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", code), (b"M", message)))
    return b"E" + struct.pack("!I", 4 + len(fields) + 1) + fields + b"\0"
