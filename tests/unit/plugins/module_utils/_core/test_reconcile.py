# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one flow: read, plan, apply, read again, nothing may be left."""

from __future__ import annotations

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import DbinfraError, NotConvergedError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.reconcile import Change, Plan, reconcile


class Number:
    """A resource that is one number, and notes what is asked of it."""

    def __init__(self, value: int, desired: int, obeys: bool = True) -> None:
        self.value, self.desired, self.obeys = value, desired, obeys
        self.asked: list[str] = []

    def read(self) -> int:
        self.asked.append("read")
        return self.value

    def plan(self, state: int) -> Plan:
        if state == self.desired:
            return Plan(before={"value": state}, after={"value": state})
        return Plan((Change("set", "number", self.desired),), {"value": state}, {"value": self.desired}, ("it moves",))

    def apply(self, change: Change) -> None:
        self.asked.append("apply")
        if self.obeys:
            self.value = change.payload

    def facts(self, state: int, plan: Plan, predicted: bool) -> dict[str, int]:
        return {"value": plan.after["value"] if predicted else state}


def test_nothing_to_do_is_one_read():
    number = Number(3, 3)
    outcome = reconcile(number, check_mode=False)
    assert (outcome.changed, outcome.facts, number.asked) == (False, {"value": 3}, ["read"])


def test_a_change_is_applied_and_read_again():
    number = Number(3, 4)
    outcome = reconcile(number, check_mode=False)
    assert (outcome.changed, outcome.facts, number.asked) == (True, {"value": 4}, ["read", "apply", "read"])
    assert (outcome.before, outcome.after, outcome.actions, outcome.warnings) == ({"value": 3}, {"value": 4}, ("set number",), ("it moves",))


def test_check_mode_says_the_same_and_only_reads():
    number = Number(3, 4)
    predicted = reconcile(number, check_mode=True)
    assert number.asked == ["read"]
    assert predicted == reconcile(Number(3, 4), check_mode=False)


def test_a_change_that_does_not_take_is_an_error():
    with pytest.raises(NotConvergedError, match=r"still something to do: set number\. .* run again\."):
        reconcile(Number(3, 4, obeys=False), check_mode=False)


def test_a_payload_is_never_shown():
    assert "hunter2" not in repr(Change("set", "password", "hunter2"))


def test_the_parts_of_an_error_are_sentences_in_order():
    error = DbinfraError("the value is too large", where="option max_cu", why="60 is above 56", remedy="Use at most 56")
    assert error.message() == "option max_cu: the value is too large. 60 is above 56. Use at most 56."
