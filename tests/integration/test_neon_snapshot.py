# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_snapshot on the local Neon: what a snapshot holds, what it replaces, and what is never touched. Looked at by SQL."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from integration.local_neon_project import Project, eventually, query
from unit.module_runner import run_module

from ansible_collections.dbinfra.postgres.plugins.modules import neon_info, neon_project, neon_snapshot
from emulators.fixtures import LocalNeon, running_neon

CHANGING = ("POST", "PATCH", "PUT", "DELETE")
LIMIT = 3
BEFORE = "dbinfra-before"


class Shop(Project):
    """A project with rows, whose default branch is ``main``."""

    def __init__(self, neon: LocalNeon) -> None:
        super().__init__(neon, history_retention_seconds=604800, branch={"annotations": {"managed_by": "dbinfra.postgres"}})
        query(neon, self.uri(), "CREATE TABLE customer (name text); INSERT INTO customer VALUES ('Ada')")

    def run(self, check: bool = False, module: t.Any = neon_snapshot, **wish: t.Any) -> dict[str, t.Any]:
        access = {"api_host": self.neon.api_host, "api_key": self.neon.api_key, "timeout": 60}
        where = {"project_id": self.id, "name": BEFORE} if module is neon_snapshot else {}
        return run_module(module, {**access, **where, **wish}, check=check)

    def ok(self, check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
        result = self.run(check, **wish)
        assert not result.get("failed"), result["msg"]
        return result

    def do(self, **wish: t.Any) -> dict[str, t.Any]:
        """Predict, run and run again: the prediction has to be true, and the second run must find nothing to do."""
        predicted, result = self.ok(check=True, **wish), self.ok(**wish)
        for key in ("changed", "diff", "actions", "warnings"):
            assert predicted.get(key) == result.get(key), key
        self.neon.reset_requests()
        again = self.ok(**wish)
        assert (again["changed"], self.changing_requests()) == (False, [])
        return result

    def message(self, **wish: t.Any) -> str:
        """Run a task that has to fail in one clear message, in check mode as well, and change nothing."""
        for check in (True, False):
            self.neon.reset_requests()
            result = self.run(check, **wish)
            assert result.get("failed"), result
            assert "This is a defect" not in result["msg"]
            assert self.changing_requests() == []
        return result["msg"]

    def changing_requests(self) -> list[str]:
        return [f"{request['method']} {request['template']}" for request in self.neon.requests() if request["method"] in CHANGING]

    def insert(self, name: str) -> None:
        query(self.neon, self.uri(), f"INSERT INTO customer VALUES ('{name}')")

    def names(self, branch_id: str = "") -> list[str]:
        """The rows of a branch; one without a compute gets it."""
        path = f"{self.path}/branches/{branch_id}" if branch_id else ""
        if branch_id and not self.neon.get(f"{path}/endpoints")["endpoints"]:
            self.neon.post(f"{self.path}/endpoints", {"endpoint": {"branch_id": branch_id, "type": "read_write"}})
        return [name for (name,) in query(self.neon, self.uri(path), "SELECT name FROM customer ORDER BY name")]

    def branches(self) -> dict[str, str]:
        return {branch["name"]: branch["id"] for branch in self.neon.get(f"{self.path}/branches")["branches"]}

    def snapshots(self) -> list[str]:
        return sorted(snapshot["name"] for snapshot in self.neon.get(f"{self.path}/snapshots")["snapshots"])


@pytest.fixture(scope="module")
def neon() -> t.Iterator[LocalNeon]:
    """An instance of its own: it allows few snapshots."""
    with running_neon("--snapshot-limit", str(LIMIT)) as instance:
        yield instance


@pytest.fixture
def shop(neon: LocalNeon) -> t.Iterator[Shop]:
    made = Shop(neon)
    yield made
    neon.faults()
    eventually(lambda: neon.call("DELETE", made.path).status != 423)


def test_a_snapshot_is_taken_shown_and_deleted(shop: Shop) -> None:
    result = shop.do(branch="main", ttl="7d")
    assert (result["snapshot"]["source_branch_id"], result["snapshot"]["manual"]) == (shop.branches()["main"], True)
    assert result["snapshot"]["expires_at"] is not None
    assert shop.snapshots() == [BEFORE]
    shown = shop.ok(module=neon_info, project_id=shop.id, gather=["snapshots"])["snapshots"]
    assert [(item["id"], item["name"], item["expires_at"]) for item in shown] == [
        (result["snapshot"]["id"], BEFORE, result["snapshot"]["expires_at"])
    ]
    assert f"confirm_destroy: {BEFORE}" in shop.message(state="absent")
    shop.do(state="absent", confirm_destroy=BEFORE)
    assert shop.snapshots() == []


def test_only_root_branches_have_snapshots(shop: Shop) -> None:
    shop.add_branch("child", endpoint=False)
    assert "root branches only" in shop.message(branch="child")
    assert "has no branch named 'mai'" in shop.message(branch="mai")


def test_what_differs_and_cannot_be_changed_fails(shop: Shop) -> None:
    lsn = shop.do(branch="main")["snapshot"]["lsn"]
    shop.neon.post(f"{shop.path}/branches", {"branch": {"name": "empty", "init_source": "schema-only"}})
    assert "was taken of branch" in shop.message(branch="empty")
    assert "It is fixed when a snapshot is taken" in shop.message(branch="main", lsn="0/1")
    assert shop.ok(branch="main", lsn=lsn)["changed"] is False


def test_a_snapshot_of_the_past_is_restored_beside_the_present(shop: Shop) -> None:
    ((lsn,),) = query(shop.neon, shop.uri(), "SELECT pg_current_wal_lsn()::text")
    shop.insert("Bob")
    shop.do(branch="main", lsn=lsn)
    result = shop.do(state="restored", target_name="look")
    assert (result["branch"]["name"], result["branch"]["replaced_branch_id"]) == ("look", None)
    assert shop.names(result["branch"]["id"]) == ["Ada"]
    assert shop.names() == ["Ada", "Bob"]


def test_a_moment_that_neon_does_not_have_is_refused_before_anything_is_sent(shop: Shop) -> None:
    for ago, text in (
        (datetime.timedelta(days=8), "outside of the project's history. The project keeps 7 d of it (604800 s)"),
        (datetime.timedelta(hours=1), "is before the project was made"),
        (datetime.timedelta(seconds=-90), "in the future"),
    ):
        moment = (datetime.datetime.now(datetime.UTC) - ago).isoformat(timespec="seconds").replace("+00:00", "Z")
        assert text in shop.message(branch="main", timestamp=moment)
        # The service refuses the same.
        main = shop.branches()["main"]
        assert shop.neon.call("POST", f"{shop.path}/branches/{main}/snapshot?name=x&timestamp={moment}").status == 400
    assert shop.snapshots() == []


def test_a_snapshot_that_should_end_is_never_kept_for_ever(shop: Shop) -> None:
    for wish in ({"ttl": ""}, {"expires_at": ""}):
        assert "it is empty" in shop.message(branch="main", **wish)
    assert shop.snapshots() == []
    # A template without a value for a point in history takes what is there now.
    assert shop.do(branch="main", timestamp="", lsn="", ttl="1d")["snapshot"]["expires_at"]


def test_another_branch_is_never_overwritten(shop: Shop) -> None:
    shop.ok(branch="main")
    shop.add_branch("taken", endpoint=False)
    before = shop.branches()
    assert "is not this snapshot restored" in shop.message(state="restored", target_name="taken")
    assert "no snapshot named 'dbinfra-after'" in shop.message(name="dbinfra-after", state="restored", target_name="look")
    assert shop.branches() == before


REPLACE = {
    "state": "restored",
    "branch": "main",
    "target_name": "restored",
    "finalize": True,
    "preserve_under_name": "main-before",
    "confirm_destroy": "main",
}


def test_a_branch_is_replaced_keeps_its_host_and_the_old_one_is_complete(shop: Shop) -> None:
    shop.ok(branch="main")
    shop.insert("Bob")
    uri, before = shop.uri(), shop.branches()
    assert "confirm_destroy: main" in shop.message(**{**REPLACE, "confirm_destroy": BEFORE})
    result = shop.do(**REPLACE)
    after = shop.branches()
    assert sorted(after) == ["main", "main-before"]
    assert after["main-before"] == before["main"] == result["branch"]["replaced_branch_id"]
    assert after["main"] == result["branch"]["id"] != before["main"]
    # The host and the password of before lead to the restored branch.
    assert query(shop.neon, uri, "SELECT name FROM customer ORDER BY name") == [("Ada",)]
    assert shop.names(after["main-before"]) == ["Ada", "Bob"]
    # What is written from now on is not lost by another run, nor is a second snapshot needed for the first task of the play.
    query(shop.neon, uri, "INSERT INTO customer VALUES ('Cy')")
    assert shop.ok(branch="main")["changed"] is False
    assert shop.ok(**REPLACE)["changed"] is False
    assert query(shop.neon, uri, "SELECT count(*) FROM customer") == [(2,)]
    # The project is still ours, although its default branch is another one.
    project = shop.neon.get(shop.path)["project"]["name"]
    assert shop.run(module=neon_project, name=project, history_retention_seconds=604801)["changed"] is True


def test_a_replacement_refuses_a_taken_name(shop: Shop) -> None:
    shop.ok(branch="main")
    shop.add_branch("main-before", endpoint=False)
    assert "there is a branch main-before" in shop.message(**REPLACE)


@pytest.mark.parametrize("regex", ["/restore$", "/finalize_restore$"])
def test_a_replacement_survives_a_lost_answer(shop: Shop, regex: str) -> None:
    shop.ok(branch="main")
    shop.insert("Bob")
    shop.neon.faults({"method": "POST", "path_regex": regex, "times": 1, "drop_after": True})
    assert shop.ok(**REPLACE)["changed"] is True
    assert sorted(shop.branches()) == ["main", "main-before"]
    assert shop.names(shop.branches()["main"]) == ["Ada"]
    assert shop.ok(**REPLACE)["changed"] is False


@pytest.mark.parametrize("fault", [{"drop_after": True}, {"drop_before": True}, {"status": 502}])
def test_a_lost_answer_makes_no_second_snapshot(shop: Shop, fault: dict[str, t.Any]) -> None:
    shop.neon.faults({"method": "POST", "path_regex": "/snapshot$", "times": 1, **fault})
    result = shop.run(branch="main", timeout=8)
    if "drop_after" in fault:
        assert result["changed"] is True
    else:
        assert "nobody knows" in result["msg"]
        assert shop.ok(branch="main")["changed"] is True
    assert shop.snapshots() == [BEFORE]


@pytest.mark.parametrize("times", [1, 2])
def test_a_503_after_the_work_makes_no_second_snapshot(shop: Shop, times: int) -> None:
    shop.neon.faults({"method": "POST", "path_regex": "/snapshot$", "times": times, "status": 503, "after_work": True})
    assert shop.ok(branch="main")["changed"] is True
    shop.neon.faults()
    assert shop.snapshots() == [BEFORE]
    assert shop.ok(branch="main")["changed"] is False


def test_a_full_limit_is_said_and_nothing_is_pruned(shop: Shop) -> None:
    names = [f"dbinfra-{number}" for number in range(LIMIT)]
    for name in names:
        shop.ok(name=name, branch="main")
    assert "The plan allows no more snapshots" in shop.run(branch="main")["msg"]
    assert shop.snapshots() == names


def test_a_foreign_snapshot_needs_adoption_to_be_deleted(shop: Shop) -> None:
    made = shop.neon.post(f"{shop.branch}/snapshot?name=by-hand")["snapshot"]["id"]
    gone = {"name": "by-hand", "state": "absent", "confirm_destroy": "by-hand"}
    assert "nothing says that this collection made it" in shop.message(**gone)
    assert shop.ok(name="by-hand", branch="main")["changed"] is False
    assert shop.ok(check=True, id=made, **gone)["changed"] is True
    shop.do(adopt=True, **gone)


def test_two_of_one_name_are_ambiguous(shop: Shop) -> None:
    ids = [shop.neon.post(f"{shop.branch}/snapshot?name={BEFORE}")["snapshot"]["id"] for _again in range(2)]
    message = shop.message(branch="main")
    assert all(each in message for each in ids)
    assert shop.ok(branch="main", id=ids[0])["changed"] is False
    shop.ok(id=ids[0], state="absent", confirm_destroy=BEFORE)
    assert shop.ok(branch="main")["snapshot"]["id"] == ids[1]


def test_an_expiry_is_changed_where_the_service_takes_it() -> None:
    # The contract of the local Neon does not know the field yet, a newer one of the service does.
    with running_neon("--lenient") as lenient:
        shop = Shop(lenient)
        shop.ok(branch="main", ttl="1d")
        with lenient.expect_violations():
            changed = shop.ok(expires_at="2090-01-01T00:00:00Z")
        assert (changed["changed"], changed["snapshot"]["expires_at"][:19]) == (True, "2090-01-01T00:00:00")
        assert shop.ok(expires_at="2090-01-01T01:00:00+01:00")["changed"] is False
        assert "in the past" in shop.message(expires_at="2020-01-01T00:00:00Z")


def test_a_service_that_takes_no_other_expiry_is_explained(shop: Shop) -> None:
    shop.ok(branch="main", ttl="1d")
    with shop.neon.expect_violations():
        message = shop.run(expires_at="2090-01-01T00:00:00Z")["msg"]
    assert "take another snapshot with the right expiry" in message
