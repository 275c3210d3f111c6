# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random declarations, random faults: after at most two more runs the account is what was declared, nothing is there twice, and nothing else was touched.

The modules run in this process, over real HTTP, against a local Neon without servers (its API is the whole one). Time that the client would
spend waiting is skipped. 200 cases; with ``--hypothesis-profile=thorough`` 1,000, others every time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import time
import types
import typing as t
from unittest import mock

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from unit.module_runner import run_module

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon import client as client_file
from ansible_collections.dbinfra.postgres.plugins.modules import (
    neon_branch,
    neon_database,
    neon_endpoint,
    neon_project,
    neon_role,
    neon_snapshot,
)
from emulators.fixtures import LocalNeon, running_neon

THOROUGH = settings.get_current_profile_name() == "thorough"
NUMBERS = itertools.count(1)
#: Names that a search by substring would mix up with the declared ones.
DECOYS = ("stag", "staging-2", "Staging", "preview-1x", "productio")
PROTECTED_ROLE = "shop_owner"


class FastClock:
    """Time in which waiting costs next to nothing: the local Neon's operations are short, and its faults end by number."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def now(self) -> float:
        return time.time() + self._skipped

    def sleep(self, seconds: float) -> None:
        real = min(seconds, 0.004)
        time.sleep(real)
        self._skipped += seconds - real


@dataclasses.dataclass(frozen=True)
class Call:
    """One task of the generated play."""

    module: types.ModuleType
    options: dict[str, t.Any]

    def __repr__(self) -> str:
        return f"{self.module.__name__.rsplit('.', 1)[-1]}({self.options})"


SIZES = st.sampled_from([{}, {"min_cu": 0.25, "max_cu": 0.25}, {"min_cu": 0.5, "max_cu": 2.0, "suspend_timeout_seconds": -1}])


@st.composite
def declared_branches(draw: st.DrawFn) -> list[dict[str, t.Any]]:
    """Branches in an order in which each comes after its parent."""
    names = draw(st.lists(st.sampled_from(["staging", "preview-1", "dev", "qa"]), unique=True, max_size=3))
    found: list[dict[str, t.Any]] = []
    for name in names:
        parent = draw(st.sampled_from(["production", *(each["name"] for each in found if "ttl" not in each)]))
        more = draw(st.sampled_from([{}, {}, {"protected": True}, {"ttl": "3d"}, {"ttl": "12h", "renew": True}]))
        # With its compute in the same task, or without one, which may then be a task of its own.
        compute = {"compute": draw(SIZES)} if draw(st.booleans()) else {}
        found.append({"name": name, "parent": parent, "init_source": draw(st.sampled_from(["schema-only", "parent-data"])), **more, **compute})
    return found


@st.composite
def plays(draw: st.DrawFn) -> tuple[Call, ...]:
    """A project with branches, computes, roles and databases. Ids that only a run brings about are filled in as it runs."""
    calls = [
        Call(
            neon_project,
            {
                "region_id": "aws-eu-central-1",
                "pg_version": 17,
                "default_branch": "production",
                "owner_role": PROTECTED_ROLE,
                "database": "shop",
                "history_retention_seconds": draw(st.sampled_from([86400, 604800])),
            },
        )
    ]
    for wish in [{"name": "production", "protected": draw(st.booleans()), "default": True}, *draw(declared_branches())]:
        calls.append(Call(neon_branch, wish))
        compute = wish["name"] == "production" or "compute" in wish or draw(st.booleans())
        if compute and "compute" not in wish:
            calls.append(Call(neon_endpoint, {"branch": wish["name"], **draw(SIZES)}))
        for role in draw(st.lists(st.sampled_from(["reporting", "etl"]), unique=True, max_size=1)):
            calls.append(Call(neon_role, {"branch": wish["name"], "name": role}))
        # Without a compute there is nothing that says how a database is reached.
        for database in draw(st.lists(st.sampled_from(["archive"]), max_size=int(compute))):
            calls.append(Call(neon_database, {"branch": wish["name"], "name": database, "owner_name": PROTECTED_ROLE}))
    return tuple(calls)


@st.composite
def changed_plays(draw: st.DrawFn, calls: tuple[Call, ...]) -> tuple[Call, ...]:
    """The play after somebody has edited the declaration: other protection, ends and sizes, branches that are given up or reset, a snapshot."""
    wishes = {call.options["name"]: call.options for call in calls if call.module is neon_branch}
    parents = {wish.get("parent") for wish in wishes.values()}
    given_up: list[Call] = []
    result: list[Call] = []
    for name, wish in wishes.items():
        loose = name != "production" and name not in parents
        kinds = ["keep", "vary"] if "ttl" in wish or not loose else ["keep", "vary", "expire"]
        kinds += ["absent"] * (loose and not wish.get("protected", False))
        kinds += ["reset"] * (loose and "protected" not in wish and wish.get("init_source") == "parent-data")
        kind = draw(st.sampled_from(kinds))
        edited = dict(wish)
        if kind == "absent":
            given_up.append(Call(neon_branch, {"name": name, "state": "absent", "confirm_destroy": name}))
            continue
        if kind == "vary":
            edited = {key: value for key, value in wish.items() if key not in ("ttl", "renew")}
            edited["protected"] = not wish.get("protected", False)
            if "ttl" in wish:
                edited["expires_at"] = "never"
        elif kind == "expire":
            edited = {**wish, "protected": False, "ttl": "2d", "renew": True}
        if "compute" in wish:
            edited["compute"] = draw(SIZES)
        result.append(Call(neon_branch, edited))
        if kind == "reset":
            reset = {"name": name, "state": "reset", "confirm_destroy": name, "preserve_under_name": f"{name}-old"}
            result.append(Call(neon_branch, reset))
        for call in calls:
            if call.options.get("branch") == name:
                sizes = draw(SIZES) if call.module is neon_endpoint else {}
                result.append(Call(call.module, {**call.options, **sizes}))
    if draw(st.booleans()):
        result.append(Call(neon_snapshot, {"name": "dbinfra-mark", "branch": "production"}))
    project = Call(neon_project, {**calls[0].options, "history_retention_seconds": 604800})
    return (project, *result, *given_up)


def _fault(kind: dict[str, t.Any], when: dict[str, t.Any], method: str, path_regex: str, times: int) -> dict[str, t.Any]:
    return {**kind, **when, "method": method, "path_regex": path_regex, "times": times}


#: Every way in which a request goes wrong; the provider's words stay its own.
KINDS = [
    {"status": 423},
    {"status": 429, "retry_after": 3},
    {"status": 429},
    {"status": 503},
    {"status": 500},
    {"status": 502},
    {"status": 504},
    {"status": 200, "body": "<html>proxy</html>"},
    {"drop_before": True},
    {"drop_after": True},
    # The work is done, and the answer says otherwise, or comes in pieces, or only half of it comes.
    {"status": 500, "after_work": True},
    {"status": 504, "after_work": True},
    {"cut": "length"},
    {"cut": "connection"},
    {"drip_bytes": 200, "drip_pause": 0.001},
    {"status": 429, "retry_after_date_in": 5},
]
#: At once, at a chosen later request, or at random ones.
WHEN = st.one_of(
    st.just({}),
    st.builds(lambda number: {"skip": number}, st.integers(1, 6)),
    st.builds(lambda seed: {"probability": 0.3, "seed": seed}, st.integers(0, 999)),
)
FAULTS = st.lists(
    st.builds(
        _fault,
        st.sampled_from(KINDS),
        WHEN,
        st.sampled_from(["", "GET", "POST", "PATCH", "DELETE"]),
        st.sampled_from(["", "/branches$", "/endpoints$", "/operations", "^/projects$", "/roles", "/databases", "/restore$", "/snapshot"]),
        st.integers(1, 3),
    ),
    max_size=6,
)


class Play:
    """Runs the generated tasks as a play would: one after the other, ending with the first that fails."""

    def __init__(self, neon: LocalNeon, name: str, calls: t.Sequence[Call]) -> None:
        self.neon = neon
        self.name = name
        self.calls = calls
        self.known = {"api_host": neon.api_host, "api_key": neon.api_key, "timeout": 120}

    def run(self) -> tuple[list[dict[str, t.Any]], bool]:
        """Return the results so far, and whether the play came to its end."""
        results: list[dict[str, t.Any]] = []
        project, branches = "", {}
        for call in self.calls:
            options = {**self.known, **call.options}
            if call.module is neon_project:
                options["name"] = self.name
            else:
                options["project_id"] = project
            if "branch" in options and call.module is not neon_snapshot:
                options["branch_id"] = branches[options.pop("branch")]
            if call.module is neon_database:
                options["ca_file"] = self.neon.ca_file
            result = run_module(call.module, options)
            results.append(result)
            assert "This is a defect" not in str(result.get("msg")), result["msg"]
            assert self.neon.api_key not in str(result), call
            if result.get("failed"):
                return results, False
            if call.module is neon_project:
                project = result["project"]["id"]
            elif call.module is neon_branch:
                branches[result["branch"]["name"]] = result["branch"]["id"]
        return results, True


class Bystanders:
    """What nobody declared: a project with a name that is nearly the declared one, and things in the declared project that somebody made by hand."""

    def __init__(self, neon: LocalNeon, name: str) -> None:
        self._neon = neon
        other = neon.post("/projects", {"project": {"name": f"{name}-2", "pg_version": 17}})["project"]["id"]
        self._projects = {other: account_of(neon, other)}
        self.branches: dict[str, t.Any] = {}
        self.endpoints: list[t.Any] = []
        self._inside = ""

    def join(self, project: str) -> None:
        """Add branches to the declared project, one of them with a compute."""
        self._inside = project
        for decoy in DECOYS:
            computes = [{"type": "read_write"}] if decoy == DECOYS[0] else []
            self._neon.post(f"/projects/{project}/branches", {"branch": {"name": decoy}, "endpoints": computes})
        self.branches, self.endpoints = self._look_inside()

    def _look_inside(self) -> tuple[dict[str, t.Any], list[t.Any]]:
        seen = account_of(self._neon, self._inside)
        branches = {name: branch for name, branch in seen["branches"].items() if name in DECOYS}
        ids = {branch["id"] for branch in branches.values()}
        details = {
            name: {**branch, "roles": seen["roles"][branch["id"]], "databases": seen["databases"][branch["id"]]} for name, branch in branches.items()
        }
        return details, [endpoint for endpoint in seen["endpoints"] if endpoint["branch_id"] in ids]

    def untouched(self) -> bool:
        """Whether everything is as it was."""
        inside = not self._inside or self._look_inside() == (self.branches, self.endpoints)
        return inside and all(account_of(self._neon, project) == before for project, before in self._projects.items())


#: What changes by itself.
VOLATILE = {"updated_at", "state_changed_at", "current_state", "pending_state", "last_active", "started_at", "suspended_at", "logical_size"}
#: What a running compute uses up.
VOLATILE |= {"active_time_seconds", "compute_time_seconds", "cpu_used_sec", "written_data_bytes", "data_transfer_bytes"}
VOLATILE |= {"active_time", "compute_last_active_at", "synthetic_storage_size", "data_storage_bytes_hour"}


def steady(item: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in item.items() if key not in VOLATILE}


def account_of(neon: LocalNeon, project: str) -> dict[str, t.Any]:
    """Return everything in a project that does not change by itself."""
    base = f"/projects/{project}"
    branches = neon.get(f"{base}/branches?limit=1000&sort_by=name&sort_order=asc")["branches"]
    return {
        "project": steady(neon.get(base)["project"]),
        "branches": {each["name"]: steady(each) for each in branches},
        "endpoints": sorted((steady(each) for each in neon.get(f"{base}/endpoints")["endpoints"]), key=lambda each: each["id"]),
        "roles": {each["id"]: sorted(role["name"] for role in neon.get(f"{base}/branches/{each['id']}/roles")["roles"]) for each in branches},
        "databases": {
            each["id"]: sorted(item["name"] for item in neon.get(f"{base}/branches/{each['id']}/databases")["databases"]) for each in branches
        },
    }


def check(neon: LocalNeon, name: str, calls: t.Sequence[Call], bystanders: Bystanders) -> None:
    """Hold the account against the declaration, without the modules."""
    projects = [each for each in neon.get(f"/projects?search={name}&limit=400")["projects"] if each["name"] == name]
    assert len(projects) == 1, "the project is there twice"
    seen = account_of(neon, projects[0]["id"])
    ids = {branch["name"]: branch["id"] for branch in seen["branches"].values()}
    wishes = [call.options for call in calls if call.module is neon_branch and "state" not in call.options]
    kept = {call.options["preserve_under_name"] for call in calls if call.options.get("state") == "reset"}
    assert set(ids) == {wish["name"] for wish in wishes} | kept | set(bystanders.branches)
    for wish in wishes:
        branch = seen["branches"][wish["name"]]
        assert branch["protected"] is wish.get("protected", False)
        assert branch["default"] is (wish["name"] == "production")
        if wish["name"] != "production":
            assert branch.get("parent_id") == (ids[wish["parent"]] if wish["init_source"] == "parent-data" else None)
            assert branch["init_source"] == wish["init_source"]
        assert ("expires_at" in branch) is ("ttl" in wish)
    assert seen["project"]["history_retention_seconds"] == calls[0].options["history_retention_seconds"]
    computes = {call.options["branch"]: call.options for call in calls if call.module is neon_endpoint}
    computes |= {wish["name"]: wish["compute"] for wish in wishes if "compute" in wish}
    theirs = [endpoint["id"] for endpoint in bystanders.endpoints]
    ours = [endpoint for endpoint in seen["endpoints"] if endpoint["id"] not in theirs]
    assert sorted(item["branch_id"] for item in ours) == sorted(ids[branch] for branch in computes)
    for item in ours:
        wish = next(wish for branch, wish in computes.items() if ids[branch] == item["branch_id"])
        for option, field in (
            ("min_cu", "autoscaling_limit_min_cu"),
            ("max_cu", "autoscaling_limit_max_cu"),
            ("suspend_timeout_seconds", "suspend_timeout_seconds"),
        ):
            assert wish.get(option, item[field]) == item[field]
    for call in calls:
        if call.module in (neon_role, neon_database):
            kind = "roles" if call.module is neon_role else "databases"
            assert call.options["name"] in seen[kind][ids[call.options["branch"]]]
    marks = [call.options["name"] for call in calls if call.module is neon_snapshot]
    assert [snapshot["name"] for snapshot in neon.get(f"/projects/{projects[0]['id']}/snapshots")["snapshots"]] == marks


@pytest.fixture(scope="module")
def hollow() -> t.Iterator[LocalNeon]:
    """A local Neon without servers, whose operations take next to no time."""
    with running_neon("--hollow", "--operation-seconds", "0.003") as neon:
        yield neon


@contextlib.contextmanager
def fast() -> t.Iterator[None]:
    with mock.patch.object(client_file, "SystemClock", FastClock):
        yield


@settings(
    max_examples=1000 if THOROUGH else 200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(calls=plays(), faults=FAULTS, company=st.booleans(), data=st.data())
@pytest.mark.timeout(7200)
def test_whatever_goes_wrong_two_more_runs_bring_about_what_is_declared(
    hollow: LocalNeon, calls: tuple[Call, ...], faults: list[dict[str, t.Any]], company: bool, data: st.DataObject
) -> None:
    name = f"shop-{next(NUMBERS)}x"
    bystanders = Bystanders(hollow, name)
    with fast():
        if company:
            [made], _whole = Play(hollow, name, calls[:1]).run()
            bystanders.join(made["project"]["id"])
        converge(hollow, name, calls, faults, bystanders)
        if data.draw(st.booleans(), label="edited"):
            edited = data.draw(changed_plays(calls), label="the edited play")
            converge(hollow, name, edited, data.draw(FAULTS, label="its faults"), bystanders)


def converge(neon: LocalNeon, name: str, calls: tuple[Call, ...], faults: list[dict[str, t.Any]], bystanders: Bystanders) -> None:
    """Run the play under the faults, and at most twice more, the last time without; then hold the account against it."""
    play = Play(neon, name, calls)
    if faults:
        neon.faults(*faults)
    attempts = 1
    results, whole = play.run()
    while not whole and attempts < 3:
        attempts += 1
        if attempts == 3:
            neon.faults()
        results, whole = play.run()
    neon.faults()
    event(f"runs: {attempts}")
    assert whole, results[-1]["msg"]
    check(neon, name, calls, bystanders)
    again, _whole = play.run()
    # A renewed time to live moves on only when it gained a minute.
    assert [result["changed"] for result in again] == [False] * len(calls)
    assert bystanders.untouched()
    check(neon, name, calls, bystanders)
