# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two inventories: one schema, and no variable that nothing reads."""

from __future__ import annotations

import ast
import pathlib
import re
import typing as t

import pytest
import yaml

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
ENVIRONMENTS = ("staging", "production")


def declared(environment: str) -> dict[str, dict[str, object]]:
    """Return the variables of an inventory by file name."""
    folder = CHECKOUT / "inventories" / environment / "group_vars" / "all"
    return {path.name: yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yml"))}


def variables(environment: str) -> dict[str, object]:
    return {name: value for content in declared(environment).values() for name, value in content.items()}


def test_staging_and_production_declare_the_same_variables_in_the_same_files():
    staging, production = ({file: sorted(content) for file, content in declared(name).items()} for name in ENVIRONMENTS)
    assert staging
    assert staging == production


def test_variables_have_the_same_type_in_both():
    staging, production = (variables(name) for name in ENVIRONMENTS)

    def kind(value: object) -> str:
        return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__

    assert {name: kind(value) for name, value in staging.items()} == {name: kind(value) for name, value in production.items()}


#: Keywords whose values are expressions without braces around them.
EXPRESSIONS = {"when", "that", "until", "failed_when", "changed_when", "loop"}
#: The table of variables that belong to no role: it knows their names and reads none of them.
TABLE = "specs.py"


def yaml_expressions(value: object, whole: bool = False) -> t.Iterator[str]:
    """Return the templates among parsed YAML (comments, keys and plain texts are none).

    :param whole: the value is an expression even without braces.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from yaml_expressions(inner, key in EXPRESSIONS)
    elif isinstance(value, list):
        for inner in value:
            yield from yaml_expressions(inner, whole)
    elif isinstance(value, str):
        templates = re.sub(r"{#.*?#}", "", value, flags=re.DOTALL)
        yield from [templates] if whole else re.findall(r"{{.*?}}|{%.*?%}", templates, re.DOTALL)


def names_in_yaml(text: str) -> set[str]:
    """Return the words of all expressions; quoted texts in them are no names."""
    words: set[str] = set()
    for document in yaml.safe_load_all(text):
        for expression in yaml_expressions(document):
            words.update(re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'|\"[^\"]*\"", " ", expression)))
    return words


def names_in_python(source: str) -> set[str]:
    """Return the string constants of a program: a name in a comment, a docstring or a message is part of a longer one or of none."""
    return {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def names_read(environment: str) -> set[str]:
    """Return everything that roles, playbooks, plugins and the inventory itself look up by name."""
    content = [
        path
        for pattern in ("roles/*/tasks/*.yml", "roles/*/vars/*.yml", "roles/*/defaults/*.yml", "playbooks/*.yml", "playbooks/vars/*.yml")
        for path in CHECKOUT.glob(pattern)
    ]
    content += (CHECKOUT / "inventories" / environment).rglob("*.yml")
    programs = [path for path in (CHECKOUT / "plugins").rglob("*.py") if path.name != TABLE]
    assert content and programs
    return set().union(*(names_in_yaml(path.read_text()) for path in content), *(names_in_python(path.read_text()) for path in programs))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_variable_is_read_by_something(environment: str) -> None:
    assert sorted(set(variables(environment)) - names_read(environment)) == []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a: '{{ db_x }}'", True),
        ("- when: db_x and true", True),
        ("- assert: {that: [db_x > 0]}", True),
        ("a: '{% if db_x %}b{% endif %}'", True),
        ("a: 1  # db_x", False),
        ("a: '{# db_x #}{{ db_y }}'", False),
        ("- name: Say db_x", False),
        ("db_x: 1", False),
        ("a: '{{ db_xy }}'", False),
        ("a: \"{{ 'db_x' }}\"", False),
    ],
)
def test_what_reads_a_variable_in_yaml(text: str, read: bool) -> None:
    assert ("db_x" in names_in_yaml(text)) is read


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("values.get('db_x')", True),
        ("NAMES = ('db_x', 'db_y')", True),
        ("a = 1  # db_x", False),
        ('"""Looks at db_x."""', False),
        ("f'{a} (db_x = {b})'", False),
        ("db_x = 1", False),
    ],
)
def test_what_reads_a_variable_in_python(source: str, read: bool) -> None:
    assert ("db_x" in names_in_python(source)) is read


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_inventory_has_exactly_one_environment_named_like_itself(environment):
    hosts = yaml.safe_load((CHECKOUT / "inventories" / environment / "hosts.yml").read_text())["environments"]["hosts"]
    assert list(hosts) == [environment]
    assert hosts[environment]["ansible_connection"] == "local"


def test_the_plans_numbers():
    staging, production = (variables(name) for name in ENVIRONMENTS)
    assert (staging["db_pool_min"], staging["db_pool_max"]) == (2, 15)
    assert (production["db_pool_min"], production["db_pool_max"]) == (5, 20)
    assert (staging["db_settings_level"], production["db_settings_level"]) == ("moderate", "optimised")
    assert staging["db_tls_mode"] == production["db_tls_mode"] == "verify-full"
    assert production["neon_suspend_timeout_seconds"] == -1
    assert production["neon_branch_protected"] is True
    assert staging["neon_branch_init_source"] == "schema-only"


def test_exactly_one_inventory_owns_the_project():
    assert sorted(str(variables(name)["neon_project_ownership"]) for name in ENVIRONMENTS) == ["member", "owner"]
