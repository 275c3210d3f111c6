# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What check mode returns is what the run returns, field by field and in every state of every Neon module, with all of both conversations."""

from __future__ import annotations

import typing as t

import pytest
from unit.check_and_run import ONLY_CHECK_MODE_SAYS, ONLY_THE_SERVER_KNOWS, compare
from unit.module_runner import run_module
from unit.neon_cases import CASES, Case, case_id, task
from unit.neon_conversation import conversation


def both(case: Case) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """The results of a check and of the run that follows it."""
    results = []
    for check, requests in ((True, [*case.look, *case.asked]), (False, [*case.look, *case.change, *case.after])):
        with conversation() as neon:
            for request in requests:
                request.expect(neon)
            results.append(run_module(case.module, task(case), check=check))
    return results[0], results[1]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_check_mode_returns_what_the_run_returns(case: Case) -> None:
    checked, result = both(case)
    assert (checked.get("msg"), result.get("msg"), result.get("changed")) == (None, None, True)
    assert compare(checked, result) == ([], case.left_open)


def test_every_state_has_a_case() -> None:
    for module in {case.module for case in CASES}:
        spec = module.SPEC["argument_spec"]
        tried = {case.wish.get("state", "present") for case in CASES if case.module is module}
        assert tried == set(spec["state"]["choices"])


def test_a_field_that_is_predicted_wrong_is_found() -> None:
    """The comparison itself: what is wrong, what is missing, and what is guessed although only the server can know it."""
    checked = {"changed": True, "branch": {"id": "guessed", "name": "a"}, "endpoints": [{"id": None, "min_cu": 1}], "invocation": 1}
    result = {"changed": True, "branch": {"id": "br-1", "name": "b", "more": 1}, "endpoints": [{"id": "ep-1", "min_cu": 2}], "invocation": 2}
    found_out, left_open = compare(checked, result)
    assert [line.split(":")[0] for line in found_out] == ["branch.id", "branch.more", "branch.name", "endpoints[0].min_cu"]
    assert left_open == {"endpoints.id"}
    assert compare({"endpoints": []}, {"endpoints": [{}]})[0] == ["endpoints: check mode says [], the run [{}]"]
    assert compare({"connection": {"stand_in": 1}}, {"connection": {"stand_in": None}}) == ([], set())
    assert not ONLY_CHECK_MODE_SAYS & set(ONLY_THE_SERVER_KNOWS)
