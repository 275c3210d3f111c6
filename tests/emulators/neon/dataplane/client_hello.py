# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the server name from a client's first TLS message without taking part in the handshake.

Python's own TLS reads the message: a server-side connection over memory is fed until it has seen the name. Then either the bytes are
handed to the real server, which makes the handshake with the client, or this connection goes on with it, to tell the client an error.
"""

from __future__ import annotations

import asyncio
import ssl

from . import wire
from .certificates import Certificates

_CHUNK = 65_536
_REFUSE_SECONDS = 30.0


def server_context(certificates: Certificates) -> ssl.SSLContext:
    """Return the context for connections that end at the proxy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificates.certificate_file, certificates.key_file)
    # Without this protocol in the answer, a client that began with TLS directly drops the connection.
    context.set_alpn_protocols(["postgresql"])
    context.sni_callback = _remember_name
    return context


def _remember_name(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
    connection.client_hello = (name,)  # type: ignore[attr-defined]


class TlsPeek:
    """One client's TLS connection, at its beginning."""

    def __init__(self, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._reader = reader
        self._writer = writer
        self._received = bytearray()

    @property
    def received(self) -> bytes:
        """All bytes the client sent so far, for the real server."""
        return bytes(self._received)

    async def server_name(self, first_bytes: bytes = b"") -> str | None:
        """Read until the client has named a server; return that name, or None when it names none.

        Raises ProtocolViolationError when this is no TLS, or none that the proxy can speak; the client has been told, then.
        """
        self._feed(first_bytes)
        while not hasattr(self._tls, "client_hello"):
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                if not hasattr(self._tls, "client_hello"):
                    await self._read_more()
            except ssl.SSLError as error:
                if not hasattr(self._tls, "client_hello"):
                    await self._flush()
                    raise wire.ProtocolViolationError(f"TLS failed: {error.reason}") from error
        name: str | None = self._tls.client_hello[0]  # type: ignore[attr-defined]
        return name

    async def refuse(self, message: str, code: str) -> None:
        """Finish the handshake, read the client's first message and answer with an error."""
        async with asyncio.timeout(_REFUSE_SECONDS):
            await self._refuse(message, code)

    async def _refuse(self, message: str, code: str) -> None:
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                await self._read_more()
        await self._flush()
        length, request = wire.startup_header(await self._read_exactly(8))
        await self._read_exactly(length - 8)
        if request == wire.CANCEL_REQUEST:
            return
        self._tls.write(wire.error_response(message, code))
        await self._flush()

    async def _read_exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                chunk = self._tls.read(count - len(data))
            except ssl.SSLWantReadError:
                await self._flush()
                await self._read_more()
                continue
            if not chunk:
                raise wire.ProtocolViolationError("the client closed the connection before its first message")
            data += chunk
        return bytes(data)

    async def _read_more(self) -> None:
        chunk = await self._reader.read(_CHUNK)
        if not chunk:
            raise wire.ProtocolViolationError("the client closed the connection during the TLS handshake")
        self._feed(chunk)

    def _feed(self, chunk: bytes) -> None:
        self._received += chunk
        self._incoming.write(chunk)

    async def _flush(self) -> None:
        pending = self._outgoing.read()
        if pending:
            self._writer.write(pending)
            await self._writer.drain()
