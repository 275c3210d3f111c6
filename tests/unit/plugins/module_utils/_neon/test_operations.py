# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for Neon's operations."""

from __future__ import annotations

import typing as t

import pytest
from unit.neon_conversation import PROJECT_ID, FakeClock, operation

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import ProviderError, UnreachableError
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.client import NeonClient
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.deadline import Deadline
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.operations import wait_for, wait_until_settled


class Operations(NeonClient):
    """A client whose operations go through the states of a script; the last one stays."""

    def __init__(self, *states: str, timeout: float = 300.0, listed: t.Sequence[t.Any] = ()) -> None:
        self.clock = FakeClock()
        super().__init__("https://neon.test", t.cast(t.Any, None), Deadline(timeout, self.clock))
        self._states = list(states)
        self._listed = list(listed)
        self.asked: list[str] = []

    def call(self, method: str, path: str, *, query: t.Any = None, body: t.Any = None) -> dict[str, t.Any]:
        self.asked.append(f"{method} {path}")
        if path.endswith("/operations"):
            return {"operations": self._listed}
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return {"operation": operation(state, error="disk full", id=path.rpartition("/")[2])}


@pytest.mark.parametrize("state", ["finished", "skipped"])
def test_what_is_done_is_not_asked_for(state: str) -> None:
    client = Operations("finished")
    wait_for(client, PROJECT_ID, [operation(state), operation(state)])
    wait_for(client, PROJECT_ID, None)
    assert client.asked == []


def test_pending_operations_are_polled_one_after_the_other() -> None:
    client = Operations("running", "a_new_state", "cancelling", "finished")
    wait_for(client, PROJECT_ID, [operation("scheduling", id="op-1"), operation("finished", id="op-2"), operation("running", id="op-3")])
    poll = f"GET /projects/{PROJECT_ID}/operations/"
    assert client.asked == [poll + "op-1"] * 4 + [poll + "op-3"]
    assert client.clock.slept == [0.1, 0.2, 0.4, 0.8, 0.1]


def test_polling_slows_down_to_a_second() -> None:
    client = Operations(*["running"] * 8, "finished")
    wait_for(client, PROJECT_ID, [operation("running")])
    assert client.clock.slept[-3:] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("state", ["failed", "error", "cancelled"])
def test_a_failed_operation_says_what_and_why(state: str) -> None:
    with pytest.raises(ProviderError, match=rf"a_new_action \(op-1\) ended as {state}.*disk full.*Run again"):
        wait_for(Operations(state), PROJECT_ID, [operation("running")])


def test_a_failed_operation_says_no_password() -> None:
    with pytest.raises(ProviderError, match=r"ended as failed\. cannot reach postgresql://o:\*{8}@h/d") as caught:
        wait_for(Operations("running"), PROJECT_ID, [operation("failed", error="cannot reach postgresql://o:npg_pw@h/d")])
    assert "npg_pw" not in f"{caught.value} {caught.value.details!r}"


def test_the_deadline_ends_the_waiting() -> None:
    client = Operations("running", timeout=10)
    with pytest.raises(UnreachableError, match=r"is still running at the deadline of 10 s"):
        wait_for(client, PROJECT_ID, [operation("running")])
    assert client.clock.elapsed <= 10


def test_an_operation_without_status_is_named() -> None:
    with pytest.raises(ProviderError, match="the field status is missing"):
        wait_for(Operations("running"), PROJECT_ID, [{"id": "op-1"}])


def test_settling_ignores_what_failed_long_ago() -> None:
    client = Operations("finished", listed=[operation("failed", id="old"), operation("running", id="op-9"), operation("finished", id="op-8")])
    wait_until_settled(client, PROJECT_ID)
    assert client.asked == [f"GET /projects/{PROJECT_ID}/operations", f"GET /projects/{PROJECT_ID}/operations/op-9"]
