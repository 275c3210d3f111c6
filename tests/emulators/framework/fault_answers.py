# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a fault's answer leaves the emulator."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from collections.abc import Callable
from email.utils import formatdate

from aiohttp import web

from .faults import Fault


def status_answer(fault: Fault, error_body: Callable[[int, str, str], dict[str, object]]) -> web.Response:
    """The answer of a fault with a status."""
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    if fault.retry_after_date_in is not None:
        headers["Retry-After"] = formatdate(math.ceil(time.time() + fault.retry_after_date_in), usegmt=True)
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, text=fault.body, content_type="text/html", headers=headers)
    body = error_body(fault.status, f"injected fault: {fault.status}", "") if fault.body is None else fault.body
    return web.Response(status=fault.status, text=json.dumps(body), content_type="application/json", headers=headers)


async def send(request: web.Request, response: web.Response, fault: Fault) -> web.StreamResponse:
    """Send ``response`` the way ``fault`` wants it: late, in pieces, in part, or not at all."""
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if (fault.drop_before or fault.drop_after) and request.transport is not None:
        request.transport.abort()
        return response
    body = response.body if isinstance(response.body, bytes) else b""
    half = body[: len(body) // 2]
    if fault.cut == "length":
        response.body = half
        return response
    if fault.cut == "connection":
        return await _stream(request, response, [half], 0.0, whole=len(body))
    if fault.drip_bytes:
        pieces = [body[start : start + fault.drip_bytes] for start in range(0, len(body), fault.drip_bytes)]
        return await _stream(request, response, pieces, fault.drip_pause, whole=len(body))
    return response


async def _stream(request: web.Request, response: web.Response, pieces: list[bytes], pause: float, *, whole: int) -> web.StreamResponse:
    """Send ``pieces`` as the body of an answer that says it has ``whole`` bytes; end the connection if they are fewer."""
    streamed = web.StreamResponse(status=response.status, headers={**response.headers, "Content-Length": str(whole)})
    with contextlib.suppress(ConnectionError):  # a client that has lost its patience is what the test is about
        await streamed.prepare(request)
        for piece in pieces:
            await streamed.write(piece)
            await asyncio.sleep(pause)
    if sum(map(len, pieces)) < whole and request.transport is not None:
        request.transport.close()
    return streamed
