# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What expressions refer to, and which of them wait for the run."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.plugin_utils import references, role_files


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("plain", set()),
        (5, set()),
        ("{{ a }}", {"a"}),
        ("{{ a.b | default(c) }}", {"a", "c"}),
        ("{{ lookup('env', name) }}", {"lookup", "name"}),
        ([{"k": "{{ a }}"}, "{{ b | unknown_filter }}"], {"a", "b"}),
        ("{% for x in many %}{{ x }}{% endfor %}", {"many"}),
        ("{% set x = a %}{% do x.append(1) %}{{ x }}", {"a"}),
        ("{{ broken", set()),
    ],
)
def test_references(value: t.Any, names: set[str]) -> None:
    assert references.references(value) == names


@pytest.mark.parametrize(
    ("value", "plugins"),
    [
        ("{{ lookup('dbinfra.postgres.secret', name, path=p) }}", {"dbinfra.postgres.secret"}),
        ("{{ x | default(query('a.b.c', 1), true) }}", {"a.b.c"}),
        ("{{ q('a') + lookup(name) }}", {"a"}),
        ("{{ other('a') }}", set()),
    ],
)
def test_lookups(value: str, plugins: set[str]) -> None:
    assert references.lookups(value) == plugins


@pytest.mark.parametrize(
    ("value", "name"),
    [("{{ a }}", "a"), ("{{a}}", "a"), ("{{ a.b }}", None), ("x{{ a }}", None), ("{{ a | int }}", None), ("a", None), (5, None), ("{{ broken", None)],
)
def test_aliases(value: t.Any, name: str | None) -> None:
    assert references.alias_of(value) == name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("{{ a | default('x') }}", "a"),
        ("{{ a | d(false) }}", "a"),
        ("{{ a | default(lookup('env', 'A'), true) | default('x', true) }}", "a"),
        ("{{ a }}", None),
        ("{{ a.b | default('x') }}", None),
        ("{{ a | default('x') | int }}", None),
        ("{{ (a ~ b) | default('x') }}", None),
        ("x{{ a | default('x') }}", None),
        (5, None),
        ("{{ broken", None),
    ],
)
def test_aliases_of_what_may_be_missing(value: t.Any, name: str | None) -> None:
    assert references.optional_alias_of(value) == name


def test_what_waits_for_the_run() -> None:
    variables = {
        "known": "x",
        "login": "{{ neon_connection }}",
        "deep": {"inside": ["{{ login }}"]},
        "password": "{{ given['x'] | default(lookup('dbinfra.postgres.secret', 'x', path=known), true) }}",
        "uses": "{{ password }}",
        "plain": "{{ known }}",
        "loop": "{{ pool }}",
        "pool": "{{ loop }}",
        "misspelt": "{{ neon_conection }}",
    }
    late = references.late_names(variables, [*variables, "missing"], {"neon_connection"})
    assert late == {
        "login": "neon_connection",
        "deep": "neon_connection",
        "password": "lookup dbinfra.postgres.secret",
        "uses": "lookup dbinfra.postgres.secret",
    }
    assert "login" not in references.late_names({**variables, "neon_connection": {}}, variables, {"neon_connection"}), "it is there already"
    assert references.depends_on(variables, "deep") == {"login", "neon_connection"}


def test_every_own_role_says_what_it_takes_and_gives() -> None:
    loader = DataLoader()
    for role in role_files.own_roles():
        spec = role_files.load_spec(role, role_files.role_path(role), loader)
        assert all(name.startswith(f"{role}_") for name in spec.options), role
    assert "neon_connection" in role_files.load_spec("neon", role_files.role_path("neon"), loader).provides
    assert role_files.role_path("dbinfra.postgres.neon") == role_files.role_path("neon")


def test_defaults_are_templates() -> None:
    defaults = role_files.load_defaults(role_files.role_path("neon"), DataLoader())
    assert "lookup" in defaults["neon_api_key"]


@pytest.mark.parametrize(
    ("role", "words"),
    [("nonsense", "there is no role nonsense"), ("no.such.role", "the collection no.such is not installed"), ("", "there is no role")],
)
def test_a_role_that_is_not_there(role: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        role_files.role_path(role)


def test_roles_of_every_shape(tmp_path: pathlib.Path) -> None:
    (tmp_path / "tasks" / "sub").mkdir(parents=True)
    (tmp_path / "tasks" / "main.yml").write_text(
        "- block:\n    - set_fact: {one: 1, cacheable: true}\n  rescue:\n    - ansible.builtin.set_fact:\n        two: 2\n"
    )
    (tmp_path / "tasks" / "sub" / "more.yaml").write_text("- ansible.builtin.set_fact: {three: 3}\n- debug: {}\n- not a task\n")
    (tmp_path / "tasks" / "empty.yml").write_text("")
    with pytest.raises(InputError, match="no meta/argument_specs"):
        role_files.load_spec("r", str(tmp_path), DataLoader())
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "argument_specs.yml").write_text(
        "argument_specs:\n  main:\n    options:\n      r_a: {type: str}\n  other:\n    options:\n      r_b: {type: int}\n  empty:\n"
    )
    spec = role_files.load_spec("r", str(tmp_path), DataLoader())
    assert set(spec.options) == {"r_a"}
    assert spec.provides == {"one", "two", "three"}
    assert set(role_files.load_spec("r", str(tmp_path), DataLoader(), entry_points=()).options) == {"r_a", "r_b"}
    (tmp_path / "defaults" / "main").mkdir(parents=True)
    (tmp_path / "defaults" / "main" / "a.yml").write_text("r_a: x\n")
    (tmp_path / "defaults" / "main" / "b.yml").write_text("r_b: '{{ r_a }}'\n")
    assert role_files.load_defaults(str(tmp_path), DataLoader()) == {"r_a": "x", "r_b": "{{ r_a }}"}
    (tmp_path / "meta" / "argument_specs.yml").write_text("a: [\n")
    with pytest.raises(InputError, match=r"argument_specs\.yml cannot be read"):
        role_files.load_spec("r", str(tmp_path), DataLoader())
