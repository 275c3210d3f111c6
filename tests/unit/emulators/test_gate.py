# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate in front of an emulator's handlers: what breaks the contract is caught on either side, and all is recorded."""

from __future__ import annotations

import json

import pytest
from aiohttp import web
from unit.served_things import KEY, good, run, served


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (lambda: web.json_response({"label": "abc"}), "'id' is a required property"),
        (lambda: web.json_response({"id": "one"}), "is not of type 'integer'"),
        (lambda: web.json_response({"id": 1, "label": "long"}), "is too long"),
        (lambda: web.json_response({"id": 1, "colour": "red"}), "field colour is not declared"),
        (lambda: web.Response(text="<html>", content_type="text/html"), "text/html"),
        (lambda: web.json_response({"error": "x"}, status=404), "'message' is a required property"),
    ],
)
def test_a_wrong_response_is_caught(tmp_path, answer, complaint):
    async def scenario():
        async with served(tmp_path, answer) as (client, gate):
            response = await client.get("/api/things/1", headers=KEY)
            assert response.status == 500
            assert complaint in (await response.json())["message"]
            (violation,) = gate.records.violations
            assert (violation.side, violation.method, violation.template) == ("response", "GET", "/things/{id}")
            assert any(complaint in message for message in violation.messages)
            seen = await (await client.get("/_local/violations", headers=KEY)).json()
            assert len(seen["violations"]) == 1

    run(scenario())


@pytest.mark.parametrize(
    ("method", "path", "body", "complaint"),
    [
        ("POST", "/api/things", {"label": "abc"}, "'id' is a required property"),
        ("POST", "/api/things", {"id": 1, "lable": "abc"}, "field lable is not declared"),
        ("POST", "/api/things", None, "Missing"),
        ("GET", "/api/things/1?size=6", None, "6 is greater than the maximum"),
        ("GET", "/api/things/1?sise=1", None, "query parameter sise is not declared"),
    ],
)
def test_a_wrong_request_is_refused_and_recorded(tmp_path, method, path, body, complaint):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            response = await client.request(method, path, json=body, headers=KEY)
            assert response.status == 400
            assert complaint in (await response.json())["message"]
            assert [violation.side for violation in gate.records.violations] == ["request"]
            assert gate.calls == []

    run(scenario())


def test_what_the_contract_does_not_know_is_a_violation(tmp_path):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            assert (await client.get("/api/stuff", headers=KEY)).status == 404
            assert gate.records.violations[0].messages == ["the contract has no such operation"]

    run(scenario())


def test_what_the_emulator_does_not_offer_answers_501_and_is_no_violation(tmp_path):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            response = await client.delete("/api/things/1", headers=KEY)
            assert response.status == 501
            assert (await response.json())["message"] == "the local Things does not offer DELETE /things/{id}"
            assert gate.records.violations == []

    run(scenario())


def test_a_literal_path_that_is_not_offered_is_not_taken_for_an_id(tmp_path):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            assert (await client.get("/api/things/shared", headers=KEY)).status == 501
            assert gate.calls == []

    run(scenario())


def test_lenient_records_without_refusing(tmp_path):
    async def scenario():
        async with served(tmp_path, lambda: web.json_response({"id": "one"}), strict=False) as (client, gate):
            assert (await client.get("/api/things/1?size=6", headers=KEY)).status == 200
            assert [violation.side for violation in gate.records.violations] == ["request", "response"]

    run(scenario())


def test_without_the_contract_validation_is_skipped_by_name(tmp_path):
    async def scenario():
        async with served(tmp_path, lambda: web.json_response({"id": "one"}), contract=False) as (client, gate):
            assert (await client.get("/api/things/1", headers=KEY)).status == 200
            assert gate.records.requests[0].template == "/things/{id}"
            state = await (await client.get("/_local/violations", headers=KEY)).json()
            assert state["validation"] == "skipped"
            assert state["reason"] == "contract file not found: /nowhere/things.json"

    run(scenario())


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic cmlnaHQ="}])
def test_the_api_and_its_administration_need_the_key(tmp_path, headers):
    async def scenario():
        async with served(tmp_path, good) as (client, gate):
            assert (await client.get("/api/things/1", headers=headers)).status == 401
            assert (await client.get("/_local/requests", headers=headers)).status == 401
            assert gate.calls == []

    run(scenario())


def test_a_handler_that_crashes_is_the_emulators_fault(tmp_path):
    def crash():
        raise RuntimeError("broken")

    async def scenario():
        async with served(tmp_path, crash) as (client, gate):
            assert (await client.get("/api/things/1", headers=KEY)).status == 500
            (violation,) = gate.records.violations
            assert (violation.side, violation.messages) == ("emulator", ["RuntimeError: broken"])

    run(scenario())


def test_the_log_knows_method_template_status_and_time_but_no_body(tmp_path):
    async def scenario():
        async with served(tmp_path, lambda: web.json_response({"id": 7}, status=201)) as (client, _gate):
            await client.post("/api/things", json={"id": 7, "label": "top"}, headers=KEY)
            log = await (await client.get("/_local/requests", headers=KEY)).json()
            (entry,) = log["requests"]
            assert entry["seconds"] >= 0
            assert (entry["method"], entry["template"], entry["status"], entry["fault"]) == ("POST", "/things", 201, "")
            assert "top" not in json.dumps(log)
            await client.delete("/_local/requests", headers=KEY)
            assert (await (await client.get("/_local/requests", headers=KEY)).json())["requests"] == []

    run(scenario())
