# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings as people see them: lines of postgresql.conf, SQL, and no password."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.reconcile import Plan
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_plan import conf_text
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_rendered import RenderedSettings
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_secret import passwords_in, without_password
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_value import BadValueError, declared_value
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
        "host=a user=r sslpassword=hunter2 password=x",
        "password=my\\ hunter2 host=a",
        "password='q\\'hunter2'\n",
        "password=it's4hunter2",
        "password \t=\n'my hunter2'host=a",
        "password='never closed hunter2",
        "password=ends\\hunter2\\",
        "oauth_client_secret=hunter2 scram_client_key=hunter2",
        "host=a dbname='user=b password=hunter2'",
        "host='never closed password=hunter2",
        "postgresql://u:p@hunter2/hunter2@h/d",
        "postgresql://h/d?user=u&password=hunter2",
        "postgresql://h?sslpassword=hunter2&port=1",
        "postgresql://h?pass%77ord=hunter2",
        " postgresql://u:hunter2@h",
    ],
)
def test_no_password_of_a_connection_string_is_shown(text: str) -> None:
    shown = without_password("Primary_Conninfo", text)
    assert "hunter2" not in shown and "********" in shown


def test_what_stands_around_a_password_is_shown() -> None:
    assert (
        without_password("primary_conninfo", "host=a sslpassword='b \\' c' password=d\\ e port=1")
        == "host=a sslpassword=******** password=******** port=1"
    )
    assert (
        without_password("primary_conninfo", "postgresql://u:b@h:1/d?sslpassword=c&port=2")
        == "postgresql://u:********@h:1/d?sslpassword=********&port=2"
    )


def test_a_password_is_known_as_it_stands_there_and_as_it_is_read() -> None:
    assert passwords_in("primary_conninfo", "password='q\\'b' sslpassword=c\\ d") == ("q\\'b", "q'b", "c\\ d", "c d")
    assert passwords_in("primary_conninfo", "postgresql://u:a%20b@h") == ("a%20b", "a b")
    assert passwords_in("primary_conninfo", "password='' host=a") == ()


@pytest.mark.parametrize("value", ["host=a password='q\\'hunter2'\0", ["password=hunter2"], {"password": "hunter2"}])
def test_a_refused_value_is_repeated_without_its_password(value: t.Any) -> None:
    with pytest.raises(BadValueError) as caught:
        declared_value(snapshot_catalogue(17).find("primary_conninfo"), value)
    assert "hunter2" not in caught.value.message() and "********" in caught.value.message()


@pytest.mark.parametrize("password", ["it's4hunter2", "a\\\\hunter2", "my\\ hunter2"])
def test_rendered_sql_shows_no_password(password: str) -> None:
    wanted = (SettingWanted("primary_conninfo", Scope(), f"host=a password={password}"),)
    resource = RenderedSettings(wanted, {"login": None, "server_major": 17})
    facts = resource.facts(resource.read(), Plan(), predicted=False)
    assert facts["rendered"][0] == """ALTER SYSTEM SET "primary_conninfo" TO 'host=a password=********';"""


def test_everything_else_is_shown_as_it_is() -> None:
    assert without_password("primary_conninfo", "host=a user=b passfile=/x") == "host=a user=b passfile=/x"
    assert without_password("log_line_prefix", "password=x") == "password=x"


def test_a_statement_as_text() -> None:
    parts = {"name": Identifier('odd"', "n"), "value": Several((Literal("it's"), Literal("a\\b"), Literal(1))), "words": Keywords("NO LOGIN")}
    assert statement_text(Statement("SET {name} TO {value} {words}", parts, "")) == """SET "odd""\"."n" TO 'it''s', E'a\\\\b', '1' NO LOGIN;"""


def test_a_password_is_never_written_down() -> None:
    with pytest.raises(TypeError, match="a Password is never written down"):
        statement_text(Statement("ALTER ROLE x PASSWORD {p}", {"p": Password("x", "hunter2")}, ""))
