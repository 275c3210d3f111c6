# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every change that a Neon module can make, in every state, under every rule of the client: what is sent again, looked up, adopted or refused.

The rules themselves are held by the tests of the client, and what a module asks in which order by the tests of that module; here, each rule is
held by each change, and no change is ever sent once too often.
"""

from __future__ import annotations

import email.utils
import typing as t

import pytest
import requests
from unit.neon_cases import CASES, Case, case_id
from unit.neon_world import Fault, World, changes_of

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch

CHANGES = [(case, number) for case in CASES for number in range(len(changes_of(case)))]
DATE = (("Retry-After", email.utils.formatdate(1_700_000_031, usegmt=True)), ("Date", email.utils.formatdate(1_700_000_000, usegmt=True)))
BUSY = {
    "423": (Fault(423), 0.0),
    "429-seconds": (Fault(429, headers=(("Retry-After", "47"),)), 47.0),
    "429-date": (Fault(429, headers=DATE), 31.0),
    "503": (Fault(503), 0.0),
}
LOST: dict[str, int | Exception] = {"no-answer": requests.exceptions.ReadTimeout(), "broken-off": requests.exceptions.ConnectionError("aborted")}
# What leaves no trace is done every time.
WITHOUT_TRACE = [{"state": "restarted"}, {"state": "reset", "preserve": False}]


def change_id(value: t.Any) -> str | None:
    return case_id(value) if isinstance(value, Case) else None


def every_change(*methods: str) -> t.Callable[[t.Any], t.Any]:
    chosen = [(case, number) for case, number in CHANGES if not methods or changes_of(case)[number].method in methods]
    return pytest.mark.parametrize(("case", "number"), chosen, ids=change_id)


def words(case: Case) -> list[str]:
    """What a run sends that nothing goes wrong with."""
    return [f"{change.method} {change.path}" for change in changes_of(case)]


def leaves_no_trace(case: Case) -> bool:
    return any(wish.items() <= case.wish.items() for wish in WITHOUT_TRACE)


def test_every_kind_of_change_is_here() -> None:
    kinds = {(case.module.__name__.rsplit(".", 1)[-1], case.state, changes_of(case)[number].method) for case, number in CHANGES}
    for module in ("neon_project", "neon_branch", "neon_endpoint", "neon_database", "neon_snapshot"):
        assert {(module, "present", "POST"), (module, "present", "PATCH"), (module, "absent", "DELETE")} <= kinds
    # A role has nothing but a password that could be changed.
    assert {("neon_role", "present", "POST"), ("neon_role", "absent", "DELETE")} <= kinds


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_change_and_no_change(case: Case) -> None:
    world = World(case)
    result = world.run()
    assert (result.get("msg"), result["changed"], world.sent) == (None, True, words(case))
    again = World(case, done=len(changes_of(case)))
    if leaves_no_trace(case):
        return
    result = again.run()
    assert (result.get("msg"), result["changed"], again.sent) == (None, False, [])


@pytest.mark.parametrize("rule", BUSY)
@every_change()
def test_what_a_busy_neon_has_not_done_is_sent_again(case: Case, number: int, rule: str) -> None:
    fault, pause = BUSY[rule]
    world = World(case, faults={number: fault})
    result = world.run()
    expected = words(case)
    assert (result.get("msg"), result["changed"]) == (None, True)
    assert world.sent == [*expected[: number + 1], *expected[number:]]
    assert max(world.clock.slept) >= pause and world.clock.elapsed < pause + 1


@pytest.mark.parametrize(
    "fault", [Fault(423), BUSY["429-seconds"][0], Fault(503), Fault(504), Fault(LOST["broken-off"])], ids=lambda fault: str(fault.answer)
)
@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_look_is_repeated(case: Case, fault: Fault) -> None:
    world = World(case, faults={-1: fault})
    result = world.run()
    assert (result.get("msg"), result["changed"], world.sent) == (None, True, words(case))


@pytest.mark.parametrize("end", [LOST["no-answer"], LOST["broken-off"], 500], ids=str)
@every_change()
def test_what_was_done_although_the_answer_was_lost_is_adopted(case: Case, number: int, end: int | Exception) -> None:
    world = World(case, faults={number: Fault(end, done=True)})
    result = world.run()
    assert (result.get("msg"), result["changed"], world.sent) == (None, True, words(case))


@pytest.mark.parametrize("end", [LOST["broken-off"], 500, 502], ids=str)
@every_change()
def test_what_was_lost_for_good_is_never_sent_a_second_time(case: Case, number: int, end: int | Exception) -> None:
    world = World(case, faults={number: Fault(end)})
    result = world.run()
    assert result["failed"] and world.sent == words(case)[: number + 1]
    assert "nobody knows" in result["msg"] and "Run again" in result["msg"]


@pytest.mark.parametrize(
    ("case", "number", "status"),
    [
        (case, number, status)
        for case, number in CHANGES
        for status in (400, 404, 409, 422)
        # What is to be deleted and not found is no refusal, see below.
        if (changes_of(case)[number].method, status) != ("DELETE", 404)
    ],
    ids=change_id,
)
def test_a_refusal_is_passed_on_and_not_tried_again(case: Case, number: int, status: int) -> None:
    world = World(case, faults={number: Fault(status, message="the reason of Neon")})
    result = world.run()
    assert result["failed"] and world.sent == words(case)[: number + 1]
    assert f"HTTP {status}: the reason of Neon (request id req-42)" in result["msg"]


@every_change("DELETE")
def test_what_is_gone_already_was_deleted(case: Case, number: int) -> None:
    world = World(case, faults={number: Fault(404, done=True)})
    result = world.run()
    assert (result.get("msg"), result["changed"], world.sent) == (None, True, words(case))


@pytest.mark.parametrize("fault", [Fault(409, done=True), Fault(400, done=True, message="it already exists")], ids=["409", "400"])
@every_change("POST")
def test_what_another_run_has_made_meanwhile_is_adopted(case: Case, number: int, fault: Fault) -> None:
    world = World(case, faults={number: fault})
    result = world.run()
    if case.module is neon_branch and case.state in ("reset", "restored"):
        # A branch with the name of the copy says nothing about this restore.
        assert result["failed"] and world.sent == words(case)[: number + 1]
        assert "None" not in result["msg"]
        assert ("choose another preserve_under_name" in result["msg"]) is ("preserve_under_name" in case.wish)
        return
    assert (result.get("msg"), result["changed"], world.sent) == (None, True, words(case))
