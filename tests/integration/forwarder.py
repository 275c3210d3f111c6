# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client from another address: libpq cannot choose its own, so its bytes go through a forwarder that can."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

_CHUNK = 65_536


@contextlib.contextmanager
def from_address(address: str, port: int) -> Iterator[int]:
    """A port of 127.0.0.1 whose connections reach ``port`` as if they came from the loopback address ``address``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()
        thread = threading.Thread(target=_serve, args=(listener, address, port, stop), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        stop.set()
        with contextlib.suppress(OSError):  # wakes the thread out of accept()
            socket.create_connection(listener.getsockname(), 5).close()
        thread.join(10)


def _serve(listener: socket.socket, address: str, port: int, stop: threading.Event) -> None:
    while True:
        client, _peer = listener.accept()
        if stop.is_set():
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", port), 30, source_address=(address, 0))
        server.settimeout(None)
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other direction has closed both
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
    for side in (source, target):
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)
        side.close()
