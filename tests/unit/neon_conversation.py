# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States the HTTP conversation that a Neon module is expected to have, request by request and in order, and how Neon's objects look."""

from __future__ import annotations

import contextlib
import typing as t
from unittest import mock

import responses
from responses import matchers
from responses.registries import OrderedRegistry

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon import client as client_file

HOST = "https://console.neon.tech/api/v2"
KEY = "napi_this_is_a_secret_key"
PROJECT_ID = "quiet-sun-12345678"
BRANCH_ID = "br-still-tree-1"
OTHER_BRANCH_ID = "br-old-oak-2"
ENDPOINT_ID = "ep-cool-dark-1"
HOST_NAME = f"{ENDPOINT_ID}.c-2.eu-central-1.aws.neon.tech"


class FakeClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self.elapsed = 0.0
        self.slept: list[float] = []
        self._wall = wall

    def monotonic(self) -> float:
        return self.elapsed

    def now(self) -> float:
        return self._wall + self.elapsed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds


class Conversation:
    """The expected requests with their answers. A request that is not next in line fails the test, and so does one that never comes."""

    def __init__(self, requests_mock: responses.RequestsMock, clock: FakeClock) -> None:
        self._mock = requests_mock
        self.clock = clock

    def expect(
        self,
        method: str,
        path: str,
        answer: t.Any = None,
        *,
        query: t.Mapping[str, str] | None = None,
        body: t.Any = None,
        status: int = 200,
        headers: t.Mapping[str, str] | None = None,
    ) -> Conversation:
        """Expect a request next.

        :param path: below the base address, without the query.
        :param answer: JSON object, text, or an exception that the connection ends with.
        :param query: all of the query.
        :param body: the JSON that is sent; None means that there must be no body.
        """
        checks = [
            matchers.query_param_matcher(dict(query or {})),
            matchers.header_matcher({"Authorization": f"Bearer {KEY}"}),
            _no_body if body is None else matchers.json_params_matcher(body),
        ]
        content: dict[str, t.Any] = {"json": answer} if isinstance(answer, (dict, list)) else {"body": "" if answer is None else answer}
        self._mock.add(method, HOST + path, status=status, match=checks, headers=dict(headers or {}), **content)
        return self

    @property
    def requests(self) -> list[t.Any]:
        """The requests so far."""
        return [call.request for call in self._mock.calls]


@contextlib.contextmanager
def conversation(wall: float = 1_700_000_000.0) -> t.Iterator[Conversation]:
    """A conversation with the real transport below the client, no network below the transport, and a clock that never waits.

    :param wall: the time when it begins, in seconds since 1970.
    """
    clock = FakeClock(wall)
    with responses.RequestsMock(registry=OrderedRegistry, assert_all_requests_are_fired=True) as requests_mock:
        with mock.patch.object(client_file, "SystemClock", return_value=clock):
            yield Conversation(requests_mock, clock)


def options(**more: t.Any) -> dict[str, t.Any]:
    """The options of a task: the key and ``more``."""
    return {"api_key": KEY, "api_host": HOST, **more}


def project(**more: t.Any) -> dict[str, t.Any]:
    """A project, with a field that nobody knows yet."""
    return {
        "id": PROJECT_ID,
        "name": "shop",
        "region_id": "aws-eu-central-1",
        "pg_version": 17,
        "store_passwords": True,
        "history_retention_seconds": 86400,
        "a_new_field": {"x": 1},
        **more,
    }


def branch(**more: t.Any) -> dict[str, t.Any]:
    """A branch."""
    return {
        "id": BRANCH_ID,
        "project_id": PROJECT_ID,
        "name": "production",
        "default": False,
        "protected": False,
        "current_state": "a_new_state",
        **more,
    }


def endpoint(**more: t.Any) -> dict[str, t.Any]:
    """An endpoint."""
    return {
        "id": ENDPOINT_ID,
        "project_id": PROJECT_ID,
        "branch_id": BRANCH_ID,
        "type": "read_write",
        "host": HOST_NAME,
        "autoscaling_limit_min_cu": 0.25,
        "autoscaling_limit_max_cu": 2,
        "suspend_timeout_seconds": 0,
        "current_state": "idle",
        **more,
    }


def role(**more: t.Any) -> dict[str, t.Any]:
    """A role."""
    return {"name": "shop_owner", "branch_id": BRANCH_ID, "protected": False, **more}


def database(**more: t.Any) -> dict[str, t.Any]:
    """A database."""
    return {"id": 7, "name": "shop", "owner_name": "shop_owner", "branch_id": BRANCH_ID, **more}


def operation(status: str = "finished", **more: t.Any) -> dict[str, t.Any]:
    """An operation, of a kind that nobody knows yet."""
    return {"id": "op-1", "project_id": PROJECT_ID, "action": "a_new_action", "status": status, "failures_count": 0, **more}


def refusal(message: str = "no", code: str = "") -> dict[str, t.Any]:
    """The provider's error body."""
    return {"request_id": "req-42", "code": code, "message": message}


def _no_body(request: t.Any) -> tuple[bool, str]:
    return (request.body is None, f"there is a body: {request.body!r}")
