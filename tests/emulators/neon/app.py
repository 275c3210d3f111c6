# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local Neon as an aiohttp application."""

from __future__ import annotations

import hmac
import uuid

from aiohttp import web

from ..framework.admin import admin_routes
from ..framework.clock import Clock
from ..framework.contract import Contract, contract_path
from ..framework.gate import Gate
from ..framework.limits import RateLimits
from ..framework.records import Violation
from . import (
    names,
    routes_account,
    routes_branches,
    routes_consumption,
    routes_databases,
    routes_endpoints,
    routes_local,
    routes_projects,
    routes_recovery,
    routes_restore,
    routes_roles,
    routes_snapshots,
)
from .computes import Computes
from .dataplane import DataPlane
from .deviations import deviations
from .metering import Meter
from .operations import Operations
from .state import Operation
from .world import WORLD, World

BASE_PATH = "/api/v2"
CONTRACT_FILE = "neon-openapi.json"
NAME = "local Neon"
#: Of one account, as the vendor's documentation of the API says.
REQUESTS_PER_MINUTE = 700
BURST_PER_SECOND = 40
ROUTE_FILES = (
    routes_account,
    routes_projects,
    routes_branches,
    routes_restore,
    routes_snapshots,
    routes_endpoints,
    routes_roles,
    routes_databases,
    routes_recovery,
    routes_consumption,
)
GATE: web.AppKey[Gate] = web.AppKey("gate", Gate)


def error_body(status: int, message: str, code: str) -> dict[str, object]:
    """The service's error body."""
    return {"request_id": str(uuid.uuid4()), "code": code, "message": message}


def build_gate(api_key: str, *, strict: bool) -> Gate:
    """The gate with the contract, if its file is there."""
    path, clock = contract_path(CONTRACT_FILE), Clock()

    def authorised(header: str | None) -> bool:
        scheme, _separator, key = (header or "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(key.encode(), api_key.encode())

    return Gate(
        name=NAME,
        base_path=BASE_PATH,
        contract=Contract(path, BASE_PATH, names.ALIKE) if path.is_file() else None,
        missing_contract=str(path),
        authorised=authorised,
        error_body=error_body,
        strict=strict,
        clock=clock,
        limits=RateLimits(clock.time, REQUESTS_PER_MINUTE, BURST_PER_SECOND),
    )


def build_world(gate: Gate, data_plane: DataPlane, *, pg_versions: tuple[int, ...], operation_seconds: float, snapshot_limit: int) -> World:
    """The account, with its computes. A failed piece of work is the emulator's fault and counts as a violation."""

    def failed(operation: Operation, error: Exception) -> None:
        text = f"operation {operation.action} failed: {type(error).__name__}: {error}"
        gate.records.violations.append(Violation("emulator", "", operation.action, [text]))

    world = World(gate.clock, Operations(gate.clock, operation_seconds, failed), data_plane, pg_versions, snapshot_limit)
    world.computes = Computes(world)
    world.meter = Meter(world)
    return world


def build_app(gate: Gate, world: World) -> web.Application:
    """The application with the API below its base path and the administration surface."""
    app = web.Application(middlewares=[gate.middleware])
    app[WORLD] = world
    app[GATE] = gate
    for module in ROUTE_FILES:
        for route in module.ROUTES:
            app.router.add_route(route.method, BASE_PATH + route.path, route.handler)
    app.router.add_routes(routes_local.ROUTES)
    app.router.add_routes(admin_routes(gate, lambda: deviations(world.data_plane.deviations())))
    return app
