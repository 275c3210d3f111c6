# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small API behind the emulators' gate, for tests of the gate and of what acts in it."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from emulators.framework.admin import admin_routes
from emulators.framework.contract import Contract
from emulators.framework.gate import Gate

THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "label": {"type": "string", "maxLength": 3}}}
ERROR = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
JSON_ERROR = {"description": "error", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
JSON_THING = {"description": "a thing", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "things", "version": "1"},
    "paths": {
        "/things/{id}": {
            "get": {
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}},
                    {"in": "query", "name": "size", "schema": {"type": "integer", "maximum": 5}},
                ],
                "responses": {"200": JSON_THING, "default": JSON_ERROR},
            },
            "delete": {
                "parameters": [{"in": "path", "name": "id", "required": True, "schema": {"type": "string"}}],
                "responses": {"204": {"description": "gone"}, "default": JSON_ERROR},
            },
        },
        "/things/shared": {"get": {"responses": {"200": JSON_THING, "default": JSON_ERROR}}},
        "/things": {
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {"201": JSON_THING, "default": JSON_ERROR},
            },
        },
    },
    "components": {"schemas": {"Thing": THING, "Error": ERROR}},
}
KEY = {"Authorization": "Bearer right"}


@asynccontextmanager
async def served(folder, answer, *, strict=True, contract=True):
    """A client for an emulator whose handlers all return ``answer()``, with its gate."""
    path = folder / f"{uuid.uuid4()}.json"
    path.write_text(json.dumps(DOCUMENT))
    gate = Gate(
        name="local Things",
        base_path="/api",
        contract=Contract(path, "/api") if contract else None,
        missing_contract="/nowhere/things.json",
        authorised=lambda header: header == "Bearer right",
        error_body=lambda status, message, code: {"message": message},
        strict=strict,
    )
    calls = []

    async def handler(request):
        calls.append(request.path)
        return answer()

    app = web.Application(middlewares=[gate.middleware])
    app.router.add_get("/api/things/{id}", handler)
    app.router.add_post("/api/things", handler)
    app.router.add_routes(admin_routes(gate, lambda: [{"id": "one"}]))
    async with TestClient(TestServer(app)) as client:
        gate.calls = calls
        yield client, gate


def good():
    return web.json_response({"id": 1})


def run(coroutine):
    return asyncio.run(coroutine)
