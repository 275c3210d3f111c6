# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_branch and the past, against the local Neon: branches at a moment, resets and restores, seen through SQL."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import datetime
import threading
import time
import typing as t

import psycopg2
import pytest
from integration.neon_account import COMPUTE, OWNER, Account, Shop, shop_with_items

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.moments import written
from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch
from emulators.fixtures import LocalNeon

# Writes on either side of the moment that is restored.
ROWS = 40


@pytest.fixture(scope="module")
def account(local_neon: LocalNeon) -> Account:
    return Account(local_neon)


@pytest.fixture
def shop(account: Account) -> t.Iterator[Shop]:
    with shop_with_items(account) as made:
        yield made


def restored(shop: Shop, name: str = "production", **wish: t.Any) -> dict[str, t.Any]:
    return {"project_id": shop.id, "name": name, "state": "restored", "preserve_under_name": f"{name}-before", "confirm_destroy": name, **wish}


def test_a_branch_starts_at_a_moment_or_a_place(account: Account, shop: Shop) -> None:
    shop.put(shop.production, 1)
    then, there = shop.moment(shop.production), shop.place(shop.production)
    shop.put(shop.production, 2)
    wish = {"project_id": shop.id, "parent": "production", "compute": COMPUTE}
    by_time = account.do(neon_branch, **wish, name="by-time", parent_timestamp=then)["branch"]
    by_place = account.do(neon_branch, **wish, name="by-place", parent_lsn=there)["branch"]
    assert shop.numbers(by_time["id"]) == shop.numbers(by_place["id"]) == [1]
    assert shop.numbers(shop.production) == [1, 2]
    # Create-only: another moment is no difference afterwards.
    assert account.ok(neon_branch, **wish, name="by-time", parent_timestamp=shop.moment(shop.production))["changed"] is False


@dataclasses.dataclass(frozen=True)
class Write:
    """A write, and between which times of the server it was carried out."""

    number: int
    begun: datetime.datetime
    acknowledged: datetime.datetime


def write(connection: t.Any, enough: threading.Event) -> list[Write]:
    """Write one row after the other until it is enough, or the connection is cut."""
    writes: list[Write] = []
    with contextlib.suppress(psycopg2.OperationalError, psycopg2.InterfaceError), connection.cursor() as cursor:
        while not enough.is_set():
            number = len(writes)
            cursor.execute("INSERT INTO item VALUES (%s) RETURNING begun", (number,))
            begun = cursor.fetchone()[0]
            # In a statement of its own: the insert is committed and acknowledged by now.
            cursor.execute("SELECT clock_timestamp()")
            writes.append(Write(number, begun, cursor.fetchone()[0]))
    return writes


def ask(connection: t.Any, statement: str) -> t.Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def test_a_restore_under_writes_is_exact(account: Account, shop: Shop) -> None:
    """The writer goes on until the restore cuts it off. Whatever was acknowledged by then is in the kept copy."""
    enough = threading.Event()
    count = "SELECT count(*) FROM item"
    with (
        contextlib.closing(shop.connect(shop.production)) as writing,
        contextlib.closing(shop.connect(shop.production)) as watching,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        writer = pool.submit(write, writing, enough)
        try:
            # One more than asked for: a row may be seen before its writer knows that it is acknowledged.
            while not writer.done() and ask(watching, count) <= ROWS:
                time.sleep(0.02)
            target = ask(watching, "SELECT clock_timestamp()")
            there = ask(watching, count)
            # And the first that is seen after the target may have been begun before it.
            while not writer.done() and ask(watching, count) <= there + ROWS:
                time.sleep(0.02)
            wish = restored(shop, restore={"timestamp": written(target)})
            result = account.do(neon_branch, **wish)
            cut_off = concurrent.futures.wait([writer], timeout=30).done
        finally:
            enough.set()
        writes = writer.result()
    before = {each.number for each in writes if each.acknowledged <= target}
    after = {each.number for each in writes if each.begun > target}
    assert len(before) >= ROWS
    assert len(after) >= ROWS
    assert cut_off, "nobody wrote while the branch was restored"
    assert result["branch"]["id"] == shop.production
    found = shop.numbers(shop.production)
    # One writer: what is there is a beginning of what it wrote, each row once.
    assert found == list(range(len(found)))
    assert before - set(found) == set()
    assert set(found) & after == set()
    kept = shop.kept_numbers("production-before")
    assert kept[: len(writes)] == [each.number for each in writes]
    # The row that was on its way when the connection was cut.
    assert kept[len(writes) :] in ([], [len(writes)])
    assert any("prove the delivered credentials" in warning for warning in result["warnings"])


def test_a_restore_to_a_place_and_from_another_branch(account: Account, shop: Shop) -> None:
    shop.put(shop.production, 1)
    there = shop.place(shop.production)
    shop.put(shop.production, 2)
    account.do(neon_branch, **restored(shop, restore={"lsn": there}))
    assert shop.numbers(shop.production) == [1]
    kept = {"project_id": shop.id, "name": "production-before", "state": "absent", "confirm_destroy": "production-before"}
    assert "was not made by this collection" in account.message(neon_branch, **kept)
    account.do(neon_branch, **kept, adopt=True)
    copy = account.ok(neon_branch, project_id=shop.id, name="copy", parent="production", compute=COMPUTE)["branch"]["id"]
    shop.put(copy, 3)
    shop.put(shop.production, 4)
    account.do(neon_branch, **restored(shop, "copy", restore={"source": "production"}))
    assert shop.numbers(copy) == [1, 4]
    assert shop.kept_numbers("copy-before") == [1, 3]


def test_a_reset_brings_the_parents_content_back(account: Account, shop: Shop) -> None:
    shop.put(shop.production, 1)
    copy = account.ok(neon_branch, project_id=shop.id, name="copy", parent="production", compute=COMPUTE)["branch"]["id"]
    shop.put(copy, 2)
    shop.put(shop.production, 3)
    wish = {"project_id": shop.id, "name": "copy", "state": "reset", "confirm_destroy": "copy"}
    account.do(neon_branch, **wish, preserve_under_name="copy-before")
    assert shop.numbers(copy) == [1, 3]
    assert shop.kept_numbers("copy-before") == [1, 2]
    for number in (4, 5):
        shop.put(copy, number)
        assert account.ok(neon_branch, **wish, preserve=False)["changed"] is True
        assert shop.numbers(copy) == [1, 3]
    assert len(shop.branches()) == 3


def test_children_move_to_the_kept_copy_and_are_named(account: Account, shop: Shop) -> None:
    stem = shop.branch("stem", parent="production")["id"]
    shop.branch("leaf", parent="stem")
    wish = {"project_id": shop.id, "name": "stem", "state": "reset", "confirm_destroy": "stem"}
    assert "these branches were made from it: leaf" in account.message(neon_branch, **wish, preserve=False)
    assert account.changing_requests() == []
    result = account.do(neon_branch, **wish, preserve_under_name="stem-before")
    assert "(leaf)" in result["warnings"][0]
    found = shop.branches()
    assert (found["leaf"]["parent_id"], found["stem"]["id"]) == (found["stem-before"]["id"], stem)


def test_a_schema_only_branch_stays_one_after_a_restore(account: Account, shop: Shop) -> None:
    """The declaration that made it still fits, and its next run changes nothing."""
    declared = {"project_id": shop.id, "name": "staging", "parent": "production", "init_source": "schema-only", "compute": COMPUTE}
    staging = account.ok(neon_branch, **declared)["branch"]["id"]
    shop.put(staging, 1)
    then = shop.moment(staging)
    shop.put(staging, 2)
    account.do(neon_branch, **restored(shop, "staging", restore={"timestamp": then}))
    assert shop.numbers(staging) == [1]
    assert account.ok(neon_branch, **declared)["changed"] is False


@pytest.mark.parametrize("fault", [{"drop_after": True}, {"status": 500}, {"drop_before": True}])
def test_a_lost_answer_never_restores_twice(account: Account, shop: Shop, fault: dict[str, t.Any]) -> None:
    shop.put(shop.production, 1)
    then = shop.moment(shop.production)
    shop.put(shop.production, 2)
    neon = account.neon
    neon.faults({"method": "POST", "path_regex": "/restore$", "times": 1, **fault})
    neon.reset_requests()
    # A short deadline, so that looking for what is not there ends soon; long enough for a restore.
    first = account.run(neon_branch, **restored(shop, restore={"timestamp": then}), timeout=60 if "drop_after" in fault else 5)
    neon.faults()
    assert len(account.changing_requests()) == 1
    assert bool(first.get("failed")) == ("drop_after" not in fault)
    second = account.ok(neon_branch, **restored(shop, restore={"timestamp": then}))
    assert second["changed"] is bool(first.get("failed"))
    assert shop.numbers(shop.production) == [1]
    assert sorted(shop.branches()) == ["production", "production-before"]


def test_a_run_that_was_killed_after_sending_is_waited_for(account: Account, shop: Shop) -> None:
    shop.put(shop.production, 1)
    then = shop.moment(shop.production)
    shop.put(shop.production, 2)
    body = {"source_branch_id": shop.production, "source_timestamp": then, "preserve_under_name": "production-before"}
    assert account.neon.call("POST", f"/projects/{shop.id}/branches/{shop.production}/restore", body).status == 200
    assert account.ok(neon_branch, **restored(shop, restore={"timestamp": then}))["changed"] is False
    assert shop.numbers(shop.production) == [1]


def test_what_cannot_be_restored_is_refused_before_anything_is_sent(account: Account, shop: Shop) -> None:
    def refused(**wish: t.Any) -> str:
        message = account.message(neon_branch, project_id=shop.id, **wish)
        assert account.changing_requests() == []
        return message

    reset = {"state": "reset", "preserve_under_name": "kept"}
    past = written(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2))
    future = written(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2))
    shop.branch("staging", parent="production", init_source="schema-only")
    assert "a root branch has no parent" in refused(name="production", confirm_destroy="production", **reset)
    assert "A schema-only branch is a root branch" in refused(name="staging", confirm_destroy="staging", **reset)
    everything = {key: value for key, value in restored(shop).items() if key != "project_id"}
    assert "outside of the project's history. The project keeps 1 d of it (86400 s)" in refused(**everything, restore={"timestamp": past})
    assert "in the future" in refused(**everything, restore={"timestamp": future})
    assert "no branch named 'Staging'" in refused(**everything, restore={"source": "Staging"})
    assert "confirm_destroy: production" in refused(**{**everything, "confirm_destroy": "Production"}, restore={"source": "staging"})
    account.ok(neon_branch, project_id=shop.id, name="production", protected=True)
    assert "protected" in refused(**everything, restore={"source": "staging"})


def test_a_place_of_another_branch(account: Account, shop: Shop) -> None:
    copy = account.ok(neon_branch, project_id=shop.id, name="copy", parent="production", compute=COMPUTE)["branch"]["id"]
    # Far beyond what production has written.
    shop.rows(copy, "INSERT INTO item SELECT generate_series(1, 20000)")
    foreign = shop.place(copy)
    message = account.message(neon_branch, **restored(shop, restore={"lsn": foreign}))
    assert f"Check that {foreign} is an LSN of branch production" in message
    assert sorted(shop.branches()) == ["copy", "production"]


def test_the_owners_password_is_what_it_was_then(account: Account, shop: Shop) -> None:
    """Why a restore warns: what was rotated since is back, and what was delivered since no longer fits."""
    then = shop.moment(shop.production)
    old = shop.password(shop.production)
    account.neon.post(f"/projects/{shop.id}/branches/{shop.production}/roles/{OWNER}/reset_password")
    assert shop.password(shop.production) != old
    account.do(neon_branch, **restored(shop, restore={"timestamp": then}))
    assert shop.rows(shop.production, "SELECT 1", password=old) == [(1,)]
