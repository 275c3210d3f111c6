# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A provider's OpenAPI document, held against requests and responses.

The document is read when the first message is validated and only the operation in question is handed to openapi-core, which resolves
references as it needs them. That keeps an emulator's start fast although the document is half a megabyte.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .undeclared import undeclared_fields

CONTRACTS_VARIABLE = "DBINFRA_CONTRACTS"
#: How many verdicts are remembered.
REMEMBERED = 4096
#: Headers that say nothing of a message's form.
FORMLESS_HEADERS = ("x-request-id", "content-length")
#: Texts of one form and the longest example of it: what the contract allows the example it allows all of them.
Alike = tuple[re.Pattern[str], str]
_DAY = r"\b20\d\d-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_TIME = r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
ALIKE: tuple[Alike, ...] = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"), "01234567-89ab-4cde-8f01-23456789abcd"),
    (re.compile(rf"{_DAY}{_TIME}Z"), "2026-02-03T04:05:06Z"),
    (re.compile(rf"{_DAY}{_TIME}\.\d{{1,6}}Z"), "2026-02-03T04:05:06.789012Z"),
)
METHODS = ("get", "post", "put", "patch", "delete")
CHECKOUT = Path(__file__).resolve().parents[3]


def contract_path(file_name: str) -> Path:
    """Where the contract ``file_name`` is expected: below ``$DBINFRA_CONTRACTS`` or beside the checkout."""
    folder = os.environ.get(CONTRACTS_VARIABLE)
    return (Path(folder) if folder else CHECKOUT.parent / "shared" / "contracts") / file_name


@dataclass(frozen=True)
class Message:
    """One request, or the response to it.

    :param method: HTTP method, any case.
    :param path: path including the base path, percent-decoded.
    :param query: name and value of each query parameter, in order.
    :param headers: header names and values.
    :param content_type: media type without parameters, empty when there is no body.
    :param body: the raw body.
    :param status: HTTP status; 0 for a request.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    body: bytes = b""
    status: int = 0


class Contract:
    """One OpenAPI 3.0 document.

    :param path: the file, JSON.
    :param base_path: path below which the emulator serves the API, for instance ``/api/v2``.
    :param alike: further texts of one form, of the provider: ids that it makes up.
    """

    def __init__(self, path: Path, base_path: str, alike: tuple[Alike, ...] = ()) -> None:
        self.path = path
        self.base_path = base_path
        self._alike = (*alike, *ALIKE)
        # A verdict takes milliseconds and follows from the message's form alone, and most messages have the form of an earlier one.
        self._judge_request = functools.lru_cache(REMEMBERED)(self._request_violations)
        self._judge_response = functools.lru_cache(REMEMBERED)(self._response_violations)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The parsed document."""
        return json.loads(self.path.read_text(encoding="utf-8"))

    @property
    def version(self) -> str:
        """``info.version`` of the document with its number of paths, to tell two copies of one version apart."""
        return f"{self.document['info']['version']} ({len(self.document['paths'])} paths)"

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        # Literal segments win over parameters: /projects/shared is not a project id.
        templates = sorted(self.document["paths"], key=lambda template: [part.startswith("{") for part in template.split("/")])
        return [(re.compile(re.sub(r"\\{[^/]*?\\}", "[^/]+", re.escape(template))), template) for template in templates]

    def template(self, method: str, path: str) -> str | None:
        """The path template of the operation that serves ``method`` and ``path``; None if the contract has no such operation."""
        if not path.startswith(self.base_path + "/"):
            return None
        for pattern, template in self._templates:
            if pattern.fullmatch(path[len(self.base_path) :]) and method.lower() in self.document["paths"][template]:
                return template
        return None

    def request_violations(self, template: str, request: Message) -> list[str]:
        """What in ``request`` contradicts the operation; empty when it conforms."""
        # What is wrong is said of the message itself, not of its form.
        return list(self._judge_request(template, self._form(request)) and self._request_violations(template, request))

    def response_violations(self, template: str, request: Message, response: Message) -> list[str]:
        """What in ``response`` contradicts the operation that ``request`` called; empty when it conforms."""
        # Of the request only the address counts.
        address = Message(request.method, request.path)
        return list(
            self._judge_response(template, self._form(address), self._form(response)) and self._response_violations(template, address, response)
        )

    def _form(self, message: Message) -> Message:
        """The message with examples in place of ids and times: without them every answer would be a new one."""
        return dataclasses.replace(
            message,
            path=self._exemplary(message.path),
            query=tuple((name, self._exemplary(value)) for name, value in message.query),
            headers=tuple(header for header in message.headers if header[0].lower() not in FORMLESS_HEADERS),
            body=self._exemplary(message.body.decode("latin-1")).encode("latin-1"),
        )

    def _exemplary(self, text: str) -> str:
        for pattern, example in self._alike:
            text = pattern.sub(example, text)
        return text

    def _request_violations(self, template: str, request: Message) -> tuple[str, ...]:
        api = self._operation_api(template, request.method)
        found = [text for error in api.iter_request_errors(_as_core_request(request)) for text in _explain(error)]
        operation = self._operation(template, request.method)
        declared = {parameter["name"] for parameter in self._parameters(template, operation) if parameter["in"] == "query"}
        found += [f"query parameter {name} is not declared" for name, value in request.query if name not in declared]
        return (*found, *self._undeclared(operation.get("requestBody"), request))

    def _response_violations(self, template: str, request: Message, response: Message) -> tuple[str, ...]:
        from openapi_core.testing import MockResponse  # the import takes 0.4 s, which an emulator's start need not pay

        api = self._operation_api(template, request.method)
        core_response = MockResponse(response.body, response.status, dict(response.headers), response.content_type)
        found = [text for error in api.iter_response_errors(_as_core_request(request), core_response) for text in _explain(error)]
        responses = self._operation(template, request.method)["responses"]
        return (*found, *self._undeclared(responses.get(str(response.status), responses.get("default")), response))

    def _operation(self, template: str, method: str) -> dict[str, Any]:
        return self.document["paths"][template][method.lower()]

    def _parameters(self, template: str, operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for parameter in (*self.document["paths"][template].get("parameters", ()), *operation.get("parameters", ())):
            yield self._resolve(parameter)

    def _undeclared(self, holder: dict[str, Any] | None, message: Message) -> list[str]:
        schema = self._resolve(holder or {}).get("content", {}).get("application/json", {}).get("schema")
        if schema is None or not message.body:
            return []
        try:
            value = json.loads(message.body)
        except ValueError:
            return []  # openapi-core has already said that the body is no JSON
        return [f"field {path} is not declared" for path in undeclared_fields(value, schema, self._resolve)]

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    @cached_property
    def _apis(self) -> dict[tuple[str, str], Any]:
        return {}

    def _operation_api(self, template: str, method: str) -> Any:
        """An openapi-core application that knows this operation only."""
        key = (template, method.lower())
        if key not in self._apis:
            from openapi_core import Config, OpenAPI

            item = self.document["paths"][template]
            part = {
                "openapi": self.document["openapi"],
                "info": self.document["info"],
                "servers": [{"url": self.base_path}],
                "paths": {template: {name: item[name] for name in ("parameters", key[1]) if name in item}},
                "components": self.document["components"],
                "security": self.document.get("security", []),
            }
            # The document itself was validated when it was added; doing that at every start would take seconds.
            self._apis[key] = OpenAPI.from_dict(part, config=Config(spec_validator_cls=None))
        return self._apis[key]


def _as_core_request(request: Message) -> Any:
    from openapi_core.testing import MockRequest
    from werkzeug.datastructures import MultiDict

    core = MockRequest(
        "http://localhost", request.method, request.path, headers=dict(request.headers), data=request.body, content_type=request.content_type
    )
    core.parameters.query = MultiDict(request.query)
    return core


def _explain(error: Exception) -> Iterator[str]:
    """One line per reason; openapi-core keeps the schema's reasons in the cause."""
    cause = error.__cause__
    reasons = getattr(cause, "schema_errors", None)
    if not reasons:
        yield f"{error}: {cause}" if cause else str(error)
        return
    for reason in reasons:
        place = ".".join(str(part) for part in reason.absolute_path)
        yield f"{error}: {place + ': ' if place else ''}{reason.message}"
