# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every role has documentation, a spec, and defaults that agree with the spec."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (CHECKOUT / "roles").iterdir() if path.is_dir())


def spec(role: str) -> dict[str, dict[str, object]]:
    return yaml.safe_load((CHECKOUT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]


def defaults(role: str) -> dict[str, object]:
    path = CHECKOUT / "roles" / role / "defaults" / "main.yml"
    return (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def without_names_of_plugins(text: str) -> str:
    return re.sub(r"dbinfra\.postgres\.\w+|neon_superuser", "", text)


def test_there_are_roles():
    assert ROLES


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_what_it_is_for(role):
    readme = (CHECKOUT / "roles" / role / "README.md").read_text()
    assert readme.startswith(f"# {role}\n")
    assert len(readme.splitlines()) > 5


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_spec_agree(role):
    options = {name: option for entry in spec(role).values() for name, option in entry["options"].items()}
    assert {name: option["default"] for name, option in options.items() if "default" in option} == defaults(role)
    for name, option in options.items():
        assert option.get("description"), name
        assert not (option.get("required") and "default" in option), name


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_the_roles_prefix(role):
    names = [name for entry in spec(role).values() for name in entry["options"]] + list(defaults(role))
    assert [name for name in names if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_option_is_used_and_every_used_variable_is_an_option(role):
    folder = CHECKOUT / "roles" / role
    text = without_names_of_plugins("\n".join(path.read_text() for part in ("tasks", "vars") for path in folder.glob(f"{part}/*.yml")))
    used = set(re.findall(rf"\b(?<!_){role}_[a-z_]+", text))
    options = {name for entry in spec(role).values() for name in entry["options"]}
    # A role's own output is a fact, not an option.
    facts = set(re.findall(rf"^\s+({role}_[a-z_]+): \"{{{{ __{role}", text, re.MULTILINE))
    assert used - options - facts == set()
    assert options - used == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_only_its_own_variables(role):
    folder = CHECKOUT / "roles" / role
    text = "\n".join(path.read_text() for part in ("tasks", "vars", "defaults") for path in folder.glob(f"{part}/*.yml"))
    text = without_names_of_plugins(text)
    others = "|".join(other for other in ROLES if other != role)
    assert re.findall(rf"\b(?:{others})_[a-z_]+", re.sub(rf"\b_*{role}_\w+", "", text)) == []
