# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administration surface for tests, below ``/_local/`` on the API's own port, with the API's own key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from .errors import ApiError
from .faults import parse_fault
from .gate import Gate


def admin_routes(gate: Gate, deviations: Callable[[], list[dict[str, Any]]]) -> list[web.RouteDef]:
    """Routes for the request log, violations, faults, rate limits, clock, strictness and known deviations.

    :param deviations: returns the emulator's known deviations from the real service.
    """

    async def get_requests(request: web.Request) -> web.Response:
        return web.json_response({"requests": gate.records.requests_as_data()})

    async def delete_requests(request: web.Request) -> web.Response:
        gate.records.requests.clear()
        return web.json_response({"requests": []})

    async def get_violations(request: web.Request) -> web.Response:
        return web.json_response({**gate.contract_state(), "strict": gate.strict, "violations": gate.records.violations_as_data()})

    async def delete_violations(request: web.Request) -> web.Response:
        gate.records.violations.clear()
        return await get_violations(request)

    async def put_strict(request: web.Request) -> web.Response:
        value = (await _json_object(request)).get("strict")
        if not isinstance(value, bool):
            return gate.error(ApiError(400, "strict is true or false"))
        gate.strict = value
        return await get_violations(request)

    async def get_faults(request: web.Request) -> web.Response:
        return web.json_response({"faults": [fault.as_data() for fault in gate.faults.faults]})

    async def post_faults(request: web.Request) -> web.Response:
        try:
            data = await request.json()
            gate.faults.faults.extend([parse_fault(item, gate.clock.time()) for item in (data if isinstance(data, list) else [data])])
        except ValueError as error:
            return gate.error(ApiError(400, str(error)))
        return await get_faults(request)

    async def delete_faults(request: web.Request) -> web.Response:
        gate.faults.faults.clear()
        return await get_faults(request)

    async def get_clock(request: web.Request) -> web.Response:
        return web.json_response({"now": gate.clock.now().isoformat()})

    async def get_limits(request: web.Request) -> web.Response:
        return web.json_response(gate.limits.as_data() if gate.limits else {"enabled": False})

    async def put_limits(request: web.Request) -> web.Response:
        if gate.limits is None:
            return gate.error(ApiError(404, f"the {gate.name} has no rate limits"))
        try:
            gate.limits.change(await _json_object(request))
        except ValueError as error:
            return gate.error(ApiError(400, str(error)))
        return await get_limits(request)

    async def post_clock(request: web.Request) -> web.Response:
        seconds = (await _json_object(request)).get("advance_seconds")
        if not isinstance(seconds, (int, float)) or seconds < 0:
            return gate.error(ApiError(400, "advance_seconds is a number of seconds, not negative"))
        gate.clock.advance(seconds)
        return await get_clock(request)

    async def get_deviations(request: web.Request) -> web.Response:
        return web.json_response({**gate.contract_state(), "deviations": deviations()})

    return [
        web.get("/_local/requests", get_requests),
        web.delete("/_local/requests", delete_requests),
        web.get("/_local/violations", get_violations),
        web.delete("/_local/violations", delete_violations),
        web.put("/_local/strict", put_strict),
        web.get("/_local/faults", get_faults),
        web.post("/_local/faults", post_faults),
        web.delete("/_local/faults", delete_faults),
        web.get("/_local/clock", get_clock),
        web.get("/_local/limits", get_limits),
        web.put("/_local/limits", put_limits),
        web.post("/_local/clock", post_clock),
        web.get("/_local/deviations", get_deviations),
    ]


async def _json_object(request: web.Request) -> dict[str, Any]:
    """The body as an object; anything else reads as an empty one, so that the caller's own check names the missing field."""
    try:
        data = await request.json()
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
