# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""preflight through ansible-playbook, on the committed inventories: what is refused, in which words, and that nothing is touched or shown."""

from __future__ import annotations

import json
import pathlib
import shutil
import typing as t

import pytest
from integration.site_run import CHECKOUT, Run, environment, play

PLAYBOOK = """
- name: Preflight only
  hosts: "{{ hosts_pattern | default('environments') }}"
  gather_facts: false
  vars_files: [%s]
  tasks:
    - name: Check
      dbinfra.postgres.preflight:
        roles: "{{ roles_to_check | default(db_preflight_roles) }}"
"""


@pytest.fixture
def preflight(tmp_path: pathlib.Path) -> t.Callable[..., Run]:
    playbook = tmp_path / "preflight.yml"
    playbook.write_text(PLAYBOOK % (CHECKOUT / "playbooks" / "vars" / "neon.yml"))
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("-----BEGIN CERTIFICATE-----\n")
    env = environment(
        {
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections"),
            "DBINFRA_STATE_DIR": str(tmp_path / "state"),
            "NEON_API_KEY": "napi_hunter2",
            "PGSSLROOTCERT": str(ca_file),
        }
    )

    def run(*inventories: str, arguments: t.Sequence[str] = (), **variables: t.Any) -> Run:
        finished = play(env, *inventories, playbook=str(playbook), extra_vars=variables, arguments=arguments)
        assert not (tmp_path / "state").exists()
        assert "Traceback" not in finished.output
        assert "hunter2" not in finished.output
        assert "defect" not in finished.output
        return finished

    return run


def findings(run: Run) -> list[str]:
    assert run.returncode != 0, run.output
    result = run.task("Check").result
    assert result["failed"]
    lines = result["msg"].splitlines()
    assert lines[0].endswith("Nothing was touched.")
    assert len(lines) == len(result["findings"]) + 1
    return [item["variable"] for item in result["findings"]]


@pytest.mark.parametrize(("inventory", "needed"), [("staging", 38), ("production", 43)])
def test_the_inventories_pass_and_the_sum_is_shown(preflight: t.Callable[..., Run], inventory: str, needed: int) -> None:
    result = preflight(inventory).succeeded().task("Check").result
    assert result["environment"] == inventory
    assert not result["changed"]
    assert result["connections"]["needed"] == needed
    assert any(f"= {needed} of" in sentence for sentence in result["connection_arithmetic"])
    assert "warnings" not in result
    for name in ("db_access_login", "db_access_login_password", "db_delivery_password"):
        assert name in result["later"]


def test_everything_is_found_at_once(preflight: t.Callable[..., Run]) -> None:
    run = preflight(
        "production",
        db_pool_min=30,
        db_tls_mode="prefer",
        neon_api_key="",
        neon_pg_version="seventeen",
        neon_isolation="{{ no_such_variable }}",
        neon_compute_min_cu=4,
        db_polo_max=3,
        db_access_passwords={"shop_ap": "hunter2"},
        db_tls_ca_file="/no/such/file",
    )
    assert sorted(findings(run)) == sorted(
        [
            "db_pool_min",
            "db_tls_mode",
            "neon_api_key",
            "neon_pg_version",
            "neon_isolation",
            "neon_compute_min_cu",
            "db_polo_max",
            "db_access_passwords",
        ]
    )


@pytest.mark.parametrize(
    ("variables", "expected", "words"),
    [
        ({"db_pool_max": "{{ nope + 1 }}"}, ["db_pool_max"], "'nope' is undefined"),
        ({"neon_project_name": "{{ 1 / 0 }}"}, ["neon_project_name"], "division by zero"),
        ({"neon_api_key": "{{ 'hunter2' | from_json }}"}, ["neon_api_key"], "are not shown"),
        ({"neon_region_id": "{{ lookup('ansible.builtin.file', '/no/such') }}"}, ["neon_region_id"], "/no/such"),
        ({"db_pool_max": "{{ db_pool_min }}", "db_pool_min": "{{ db_pool_max }}"}, ["db_pool_max"], "Recursive loop"),
        ({"neon_project_name": "{{ 'a' if }}"}, ["neon_project_name"], "yntax error"),
        ({"neon_region_id": None}, ["neon_region_id"], "the role neon needs it, and it is declared without a value"),
        # Roles get it as db_proof_connection_limit and as a connection_limit in db_access_roles: the operator declares neither.
        (
            {"db_pool_max": None},
            ["db_pool_max"],
            "declared without a value. Declare it in the inventory's group_vars: Connections that the application",
        ),
        # What else is wrong is still found.
        ({"db_pool_max": None, "db_delivery_role": 3.5, "neon_pg_version": "x"}, ["db_pool_max", "neon_pg_version"], "needs it"),
        ({"db_access_login": "{{ neon_conection }}"}, ["db_access_login"], "'neon_conection' is undefined"),
        ({"db_access_roles": "everybody"}, ["db_access_roles"], "elements must be of the type dict"),
    ],
)
def test_a_value_that_cannot_be_had_is_a_finding(
    preflight: t.Callable[..., Run], variables: dict[str, t.Any], expected: list[str], words: str
) -> None:
    run = preflight("production", **variables)
    assert findings(run) == expected
    assert words in run.message


@pytest.mark.parametrize(
    ("file", "name", "role"), [("pool", "db_pool_max", "db_access"), ("tls", "db_tls_mode", "neon"), ("provider", "neon_region_id", "neon")]
)
def test_a_line_that_is_not_in_the_inventory_is_named_once(
    preflight: t.Callable[..., Run], tmp_path: pathlib.Path, file: str, name: str, role: str
) -> None:
    inventory = tmp_path / "staging"
    shutil.copytree(CHECKOUT / "inventories" / "staging", inventory)
    group_vars = inventory / "group_vars" / "all" / f"{file}.yml"
    group_vars.write_text("".join(line for line in group_vars.read_text().splitlines(True) if not line.startswith(f"{name}:")))
    run = preflight(arguments=["-i", str(inventory)])
    assert findings(run) == [name]
    assert f"{name}: the role {role} needs it, and it is not declared. Declare it in the inventory's group_vars" in run.message


def test_staging_does_not_take_productions_rows_unsaid(preflight: t.Callable[..., Run]) -> None:
    assert findings(preflight("staging", neon_branch_init_source="parent-data")) == ["neon_branch_init_source"]
    said = preflight("staging", neon_branch_init_source="parent-data", neon_branch_allow_data_copy=True).succeeded()
    assert "all rows of production" in said.task("Check").result["warnings"][0]


def test_two_inventories_are_refused_on_every_host(preflight: t.Callable[..., Run]) -> None:
    run = preflight("staging", "production")
    failed = [task for task in run.tasks if task.failed]
    assert {task.host for task in failed} == {"staging", "production"}
    assert all('["production", "staging"]' in task.result["msg"] for task in failed)
    # --limit does not make the variables right.
    assert preflight("staging", "production", arguments=["--limit", "staging"]).returncode != 0


def test_an_inventory_without_an_environment_is_refused(preflight: t.Callable[..., Run], tmp_path: pathlib.Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": {"lonely": {"ansible_connection": "local"}}}}))
    run = preflight(arguments=["-i", str(inventory)], hosts_pattern="all", roles_to_check=[])
    assert findings(run) == ["group environments"]


def test_an_unknown_role_is_one_message(preflight: t.Callable[..., Run]) -> None:
    run = preflight("staging", roles_to_check=["neon", "no_such_role"])
    assert "there is no role no_such_role" in run.message
