# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_endpoint: the exact HTTP conversation of every case."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_conversation import BRANCH_ID, ENDPOINT_ID, HOST_NAME, PROJECT_ID, conversation, endpoint, operation, options, refusal

from ansible_collections.dbinfra.postgres.plugins.modules import neon_endpoint

LIST = f"/projects/{PROJECT_ID}/branches/{BRANCH_ID}/endpoints"
ENDPOINTS = f"/projects/{PROJECT_ID}/endpoints"
PATH = f"{ENDPOINTS}/{ENDPOINT_ID}"
WISH = {"project_id": PROJECT_ID, "branch_id": BRANCH_ID, "min_cu": 0.5, "max_cu": 2, "suspend_timeout_seconds": -1}
SIZES = {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2.0, "suspend_timeout_seconds": -1}
READY = endpoint(**SIZES)
FACTS = {
    "exists": True,
    "id": ENDPOINT_ID,
    "branch_id": BRANCH_ID,
    "type": "read_write",
    "host": HOST_NAME,
    "pooled_host": HOST_NAME.replace(ENDPOINT_ID, f"{ENDPOINT_ID}-pooler"),
    "min_cu": 0.5,
    "max_cu": 2.0,
    "suspend_timeout_seconds": -1,
    "name": None,
    "disabled": False,
    "current_state": "idle",
    "pg_settings": {},
}
UNKNOWN = {"exists": False, "id": None, "host": None, "pooled_host": None}
GONE = {**FACTS, **UNKNOWN, "min_cu": None, "max_cu": None, "suspend_timeout_seconds": None, "disabled": None, "current_state": None}
NEW = {**FACTS, **UNKNOWN, "current_state": "active"}


def listed(*endpoints: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"endpoints": list(endpoints)}


def run(check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
    return run_module(neon_endpoint, options(**{**WISH, **wish}), check=check)


def test_create() -> None:
    body = {"endpoint": {"branch_id": BRANCH_ID, "type": "read_write", **SIZES}}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint(id="ep-ro", type="read_only")))
        neon.expect("POST", ENDPOINTS, {"endpoint": READY, "operations": [operation("running")]}, body=body, status=201)
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations/op-1", {"operation": operation()})
        neon.expect("GET", LIST, listed(READY))
        result = run()
    assert (result["changed"], result["endpoint"]) == (True, FACTS)
    with conversation() as neon:
        neon.expect("GET", LIST, listed())
        checked = run(check=True)
    assert (checked["endpoint"], checked["diff"], checked["actions"]) == (NEW, result["diff"], result["actions"])


@pytest.mark.parametrize(
    ("have", "want"),
    [
        (READY, {}),
        (endpoint(), {"min_cu": 0.25, "max_cu": 2, "suspend_timeout_seconds": 300}),
        (endpoint(suspend_timeout_seconds=300), {"min_cu": None, "max_cu": None, "suspend_timeout_seconds": 0}),
        (endpoint(), {"min_cu": None, "max_cu": None, "suspend_timeout_seconds": None}),
    ],
)
def test_no_change_is_one_request_and_never_wakes_the_compute(have: dict[str, t.Any], want: dict[str, t.Any]) -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(have))
        assert run(**want)["changed"] is False


def test_change() -> None:
    body = {"endpoint": SIZES}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint()))
        neon.expect("PATCH", PATH, {"endpoint": READY, "operations": []}, body=body)
        neon.expect("GET", LIST, listed(READY))
        result = run()
    assert result["diff"] == {
        "before": {"type": "read_write", "min_cu": 0.25, "suspend_timeout_seconds": 0},
        "after": {"type": "read_write", "min_cu": 0.5, "suspend_timeout_seconds": -1},
    }
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint()))
        checked = run(check=True)
    assert (checked["endpoint"], checked["diff"]) == (FACTS, result["diff"])


def test_a_lost_answer_to_a_change_is_looked_up() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint()))
        neon.expect("PATCH", PATH, requests.exceptions.ReadTimeout(), body={"endpoint": SIZES})
        neon.expect("GET", LIST, listed(endpoint()))
        neon.expect("GET", LIST, listed(READY))
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations", {"operations": []}, query={"limit": "100"})
        neon.expect("GET", LIST, listed(READY))
        assert run()["endpoint"] == FACTS


def test_absent() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(READY))
        neon.expect("DELETE", PATH, {"endpoint": READY, "operations": []})
        neon.expect("GET", LIST, listed())
        result = run(state="absent", confirm_destroy=ENDPOINT_ID)
    assert result["endpoint"] == GONE
    with conversation() as neon:
        neon.expect("GET", LIST, listed(READY))
        checked = run(check=True, state="absent", confirm_destroy=ENDPOINT_ID)
    assert (checked["endpoint"], checked["diff"]) == (result["endpoint"], result["diff"])
    with conversation() as neon:
        neon.expect("GET", LIST, listed())
        assert run(state="absent")["changed"] is False


def test_an_endpoint_of_another_branch_is_never_touched() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint(branch_id="br-production")))
        result = run()
    assert f"answered for branch br-production although {BRANCH_ID} was asked for" in result["msg"]


def test_more_than_one_read_only_endpoint_is_ambiguous() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint(id="ep-1", type="read_only"), endpoint(id="ep-2", type="read_only")))
        assert "their ids are ep-1, ep-2" in run(type="read_only")["msg"]


def test_a_branch_that_does_not_exist() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, refusal("branch not found"), status=404)
        assert "branch not found" in run(check=True)["msg"]


def test_a_size_that_the_plan_does_not_offer() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint()))
        body = {"endpoint": {**SIZES, "autoscaling_limit_max_cu": 64.0}}
        neon.expect("PATCH", PATH, refusal("autoscaling limit exceeds the plan"), body=body, status=422)
        assert "Check min_cu and max_cu against the sizes that the plan offers" in run(max_cu=64)["msg"]


@pytest.mark.parametrize("missing", ["project_id", "branch_id"])
def test_without_a_branch_nothing_is_asked(missing: str) -> None:
    with conversation():
        assert run(check=True, **{missing: ""})["msg"].startswith(f"option {missing}: there is no ")


def test_a_predicted_branch_is_not_asked() -> None:
    nowhere = {"project_id": None, "branch_id": None, "predicted": True}
    with conversation():
        created = run(check=True, **nowhere)
        assert "outside check mode" in run(**nowhere)["msg"]
        same = {"min_cu": 0.5, "max_cu": 2, "suspend_timeout_seconds": -1}
        unchanged = run(check=True, **nowhere, predicted_state=same)
        resized = run(check=True, **nowhere, predicted_state={**same, "max_cu": 1})
    assert created["endpoint"] == {**NEW, "branch_id": None}
    assert (created["changed"], unchanged["changed"], resized["changed"]) == (True, False, True)
    assert unchanged["endpoint"] == created["endpoint"] == resized["endpoint"]
    assert resized["diff"] == {"before": {"type": "read_write", "max_cu": 1.0}, "after": {"type": "read_write", "max_cu": 2.0}}
