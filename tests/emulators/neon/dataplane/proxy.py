# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proxy in front of all computes: one TCP port, the server name of the TLS handshake says which endpoint is meant.

TLS goes through from end to end: the proxy reads the client's first TLS message and hands it on. Only a client that cannot be
routed gets its TLS connection from the proxy itself, to be told why in the protocol's own words.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
import typing as t

from . import wire
from .client_hello import TlsPeek
from .errors import DataPlaneError, RefusedError, UnknownEndpointError

LOG = logging.getLogger("emulators.neon.dataplane.proxy")

POOLER_SUFFIX = "-pooler"

# Neon's own texts: programs recognise them.
_INSECURE = "connection is insecure (try using `sslmode=require`)"
_NO_ENDPOINT = (
    "Endpoint ID is not specified. Either please upgrade the postgres client library (libpq) for SNI support or pass the endpoint ID "
    "(first part of the domain name) as a parameter: '?options=endpoint%3D<endpoint-id>'. See more at https://neon.tech/sni"
)
_UNKNOWN_ENDPOINT = "The requested endpoint could not be found, or you don't have access to it. Please check the provided ID and try again."

_PREAMBLE_SECONDS = 60.0
_LAST_WORDS_SECONDS = 2.0
_CHUNK = 65_536
_INTERNAL_ERROR = "XX000"
_CANNOT_CONNECT_NOW = "57P03"


class Backends(t.Protocol):
    """What the proxy needs from the data plane."""

    async def backend_port(self, endpoint_id: str, *, pooled: bool) -> int:
        """Return the loopback port of the endpoint's server or PgBouncer, started if need be. Raises DataPlaneError."""

    async def backend_failed(self, endpoint_id: str, *, pooled: bool) -> None:
        """A port given out did not answer: notice a dead process, so that the next backend_port starts another one."""

    def admission(self, endpoint_id: str, address: str) -> str | None:
        """Return why a client from ``address`` may not connect to the endpoint, None if it may."""

    def cancel_targets(self) -> list[tuple[int, bool]]:
        """Return (port, is PgBouncer) of everything a cancel request could be meant for."""


def endpoint_of(server_name: str | None, domain: str) -> tuple[str, bool] | None:
    """Return (endpoint id, pooled) of a host name below ``domain``, or None. The suffix -pooler is not part of the id."""
    if server_name is None:
        return None
    label, _, rest = server_name.lower().partition(".")
    if rest != domain or not label:
        return None
    if label.endswith(POOLER_SUFFIX):
        return label[: -len(POOLER_SUFFIX)], True
    return label, False


class SniProxy:
    """Listens on 127.0.0.1 and ::1 on the same port; counts clients and remembers their last activity per endpoint."""

    def __init__(self, backends: Backends, domain: str, context: ssl.SSLContext) -> None:
        self._backends = backends
        self._domain = domain
        self._context = context
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._clients: dict[str, int] = {}
        self._last_activity: dict[str, float] = {}
        self._sent: dict[str, int] = {}
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen on ``port``, or on a free one when it is 0. Raises DataPlaneError when the port is taken."""
        for _attempt in range(20):
            sockets = _listeners(port)
            if sockets:
                break
        else:
            raise DataPlaneError(f"port {port} of 127.0.0.1 or ::1 is in use: choose another port for the local Neon's databases")
        self.port = sockets[0].getsockname()[1]
        for listener in sockets:
            self._servers.append(await asyncio.start_server(self._accept, sock=listener, backlog=1024))

    async def stop(self) -> None:
        """Close the port and drop all clients."""
        for server in self._servers:
            server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    def client_count(self, endpoint_id: str) -> int:
        """Return how many clients are connected to the endpoint, pooled ones included."""
        return self._clients.get(endpoint_id, 0)

    def last_activity(self, endpoint_id: str) -> float | None:
        """Return when a client of the endpoint last connected, sent something or left (seconds since 1970), or None."""
        return self._last_activity.get(endpoint_id)

    def sent_bytes(self, endpoint_id: str) -> int:
        """Return how many bytes went to clients of the endpoint so far, TLS included."""
        return self._sent.get(endpoint_id, 0)

    def forget(self, endpoint_id: str) -> None:
        """Forget an endpoint that is gone."""
        self._last_activity.pop(endpoint_id, None)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # a stream callback always runs in a task
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except asyncio.CancelledError:
            # stop(): the connection ends here. Re-raising would make asyncio log a traceback for every client.
            return
        except (OSError, asyncio.IncompleteReadError, wire.ProtocolViolationError) as error:
            # The client went away, or spoke something else: nobody is left to tell.
            LOG.debug("a connection ended before it reached a server: %s", error)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_PREAMBLE_SECONDS):
            first_bytes = await self._reach_tls(reader, writer)
            if first_bytes is None:
                return
            peek = TlsPeek(self._context, reader, writer)
            target = endpoint_of(await peek.server_name(first_bytes), self._domain)
            if target is None:
                await peek.refuse(_NO_ENDPOINT, _INTERNAL_ERROR)
                return
        endpoint_id, pooled = target
        peer = writer.get_extra_info("peername")
        refusal = self._backends.admission(endpoint_id, peer[0]) if peer else None
        if refusal is not None:  # before anything else: it wakes no compute and is no activity
            await peek.refuse(refusal, _INTERNAL_ERROR)
            return
        self._touch(endpoint_id)
        self._clients[endpoint_id] = self._clients.get(endpoint_id, 0) + 1
        try:
            try:
                server_reader, server_writer = await self._connect(endpoint_id, pooled=pooled)
            except UnknownEndpointError:
                self.forget(endpoint_id)
                await peek.refuse(_UNKNOWN_ENDPOINT, _INTERNAL_ERROR)
                return
            except RefusedError as error:
                await peek.refuse(str(error), _INTERNAL_ERROR)
                return
            except DataPlaneError as error:
                LOG.warning("endpoint %s cannot serve a client: %s", endpoint_id, error)
                await peek.refuse(f"Couldn't connect to compute node: {error}", _CANNOT_CONNECT_NOW)
                return
            server_writer.write(peek.received)
            await self._splice(endpoint_id, (reader, writer), (server_reader, server_writer))
        finally:
            self._clients[endpoint_id] -= 1
            if not self._clients[endpoint_id]:
                del self._clients[endpoint_id]
            if endpoint_id in self._last_activity:
                self._touch(endpoint_id)

    async def _reach_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        """Answer what comes before TLS. Return the first bytes of TLS if they were read already, None when there will be no TLS."""
        while True:
            first = await reader.readexactly(1)
            if first[0] == wire.TLS_HANDSHAKE:
                return first
            header = first + await reader.readexactly(7)
            length, code = wire.startup_header(header)
            payload = await reader.readexactly(length - 8)
            if code == wire.GSSENC_REQUEST:
                writer.write(b"N")
            elif code == wire.SSL_REQUEST:
                writer.write(b"S")
                return b""
            elif code == wire.CANCEL_REQUEST:
                await self._cancel(header + payload)
                return None
            else:
                writer.write(wire.error_response(_INSECURE, _INTERNAL_ERROR))
                await writer.drain()
                return None

    async def _connect(self, endpoint_id: str, *, pooled: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        problem = ""
        for _attempt in range(3):
            port = await self._backends.backend_port(endpoint_id, pooled=pooled)
            try:
                return await _open_tls_server(port)
            except (OSError, asyncio.IncompleteReadError) as error:
                problem = str(error) or type(error).__name__
                await self._backends.backend_failed(endpoint_id, pooled=pooled)
        raise DataPlaneError(f"its server does not answer ({problem})")

    async def _splice(
        self,
        endpoint_id: str,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        upstream = asyncio.ensure_future(self._pump(client[0], server[1], endpoint_id, to_client=False))
        downstream = asyncio.ensure_future(self._pump(server[0], client[1], endpoint_id, to_client=True))
        try:
            await asyncio.wait({upstream, downstream}, return_when=asyncio.FIRST_COMPLETED)
            if not downstream.done():
                # The client is gone, or the server stopped reading; then its last words (why it did) must still get through.
                _say_end(server[1])
                await asyncio.wait({downstream}, timeout=_LAST_WORDS_SECONDS)
        finally:
            upstream.cancel()
            downstream.cancel()
            await asyncio.gather(upstream, downstream, return_exceptions=True)
            server[1].close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, endpoint_id: str, *, to_client: bool) -> None:
        try:
            while chunk := await reader.read(_CHUNK):
                if to_client:
                    self._sent[endpoint_id] = self._sent.get(endpoint_id, 0) + len(chunk)
                else:
                    self._touch(endpoint_id)
                writer.write(chunk)
                await writer.drain()
        except OSError:
            # One side is gone: the caller ends the other one.
            return

    async def _cancel(self, message: bytes) -> None:
        # The key in the message fits one session of one server; all others ignore it.
        for port, is_pgbouncer in self._backends.cancel_targets():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                # Died a moment ago, with the session that was meant.
                continue
            try:
                if is_pgbouncer:
                    await _start_client_tls(reader, writer)
                writer.write(message)
                await writer.drain()
                # The server closes when it has passed the signal on: only then may the client believe the cancel was sent.
                await asyncio.wait_for(reader.read(1), 5)
            except (OSError, asyncio.IncompleteReadError) as error:
                LOG.debug("a cancel request did not get through to port %s: %s", port, error)
            finally:
                writer.close()

    def _touch(self, endpoint_id: str) -> None:
        self._last_activity[endpoint_id] = time.time()


def _say_end(writer: asyncio.StreamWriter) -> None:
    try:
        writer.write_eof()
    except OSError:
        # The other side closed first: it knows.
        return


def _listeners(port: int) -> list[socket.socket]:
    """Return sockets bound to 127.0.0.1 and, where this machine has IPv6, ::1 with the same port; none when it is taken."""
    found: list[socket.socket] = []
    families = [(socket.AF_INET, "127.0.0.1")] + ([(socket.AF_INET6, "::1")] if _has_ipv6_loopback() else [])
    for family, address in families:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, found[0].getsockname()[1] if found else port))
        except OSError:
            for other in (*found, listener):
                other.close()
            return []
        found.append(listener)
    return found


def _has_ipv6_loopback() -> bool:
    if not socket.has_ipv6:
        return False
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


async def _open_tls_server(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a server and bring it to the point where it waits for the client's first TLS message."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(wire.startup_message(wire.SSL_REQUEST))
        answer = await asyncio.wait_for(reader.readexactly(1), 20)
        if answer != b"S":
            raise ConnectionError(f"it answered {answer!r} to the request for TLS")
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def _start_client_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak TLS as a client from now on, to a process of our own on the loopback interface: its certificate proves nothing more."""
    writer.write(wire.startup_message(wire.SSL_REQUEST))
    if await reader.readexactly(1) != b"S":
        raise ConnectionError("PgBouncer refused TLS")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    await writer.start_tls(context)
