# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role db_settings on the local Neon: what it has set goes when it is declared no longer, and what somebody else has set stays."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from integration import prediction
from integration.neon_account import DATABASE, Account, Shop
from integration.site_run import CHECKOUT, Run, environment, play

from emulators.fixtures import LocalNeon

SESSION = "SELECT unnest(setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE datname = current_database()"
TASK = "Settings of the server, of the database and of roles in it"


class Role:
    """Runs the role on a shop's production branch."""

    def __init__(self, folder: pathlib.Path, shop: Shop) -> None:
        self.shop = shop
        self.playbook = folder / "settings.yml"
        content = {"name": "Settings", "hosts": "localhost", "gather_facts": False, "roles": ["dbinfra.postgres.db_settings"]}
        self.playbook.write_text(yaml.safe_dump([content]))
        self.known = {
            "db_settings_login": {**shop.connection(shop.production), "server_major": 17},
            "db_settings_login_password": shop.password(shop.production),
            "db_settings_name": DATABASE,
            "db_settings_compute": {"memory": "0.25CU", "cpus": 1, "storage": "network"},
            "db_settings_connections": {"application": 5},
        }

    def run(self, *, check: bool = False, **declared: t.Any) -> Run:
        env = environment(self.shop.account.neon.env, {"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")})
        arguments = () if check else ("--diff",)
        return play(env, playbook=str(self.playbook), check=check, extra_vars={**self.known, **declared}, arguments=arguments).succeeded()

    def do(self, **declared: t.Any) -> dict[str, t.Any]:
        """Predict, run, and run again."""
        predicted, real = self.run(check=True, **declared), self.run(**declared)
        assert prediction.differences(predicted, real) == []
        assert self.run(**declared).changed == 0
        return real.task(TASK).result

    def has(self) -> dict[str, str]:
        return dict(row[0].split("=", 1) for row in self.shop.rows(self.shop.production, SESSION))


@pytest.fixture
def role(tmp_path: pathlib.Path, local_neon: LocalNeon) -> t.Iterator[Role]:
    shop = Shop(Account(local_neon))
    yield Role(tmp_path, shop)
    shop.remove()


def test_a_level_that_is_switched_off_leaves_nothing_behind(role: Role) -> None:
    declared = {"db_settings_database": {"statement_timeout": "30s"}, "db_settings_roles": {"shop_owner": {"lock_timeout": "5s"}}}
    role.shop.rows(role.shop.production, f"ALTER DATABASE {DATABASE} SET extra_float_digits = 2")
    role.do(db_settings_level="moderate", **declared)
    with_level = role.has()
    assert {"work_mem", "jit", "vacuum_cost_limit", "statement_timeout", "lock_timeout", "extra_float_digits"} <= with_level.keys()
    # Changed by hand since: no longer the role's.
    role.shop.rows(role.shop.production, f"ALTER DATABASE {DATABASE} SET random_page_cost = 2")
    result = role.do(db_settings_level="none", **declared)
    assert role.has() == {"statement_timeout": "30s", "lock_timeout": "5s", "extra_float_digits": "2", "random_page_cost": "2"}
    assert {item["name"] for item in result["reset"]} == with_level.keys() - role.has().keys()
    assert [item["name"] for item in result["left_alone"]] == ["random_page_cost"]
    role.do(db_settings_level="none", db_settings_database={"statement_timeout": "30s"})
    assert "lock_timeout" not in role.has()
    role.do(db_settings_database={"statement_timeout": "30s"}, db_settings_exact=True)
    assert role.has() == {"statement_timeout": "30s"}


def test_a_setting_of_the_whole_server_reaches_the_compute_and_goes_again(role: Role) -> None:
    def shown() -> str:
        return role.shop.rows(role.shop.production, "SHOW log_min_duration_statement")[0][0]

    wanted = {"db_settings_server": {"log_min_duration_statement": "750ms"}}
    real = role.run(**wanted).task(TASK).result
    assert (real["changed"], real["restarted"], shown()) == (True, True, "750ms")
    assert role.run(**wanted).changed == 0
    assert role.run(check=True).task(TASK).result["reset"] == [{"name": "log_min_duration_statement", "scope": "system"}]
    role.run()
    assert shown() == "-1" and role.run().changed == 0
