# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: which requests they hit, and what a client then gets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
from aiohttp import web
from unit.served_things import KEY, good, run, served

from emulators.framework.clock import Clock
from emulators.framework.faults import FaultSwitch, parse_fault


def rule(now=0.0, **fields):
    return parse_fault({"status": 423, **fields}, now)


def hits(switch, count, method="GET", path="/things/1"):
    """Which of ``count`` requests are hit."""
    return [switch.take(method, path, "/things/{id}") is not None for _number in range(count)]


def test_a_rule_for_seconds_ends_by_the_clock_however_often_it_hits():
    clock = Clock()
    switch = FaultSwitch(clock.time, [rule(clock.time(), seconds=300)])
    assert hits(switch, 50) == [True] * 50
    clock.advance(299)
    assert hits(switch, 1) == [True]
    clock.advance(2)
    assert hits(switch, 1) == [False]


def test_a_rule_may_have_an_end_and_a_number():
    assert hits(FaultSwitch(Clock().time, [rule(Clock().time(), seconds=300, times=2)]), 3) == [True, True, False]


def test_a_rule_begins_at_the_request_it_was_asked_for():
    switch = FaultSwitch(Clock().time, [rule(skip=2, method="get")])
    assert hits(switch, 2, method="POST") == [False, False]
    assert hits(switch, 4) == [False, False, True, False]


def test_a_request_that_is_hit_is_not_counted_by_the_next_rule():
    switch = FaultSwitch(Clock().time, [rule(times=2), rule(skip=1)])
    assert hits(switch, 4) == [True, True, False, True]
    assert [fault.hits for fault in switch.faults] == [2, 1]


def random_switch(seed):
    return FaultSwitch(Clock().time, [rule(probability=0.3, seed=seed, times=-1)])


def test_chance_is_repeatable_and_another_seed_is_another_chance():
    drawn = hits(random_switch(7), 200)
    assert drawn == hits(random_switch(7), 200)
    assert drawn != hits(random_switch(8), 200)
    assert 30 < sum(drawn) < 90


def test_chance_does_not_depend_on_calls_of_other_operations_nor_on_ids():
    one, other = random_switch(7), random_switch(7)
    drawn = hits(one, 50)
    for number in range(50):
        other.take("GET", "/operations/x", "/operations/{id}")
        assert hits(other, 1, path=f"/things/{number}") == [drawn[number]]


def exchange(tmp_path, fault, work, *, status=200):
    """Run ``work`` with a client and the gate of an emulator in which ``fault`` is in force; its answers have ``status``."""

    async def scenario():
        async with served(tmp_path, lambda: web.json_response({"id": 1}, status=status)) as (client, gate):
            assert (await client.post("/_local/faults", json=fault, headers=KEY)).status == 200
            await work(client, gate)
            assert gate.records.violations == []

    run(scenario())


def test_retry_after_as_a_date_is_in_the_future(tmp_path):
    async def work(client, gate):
        before = datetime.now(UTC)
        response = await client.get("/api/things/1", headers=KEY)
        assert response.status == 429
        date = parsedate_to_datetime(response.headers["Retry-After"])
        assert before + timedelta(seconds=60) <= date <= datetime.now(UTC) + timedelta(seconds=61)

    exchange(tmp_path, {"status": 429, "retry_after_date_in": 60}, work)


def test_a_given_date_is_sent_as_it_is(tmp_path):
    async def work(client, gate):
        response = await client.get("/api/things/1", headers=KEY)
        assert response.headers["Retry-After"] == "Wed, 21 Oct 2026 07:28:00 GMT"

    exchange(tmp_path, {"status": 429, "retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, work)


@pytest.mark.parametrize(("after_work", "calls"), [(False, 0), (True, 1)])
def test_a_failure_is_answered_before_or_after_the_work(tmp_path, after_work, calls):
    async def work(client, gate):
        assert (await client.post("/api/things", json={"id": 1}, headers=KEY)).status == 502
        assert len(gate.calls) == calls

    exchange(tmp_path, {"status": 502, "after_work": after_work}, work, status=201)


def test_half_an_answer_with_its_own_length_is_broken_json(tmp_path):
    async def work(client, gate):
        response = await client.get("/api/things/1", headers=KEY)
        text = await response.text()
        assert (response.status, response.content_type, response.content_length) == (200, "application/json", len(text))
        assert 0 < len(text) < len('{"id": 1}')
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            json.loads(text)

    exchange(tmp_path, {"cut": "length"}, work)


def test_half_an_answer_with_the_whole_length_ends_too_early(tmp_path):
    async def work(client, gate):
        response = await client.get("/api/things/1", headers=KEY)
        assert (response.status, response.content_length) == (200, len('{"id": 1}'))
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
        assert len(gate.calls) == 1

    exchange(tmp_path, {"cut": "connection"}, work)


def test_a_dripping_answer_is_whole_and_comes_in_pieces(tmp_path):
    async def work(client, gate):
        response = await client.get("/api/things/1", headers=KEY)
        pieces = [piece async for piece, _end in response.content.iter_chunks()]
        assert json.loads(b"".join(pieces)) == {"id": 1}
        assert len(pieces) > 1

    exchange(tmp_path, {"drip_bytes": 4, "drip_pause": 0.1}, work)


@pytest.mark.parametrize("fault", [{"delay": 30}, {"drip_bytes": 1, "drip_pause": 30}])
def test_a_slow_answer_outlasts_a_client_and_the_work_is_done(tmp_path, fault):
    async def work(client, gate):
        async def ask():
            async with client.post("/api/things", json={"id": 1}, headers=KEY, timeout=aiohttp.ClientTimeout(total=0.3)) as response:
                await response.read()

        with pytest.raises(TimeoutError):
            await ask()
        assert len(gate.calls) == 1
        (record,) = gate.records.requests
        assert record.fault == ("delay" if "delay" in fault else "drip")

    exchange(tmp_path, fault, work, status=201)


def test_the_rules_can_be_read_back_with_what_they_did(tmp_path):
    async def work(client, gate):
        await client.get("/api/things/1", headers=KEY)
        (fault,) = (await (await client.get("/_local/faults", headers=KEY)).json())["faults"]
        assert (fault["hits"], fault["times"], fault["status"]) == (1, -1, 423)
        assert fault["until"] > gate.clock.time()

    exchange(tmp_path, {"status": 423, "seconds": 120}, work)


def test_a_status_fault_acts_as_often_as_asked(tmp_path):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            rule = {"method": "GET", "path_regex": "^/things/1$", "times": 2, "status": 429, "retry_after": 3}
            assert (await client.post("/_local/faults", json=[rule], headers=KEY)).status == 200
            for _again in range(2):
                response = await client.get("/api/things/1", headers=KEY)
                assert (response.status, response.headers["Retry-After"]) == (429, "3")
            assert gate.calls == []
            assert (await client.get("/api/things/1", headers=KEY)).status == 200
            assert gate.records.violations == []
            assert gate.records.requests[0].fault == "status 429"

    run(scenario())


def test_a_fault_can_answer_what_is_no_json(tmp_path):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            await client.post("/_local/faults", json={"status": 200, "body": "<html>login</html>"}, headers=KEY)
            response = await client.get("/api/things/1", headers=KEY)
            assert (response.content_type, await response.text()) == ("text/html", "<html>login</html>")
            assert gate.records.violations == []

    run(scenario())


@pytest.mark.parametrize(("kind", "calls"), [("drop_before", 0), ("drop_after", 1)])
def test_a_connection_is_cut_before_or_after_the_work(tmp_path, kind, calls):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            await client.post("/_local/faults", json={kind: True, "method": "POST"}, headers=KEY)
            with pytest.raises(aiohttp.ClientConnectionError):
                await client.post("/api/things", json={"id": 1}, headers=KEY)
            assert len(gate.calls) == calls

    run(scenario())


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({}, "has one of"),
        ({"status": 503, "drop_after": True}, "at most one of"),
        ({"drop_before": True, "retry_after": 3}, "go with status"),
        ({"status": 429, "retry_after": 3, "retry_after_date_in": 3}, "one of retry_after"),
        ({"cut": "half"}, "cut is one of"),
        ({"status": 503, "probability": 0.5}, "seed go together"),
        ({"status": 503, "probability": 0, "seed": 1}, "above 0"),
        ({"status": 503, "seconds": -1}, "not negative"),
        ({"status": 503, "skip": -1}, "not negative"),
        ({"status": 503, "times": True}, "field times has the wrong type"),
        ({"status": 99}, "200 to 599"),
        ({"status": 503, "path_regex": "("}, "path_regex"),
        ({"status": 503, "path": "/x"}, "unknown field path"),
        ({"status": "503"}, "field status has the wrong type"),
        ([[]], "a fault is an object"),
    ],
)
def test_a_wrong_fault_is_refused_by_name(tmp_path, rule, complaint):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            response = await client.post("/_local/faults", json=rule, headers=KEY)
            assert response.status == 400
            assert complaint in (await response.json())["message"]
            assert gate.faults.faults == []

    run(scenario())
