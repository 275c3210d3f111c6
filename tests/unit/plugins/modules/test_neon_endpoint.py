# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_endpoint: the exact HTTP conversation of every case."""

from __future__ import annotations

import typing as t

import pytest
import requests
from unit.module_runner import run_module
from unit.neon_conversation import BRANCH_ID, ENDPOINT_ID, HOST_NAME, PROJECT_ID, branch, conversation, endpoint, operation, options, refusal

from ansible_collections.dbinfra.postgres.plugins.modules import neon_endpoint

BRANCH = f"/projects/{PROJECT_ID}/branches/{BRANCH_ID}"
LIST = f"{BRANCH}/endpoints"
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
        neon.expect("GET", BRANCH, {"branch": branch()})
        neon.expect("DELETE", PATH, {"endpoint": READY, "operations": []})
        neon.expect("GET", LIST, listed())
        result = run(state="absent", confirm_destroy=ENDPOINT_ID)
    assert result["endpoint"] == GONE
    with conversation() as neon:
        neon.expect("GET", LIST, listed(READY))
        neon.expect("GET", BRANCH, {"branch": branch()})
        checked = run(check=True, state="absent", confirm_destroy=ENDPOINT_ID)
    assert (checked["endpoint"], checked["diff"]) == (result["endpoint"], result["diff"])
    with conversation() as neon:
        neon.expect("GET", LIST, listed())
        assert run(state="absent")["changed"] is False


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("kind", ["read_write", "read_only"])
def test_a_compute_of_a_protected_branch_is_not_deleted(kind: str, check: bool) -> None:
    """Neon refuses it, which a check has to know."""
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint(type=kind)))
        neon.expect("GET", BRANCH, {"branch": branch(protected=True)})
        result = run(check=check, type=kind, state="absent", confirm_destroy=ENDPOINT_ID)
    assert result["msg"] == (
        f"branch production ({BRANCH_ID}): the {kind} endpoint {ENDPOINT_ID} of a protected branch is not deleted. "
        "Declare it with protected: false first (neon_branch), and delete the endpoint in a later task."
    )


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
        body = {"endpoint": {**SIZES, "autoscaling_limit_min_cu": 56.0, "autoscaling_limit_max_cu": 56.0}}
        neon.expect("PATCH", PATH, refusal("autoscaling limit exceeds the plan"), body=body, status=422)
        assert "Check min_cu and max_cu against the sizes that the plan offers" in run(min_cu=56, max_cu=56)["msg"]


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


REPORTS = endpoint(id="ep-reports-1", type="read_only", name="reports", host="ep-reports-1.x.neon.tech")
OTHER = endpoint(id="ep-other-1", type="read_only", name="reports-2", host="ep-other-1.x.neon.tech")
REPLICA = {"type": "read_only", "min_cu": None, "max_cu": None, "suspend_timeout_seconds": None}
PLAIN = {"min_cu": None, "max_cu": None, "suspend_timeout_seconds": None}


def test_read_replicas_are_told_apart_by_their_exact_name() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(READY, OTHER, REPORTS))
        result = run(**REPLICA, name="reports")
    assert (result["changed"], result["endpoint"]["id"], result["endpoint"]["name"]) == (False, "ep-reports-1", "reports")
    body = {"endpoint": {"branch_id": BRANCH_ID, "type": "read_only", "name": "report"}}
    made = {**OTHER, "id": "ep-new-1", "name": "report"}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(READY, OTHER, REPORTS))
        neon.expect("POST", ENDPOINTS, {"endpoint": made, "operations": []}, body=body, status=201)
        neon.expect("GET", LIST, listed(READY, OTHER, REPORTS, made))
        result = run(**REPLICA, name="report")
    assert (result["actions"], result["endpoint"]["id"]) == (["create read_only endpoint report"], "ep-new-1")
    with conversation() as neon:
        neon.expect("GET", LIST, listed(REPORTS, {**OTHER, "name": "reports"}))
        assert "their ids are ep-other-1, ep-reports-1" in run(**REPLICA, name="reports")["msg"]


def test_a_lost_answer_to_a_new_replica_is_adopted_by_its_name() -> None:
    body = {"endpoint": {"branch_id": BRANCH_ID, "type": "read_only", "name": "reports"}}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(OTHER))
        neon.expect("POST", ENDPOINTS, requests.exceptions.ReadTimeout(), body=body)
        neon.expect("GET", LIST, listed(OTHER, REPORTS))
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations", {"operations": []}, query={"limit": "100"})
        neon.expect("GET", LIST, listed(OTHER, REPORTS))
        assert run(**REPLICA, name="reports")["endpoint"]["id"] == "ep-reports-1"


@pytest.mark.parametrize("name", ["reports", None])
def test_before_a_replica_is_asked_for_again_it_is_looked_for(name: str | None) -> None:
    """Neon makes any number of replicas, also of one name, so a 503 that was not true would leave two."""
    named = {} if name is None else {"name": name}
    replica = endpoint(id="ep-ro", type="read_only", **SIZES, **named)
    body = {"endpoint": {"branch_id": BRANCH_ID, "type": "read_only", **SIZES, **named}}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(READY))
        neon.expect("POST", ENDPOINTS, refusal("unavailable"), body=body, status=503)
        # In this moment, and then once more as after any lost answer.
        neon.expect("GET", LIST, listed(READY, replica))
        neon.expect("GET", LIST, listed(READY, replica))
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations", {"operations": []}, query={"limit": "100"})
        neon.expect("GET", LIST, listed(READY, replica))
        result = run(type="read_only", name=name)
    assert (result["changed"], result["endpoint"]["id"]) == (True, "ep-ro")


@pytest.mark.parametrize(("status", "looks"), [(503, 1), (423, 0), (429, 0)])
def test_a_replica_that_is_not_there_is_asked_for_again(status: int, looks: int) -> None:
    other = endpoint(id="ep-other", type="read_only", name="other")
    replica = endpoint(id="ep-ro", type="read_only", name="reports", **SIZES)
    body = {"endpoint": {"branch_id": BRANCH_ID, "type": "read_only", "name": "reports", **SIZES}}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(other))
        neon.expect("POST", ENDPOINTS, refusal("busy"), body=body, status=status)
        for _look in range(looks):
            neon.expect("GET", LIST, listed(other))
        neon.expect("POST", ENDPOINTS, {"endpoint": replica, "operations": []}, body=body, status=201)
        neon.expect("GET", LIST, listed(other, replica))
        assert run(type="read_only", name="reports")["changed"] is True


def test_a_pinned_replica_is_given_its_name_without_waking_it() -> None:
    after = {**OTHER, "name": "reports"}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(READY, OTHER))
        neon.expect("PATCH", f"{ENDPOINTS}/ep-other-1", {"endpoint": after, "operations": []}, body={"endpoint": {"name": "reports"}})
        neon.expect("GET", LIST, listed(READY, after))
        result = run(**REPLICA, id="ep-other-1", name="reports")
    assert result["diff"]["after"] == {"type": "read_only", "name": "reports"}


def test_a_pinned_id_never_becomes_another_endpoint() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(READY, OTHER))
        assert run(**REPLICA, id="ep-gone")["msg"].startswith(f"option id (ep-gone): branch {BRANCH_ID} has no endpoint with this id.")
    with conversation() as neon:
        neon.expect("GET", LIST, listed(READY, OTHER))
        assert "endpoint ep-other-1 is read_only, declared is read_write" in run(id="ep-other-1")["msg"]
    with conversation() as neon:
        neon.expect("GET", LIST, listed(OTHER))
        assert run(id="ep-gone", state="absent")["changed"] is False


def test_settings_are_merged_sent_as_texts_and_read_back() -> None:
    have = endpoint(settings={"pg_settings": {"work_mem": "4MB", "jit": "on"}, "preload_libraries": {"use_defaults": True}, "new": {}})
    sent = {"pg_settings": {"work_mem": "8MB", "jit": "on", "max_parallel_workers": "4"}, "preload_libraries": {"use_defaults": True}}
    after = {**have, "settings": sent}
    wish = {**PLAIN, "settings": {"pg_settings": {"work_mem": "8MB", "max_parallel_workers": 4, "jit": True}}}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(have))
        neon.expect("PATCH", PATH, {"endpoint": after, "operations": []}, body={"endpoint": {"settings": sent}})
        neon.expect("GET", LIST, listed(after))
        result = run(**wish)
    assert result["diff"] == {
        "before": {"type": "read_write", "pg_settings": {"work_mem": "4MB"}},
        "after": {"type": "read_write", "pg_settings": {"work_mem": "8MB", "max_parallel_workers": "4"}},
    }
    with conversation() as neon:
        neon.expect("GET", LIST, listed(after))
        assert run(**wish)["changed"] is False
    with conversation() as neon:
        neon.expect("GET", LIST, listed(have))
        checked = run(check=True, **wish)
    assert (checked["endpoint"], checked["diff"]) == (result["endpoint"], result["diff"])


def test_settings_that_neon_does_not_keep_fail() -> None:
    wish = {**PLAIN, "settings": {"pg_settings": {"odd_setting": "1"}}}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint(settings={})))
        body = {"endpoint": {"settings": {"pg_settings": {"odd_setting": "1"}}}}
        neon.expect("PATCH", PATH, {"endpoint": endpoint(), "operations": []}, body=body)
        neon.expect("GET", LIST, listed(endpoint(settings={"pg_settings": {}})))
        assert "does not show these settings as declared: odd_setting" in run(**wish)["msg"]


def test_disabled_is_compared_and_sent() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint()))
        neon.expect("PATCH", PATH, {"endpoint": endpoint(disabled=True), "operations": []}, body={"endpoint": {"disabled": True}})
        neon.expect("GET", LIST, listed(endpoint(disabled=True)))
        assert run(**PLAIN, disabled=True)["endpoint"]["disabled"] is True
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint(disabled=True)))
        assert run(**PLAIN, disabled=True)["changed"] is False


@pytest.mark.parametrize(("state", "have", "want", "deed"), [("started", "idle", "active", "start"), ("suspended", "active", "idle", "suspend")])
def test_started_and_suspended(state: str, have: str, want: str, deed: str) -> None:
    before, after = endpoint(current_state=have), endpoint(current_state=want)
    with conversation() as neon:
        neon.expect("GET", LIST, listed(before))
        neon.expect("POST", f"{PATH}/{deed}", {"endpoint": before, "operations": [operation("running")]})
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations/op-1", {"operation": operation()})
        neon.expect("GET", LIST, listed(after))
        result = run(**PLAIN, state=state)
    assert (result["actions"], result["endpoint"]["current_state"]) == ([f"{deed} read_write endpoint"], want)
    assert result["diff"] == {"before": {"type": "read_write", "state": have}, "after": {"type": "read_write", "state": want}}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(before))
        checked = run(check=True, **PLAIN, state=state)
    assert (checked["endpoint"], checked["diff"]) == (result["endpoint"], result["diff"])
    with conversation() as neon:
        neon.expect("GET", LIST, listed(after))
        assert run(**PLAIN, state=state)["changed"] is False


def test_a_lost_answer_to_a_start_is_looked_up() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint()))
        neon.expect("POST", f"{PATH}/start", requests.exceptions.ReadTimeout())
        neon.expect("GET", LIST, listed(endpoint(current_state="init")))
        neon.expect("GET", LIST, listed(endpoint(current_state="active")))
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations", {"operations": []}, query={"limit": "100"})
        neon.expect("GET", LIST, listed(endpoint(current_state="active")))
        assert run(**PLAIN, state="started")["changed"] is True


def test_sizes_come_before_the_start() -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(endpoint()))
        neon.expect("PATCH", PATH, {"endpoint": READY, "operations": []}, body={"endpoint": SIZES})
        neon.expect("POST", f"{PATH}/start", {"endpoint": READY, "operations": []})
        neon.expect("GET", LIST, listed({**READY, "current_state": "active"}))
        assert run(state="started")["actions"] == ["update read_write endpoint", "start read_write endpoint"]


RUNNING = endpoint(current_state="active", started_at="2023-11-14T10:00:00Z")
AGAIN = {**RUNNING, "started_at": "2023-11-14T22:13:20Z"}


def test_a_restart_is_done_every_time() -> None:
    for have, then in ((RUNNING, AGAIN), (AGAIN, RUNNING)):
        with conversation() as neon:
            neon.expect("GET", LIST, listed(have))
            neon.expect("POST", f"{PATH}/restart", refusal("locked"), status=423)
            neon.expect("POST", f"{PATH}/restart", refusal("slow"), status=429, headers={"Retry-After": "3"})
            neon.expect("POST", f"{PATH}/restart", {"endpoint": have, "operations": []})
            neon.expect("GET", LIST, listed(then))
            assert run(**PLAIN, state="restarted")["changed"] is True
    with conversation() as neon:
        neon.expect("GET", LIST, listed(RUNNING))
        assert run(check=True, **PLAIN, state="restarted")["actions"] == ["restart read_write endpoint"]


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_lost_answer_to_a_restart_is_proven_by_the_time_of_the_last_start(carried_out: bool) -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(RUNNING))
        neon.expect("POST", f"{PATH}/restart", requests.exceptions.ReadTimeout())
        if not carried_out:
            for _look in range(5):
                neon.expect("GET", LIST, listed(RUNNING))
            assert "nobody knows whether Neon carried it out" in run(**PLAIN, state="restarted")["msg"]
            return
        neon.expect("GET", LIST, listed(AGAIN))
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations", {"operations": []}, query={"limit": "100"})
        neon.expect("GET", LIST, listed(AGAIN))
        assert run(**PLAIN, state="restarted")["changed"] is True


@pytest.mark.parametrize(
    ("have", "wish", "text"),
    [
        (endpoint(), {"state": "restarted"}, "is idle, only an active compute can be restarted"),
        (None, {"state": "started"}, "there is no read_write endpoint to be started"),
        (None, {"state": "suspended"}, "there is no read_write endpoint to be suspended"),
        (None, {"state": "restarted"}, "there is no read_write endpoint to be restarted"),
        (endpoint(disabled=True), {"state": "started"}, "is disabled. Declare disabled: false as well"),
    ],
)
def test_states_that_cannot_be(have: dict[str, t.Any] | None, wish: dict[str, t.Any], text: str) -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(have) if have else listed())
        assert text in run(**PLAIN, **wish)["msg"]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"name": "n" * 65}, "option name: an endpoint's name has 1 to 64 characters, this one has 65."),
        ({"name": ""}, "option name: an endpoint's name has 1 to 64 characters, this one has 0."),
        ({"state": "started", "disabled": True}, "options disabled and state: a disabled compute cannot be started."),
    ],
)
def test_wrong_input_is_refused_by_name(wish: dict[str, t.Any], message: str) -> None:
    with conversation() as neon:
        assert run(**wish)["msg"].startswith(message)
        assert neon.requests == []
