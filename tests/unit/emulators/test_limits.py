# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits: which request is refused, and when the next one is not."""

from __future__ import annotations

import pytest
from unit.served_things import KEY, good, run, served

from emulators.framework.errors import ApiError
from emulators.framework.limits import RateLimits


class Time:
    """A clock that only the test moves."""

    value = 1000.0

    def __call__(self):
        return self.value


def allowed(limits, operation, count):
    """How many of ``count`` requests pass, and the wait that the last refused one was told."""
    passed, wait = 0, None
    for _number in range(count):
        try:
            limits.check(operation)
        except ApiError as refused:
            wait = int(refused.headers["Retry-After"]) if refused.status == 429 else None
        else:
            passed += 1
    return passed, wait


def test_they_are_off_until_they_are_switched_on():
    assert allowed(RateLimits(Time(), 1, 1), "GET /x", 5) == (5, None)


def test_a_burst_of_one_operation_ends_after_a_second_and_leaves_the_others_alone():
    time = Time()
    limits = RateLimits(time, 100, 3, enabled=True)
    assert allowed(limits, "GET /x", 5) == (3, 1)
    assert allowed(limits, "GET /y", 3) == (3, None)
    time.value += 0.9
    assert allowed(limits, "GET /x", 1) == (0, 1)
    time.value += 0.2
    assert allowed(limits, "GET /x", 4) == (3, 1)


def test_the_minute_counts_all_operations_and_the_wait_is_enough():
    time = Time()
    limits = RateLimits(time, 5, 100, enabled=True)
    assert allowed(limits, "GET /x", 3) == (3, None)
    time.value += 20.5
    assert allowed(limits, "GET /y", 4) == (2, 40)
    time.value += 39
    assert allowed(limits, "GET /x", 1) == (0, 1)
    time.value += 1
    assert allowed(limits, "GET /x", 5) == (3, 20)


def test_a_refused_request_does_not_make_the_wait_longer():
    time = Time()
    limits = RateLimits(time, 2, 100, enabled=True)
    assert allowed(limits, "GET /x", 50) == (2, 60)
    time.value += 60
    assert allowed(limits, "GET /x", 2) == (2, None)


@pytest.mark.parametrize("data", [{"enabled": 1}, {"requests_per_minute": 0}, {"burst_per_second": True}, {"limit": 1}])
def test_wrong_limits_are_refused_and_change_nothing(data):
    limits = RateLimits(Time(), 5, 5)
    with pytest.raises(ValueError, match=next(iter(data))):
        limits.change(data)
    assert limits.as_data() == {"enabled": False, "requests_per_minute": 5, "burst_per_second": 5}


def test_the_gate_refuses_before_the_work(tmp_path):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            assert (await client.put("/_local/limits", json={"enabled": True}, headers=KEY)).status == 404
            gate.limits = RateLimits(gate.clock.time, 2, 40)
            assert (await client.put("/_local/limits", json={"enabled": True}, headers=KEY)).status == 200
            answers = [await client.get("/api/things/1", headers=KEY) for _number in range(3)]
            assert [answer.status for answer in answers] == [200, 200, 429]
            assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
            assert (await answers[2].json()) == {"message": "too many requests"}
            assert len(gate.calls) == 2
            assert gate.records.violations == []
            gate.clock.advance(60)
            assert (await client.get("/api/things/1", headers=KEY)).status == 200

    run(scenario())
