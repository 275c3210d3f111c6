# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin: its requests, what it makes of the answers, what its cache holds, and one clear message for each failure."""

from __future__ import annotations

import base64
import hashlib
import pathlib
import sys
import typing as t
from unittest import mock

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar, is_trusted_as_template
from ansible.utils.display import Display
from unit.neon_conversation import (
    BRANCH_ID,
    ENDPOINT_ID,
    HOST,
    HOST_NAME,
    KEY,
    OTHER_BRANCH_ID,
    PROJECT_ID,
    Conversation,
    branch,
    conversation,
    endpoint,
    project,
)

BRANCHES_QUERY = {"limit": "1000", "sort_by": "created_at", "sort_order": "asc"}
ALL_PROJECTS = {"limit": "400"}
PRODUCTION = branch(default=True, protected=True, created_at="2026-11-01T00:00:00Z", created_by={"name": "somebody"})
STAGING = branch(id=OTHER_BRANCH_ID, name="staging", parent_id=BRANCH_ID, current_state="ready", expires_at="2026-12-01T00:00:00Z")


class Inventory:
    """A configuration file, and what the plugin makes of it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.path = folder / "shop.neon.yml"
        self.warnings: list[str] = []

    def read(self, *, flush: bool = False, **more: t.Any) -> InventoryData:
        wish = {"plugin": "dbinfra.postgres.neon", "api_host": HOST, "api_key": KEY, **more}
        self.path.write_text(yaml.safe_dump({name: value for name, value in wish.items() if value is not None}))
        return self.parse(flush=flush)

    def parse(self, *, flush: bool = False) -> InventoryData:
        data = InventoryData()
        plugin = inventory_loader.get("dbinfra.postgres.neon")
        assert plugin.verify_file(str(self.path))
        with mock.patch.object(Display, "warning", lambda _self, text, **_more: self.warnings.append(text)):
            plugin.parse(data, DataLoader(), str(self.path), cache=not flush)
        if plugin.get_option("cache"):
            plugin.update_cache_if_changed()
        return data


@pytest.fixture
def inventory(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path / "ca.pem"))
    (tmp_path / "ca.pem").touch()
    return Inventory(tmp_path)


def projects(*found: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {"projects": list(found), "pagination": {"cursor": "last"}, **more}


def expect_project(neon: Conversation, project_id: str, branches: list[dict[str, t.Any]], endpoints: list[dict[str, t.Any]], **more: t.Any) -> None:
    neon.expect("GET", f"/projects/{project_id}/branches", {"branches": branches, **more}, query=BRANCHES_QUERY)
    neon.expect("GET", f"/projects/{project_id}/endpoints", {"endpoints": endpoints})


def expect_shop(neon: Conversation, branches: list[dict[str, t.Any]] | None = None, **more: t.Any) -> None:
    neon.expect("GET", "/projects", projects(project()), query={"search": "shop", **ALL_PROJECTS})
    expect_project(neon, PROJECT_ID, [PRODUCTION, STAGING] if branches is None else branches, [endpoint()], **more)


def groups_of(data: InventoryData, host: str) -> set[str]:
    return {group.name for group in data.get_host(host).get_groups()} - {"all"}


def test_a_branch_is_a_host_with_all_that_is_known_of_it(inventory: Inventory, tmp_path: pathlib.Path) -> None:
    annotations = {BRANCH_ID: {"object": {"type": "console/branch", "id": BRANCH_ID}, "value": {"managed_by": "dbinfra.postgres"}}}
    replica = endpoint(id="ep-2", type="read_only", host="ep-2.c-2.eu-central-1.aws.neon.tech")
    with conversation() as neon:
        neon.expect("GET", "/projects", projects(project()), query={"search": "shop", **ALL_PROJECTS})
        expect_project(neon, PROJECT_ID, [PRODUCTION, STAGING], [replica, endpoint()], annotations=annotations)
        data = inventory.read(projects=["shop"], login_user="shop_owner", login_db="shop")
    assert set(data.hosts) == {"production", "staging"}
    found = data.get_host("production").vars
    assert found["neon_project"] == {"id": PROJECT_ID, "name": "shop", "region_id": "aws-eu-central-1", "pg_version": 17, "org_id": None}
    assert found["neon_branch"] == {
        "id": BRANCH_ID,
        "name": "production",
        "state": "a_new_state",
        "default": True,
        "protected": True,
        "parent_id": None,
        "parent": None,
        "environment": "production",
        "init_source": None,
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": None,
        "expires_at": None,
        "annotations": {"managed_by": "dbinfra.postgres"},
    }
    assert found["neon_endpoint"] == {
        "id": ENDPOINT_ID,
        "type": "read_write",
        "state": "idle",
        "host": HOST_NAME,
        "pooled_host": HOST_NAME.replace(ENDPOINT_ID, f"{ENDPOINT_ID}-pooler"),
        "min_cu": 0.25,
        "max_cu": 2.0,
        "suspend_timeout_seconds": 0,
    }
    assert [each["id"] for each in found["neon_read_replicas"]] == ["ep-2"]
    assert found["neon_connection"] == {
        "provider": "neon",
        "exists": True,
        "project_id": PROJECT_ID,
        "branch_id": BRANCH_ID,
        "login_host": HOST_NAME,
        "login_port": 5432,
        "login_user": "shop_owner",
        "login_db": "shop",
        "pooled_host": HOST_NAME.replace(ENDPOINT_ID, f"{ENDPOINT_ID}-pooler"),
        "pooled_port": 5432,
        "ssl_mode": "verify-full",
        "ca_cert": str(tmp_path / "ca.pem"),
        "server_major": 17,
        "stand_in": None,
    }
    assert found["ansible_connection"] == "local"
    assert (
        Templar(loader=DataLoader(), variables={"ansible_playbook_python": "/x/python"}).template(found["ansible_python_interpreter"]) == "/x/python"
    )
    staging = data.get_host("staging").vars
    assert (staging["neon_branch"]["parent"], staging["neon_branch"]["expires_at"]) == ("production", "2026-12-01T00:00:00Z")
    assert (staging["neon_connection"], staging["neon_endpoint"], staging["neon_read_replicas"]) == (None, None, [])


def test_hosts_are_grouped(inventory: Inventory) -> None:
    annotated = {OTHER_BRANCH_ID: {"object": {}, "value": {"environment": "pre-prod"}}}
    with conversation() as neon:
        expect_shop(neon, annotations=annotated)
        data = inventory.read(projects=["shop"])
    assert groups_of(data, "production") == {"neon", "neon_project_shop", "neon_environment_production", "neon_protected", "neon_default"}
    assert groups_of(data, "staging") == {"neon", "neon_project_shop", "neon_environment_pre_prod", "neon_parent_production"}


def test_five_hundred_branches_are_three_requests(inventory: Inventory) -> None:
    many = [branch(id=f"br-{number}", name=f"preview-{number}") for number in range(500)]
    with conversation() as neon:
        neon.expect("GET", "/projects", projects(project()), query={"search": "shop", **ALL_PROJECTS})
        expect_project(neon, PROJECT_ID, many, [endpoint(id=f"ep-{n}", branch_id=f"br-{n}", host=f"ep-{n}.neon.tech") for n in range(500)])
        data = inventory.read(projects=["shop"])
        assert len(neon.requests) == 3
    assert len(data.hosts) == 500
    assert data.get_host("preview-499").vars["neon_connection"]["login_host"] == "ep-499.neon.tech"


def test_more_branches_than_fit_on_a_page_are_one_request_more(inventory: Inventory) -> None:
    def page(first: int, count: int) -> list[dict[str, t.Any]]:
        return [branch(id=f"br-{number}", name=f"preview-{number}") for number in range(first, first + count)]

    with conversation() as neon:
        neon.expect("GET", "/projects", projects(project()), query={"search": "shop", **ALL_PROJECTS})
        neon.expect("GET", f"/projects/{PROJECT_ID}/branches", {"branches": page(0, 1000), "pagination": {"next": "n"}}, query=BRANCHES_QUERY)
        neon.expect("GET", f"/projects/{PROJECT_ID}/branches", {"branches": page(1000, 200)}, query={**BRANCHES_QUERY, "cursor": "n"})
        neon.expect("GET", f"/projects/{PROJECT_ID}/endpoints", {"endpoints": []})
        assert len(inventory.read(projects=["shop"]).hosts) == 1200


def test_hosts_of_several_projects_do_not_meet(inventory: Inventory) -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", projects(project(), project(id="p-2", name="shop"), project(id="p-3", name="Büro 3")), query=ALL_PROJECTS)
        expect_project(neon, PROJECT_ID, [PRODUCTION], [])
        expect_project(neon, "p-2", [branch(project_id="p-2", id="br-p2", name="production")], [])
        expect_project(neon, "p-3", [branch(project_id="p-3", id="br-p3", name="main")], [])
        data = inventory.read()
    assert set(data.hosts) == {f"shop-production-{BRANCH_ID}", "shop-production-br-p2", "Büro-3-main"}
    assert "neon_project_shop_p_2" in groups_of(data, "shop-production-br-p2")
    assert f"neon_project_shop_{PROJECT_ID.replace('-', '_')}" in groups_of(data, f"shop-production-{BRANCH_ID}")
    assert "neon_project_Büro_3" in groups_of(data, "Büro-3-main")


def test_a_name_that_only_looks_like_anothers_does_not_take_it(inventory: Inventory) -> None:
    names = ["pre/view", "pre-view", "pre:view", "localhost", "../up", "all", "a b"]
    with conversation() as neon:
        expect_shop(neon, [branch(id=f"br-{number}", name=name) for number, name in enumerate(names)])
        data = inventory.read(projects=["shop"])
    found = {host.vars["neon_branch"]["name"]: name for name, host in data.hosts.items()}
    assert found == {
        "pre/view": "pre-view-br-0",
        "pre-view": "pre-view",
        "pre:view": "pre-view-br-2",
        "localhost": "localhost-br-3",
        "../up": "up",
        "all": "all-br-5",
        "a b": "a-b",
    }


def test_a_branch_that_is_called_like_a_group_of_the_plugin_is_no_group(inventory: Inventory) -> None:
    """Also like one that is not there today: a further branch must not rename the hosts."""
    names = ["neon", "neon_protected", "neon_default", "neon_project_shop", "neon_parent_other", "neon_environment_x", "neon_protected_2", "neon-x"]
    children = [branch(id=f"br-{number}", name=name, parent_id=BRANCH_ID) for number, name in enumerate(names)]
    with conversation() as neon:
        expect_shop(neon, [PRODUCTION, *children])
        data = inventory.read(projects=["shop"])
    kept = {"production", "neon_protected_2", "neon-x"}
    assert set(data.hosts) == kept | {f"{name}-br-{number}" for number, name in enumerate(names) if name not in kept}
    for name, group in data.groups.items():
        assert name == "all" or not group.child_groups
    assert {host.name for host in data.groups["neon_protected"].hosts} == {"production"}
    assert groups_of(data, "neon_protected-br-1") == {"neon", "neon_project_shop", "neon_parent_production", "neon_environment_neon_protected"}


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"hostnames": ["'all'"]}, "would be the host 'all', and this name is reserved"),
        ({"hostnames": ["'localhost'"]}, "would be the host 'localhost', and this name is reserved"),
        ({"hostnames": ["'neon_protected'"]}, "would be the host 'neon_protected', and this name is reserved"),
        ({"hostnames": ["'ours'"], "groups": {"ours": False}}, "would be the host 'ours', and a group has this name"),
        # The first host is in a group that is called like the second.
        ({"keyed_groups": [{"key": "'staging'", "separator": ""}]}, "would be the host 'staging', and a group has this name"),
        (
            {"keyed_groups": [{"key": "neon_project.name", "prefix": "is"}], "hostnames": ["'first' if neon_branch.default else 'is_shop'"]},
            "would be the host 'is_shop', and a group has this name",
        ),
    ],
)
def test_a_host_that_is_called_like_a_group_is_an_error(inventory: Inventory, more: dict[str, t.Any], text: str) -> None:
    with conversation() as neon:
        expect_shop(neon)
        with pytest.raises(AnsibleParserError, match=f"option hostnames: branch .* {text}"):
            inventory.read(projects=["shop"], **more)


@pytest.mark.parametrize("member", ["true", "neon_branch.name == 'staging'", "neon_branch.default", "false"])
def test_a_branch_that_is_called_like_a_declared_group_is_no_group(inventory: Inventory, member: str) -> None:
    """Whoever is in the group, if anybody is: its members of today must not rename the hosts."""
    with conversation() as neon:
        expect_shop(neon)
        data = inventory.read(projects=["shop"], groups={"staging": member})
    assert set(data.hosts) == {"production", f"staging-{OTHER_BRANCH_ID}"}
    members = {"true": set(data.hosts), "neon_branch.default": {"production"}, "false": set()}.get(member, {f"staging-{OTHER_BRANCH_ID}"})
    assert {host.name for host in data.groups["staging"].hosts} == members if members else "staging" not in data.groups


@pytest.mark.parametrize("key", ["'production' if neon_branch.default else ''", "'production' if neon_branch.parent else ''"])
def test_a_keyed_group_that_is_called_like_a_host_is_an_error(inventory: Inventory, key: str) -> None:
    """One that the host alone would be in, and one that only others would be in."""
    text = rf"option keyed_groups: the host 'production', branch {BRANCH_ID}, is called like a group\..*a prefix"
    with conversation() as neon:
        expect_shop(neon)
        with pytest.raises(AnsibleParserError, match=text):
            inventory.read(projects=["shop"], keyed_groups=[{"key": key, "separator": ""}])


def test_names_of_hosts_can_be_declared(inventory: Inventory) -> None:
    with conversation() as neon:
        expect_shop(neon)
        data = inventory.read(projects=["shop"], hostnames=["neon_endpoint.id", "neon_project.name ~ '.' ~ neon_branch.name"])
    assert set(data.hosts) == {ENDPOINT_ID, "shop.staging"}


def test_the_same_name_twice_is_an_error(inventory: Inventory) -> None:
    with conversation() as neon:
        expect_shop(neon)
        with pytest.raises(AnsibleParserError, match=rf"two branches would be the host 'shop': {BRANCH_ID} and {OTHER_BRANCH_ID}"):
            inventory.read(projects=["shop"], hostnames=["neon_project.name"])


@pytest.mark.parametrize(
    ("more", "hosts"),
    [
        ({"branches": ["stag*"]}, {"staging"}),
        ({"branches": ["production"]}, {"production"}),
        ({"branches": ["preview-*"]}, set()),
        ({"branches": ["production", "s?aging"]}, {"production", "staging"}),
        ({"require_endpoint": True}, {"production"}),
    ],
)
def test_branches_can_be_chosen(inventory: Inventory, more: dict[str, t.Any], hosts: set[str]) -> None:
    with conversation() as neon:
        expect_shop(neon)
        assert set(inventory.read(projects=["shop"], **more).hosts) == hosts


@pytest.mark.parametrize("name", ["stagin", "Staging", OTHER_BRANCH_ID])
def test_a_branch_that_is_named_must_be_there(inventory: Inventory, name: str) -> None:
    with conversation() as neon:
        expect_shop(neon)
        with pytest.raises(AnsibleParserError, match=f"option branches: there is no branch named '{name}'"):
            inventory.read(projects=["shop"], branches=["staging", name])


def test_a_project_is_found_by_its_id_and_taken_once(inventory: Inventory) -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", projects(project(), project(id="p-2", name="shop-2")), query={"org_id": "org-1", **ALL_PROJECTS})
        expect_project(neon, PROJECT_ID, [PRODUCTION], [])
        data = inventory.read(projects=[PROJECT_ID, "shop"], org_id="org-1")
    assert set(data.hosts) == {"shop-production"}


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ([project(name="shop-2"), project(name="Shop")], "option projects: there is no project with the name or id 'shop'"),
        ([project(), project(id="p-2")], f"2 projects fit 'shop'.*p-2, {PROJECT_ID}.*Name the right one by its id"),
        ([project(), project(id="shop", name="other")], "2 projects fit 'shop'"),
        ([project(deleted_at="2026-11-01T00:00:00Z")], "there is no project with the name or id 'shop'"),
    ],
)
def test_no_other_project_is_taken(inventory: Inventory, found: list[dict[str, t.Any]], text: str) -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", projects(*found), query={"search": "shop", **ALL_PROJECTS})
        with pytest.raises(AnsibleParserError, match=text):
            inventory.read(projects=["shop"])


def expect_partial(neon: Conversation, found: dict[str, t.Any], **query: str) -> None:
    for _attempt in range(3):
        neon.expect("GET", "/projects", projects(found, unavailable_project_ids=["p-9"]), query={**query, **ALL_PROJECTS})


def test_a_partial_list_is_an_error(inventory: Inventory) -> None:
    with conversation() as neon:
        expect_partial(neon, project())
        with pytest.raises(AnsibleParserError, match=r"could not show all projects, so branches would be missing.*p-9.*on_partial_list"):
            inventory.read()


def test_a_partial_list_can_be_a_warning_and_is_not_cached(inventory: Inventory, tmp_path: pathlib.Path) -> None:
    cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    for _run in range(2):
        with conversation() as neon:
            expect_partial(neon, project())
            expect_project(neon, PROJECT_ID, [PRODUCTION], [])
            assert set(inventory.read(on_partial_list="warn", **cache).hosts) == {"shop-production"}
    assert len([text for text in inventory.warnings if "not complete" in text and "p-9" in text]) == 2


@pytest.mark.parametrize("mode", ["fail", "warn"])
def test_a_name_is_never_taken_from_a_partial_list(inventory: Inventory, mode: str) -> None:
    with conversation() as neon:
        expect_partial(neon, project(), search="shop")
        with pytest.raises(AnsibleParserError, match=r"nobody can tell which one is 'shop'.*p-9.*by its id"):
            inventory.read(projects=["shop"], on_partial_list=mode)


def test_a_project_that_is_named_by_its_id_needs_no_complete_list(inventory: Inventory) -> None:
    with conversation() as neon:
        expect_partial(neon, project(), search=PROJECT_ID)
        expect_project(neon, PROJECT_ID, [PRODUCTION], [])
        assert set(inventory.read(projects=[PROJECT_ID]).hosts) == {"production"}
    assert inventory.warnings == []


def test_what_is_constructed(inventory: Inventory) -> None:
    with conversation() as neon:
        expect_shop(neon)
        data = inventory.read(
            projects=["shop"],
            strict=True,
            compose={"is_root": "neon_branch.parent_id is none"},
            groups={"ends": "neon_branch.expires_at is not none"},
            keyed_groups=[{"key": "neon_project.region_id", "prefix": "region"}],
        )
    assert (data.get_host("production").vars["is_root"], data.get_host("staging").vars["is_root"]) == (True, False)
    assert "ends" in groups_of(data, "staging") and "ends" not in groups_of(data, "production")
    assert "region_aws_eu_central_1" in groups_of(data, "staging")


def test_strict_does_not_pass_over_a_broken_expression(inventory: Inventory) -> None:
    with conversation() as neon:
        expect_shop(neon)
        with pytest.raises(AnsibleParserError, match=r"option hostnames: neon_branch\.nothing"):
            inventory.read(projects=["shop"], strict=True, hostnames=["neon_branch.nothing"])


@pytest.mark.parametrize("evil", ["{{ 6 * 7 }}", "lookup('pipe','date')", "{% if 1 %}x{% endif %}", "a|b", "x\n"])
def test_names_from_the_api_are_never_templates(inventory: Inventory, tmp_path: pathlib.Path, evil: str) -> None:
    cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    with conversation() as neon:
        expect_shop(neon, [branch(name=evil)])
        fresh = inventory.read(projects=["shop"], compose={"copy": "neon_branch.name"}, **cache)
    with conversation():
        cached = inventory.parse()
    for data in (fresh, cached):
        (host,) = data.hosts.values()
        templar = Templar(loader=DataLoader(), variables=host.vars)
        assert templar.template(host.vars["neon_branch"]["name"]) == evil
        assert templar.template(host.vars["copy"]) == evil
        assert not is_trusted_as_template(host.vars["neon_branch"]["name"])
        assert not is_trusted_as_template(host.vars["copy"])
        # What is harmless is shown as it is by ansible-inventory.
        assert is_trusted_as_template(host.vars["neon_branch"]["id"])


def test_the_cache_answers_without_a_request_or_a_key(inventory: Inventory, tmp_path: pathlib.Path) -> None:
    cache = {"projects": ["shop"], "cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    with conversation() as neon:
        expect_shop(neon)
        first = inventory.read(**cache)
    with conversation():
        again = inventory.read(api_key=None, **cache)
        assert {name: host.vars for name, host in again.hosts.items()} == {name: host.vars for name, host in first.hosts.items()}
        # What is made of the answers is no part of the cache.
        assert set(inventory.read(**cache, branches=["staging"]).hosts) == {"staging"}
        assert inventory.read(**cache, login_user="other").get_host("production").vars["neon_connection"]["login_user"] == "other"
    with conversation() as neon:
        expect_shop(neon, [PRODUCTION])
        assert set(inventory.read(flush=True, **cache).hosts) == {"production"}
    with conversation():
        assert set(inventory.parse().hosts) == {"production"}


@pytest.mark.parametrize("more", [{"projects": ["shop", PROJECT_ID]}, {"projects": []}, {"org_id": "org-1"}])
def test_the_cache_of_another_question_is_no_answer(inventory: Inventory, tmp_path: pathlib.Path, more: dict[str, t.Any]) -> None:
    cache = {"projects": ["shop"], "cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    with conversation() as neon:
        expect_shop(neon)
        inventory.read(**cache)
    # It has to ask, for which it needs the key.
    with conversation(), pytest.raises(AnsibleParserError, match="no Neon API key"):
        inventory.read(**{**cache, **more, "api_key": None})


def test_neither_hosts_nor_cache_hold_a_secret(inventory: Inventory, tmp_path: pathlib.Path) -> None:
    cache = tmp_path / "cache"
    secret = "npg_a_password"
    with conversation() as neon:
        # No list has such fields today. If one gets them, they must not slip through.
        leaky = endpoint(password=secret, connection_uri=f"postgresql://o:{secret}@h/d")
        neon.expect("GET", "/projects", projects(project(token=secret)), query={"search": "shop", **ALL_PROJECTS})
        expect_project(neon, PROJECT_ID, [branch(password=secret, created_by={"token": secret})], [leaky])
        data = inventory.read(projects=["shop"], cache=True, cache_plugin="jsonfile", cache_connection=str(cache))
    (file,) = cache.iterdir()
    seen = file.name + file.read_text() + repr(data.get_host("production").vars)
    assert BRANCH_ID in seen
    key = KEY.encode()
    forms = [KEY, base64.b64encode(key).decode(), secret, "password", "api_key"]
    forms += [hashlib.new(name, key).hexdigest() for name in ("md5", "sha1", "sha256", "sha512")]
    assert [form for form in forms if form in seen] == []


def test_options_may_be_templates_or_come_from_the_environment(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with conversation() as neon:
        expect_shop(neon)
        inventory.read(projects=["{{ 'shop' }}"], api_key="{{ lookup('ansible.builtin.env', 'MY_KEY') }}")
    monkeypatch.setenv("NEON_API_KEY", KEY)
    monkeypatch.setenv("NEON_API_HOST", HOST)
    with conversation() as neon:
        expect_shop(neon)
        inventory.read(projects=["shop"], api_key=None, api_host=None)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"api_key": None}, "dbinfra.postgres.neon: option api_key .*: there is no Neon API key"),
        ({"api_key": " "}, "dbinfra.postgres.neon: option api_key .*: there is no Neon API key"),
        ({"api_key": "napi_x\n"}, "the API key holds a space, a line end"),
        ({"api_host": "http://example.com"}, "plain http to example.com is refused"),
        ({"timeout": 0}, "option timeout: 0 is no usable number"),
        ({"ca_file": "/nonexistent/ca.pem"}, "option ca_file .*: the file /nonexistent/ca.pem does not exist"),
        ({"api_key": "{{ nothing }}"}, "option api_key: it cannot be read: .*nothing"),
    ],
)
def test_wrong_options_ask_nothing(inventory: Inventory, more: dict[str, t.Any], text: str) -> None:
    with conversation(), pytest.raises(AnsibleParserError, match=text):
        inventory.read(projects=["shop"], **more)


@pytest.mark.parametrize("option", ["projects", "branches", "hostnames"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([""], "entry 1 is empty ('')"),
        (["shop", "  "], "entry 2 is empty ('  ')"),
        (["shop", None], "entry 2 is empty (None)"),
        ("", "entry 1 is empty ('')"),
        ([True], "entry 1 is no text (True)"),
        ([1.10], "entry 1 is no text (1.1)"),
        ([["shop"]], "entry 1 is no text (['shop'])"),
    ],
)
def test_an_entry_that_says_nothing_is_neither_nothing_nor_everything(inventory: Inventory, option: str, value: t.Any, text: str) -> None:
    with conversation(), pytest.raises(AnsibleParserError) as caught:
        inventory.read(**{"projects": ["shop"], option: value})
    assert f"dbinfra.postgres.neon: option {option}: {text}." in str(caught.value)
    assert str(caught.value).count("Remove it, or give it a value") == ("is empty" in text)


@pytest.mark.parametrize("option", ["projects", "branches"])
def test_an_entry_that_a_template_leaves_empty_is_refused(inventory: Inventory, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_PROJECT", raising=False)
    for value in (["{{ lookup('ansible.builtin.env', 'MY_PROJECT') }}"], "{{ nothing | default('') }}"):
        with conversation(), pytest.raises(AnsibleParserError, match=rf"option {option}: entry 1 is empty \(''\)"):
            inventory.read(**{"projects": ["shop"], option: value})


@pytest.mark.parametrize("option", ["projects", "branches", "hostnames"])
def test_an_option_without_a_value_is_not_its_default(inventory: Inventory, option: str) -> None:
    inventory.path.write_text(f"plugin: dbinfra.postgres.neon\napi_host: {HOST}\napi_key: {KEY}\n{option}:\n")
    with conversation(), pytest.raises(AnsibleParserError, match=f"option {option}: it has no value"):
        inventory.parse()


def test_an_organization_that_neon_does_not_know_is_named(inventory: Inventory) -> None:
    with conversation() as neon:
        query = {"search": "shop", **ALL_PROJECTS, "org_id": "org-1"}
        neon.expect("GET", "/projects", {"message": "organization org-1 not found"}, query=query, status=404)
        with pytest.raises(AnsibleParserError, match=r"option org_id \(org-1\): Neon does not know this organization"):
            inventory.read(projects=["shop"], org_id="org-1")
    with conversation(), pytest.raises(AnsibleParserError, match=r"option org_id: 'My Org' is no id"):
        inventory.read(projects=["shop"], org_id="My Org")


def test_a_refusal_is_one_message_without_the_key(inventory: Inventory) -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", {"message": f"{KEY} is wrong"}, query={"search": "shop", **ALL_PROJECTS}, status=401)
        with pytest.raises(AnsibleParserError, match=r"^dbinfra\.postgres\.neon: .*does not accept the API key") as caught:
            inventory.read(projects=["shop"])
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(("name", "fits"), [("neon.yml", True), ("shop.neon.yaml", True), ("neon.json", False), ("hosts.yml", False)])
def test_files_are_known_by_their_names(tmp_path: pathlib.Path, name: str, fits: bool) -> None:
    (tmp_path / name).touch()
    assert inventory_loader.get("dbinfra.postgres.neon").verify_file(str(tmp_path / name)) is fits


def test_the_documented_examples_work(inventory: Inventory, tmp_path: pathlib.Path) -> None:
    documentation = inventory_loader.get("dbinfra.postgres.neon").__module__
    first, second, _play = yaml.safe_load_all(sys.modules[documentation].EXAMPLES)
    with conversation() as neon:
        expect_shop(neon)
        found = inventory.read(**{**first, "plugin": "dbinfra.postgres.neon"})
    assert found.get_host("staging").vars["neon_branch"]["name"] == "staging"
    preview = branch(name="preview-17", expires_at="2026-12-01T00:00:00Z")
    with conversation() as neon:
        neon.expect("GET", "/projects", projects(project()), query={"search": PROJECT_ID, **ALL_PROJECTS})
        expect_project(neon, PROJECT_ID, [preview], [endpoint()], annotations={BRANCH_ID: {"value": {"pull_request": "17"}}})
        found = inventory.read(**{**second, "cache_connection": str(tmp_path / "cache")})
    assert {"expiring", "pr_17"} <= groups_of(found, "preview-17")
    assert found.get_host("preview-17").vars["is_ours"] is False
