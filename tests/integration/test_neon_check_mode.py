# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What check mode returns is what the run returns, field by field and in every state of every Neon module, against a local Neon."""

from __future__ import annotations

import datetime
import types
import typing as t

import pytest
from integration.neon_account import COMPUTE, DATABASE, OWNER, Account, Shop, shop_with_items
from unit.check_and_run import ONLY_THE_SERVER_KNOWS

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.moments import written
from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_database, neon_endpoint, neon_project, neon_role, neon_snapshot
from emulators.fixtures import LocalNeon


@pytest.fixture(scope="module")
def account(local_neon: LocalNeon) -> Account:
    return Account(local_neon)


@pytest.fixture(scope="module")
def shop(account: Account) -> t.Iterator[Shop]:
    with shop_with_items(account, default_compute={"min_cu": 0.5, "max_cu": 2}) as made:
        yield made


class Tasks:
    """Runs tasks of one module in a project, each after its check, and remembers what the checks could not know."""

    def __init__(self, shop: Shop, module: types.ModuleType) -> None:
        self._shop = shop
        self._module = module
        self.left_open: set[str] = set()

    def run(self, **wish: t.Any) -> dict[str, t.Any]:
        """Check, run, compare. There has to be something to do."""
        project = {} if self._module is neon_project else {"project_id": self._shop.id}
        result = self._shop.account.predicted(self._module, self.left_open, **project, **wish)
        assert result["changed"], wish
        return result

    def knows_all_but(self, *prefixes: str) -> None:
        """Nothing stands in the list that these tasks could not do without."""
        expected = {place for place in ONLY_THE_SERVER_KNOWS if place.startswith(prefixes)}
        assert self.left_open == expected


def in_days(shop: Shop, days: int) -> str:
    return written((shop.account.neon.now() + datetime.timedelta(days=days)).replace(microsecond=0))


def test_branches(shop: Shop) -> None:
    tasks = Tasks(shop, neon_branch)
    shop.put(shop.production, 1)
    then, there = shop.moment(shop.production), shop.place(shop.production)
    shop.put(shop.production, 2)
    child = {"parent": "production"}
    copy = tasks.run(name="copy", **child, compute={}, database=DATABASE, role=OWNER, ttl="3d")["branch"]["id"]
    tasks.run(name="by-time", **child, parent_timestamp=then, compute=COMPUTE)
    tasks.run(name="by-place", **child, parent_lsn=there, protected=True, compute=COMPUTE)
    tasks.run(name="schema", **child, init_source="schema-only", parent_timestamp=then, compute=COMPUTE)
    tasks.run(name="schema-at-place", **child, init_source="schema-only", parent_lsn=there)
    tasks.run(name="cold", **child, archived=True)
    tasks.run(name="ending", **child, expires_at=in_days(shop, 3))
    # Changes of one that is there.
    tasks.run(name="ending", new_name="endless", expires_at="never", protected=True)
    tasks.run(name="endless", compute={"min_cu": 0.5, "max_cu": 1, "suspend_timeout_seconds": -1}, protected=False)
    tasks.run(name="endless", default=True, compute={"max_cu": 2})
    tasks.run(name="production", default=True)
    tasks.run(name="copy", ttl="4d", renew=True)
    # Other content.
    shop.put(copy, 3)
    reset = {"name": "copy", "state": "reset", "confirm_destroy": "copy"}
    tasks.run(**reset, preserve_under_name="copy-1", database=DATABASE, role=OWNER)
    tasks.run(**reset, preserve=False)
    later = shop.moment(copy)
    shop.put(copy, 4)
    restored = {"state": "restored", "name": "copy", "confirm_destroy": "copy"}
    tasks.run(**restored, restore={"timestamp": later}, preserve_under_name="copy-2")
    tasks.run(**restored, restore={"source": "endless"}, preserve_under_name="copy-3")
    tasks.run(**restored, restore={"source": "production", "timestamp": then}, preserve_under_name="copy-4")
    tasks.run(**restored, restore={"source": "production", "lsn": there}, preserve_under_name="copy-5")
    tasks.run(name="production", state="restored", restore={"timestamp": then}, preserve_under_name="production-1", confirm_destroy="production")
    tasks.run(name="schema", state="restored", restore={"source": "production"}, preserve_under_name="schema-1", confirm_destroy="schema")
    tasks.run(name="cold", state="absent", confirm_destroy="cold")
    tasks.knows_all_but("branch.", "endpoints.", "connection.")


def test_endpoints(shop: Shop) -> None:
    tasks = Tasks(shop, neon_endpoint)
    on = {"branch_id": shop.branch("computes", parent="production")["id"]}
    compute = tasks.run(**on)["endpoint"]["id"]
    replica = {**on, "type": "read_only"}
    first = tasks.run(**replica, name="reports", max_cu=2, suspend_timeout_seconds=600)["endpoint"]["id"]
    tasks.run(**replica, name="asleep", disabled=True, min_cu=0.25, max_cu=0.5)
    # Beyond the sizes of the project's default compute.
    tasks.run(**replica, name="large", min_cu=4)
    tasks.run(**replica, name="small", max_cu=0.25)
    tasks.run(**on, min_cu=0.5, max_cu=1, suspend_timeout_seconds=-1, name="main")
    tasks.run(**on, settings={"pg_settings": {"work_mem": "8MB"}})
    tasks.run(**on, state="restarted")
    tasks.run(**on, state="suspended")
    tasks.run(**on, max_cu=2)
    tasks.run(**on, state="started")
    tasks.run(**on, disabled=True)
    tasks.run(**on, disabled=False)
    tasks.run(**replica, id=first, state="absent", confirm_destroy=first)
    tasks.run(**on, state="absent", confirm_destroy=compute)
    tasks.knows_all_but("endpoint.")


def test_roles_and_databases(shop: Shop) -> None:
    on = {"branch_id": shop.branch("people", parent="production", compute=COMPUTE)["id"]}
    roles, databases = Tasks(shop, neon_role), Tasks(shop, neon_database)
    roles.run(**on, name="etl")
    roles.run(**on, name=OWNER, distinct_from_branch="production")
    databases.run(**on, name="archive", owner_name=OWNER)
    databases.run(**on, name="archive", owner_name="etl")
    databases.run(**on, name="archive", state="absent", confirm_destroy="archive")
    roles.run(**on, name="etl", state="absent", confirm_destroy="etl")
    roles.knows_all_but("role.")
    databases.left_open.add("connection.branch_id")  # of a branch that is there it is known; see the test of branches
    databases.knows_all_but("database.", "connection.")


def test_snapshots(shop: Shop) -> None:
    tasks = Tasks(shop, neon_snapshot)
    shop.branch("root", parent="production", init_source="schema-only", compute=COMPUTE)
    root = shop.branch("root")["id"]
    shop.put(root, 1)
    then, there = shop.moment(root), shop.place(root)
    shop.put(root, 2)
    tasks.run(name="dbinfra-now", branch="root", ttl="7d")
    tasks.run(name="dbinfra-then", branch="root", timestamp=then, expires_at=in_days(shop, 7))
    tasks.run(name="dbinfra-there", branch="root", lsn=there)
    tasks.run(name="dbinfra-now", state="restored", target_name="look")
    replace = {"branch": "root", "finalize": True, "preserve_under_name": "root-old", "confirm_destroy": "root"}
    tasks.run(name="dbinfra-then", state="restored", target_name="root-new", **replace)
    tasks.run(name="dbinfra-there", state="restored", branch="root", target_name="root-new")
    replace["preserve_under_name"] = "root-older"
    tasks.run(name="dbinfra-there", state="restored", target_name="root-new", **replace)
    tasks.run(name="dbinfra-there", state="absent", confirm_destroy="dbinfra-there")
    assert {"branch.exists", "branch.id"} <= tasks.left_open
    tasks.left_open -= {"branch.exists", "branch.id"}
    tasks.knows_all_but("snapshot.")


def test_projects(shop: Shop) -> None:
    tasks = Tasks(shop, neon_project)
    name = f"{shop.name}-other"
    tasks.run(name=name)
    tasks.run(name=name, history_retention_seconds=604800)
    tasks.run(name=name, default_compute={"min_cu": 0.5, "max_cu": 1}, allowed_ips=["127.0.0.1"], quota={"written_data_bytes": 10**12})
    tasks.run(name=name, state="absent", confirm_destroy=name)
    tasks.knows_all_but("project.")
