# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The middleware every exchange passes: key, faults, contract, log."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from .clock import Clock
from .contract import Contract, Message
from .errors import ApiError
from .fault_answers import send, status_answer
from .faults import Fault, FaultSwitch
from .limits import RateLimits
from .records import Records, RequestRecord, Violation

LOG = logging.getLogger("emulator")
ADMIN_PREFIX = "/_local/"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Gate:
    """One emulator's gate.

    :param name: the emulator's name, used in messages.
    :param base_path: where the API is served.
    :param contract: None when the contract file is missing; validation is then skipped, and says so in :meth:`contract_state`.
    :param missing_contract: where the file was expected.
    :param authorised: tells whether an ``Authorization`` header (None when absent) opens the door.
    :param error_body: the provider's error body for status, message and code.
    :param limits: the provider's rate limits, off until a test switches them on; None for a provider without any.
    :param strict: answer 400 or 500 to what breaks the contract instead of only recording it.
    """

    name: str
    base_path: str
    contract: Contract | None
    missing_contract: str
    authorised: Callable[[str | None], bool]
    error_body: Callable[[int, str, str], dict[str, object]]
    strict: bool = True
    clock: Clock = field(default_factory=Clock)
    limits: RateLimits | None = None
    records: Records = field(default_factory=Records)
    faults: FaultSwitch = field(init=False)

    def __post_init__(self) -> None:
        self.faults = FaultSwitch(self.clock.time)

    def contract_state(self) -> dict[str, str]:
        """Whether exchanges are validated, and against what; ``skipped`` names the missing file."""
        if self.contract is None:
            return {"validation": "skipped", "reason": f"contract file not found: {self.missing_contract}"}
        return {"validation": "on", "contract": self.contract.path.name, "version": self.contract.version}

    def error(self, failure: ApiError) -> web.Response:
        """The provider's answer for ``failure``."""
        body = self.error_body(failure.status, failure.message, failure.code)
        return web.json_response(body, status=failure.status, headers=failure.headers)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Entry point for aiohttp."""
        if request.path.startswith(ADMIN_PREFIX):
            if not self.authorised(request.headers.get("Authorization")):
                return self.error(ApiError(401, "the local administration surface needs the same key as the API"))
            return await handler(request)
        started = time.perf_counter()
        template = self._template(request)
        fault = self.faults.take(request.method, request.path.removeprefix(self.base_path), template or request.path)
        response = await self._exchange(request, handler, template, fault)
        self.records.requests.append(
            RequestRecord(
                request.method,
                template or request.path,
                request.path,
                dict(request.query),
                response.status,
                round(time.perf_counter() - started, 6),
                fault.describe() if fault else "",
            )
        )
        return await send(request, response, fault) if fault else response

    def _template(self, request: web.Request) -> str | None:
        if self.contract is not None:
            return self.contract.template(request.method, request.path)
        resource = request.match_info.route.resource
        return resource.canonical.removeprefix(self.base_path) if resource is not None else None

    async def _exchange(self, request: web.Request, handler: Handler, template: str | None, fault: Fault | None) -> web.Response:
        if fault and fault.skips_work:
            # Without a status it is never sent: the connection is cut.
            return status_answer(fault, self.error_body) if fault.status else web.Response(status=599)
        message = Message(
            method=request.method,
            path=request.path,
            query=tuple(request.query.items()),
            headers=tuple(request.headers.items()),
            content_type=request.content_type if request.body_exists else "",
            body=await request.read(),
        )
        response = self._checked_response(template, message, await self._answer(request, handler, template, message))
        return status_answer(fault, self.error_body) if fault and fault.status else response

    async def _answer(self, request: web.Request, handler: Handler, template: str | None, message: Message) -> web.Response:
        if not self.authorised(request.headers.get("Authorization")):
            return self.error(ApiError(401, "supplied credentials do not pass authentication"))
        try:
            if self.limits is not None:
                self.limits.check(f"{request.method} {template or request.path}")
            if template is None:
                if self.contract is not None:
                    self._record("request", request, template, ["the contract has no such operation"])
                raise ApiError(404, "this route does not exist")
            if self.contract is not None:
                problems = self.contract.request_violations(template, message)
                if problems:
                    self._record("request", request, template, problems)
                    if self.strict:
                        raise ApiError(400, "contract violation in the request: " + "; ".join(problems), "CONTRACT_VIOLATION")
            if not self._offers(request, template):
                raise ApiError(501, f"the {self.name} does not offer {request.method} {template}", "NOT_OFFERED_LOCALLY")
            response = await handler(request)
            assert isinstance(response, web.Response)
            return response
        except ApiError as failure:
            return self.error(failure)
        except Exception as failure:
            LOG.exception("%s %s", request.method, request.path)
            self._record("emulator", request, template, [f"{type(failure).__name__}: {failure}"])
            return self.error(ApiError(500, f"the {self.name} failed; its log has the details", "EMULATOR_FAILED"))

    def _offers(self, request: web.Request, template: str) -> bool:
        """Whether the route that took the request is the operation's own: /things/shared must not be taken for a thing's id."""
        resource = request.match_info.route.resource
        return resource is not None and resource.canonical == self.base_path + template

    def _checked_response(self, template: str | None, message: Message, response: web.Response) -> web.Response:
        if self.contract is None or template is None:
            return response
        body = response.body if isinstance(response.body, bytes) else b""
        answer = Message(
            method=message.method,
            path=message.path,
            headers=tuple(response.headers.items()),
            content_type=response.content_type if body else "",
            body=body,
            status=response.status,
        )
        problems = self.contract.response_violations(template, message, answer)
        if not problems:
            return response
        self.records.violations.append(Violation("response", message.method, template, problems))
        LOG.error("contract violation in the response of %s %s: %s", message.method, template, "; ".join(problems))
        if not self.strict:
            return response
        return self.error(ApiError(500, "contract violation in the response: " + "; ".join(problems), "CONTRACT_VIOLATION"))

    def _record(self, side: str, request: web.Request, template: str | None, problems: list[str]) -> None:
        self.records.violations.append(Violation(side, request.method, template or request.path, problems))
