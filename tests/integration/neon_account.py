# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account on the local Neon and a shop in it, worked on with nothing but the collection's modules."""

from __future__ import annotations

import contextlib
import itertools
import types
import typing as t

import psycopg2
from ansible.plugins.loader import lookup_loader
from unit.check_and_run import compare
from unit.module_runner import run_module

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.moments import written
from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_database, neon_endpoint, neon_project
from emulators.fixtures import LocalNeon

NUMBERS = itertools.count(1)
OWNER = "shop_owner"
DATABASE = "shop"
COMPUTE = {"min_cu": 0.25, "max_cu": 0.25}
CHANGING = ("POST", "PATCH", "PUT", "DELETE")


class Account:
    """Runs the modules against one local Neon."""

    def __init__(self, neon: LocalNeon) -> None:
        self.neon = neon

    def run(self, module: types.ModuleType, check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
        """Run a module, whatever comes out."""
        known = {"api_host": self.neon.api_host, "api_key": self.neon.api_key, "timeout": 60}
        if module in (neon_branch, neon_database):
            known["ca_file"] = self.neon.ca_file
        return run_module(module, {**known, **wish}, check=check)

    def do(self, module: types.ModuleType, **wish: t.Any) -> dict[str, t.Any]:
        """Predict, run and run again: the prediction has to be true, and the second run must find nothing to do."""
        result = self.predicted(module, set(), **wish)
        self.neon.reset_requests()
        again = self.ok(module, **wish)
        assert (again["changed"], self.changing_requests()) == (False, [])
        return result

    def predicted(self, module: types.ModuleType, left_open: set[str], **wish: t.Any) -> dict[str, t.Any]:
        """Predict and run: the prediction has to be true in every field.

        :param left_open: gets what check mode could not know.
        """
        checked = self.ok(module, check=True, **wish)
        result = self.ok(module, **wish)
        differences, unknown = compare(checked, result)
        assert not differences, differences
        left_open |= unknown
        return result

    def ok(self, module: types.ModuleType, check: bool = False, **wish: t.Any) -> dict[str, t.Any]:
        """Run a module that has to succeed."""
        result = self.run(module, check, **wish)
        assert not result.get("failed"), result["msg"]
        return result

    def message(self, module: types.ModuleType, **wish: t.Any) -> str:
        """Run a module that has to fail in one clear message, and change nothing."""
        self.neon.reset_requests()
        result = self.run(module, **wish)
        assert result.get("failed"), result
        assert "Traceback" not in str(result)
        assert "This is a defect" not in result["msg"]
        assert self.neon.api_key not in str(result)
        return result["msg"]

    def changing_requests(self) -> list[str]:
        return [f"{request['method']} {request['template']}" for request in self.neon.requests() if request["method"] in CHANGING]


class Shop:
    """A project made by neon_project, and short ways to what tests do with it."""

    def __init__(self, account: Account, **more: t.Any) -> None:
        self.account = account
        self.name = f"shop-{next(NUMBERS)}"
        self.wish = {
            "name": self.name,
            "region_id": "aws-eu-central-1",
            "pg_version": 17,
            "default_branch": "production",
            "owner_role": OWNER,
            "database": DATABASE,
            "history_retention_seconds": 86400,
            **more,
        }
        self.project = account.ok(neon_project, **self.wish)["project"]
        self.id = self.project["id"]
        self.production = self.branch("production")["id"]

    def branch(self, name: str, **wish: t.Any) -> dict[str, t.Any]:
        return self.account.ok(neon_branch, project_id=self.id, name=name, **wish)["branch"]

    def staging(self) -> str:
        """A schema-only branch of production with a compute."""
        made = self.branch("staging", parent="production", init_source="schema-only")["id"]
        self.account.ok(neon_endpoint, **self.on(made), min_cu=0.25, max_cu=1)
        return made

    def on(self, branch_id: str) -> dict[str, str]:
        return {"project_id": self.id, "branch_id": branch_id}

    def password(self, branch_id: str, role: str = OWNER) -> str:
        neon = self.account.neon
        plugin = lookup_loader.get("dbinfra.postgres.neon_password")
        return plugin.run([role], {}, api_host=neon.api_host, api_key=neon.api_key, **self.on(branch_id))[0]

    def connection(self, branch_id: str, **wish: t.Any) -> dict[str, t.Any]:
        return self.account.ok(neon_database, **self.on(branch_id), name=DATABASE, **wish)["connection"]

    def connect(self, branch_id: str, password: str | None = None, *, pooled: bool = False) -> t.Any:
        """Connect with nothing but what the modules and the look-up return."""
        where = self.connection(branch_id)
        connection = psycopg2.connect(
            host=where["pooled_host" if pooled else "login_host"],
            port=where["pooled_port" if pooled else "login_port"],
            user=where["login_user"],
            dbname=where["login_db"],
            password=password or self.password(branch_id),
            sslmode=where["ssl_mode"],
            sslrootcert=where["ca_cert"],
            connect_timeout=30,
        )
        connection.autocommit = True
        return connection

    def rows(self, branch_id: str, statement: str, **how: t.Any) -> list[tuple[t.Any, ...]]:
        connection = self.connect(branch_id, **how)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def branches(self) -> dict[str, dict[str, t.Any]]:
        """All branches of the project by name, as Neon shows them."""
        return {each["name"]: each for each in self.account.neon.get(f"/projects/{self.id}/branches")["branches"]}

    def put(self, branch_id: str, number: int) -> None:
        """Write one row of the table ``item``."""
        self.rows(branch_id, f"INSERT INTO item VALUES ({number})")

    def numbers(self, branch_id: str) -> list[int]:
        """What the table ``item`` holds."""
        return [number for (number,) in self.rows(branch_id, "SELECT n FROM item ORDER BY n")]

    def kept_numbers(self, name: str) -> list[int]:
        """What a kept copy holds; it comes without a compute."""
        branch_id = self.branches()[name]["id"]
        self.account.ok(neon_endpoint, **self.on(branch_id), **COMPUTE)
        return self.numbers(branch_id)

    def moment(self, branch_id: str) -> str:
        """The server's time, as an option takes it."""
        return written(self.rows(branch_id, "SELECT clock_timestamp()")[0][0])

    def place(self, branch_id: str) -> str:
        """The server's place in the log."""
        return self.rows(branch_id, "SELECT pg_current_wal_lsn()::text")[0][0]

    def remove(self) -> None:
        for branch in self.account.neon.get(f"/projects/{self.id}/branches")["branches"]:
            if branch["protected"]:
                self.account.ok(neon_branch, project_id=self.id, name=branch["name"], protected=False)
        self.account.ok(neon_project, name=self.name, id=self.id, state="absent", confirm_destroy=self.name)


@contextlib.contextmanager
def shop_with_items(account: Account, **more: t.Any) -> t.Iterator[Shop]:
    """A shop with the table ``item``, whose rows say when they were begun; removed afterwards.

    :param more: further options of the project.
    """
    shop = Shop(account, **more)
    shop.rows(shop.production, "CREATE TABLE item (n int, begun timestamptz DEFAULT clock_timestamp())")
    yield shop
    shop.remove()
