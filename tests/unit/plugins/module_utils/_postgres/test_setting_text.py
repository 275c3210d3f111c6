# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings as people see them: lines of postgresql.conf, SQL, and no password."""

from __future__ import annotations

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_plan import conf_text
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_secret import without_password
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.statement import Identifier, Keywords, Literal, Password, Several, Statement
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.statement_text import statement_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("on", "on"),
        ("64MB", "64MB"),
        ("-1", "-1"),
        ("0.5ms", "0.5ms"),
        ("pg_catalog.english", "pg_catalog.english"),
        ("", "''"),
        ("a b", "'a b'"),
        ("it's", "'it''s'"),
        ("C:\\x", "'C:\\\\x'"),
        ("%m [%p] ", "'%m [%p] '"),
        ("a\nb", "'a\\nb'"),
        ("8 MB", "'8 MB'"),
    ],
)
def test_a_value_as_in_postgresql_conf(text: str, shown: str) -> None:
    assert conf_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "host=a password=hunter2 port=1",
        "password = 'hunter2 \\'hunter2' host=a",
        "PASSWORD=hunter2",
        "postgresql://u:hunter2@h/d",
        "postgres://:hunter2@h",
    ],
)
def test_no_password_of_a_connection_string_is_shown(text: str) -> None:
    shown = without_password("Primary_Conninfo", text)
    assert "hunter2" not in shown and "********" in shown


def test_everything_else_is_shown_as_it_is() -> None:
    assert without_password("primary_conninfo", "host=a user=b passfile=/x") == "host=a user=b passfile=/x"
    assert without_password("log_line_prefix", "password=x") == "password=x"


def test_a_statement_as_text() -> None:
    parts = {"name": Identifier('odd"', "n"), "value": Several((Literal("it's"), Literal("a\\b"), Literal(1))), "words": Keywords("NO LOGIN")}
    assert statement_text(Statement("SET {name} TO {value} {words}", parts, "")) == """SET "odd""\"."n" TO 'it''s', E'a\\\\b', '1' NO LOGIN;"""


def test_a_password_is_never_written_down() -> None:
    with pytest.raises(TypeError, match="a Password is never written down"):
        statement_text(Statement("ALTER ROLE x PASSWORD {p}", {"p": Password("x", "hunter2")}, ""))
