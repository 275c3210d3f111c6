# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a server presents the certificate that it is configured with.

A reload with files that it cannot load, for the owner or the mode of the key, say, is an error in its log only: SQL shows the new paths, and the
former certificate stays in use (secure_initialize in postmaster.c). So a connection looks at what the server presents, and asks for nothing else.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import typing as t

from .._core.errors import ServerError
from .setting_tls import first_certificate
from .setting_tls_files import CONTENT
from .transport import Session

_ADDRESS = "SELECT host(inet_server_addr()) AS address, inet_server_port() AS port"

#: SSLRequest: its length and its code (protocol.h).
_SSL_REQUEST: t.Final = struct.pack("!ii", 8, 80877103)


def certificate_not_taken(session: Session, path: str, timeout: float) -> str | None:
    """Return how what a server presents differs from the certificate in its file, None if it does not or that cannot be told.

    :param path: of the file, on the server's host; the login user may read it.
    :param timeout: for the connection, in seconds.
    """
    try:
        configured = first_certificate(bytes(session.rows(CONTENT, {"path": path}, f"look into {path}")[0]["content"]))
    except ServerError:
        return None
    row = session.rows(_ADDRESS, None, "read the server's own address")[0]
    if configured is None or row["address"] is None or session.peer != (row["address"], row["port"]):
        # Through a socket there is no TLS, and behind a proxy it is the proxy's.
        return None
    try:
        presented = _presented(session.peer, timeout)
    except (OSError, ValueError):
        return None
    if presented == b"":
        return "it offers no TLS"
    return None if presented is None or presented == configured else "it presents another certificate"


def _presented(address: tuple[str, int], timeout: float) -> bytes | None:
    """Return the certificate in DER form, nothing of it where TLS is not offered.

    :raises OSError: if there is no such connection; ssl.SSLError is one.
    """
    with socket.create_connection(address, timeout=timeout) as raw:
        raw.sendall(_SSL_REQUEST)
        if raw.recv(1) != b"S":
            return b""
        # Nothing is sent through it: the certificate is compared, so nobody needs to vouch for it.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(raw) as wrapped:
            presented = wrapped.getpeercert(binary_form=True)
            # Without a farewell the server would log a broken connection.
            with contextlib.suppress(OSError):
                wrapped.unwrap()
            return presented
