# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_branch and the kept copy as time passes, against a local Neon whose clock these tests move: in a file, and so on an instance, of their own."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from integration.neon_account import COMPUTE, Account, Shop, shop_with_items

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch
from emulators.fixtures import LocalNeon


@pytest.fixture(scope="module")
def account(local_neon: LocalNeon) -> Account:
    return Account(local_neon)


@pytest.fixture
def shop(account: Account) -> t.Iterator[Shop]:
    with shop_with_items(account) as made:
        yield made


def test_a_copy_that_took_long_is_known_again(account: Account, shop: Shop) -> None:
    """It was made when the replacement began, five minutes before the branch was reset."""
    shop.put(shop.production, 1)
    copy = account.ok(neon_branch, project_id=shop.id, name="copy", parent="production", compute=COMPUTE)["branch"]["id"]
    shop.put(copy, 2)
    body = {"source_branch_id": shop.production, "preserve_under_name": "copy-before"}
    assert account.neon.call("POST", f"/projects/{shop.id}/branches/{copy}/restore", body).status == 200
    account.neon.advance_clock(300)
    wish = {"project_id": shop.id, "name": "copy", "state": "reset", "preserve_under_name": "copy-before", "confirm_destroy": "copy"}
    assert account.ok(neon_branch, **wish)["changed"] is False
    found = shop.branches()
    took = datetime.datetime.fromisoformat(found["copy"]["last_reset_at"]) - datetime.datetime.fromisoformat(found["copy-before"]["created_at"])
    assert took.total_seconds() >= 300
    account.neon.reset_requests()
    assert account.ok(neon_branch, **wish)["changed"] is False
    assert account.changing_requests() == []
    assert (shop.numbers(copy), shop.kept_numbers("copy-before")) == ([1], [1, 2])


def test_a_branch_made_by_hand_is_no_copy_of_one_that_was_never_reset(account: Account, shop: Shop) -> None:
    """Neon leaves the time of the last reset out, and the operations say that there was none."""
    copy = account.ok(neon_branch, project_id=shop.id, name="copy", parent="production", compute=COMPUTE)["branch"]["id"]
    shop.put(copy, 2)
    account.neon.advance_clock(60)
    account.neon.post(f"/projects/{shop.id}/branches", {"branch": {"name": "copy-before", "parent_id": copy}})
    assert "last_reset_at" not in shop.branches()["copy"]
    account.neon.advance_clock(600)
    wish = {"project_id": shop.id, "name": "copy", "state": "reset", "preserve_under_name": "copy-before", "confirm_destroy": "copy"}
    assert "is not the kept copy of branch copy" in account.message(neon_branch, **wish)
    assert shop.numbers(copy) == [2]
