# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may set what: what we refuse to a weak role the server refuses too, and the statements that we name are what it takes, each of them."""

from __future__ import annotations

import pathlib
import re
import sys
import typing as t

import psycopg2
import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_statement import alter_statement
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_value import Value
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.statement_text import statement_text
from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from module_runner import run_module
from postgres_server import PostgresServer

#: A name and a password that have to be quoted.
WEAK, PASSWORD = 'we"ak One', "of the weak role"

_STATEMENT = re.compile(r"(?:GRANT|ALTER ROLE) [^;]+;")

#: A setting, and what is missing, refusal by refusal; on 14, where parameters cannot be granted, the first one may be the last.
CASES: tuple[tuple[str, str, Scope, tuple[str, ...]], ...] = (
    ("work_mem", "5MB", Scope(), ("ALTER SYSTEM", "EXECUTE on pg_reload_conf()")),
    ("archive_command", "true", Scope(), ("ALTER SYSTEM", "EXECUTE on pg_reload_conf()")),
    ("statement_timeout", "5s", Scope("shop"), ("its owner shop_owner",)),
    ("log_statement", "all", Scope("shop"), ("SET", "its owner shop_owner")),
    ("statement_timeout", "5s", Scope(None, "other"), ("CREATEROLE",)),
    ("statement_timeout", "5s", Scope("shop", "other"), ("CREATEROLE",)),
    ("statement_timeout", "5s", Scope(None, "cloud_admin"), ("only a superuser may alter one",)),
    ("log_statement", "all", Scope(None, WEAK), ("SET",)),
    ("my.flag", "on", Scope(None, WEAK), ("SET",)),
    ("statement_timeout", "5s", Scope(None, WEAK), ()),
    ("statement_timeout", "5s", Scope("shop", WEAK), ()),
)


@pytest.fixture
def weak(server: PostgresServer) -> t.Iterator[PostgresServer]:
    quoted = WEAK.replace('"', '""')
    with server.superuser("shop") as cursor:
        cursor.execute(f"CREATE ROLE \"{quoted}\" LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE other")
    yield server
    with server.superuser("shop") as cursor:
        cursor.execute(f'ALTER ROLE "{quoted}" RESET ALL; ALTER DATABASE shop RESET ALL')
        cursor.execute(f'DROP OWNED BY "{quoted}"; DROP ROLE "{quoted}"; DROP ROLE other')
        cursor.execute("ALTER SYSTEM RESET ALL")
        cursor.execute("SELECT pg_reload_conf()")


def ask(server: PostgresServer, setting: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    login = server.login(login_user=WEAK, provider="self_hosted")
    result = run_module(pg_setting, {"login": login, "login_password": PASSWORD, "settings": [setting]}, check=check)
    assert "defect" not in result.get("msg", ""), result
    return result


def servers_refusal(server: PostgresServer, scope: Scope, name: str, value: str) -> str | None:
    """Return the server's words to the weak role, None if it may. Nothing is set by that."""
    with server.connect(WEAK, PASSWORD, "shop") as cursor:
        try:
            if scope.is_system:
                # No transaction takes it back, but a reset needs the same right.
                cursor.execute(statement_text(alter_statement(scope, name, None)))
                cursor.execute("SELECT pg_reload_conf()")
            else:
                cursor.execute("BEGIN")
                cursor.execute(statement_text(alter_statement(scope, name, Value(value, (value,)))))
                cursor.execute("ROLLBACK")
        except psycopg2.errors.InsufficientPrivilege as error:
            return str(error)
    return None


@pytest.mark.parametrize(("name", "value", "scope", "missing"), CASES, ids=[f"{name} for {scope.words}" for name, _value, scope, _missing in CASES])
def test_a_weak_role_is_told_what_it_lacks(weak: PostgresServer, major: int, name: str, value: str, scope: Scope, missing: tuple[str, ...]) -> None:
    setting = {"name": name, "value": value, "database": scope.database, "role": scope.role}
    for privilege in missing:
        words = "has no grants on parameters" if major == 14 and privilege in ("ALTER SYSTEM", "SET") else privilege
        refusals = [ask(weak, setting, check) for check in (True, False)]
        for refused in refusals:
            assert refused.get("failed") and words in refused["msg"] and f"{WEAK} may not" in refused["msg"], refused
        assert refusals[0]["msg"] == refusals[1]["msg"]
        assert servers_refusal(weak, scope, name, value), "the server lets the role do it"
        statements = _STATEMENT.findall(refusals[0]["msg"])
        if words in ("has no grants on parameters", "only a superuser may alter one"):
            assert not statements, refusals[0]["msg"]
            return
        assert statements, refusals[0]["msg"]
        with weak.superuser("shop") as cursor:
            for number, statement in enumerate(statements, 1):
                cursor.execute(statement)
                if number < len(statements):
                    assert servers_refusal(weak, scope, name, value), f"{statement} was enough"
    assert ask(weak, setting, check=True)["changed"]
    assert ask(weak, setting, check=False)["changed"]
    assert ask(weak, setting, check=False)["changed"] is False
