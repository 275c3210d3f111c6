# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin as an operator uses it, against the local Neon: ansible-inventory, its cache, and plays that connect by SQL."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import typing as t
import urllib.parse

import psycopg2
import pytest
import yaml
from integration.site_run import CHECKOUT, environment, play

from emulators.fixtures import LocalNeon

# ansible-inventory has no playbook whose folder would lead to the collection.
COLLECTIONS = {"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}
ANSIBLE_INVENTORY = str(pathlib.Path(sys.executable).with_name("ansible-inventory"))
PASSWORD = (
    "{{ lookup('dbinfra.postgres.neon_password', neon_connection.login_user, project_id=neon_project.id, branch_id=neon_branch.id, "
    "api_host=lookup('ansible.builtin.env', 'NEON_API_HOST')) }}"
)
PLAY = [
    {
        "name": "Ask every branch that has a compute",
        "hosts": "with_compute",
        "gather_facts": False,
        "tasks": [
            {
                "name": "By a module of another collection",
                "community.postgresql.postgresql_query": {
                    **{
                        option: f"{{{{ neon_connection.{option} }}}}"
                        for option in ("login_host", "login_port", "login_user", "login_db", "ssl_mode", "ca_cert")
                    },
                    "login_password": PASSWORD,
                    "query": "SELECT who, current_user AS me, ssl FROM place, pg_stat_ssl WHERE pid = pg_backend_pid()",
                },
            },
            {
                "name": "By a module of ours",
                "dbinfra.postgres.pg_access_info": {
                    "login": "{{ neon_connection }}",
                    "login_password": PASSWORD,
                    "environment": "x",
                    "roles": ["shop_owner"],
                },
            },
        ],
    }
]


@dataclasses.dataclass(frozen=True)
class Shop:
    """A project with production, staging (both with a compute, and a table that says where it is) and a branch without a compute."""

    neon: LocalNeon
    project_id: str
    branches: dict[str, str]
    port: int
    passwords: tuple[str, ...]

    def config(self, folder: pathlib.Path, **more: t.Any) -> pathlib.Path:
        path = folder / "neon.yml"
        wish = {
            "plugin": "dbinfra.postgres.neon",
            "projects": ["inventory-shop"],
            "login_user": "shop_owner",
            "login_db": "shop",
            "login_port": self.port,
            "strict": True,
            "groups": {"with_compute": "neon_connection is not none"},
            **more,
        }
        path.write_text(yaml.safe_dump(wish))
        return path


def password_and_port(neon: LocalNeon, project_id: str, branch_id: str) -> tuple[str, int]:
    uri = neon.get(f"/projects/{project_id}/connection_uri?branch_id={branch_id}&database_name=shop&role_name=shop_owner")["uri"]
    parts = urllib.parse.urlsplit(uri)
    assert parts.password and parts.port
    return parts.password, parts.port


@pytest.fixture(scope="module")
def shop(local_neon: LocalNeon) -> t.Iterator[Shop]:
    neon = local_neon
    first = {"name": "production", "role_name": "shop_owner", "database_name": "shop"}
    made = neon.post("/projects", {"project": {"name": "inventory-shop", "region_id": "aws-eu-central-1", "pg_version": 17, "branch": first}})
    project_id, production = made["project"]["id"], made["branch"]["id"]
    branches = {"production": production}
    for name, endpoints in (("staging", [{"type": "read_write"}]), ("asleep", [])):
        body = {
            "branch": {"name": name, "parent_id": production},
            "endpoints": endpoints,
            "annotation_value": {"environment": "pre-prod"} if endpoints else {},
        }
        branches[name] = neon.post(f"/projects/{project_id}/branches", body)["branch"]["id"]
    neon.change("PATCH", f"/projects/{project_id}/branches/{production}", {"branch": {"protected": True}})
    passwords = []
    for name in ("production", "staging"):
        password, port = password_and_port(neon, project_id, branches[name])
        passwords.append(password)
        endpoint = neon.get(f"/projects/{project_id}/branches/{branches[name]}/endpoints")["endpoints"][0]
        tell(neon, endpoint["host"], port, password, name)
    yield Shop(neon, project_id, branches, port, tuple(passwords))
    neon.change("PATCH", f"/projects/{project_id}/branches/{production}", {"branch": {"protected": False}})
    neon.change("DELETE", f"/projects/{project_id}")


def tell(neon: LocalNeon, host: str, port: int, password: str, name: str) -> None:
    connection = psycopg2.connect(
        host=host, port=port, user="shop_owner", dbname="shop", password=password, sslmode="verify-full", sslrootcert=neon.ca_file, connect_timeout=30
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE place AS SELECT %s AS who", (name,))
    connection.close()


def listed(shop: Shop, config: pathlib.Path, *arguments: str) -> tuple[dict[str, t.Any], str]:
    """What ``ansible-inventory --list`` says, as data and as text."""
    command = [ANSIBLE_INVENTORY, "-i", str(config), "--list", *arguments]
    env = environment(shop.neon.env, COLLECTIONS, {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1", "ANSIBLE_NOCOLOR": "1"})
    done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout), done.stdout + done.stderr


def secrets_in(shop: Shop, text: str) -> list[str]:
    return [secret for secret in (shop.neon.api_key, *shop.passwords) if secret in text]


def test_what_an_operator_sees(shop: Shop, tmp_path: pathlib.Path) -> None:
    shop.neon.reset_requests()
    found, text = listed(shop, shop.config(tmp_path))
    assert [request["template"] for request in shop.neon.requests()] == [
        "/projects",
        "/projects/{project_id}/branches",
        "/projects/{project_id}/endpoints",
    ]
    hosts = found["_meta"]["hostvars"]
    assert {name: each["neon_branch"]["id"] for name, each in hosts.items()} == shop.branches
    assert found["neon_protected"]["hosts"] == found["neon_default"]["hosts"] == ["production"]
    assert sorted(found["neon_parent_production"]["hosts"]) == ["asleep", "staging"]
    assert found["neon_environment_pre_prod"]["hosts"] == ["staging"]
    assert found["neon_environment_asleep"]["hosts"] == ["asleep"]
    assert hosts["asleep"]["neon_connection"] is None
    assert hosts["staging"]["neon_connection"]["ca_cert"] == shop.neon.ca_file
    assert secrets_in(shop, text) == []
    assert "password" not in text


def test_the_cache_saves_the_requests_and_holds_no_secret(shop: Shop, tmp_path: pathlib.Path) -> None:
    cache = tmp_path / "cache"
    config = shop.config(tmp_path, cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(cache), cache_timeout=3600)
    first, _text = listed(shop, config)
    shop.neon.reset_requests()
    again, _text = listed(shop, config)
    assert shop.neon.requests() == []
    assert again == first
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert files
    text = "".join(path.name + path.read_text() for path in files)
    assert all(branch_id in text for branch_id in shop.branches.values())
    assert secrets_in(shop, text) == []
    assert "password" not in text
    listed(shop, config, "--flush-cache")
    assert len(shop.neon.requests()) == 3


def test_plays_connect_and_no_password_is_seen(shop: Shop, tmp_path: pathlib.Path) -> None:
    playbook = tmp_path / "play.yml"
    playbook.write_text(yaml.safe_dump(PLAY, width=1000))
    run = play(environment(shop.neon.env, COLLECTIONS), playbook=str(playbook), arguments=["-i", str(shop.config(tmp_path)), "-vvv"]).succeeded()
    answers = {task.host: task.result for task in run.tasks if task.name == "By a module of another collection"}
    assert {host: answer["query_result"] for host, answer in answers.items()} == {
        name: [{"who": name, "me": "shop_owner", "ssl": True}] for name in ("production", "staging")
    }
    assert all(not task.changed for task in run.tasks)
    assert secrets_in(shop, run.output) == []


def test_readmes_file_connects_to_a_local_neon(shop: Shop, tmp_path: pathlib.Path) -> None:
    """The file as README shows it, with the line that README's command adds for the demo's local Neon, which does not listen on Neon's port."""
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    fence = re.search(r"^```yaml\n(# neon\.yml\n.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    command = re.search(r"^\$ (sed .*>> neon\.yml)$", readme, re.MULTILINE)
    assert fence and command
    assert "projects: [shop]" in fence[1]
    config = tmp_path / "neon.yml"
    config.write_text(fence[1].replace("projects: [shop]", "projects: [inventory-shop]\nbranches: [production, staging]"))
    delivery = tmp_path / ".demo" / "state" / "delivery"
    delivery.mkdir(parents=True)
    where = f"/projects/{shop.project_id}/connection_uri?branch_id={shop.branches['staging']}&database_name=shop&role_name=shop_owner"
    (delivery / "shop-staging.env").write_text(f"DATABASE_URL='x'\nDIRECT_URL='{shop.neon.get(where)['uri']}'\n")
    subprocess.run(["bash", "-c", command[1]], cwd=tmp_path, check=True)
    playbook = tmp_path / "play.yml"
    playbook.write_text(yaml.safe_dump([{**PLAY[0], "hosts": "neon"}], width=1000))
    run = play(environment(shop.neon.env, COLLECTIONS), playbook=str(playbook), arguments=["-i", str(config), "-vvv"]).succeeded()
    answers = [task.result["query_result"][0]["who"] for task in run.tasks if task.name == "By a module of another collection"]
    assert sorted(answers) == ["production", "staging"]


def test_the_key_may_be_vaulted(shop: Shop, tmp_path: pathlib.Path) -> None:
    (tmp_path / "vault").write_text("a vault password")
    vault = [str(pathlib.Path(sys.executable).with_name("ansible-vault")), "encrypt_string", "--vault-password-file", str(tmp_path / "vault")]
    encrypted = subprocess.run([*vault, "--name", "api_key", shop.neon.api_key], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    config = shop.config(tmp_path)
    config.write_text(config.read_text() + encrypted)
    without = dataclasses.replace(shop, neon=LocalNeon(shop.neon.directory, {**shop.neon.env}))
    without.neon.env["NEON_API_KEY"] = "a wrong key"
    found, text = listed(without, config, "--vault-password-file", str(tmp_path / "vault"))
    assert set(found["_meta"]["hostvars"]) == set(shop.branches)
    assert secrets_in(shop, text) == []


def test_a_failure_is_one_message(shop: Shop, tmp_path: pathlib.Path) -> None:
    command = [ANSIBLE_INVENTORY, "-i", str(shop.config(tmp_path, projects=["inventory"])), "--list"]
    env = environment(shop.neon.env, COLLECTIONS, {"ANSIBLE_INVENTORY_UNPARSED_FAILED": "1", "ANSIBLE_NOCOLOR": "1"})
    done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert "there is no project with the name or id 'inventory'" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
