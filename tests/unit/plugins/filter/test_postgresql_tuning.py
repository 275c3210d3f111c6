# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter in templates: lazy values, what is declared goes first, and errors that name the input."""

from __future__ import annotations

import typing as t

import pytest
from ansible._internal._templating._engine import TemplateEngine
from ansible.errors import AnsibleFilterError
from ansible.template import trust_as_template

from ansible_collections.dbinfra.postgres.plugins.filter.postgresql_tuning import FilterModule, postgresql_tuning

COMPUTE = {"memory": "0.5CU", "cpus": 2, "storage": "network"}
CALL: dict[str, t.Any] = {"level": "optimised", "connections": 26, "server_major": 17, "provider": "neon"}


def test_a_template_with_lazy_values_gives_plain_ones() -> None:
    variables = {
        "size": 0.5,
        "compute": {"memory": trust_as_template("{{ size }}CU"), "cpus": trust_as_template("{{ size * 4 }}"), "storage": "network"},
        "connections": {"application": trust_as_template("{{ 20 }}"), "roles": [{"connection_limit": trust_as_template("{{ 6 }}")}]},
    }
    call = (
        "{{ compute | dbinfra.postgres.postgresql_tuning(level='optimised', connections=connections, server_major=17, provider='neon',"
        " database={'work_mem': '8MB', 'jit': none, 'lock_timeout': '5s'}) }}"
    )
    found = TemplateEngine(variables=variables).template(trust_as_template(call))
    assert found["server"] == {}
    assert {name: found["database"].get(name) for name in ("work_mem", "jit", "lock_timeout", "maintenance_work_mem")} == {
        "work_mem": "8MB",
        "jit": None,
        "lock_timeout": "5s",
        "maintenance_work_mem": "128MB",
    }
    assert "maintenance_work_mem" in found["derived"]["database"]
    assert not {"work_mem", "jit", "lock_timeout"} & set(found["derived"]["database"])


def test_without_a_level_only_what_is_declared_is_left_and_the_machine_is_not_looked_at() -> None:
    assert postgresql_tuning({}, "none", database={"jit": "off"}) == {
        "server": {},
        "database": {"jit": "off"},
        "derived": {"server": [], "database": []},
    }


@pytest.mark.parametrize(
    ("compute", "changes", "words"),
    [
        (COMPUTE, {"level": "fast"}, "'fast' is no level"),
        (COMPUTE, {"level": None}, "None is no level"),
        (COMPUTE, {"server_major": None}, "option server_major: the server's major version is not known"),
        (COMPUTE, {"connections": None}, "option connections: None is no number of connections"),
        (COMPUTE, {"database": ["jit"]}, "database: .* is no dictionary"),
        ("4GB", {}, "the input: '4GB' is no dictionary"),
        (None, {}, "the input: the memory is not declared"),
        (COMPUTE, {"connections": "\u00b2"}, "option connections: '\u00b2' is no number of connections"),
        (COMPUTE, {"server_major": "\u00b2"}, "option server_major: the server's major version is not known"),
        ({**COMPUTE, "memory": "inf"}, {}, "the input, memory: 'inf' is no size"),
        ({**COMPUTE, "disk": float("inf")}, {}, "the input, disk: inf is no size"),
        ({**COMPUTE, 1: 2}, {}, "the input: 1 says nothing about a machine"),
        ({**COMPUTE, "memory": "1MB"}, {}, "the input, memory: '1MB' is less than 128MB"),
    ],
)
def test_what_is_wrong_is_named(compute: t.Any, changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"dbinfra.postgres.postgresql_tuning: {words}"):
        postgresql_tuning(compute, **{**CALL, **changes})


def test_the_filter_is_there_by_its_name() -> None:
    assert FilterModule().filters() == {"postgresql_tuning": postgresql_tuning}
