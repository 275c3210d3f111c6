# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Neon that knows one case: it shows what is there, carries out exactly the case's changes, and lets one of them go wrong.

Unlike a :class:`Conversation`, it does not care how often and in which order a module looks; what is sent, it counts.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
import urllib.parse
from unittest import mock

import responses
from unit.module_runner import run_module
from unit.neon_cases import PROJECT, Case, Request, task
from unit.neon_conversation import HOST, KEY, FakeClock, refusal

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon import client as client_file

OPERATIONS = f"{PROJECT}/operations"


@dataclasses.dataclass(frozen=True)
class Fault:
    """How the first answer to a request goes wrong.

    :param answer: a status, or what the connection ends with.
    :param done: whether the change was carried out all the same, by Neon or by somebody else who wanted the same.
    """

    answer: int | Exception
    done: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    message: str = "no"


class World:
    """Serves a case.

    :param done: how many of its changes are carried out already.
    :param faults: by number of a change, or -1 for the first look.
    """

    def __init__(self, case: Case, *, done: int = 0, faults: t.Mapping[int, Fault] | None = None) -> None:
        self.changes = changes_of(case)
        self.clock = FakeClock()
        self.sent: list[str] = []
        self.odd: list[str] = []
        self._case = case
        self._done = done
        self._faults = dict(faults or {})

    def run(self) -> dict[str, t.Any]:
        """Run the task."""
        with (
            responses.RequestsMock(assert_all_requests_are_fired=False) as served,
            mock.patch.object(client_file, "SystemClock", return_value=self.clock),
        ):
            for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
                served.add_callback(method, re.compile(re.escape(HOST)), callback=self._answer)
            result = run_module(self._case.module, task(self._case))
        assert self.odd == []
        assert "This is a defect" not in str(result.get("msg"))
        assert KEY not in str(result)
        return result

    def _answer(self, request: t.Any) -> tuple[int, dict[str, str], str] | Exception:
        address = urllib.parse.urlsplit(request.url)
        path, query = address.path.removeprefix(urllib.parse.urlsplit(HOST).path), dict(urllib.parse.parse_qsl(address.query))
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            self.odd.append(f"{request.method} {path} without the key")
        if request.method == "GET":
            return self._look(path, query)
        body = json.loads(request.body) if request.body else None
        self.sent.append(f"{request.method} {path}")
        number = self._done
        expected = self.changes[number] if number < len(self.changes) else None
        if expected is None or (request.method, path, query, body) != (expected.method, expected.path, expected.query or {}, expected.body):
            self.odd.append(f"{request.method} {path} {query} {body}, expected is {expected}")
            return 418, {}, ""
        fault = self._faults.pop(number, None)
        self._done += fault is None or fault.done
        return _good(expected.answer) if fault is None else _bad(fault)

    def _look(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], str] | Exception:
        fault = self._faults.pop(-1, None)
        if fault is not None:
            return _bad(fault)
        for seen in self._seen():
            if (seen.path, seen.query or {}) == (path, query):
                return _good(seen.answer)
        if path == OPERATIONS:
            return _good({"operations": []})
        self.odd.append(f"GET {path} {query} after {self._done} changes")
        return 418, {}, ""

    def _seen(self) -> t.Iterator[Request]:
        """Yield what there is to see, the newest first."""
        case = self._case
        if self._done == len(self.changes):
            yield from case.after
            yield from case.found_again
        if self._done:
            yield from case.between
        before = 0
        for request in case.change:
            if request.method != "GET":
                before += 1
            elif before <= self._done:
                yield request
        yield from case.look


def changes_of(case: Case) -> list[Request]:
    """Return what a case sends to change something."""
    return [request for request in case.change if request.method != "GET"]


def _good(answer: t.Any) -> tuple[int, dict[str, str], str]:
    return 200, {"Content-Type": "application/json"}, json.dumps(answer)


def _bad(fault: Fault) -> tuple[int, dict[str, str], str] | Exception:
    if isinstance(fault.answer, Exception):
        return fault.answer
    return fault.answer, {"Content-Type": "application/json", **dict(fault.headers)}, json.dumps(refusal(fault.message))
