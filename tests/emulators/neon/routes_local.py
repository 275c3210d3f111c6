# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test can say to the local Neon beyond the framework's administration surface."""

from __future__ import annotations

from aiohttp import web

from .world import WORLD

PLANS = ("free", "launch", "scale", "agent", "business", "enterprise")


async def put_plan(request: web.Request) -> web.Response:
    """``PUT /_local/plan``: the account is on another plan from now on. Only what consumption history is offered to depends on it."""
    data = await request.json()
    plan = data.get("plan") if isinstance(data, dict) else None
    if plan not in PLANS:
        return web.json_response({"message": f"plan is one of {', '.join(PLANS)}"}, status=400)
    request.app[WORLD].plan = plan
    return web.json_response({"plan": plan})


ROUTES = [web.put("/_local/plan", put_plan)]
