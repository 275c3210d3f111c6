# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pg_access and pg_access_info against a real PostgreSQL 17, as an owner that looks like one of Neon's."""

from __future__ import annotations

import pathlib
import socket
import sys
import threading
import typing as t

import psycopg2
import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError, ServerError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.login import parse_login
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.statement import Statement
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.transport import Session
from ansible_collections.dbinfra.postgres.plugins.modules import pg_access, pg_access_info

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import OWNER, OWNER_PASSWORD, PostgresServer, running_server

ROLES = [
    {"name": "shop_app", "privileges": "application", "connection_limit": 2},
    {"name": "shop_readonly", "privileges": "readonly", "connection_limit": 3},
    {"name": "shop_monitoring", "privileges": "monitoring", "connection_limit": 3},
]
PASSWORDS = {"shop_app": 'app\'s "secret" %s {0}', "shop_readonly": "readers' word", "shop_monitoring": "watch"}


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with running_server() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh_database(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE shop OWNER {OWNER}")
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^(shop|old)_' AND rolname <> %s", (OWNER,))
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP ROLE "{name}"')


def access(server: PostgresServer, check: bool = False, **changes: t.Any) -> dict[str, t.Any]:
    login = changes.pop("login", server.login())
    params = {"login": login, "login_password": OWNER_PASSWORD, "environment": "staging", "roles": ROLES, "passwords": PASSWORDS, **changes}
    return run_module(pg_access, params, check=check)


def info(server: PostgresServer, check: bool = False, **changes: t.Any) -> dict[str, t.Any]:
    params = {"login": server.login(), "login_password": OWNER_PASSWORD, "environment": "staging", "roles": [r["name"] for r in ROLES], **changes}
    return run_module(pg_access_info, params, check=check)


def copy_of(server: PostgresServer) -> dict[str, t.Any]:
    """The connection to a copy of this server that only a check speaks of."""
    original = server.login(branch_id="br-production-1")
    return {**original, "exists": False, "branch_id": None, "login_host": None, "login_port": None, "stand_in": original}


def succeeded(result: dict[str, t.Any]) -> dict[str, t.Any]:
    assert not result.get("failed"), result["msg"]
    return result


def one(cursor: t.Any, query: str) -> t.Any:
    cursor.execute(query)
    return cursor.fetchone()[0]


def test_the_first_run_is_predicted_and_the_second_changes_nothing(server: PostgresServer) -> None:
    before = len(server.changes_logged())
    predicted = succeeded(access(server, login={**server.login(), "exists": False, "login_host": None}, predicted=True, check=True))
    checked = succeeded(access(server, check=True))
    assert len(server.changes_logged()) == before, "check mode changed something"
    real = succeeded(access(server))
    assert predicted["changed"] and checked["changed"] and real["changed"]
    assert predicted["diff"] == checked["diff"] == real["diff"]
    assert predicted["actions"] == checked["actions"] == real["actions"]
    assert [role["exists"] for role in checked["access"]["roles"]] == [False] * 3
    assert [role["exists"] for role in real["access"]["roles"]] == [True] * 3
    without = [{key: value for key, value in role.items() if key != "exists"} for role in checked["access"]["roles"]]
    assert without == [{key: value for key, value in role.items() if key != "exists"} for role in real["access"]["roles"]]
    statements = len(server.changes_logged())
    again = succeeded(access(server))
    assert not again["changed"] and "diff" not in again
    assert len(server.changes_logged()) == statements, "the second run changed something"


def test_what_the_roles_may_do(server: PostgresServer) -> None:
    with server.owner() as cursor:
        cursor.execute("CREATE TABLE before_access (id serial PRIMARY KEY, word text); INSERT INTO before_access (word) VALUES ('a')")
        cursor.execute("CREATE FUNCTION add_one(n int) RETURNS int LANGUAGE sql AS 'SELECT n + 1'")
        cursor.execute("REVOKE EXECUTE ON FUNCTION add_one FROM PUBLIC")
    succeeded(access(server))
    with server.owner() as cursor:
        cursor.execute("CREATE TABLE after_access (id int GENERATED BY DEFAULT AS IDENTITY, word text)")
    with server.connect("shop_app", PASSWORDS["shop_app"]) as cursor:
        for table in ("before_access", "after_access"):
            cursor.execute(f"INSERT INTO {table} (word) VALUES ('x'); UPDATE {table} SET word = 'y'; DELETE FROM {table} WHERE word = 'z'")
        assert one(cursor, "SELECT add_one(1)") == 2
        for forbidden in ("CREATE TABLE mine ()", "TRUNCATE before_access", "CREATE ROLE mine", "DROP TABLE after_access"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(forbidden)
        assert one(cursor, "SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user") == 2
        assert one(cursor, "SELECT pg_has_role(current_user, 'neon_superuser', 'MEMBER')") is False
    with server.connect("shop_readonly", PASSWORDS["shop_readonly"]) as cursor:
        assert one(cursor, "SELECT count(*) FROM after_access") == 1
        for forbidden in ("INSERT INTO before_access DEFAULT VALUES", "SELECT add_one(1)", "SELECT nextval('before_access_id_seq')"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(forbidden)
    with server.connect("shop_monitoring", PASSWORDS["shop_monitoring"]) as cursor:
        assert one(cursor, "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')") is True
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT * FROM before_access")
    assert not succeeded(access(server))["changed"]


def test_public_loses_connect_and_create(server: PostgresServer) -> None:
    with server.owner() as cursor:
        cursor.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        cursor.execute("CREATE ROLE shop_stranger LOGIN PASSWORD 'stranger'")
    result = succeeded(access(server))
    assert "revoke CREATE on schema public from PUBLIC" in result["actions"]
    with pytest.raises(psycopg2.OperationalError, match='permission denied for database "shop"'):
        server.connect("shop_stranger", "stranger").__enter__()
    assert not succeeded(access(server))["changed"]


def test_drift_is_shown_and_repaired_exactly(server: PostgresServer) -> None:
    with server.owner() as cursor:
        cursor.execute("CREATE TABLE orders (id int); CREATE TABLE stock (id int)")
    succeeded(access(server))
    with server.owner() as cursor:
        cursor.execute("GRANT TRUNCATE ON orders TO shop_app")
        cursor.execute("REVOKE DELETE ON stock FROM shop_app")
        cursor.execute("GRANT SELECT ON orders TO shop_readonly WITH GRANT OPTION")
        cursor.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO shop_readonly")
        cursor.execute("ALTER ROLE shop_readonly CONNECTION LIMIT 99 CREATEDB")
        cursor.execute("GRANT pg_monitor TO shop_app WITH ADMIN OPTION")
        cursor.execute("ALTER ROLE shop_app VALID UNTIL '2001-01-01'")
        cursor.execute("GRANT CREATE ON DATABASE shop TO shop_app")
    checked = succeeded(access(server, check=True))
    real = succeeded(access(server))
    assert checked["diff"] == real["diff"]
    before = real["diff"]["before"]
    assert before["role shop_app, privileges, tables, orders"] == "DELETE, INSERT, SELECT, TRUNCATE, UPDATE"
    assert before["role shop_app, privileges, tables, stock"] == "INSERT, SELECT, UPDATE"
    assert before["role shop_app, member_of"] == "pg_monitor WITH ADMIN OPTION"
    assert set(real["actions"]) == {
        "alter role shop_app: no expiry, password",
        "revoke role pg_monitor from shop_app",
        "alter role shop_readonly: nocreatedb, connection limit 3",
        "revoke CREATE on database shop from shop_app",
        "revoke TRUNCATE on table orders from shop_app",
        "grant DELETE on table stock to shop_app",
        "revoke grant option for SELECT on table orders from shop_readonly",
        f"revoke INSERT on future tables of {OWNER} from shop_readonly",
    }
    assert not succeeded(access(server))["changed"]


def as_declared(server: PostgresServer, result: dict[str, t.Any], actions: list[str], checked: dict[str, t.Any]) -> None:
    """A run did exactly this, its check had said so, and after it there is nothing left to do."""
    assert result["actions"] == checked["actions"] == actions
    assert result["diff"] == checked["diff"] and result["diff"]["before"] != result["diff"]["after"]
    statements = len(server.changes_logged())
    assert not succeeded(access(server))["changed"]
    assert len(server.changes_logged()) == statements, "the second run changed something"


def test_privileges_on_columns_are_found_and_revoked(server: PostgresServer) -> None:
    with server.owner() as cursor:
        cursor.execute('CREATE TABLE t (a int, b int, "odd ""column" int); CREATE SEQUENCE s')
    succeeded(access(server))
    with server.owner() as cursor:
        cursor.execute('GRANT UPDATE (b, "odd ""column") ON t TO shop_readonly')
        cursor.execute(
            "GRANT SELECT (b) ON t TO shop_monitoring; GRANT SELECT (last_value) ON s TO shop_monitoring; GRANT SELECT (ctid) ON t TO PUBLIC"
        )
        cursor.execute("GRANT SELECT (b) ON t TO shop_readonly WITH GRANT OPTION; GRANT INSERT (a) ON t TO shop_app")
    with server.connect("shop_monitoring", PASSWORDS["shop_monitoring"]) as cursor:
        cursor.execute("SELECT b FROM t; SELECT last_value FROM s")
    checked = succeeded(access(server, check=True))
    result = succeeded(access(server))
    before = result["diff"]["before"]
    assert before["role shop_readonly, privileges, tables"] == 'SELECT, SELECT (b) WITH GRANT OPTION, UPDATE (b), UPDATE (odd "column)'
    assert before["role shop_monitoring, privileges, sequences"] == "SELECT (last_value)"
    assert before["PUBLIC, privileges, tables"] == "SELECT (ctid)"
    actions = [
        "revoke SELECT on table t from PUBLIC",
        "revoke UPDATE on table t from shop_readonly",
        "revoke grant option for SELECT on table t from shop_readonly",
        "revoke SELECT on table t from shop_monitoring",
        "revoke SELECT on sequence s from shop_monitoring",
    ]
    as_declared(server, result, actions, checked)
    with server.connect("shop_monitoring", PASSWORDS["shop_monitoring"]) as cursor:
        for query in ("SELECT b FROM t", "SELECT last_value FROM s"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(query)
    with server.connect("shop_readonly", PASSWORDS["shop_readonly"]) as cursor:
        cursor.execute("SELECT a, b FROM t")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("UPDATE t SET b = 1")
    with server.connect("shop_app", PASSWORDS["shop_app"]) as cursor:
        cursor.execute("INSERT INTO t (a, b) VALUES (1, 2)")


def test_default_privileges_for_all_schemas_are_found_and_revoked(server: PostgresServer) -> None:
    succeeded(access(server))
    with server.owner() as cursor:
        cursor.execute(
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_monitoring; ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO PUBLIC"
        )
        cursor.execute("ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO shop_readonly WITH GRANT OPTION")
        cursor.execute(
            "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON ROUTINES TO shop_readonly; ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO shop_app"
        )
    checked = succeeded(access(server, check=True))
    result = succeeded(access(server))
    everywhere = {key: words for key, words in result["diff"]["before"].items() if "future_in_every_schema" in key and key.startswith("role")}
    assert everywhere == {
        "role shop_app, privileges, future_in_every_schema, schemas": "CREATE",
        "role shop_readonly, privileges, future_in_every_schema, sequences": "USAGE WITH GRANT OPTION",
        "role shop_readonly, privileges, future_in_every_schema, routines": "EXECUTE",
        "role shop_monitoring, privileges, future_in_every_schema, tables": "SELECT",
    }
    actions = [
        f"revoke INSERT on future tables of {OWNER} in every schema from PUBLIC",
        f"revoke SELECT on future tables of {OWNER} in every schema from shop_monitoring",
        f"revoke USAGE on future sequences of {OWNER} in every schema from shop_readonly",
        f"revoke EXECUTE on future routines of {OWNER} in every schema from shop_readonly",
        f"revoke CREATE on future schemas of {OWNER} from shop_app",
    ]
    as_declared(server, result, actions, checked)
    with server.owner() as cursor:
        cursor.execute("CREATE TABLE later (id serial); CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SCHEMA later")
        assert one(cursor, "SELECT has_table_privilege('shop_monitoring', 'later', 'SELECT')") is False
        assert one(cursor, "SELECT has_sequence_privilege('shop_readonly', 'later_id_seq', 'USAGE')") is False
        assert one(cursor, "SELECT has_schema_privilege('shop_app', 'later', 'CREATE')") is False
        assert one(cursor, "SELECT has_function_privilege('shop_readonly', 'later()', 'EXECUTE')") is True, "PUBLIC's own, which stays"


def test_a_schema_that_is_made_gets_no_default_privileges(server: PostgresServer) -> None:
    succeeded(access(server))
    with server.owner() as cursor:
        cursor.execute("ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO shop_app")
    succeeded(access(server, schema="sales"))
    assert not succeeded(access(server, schema="sales"))["changed"]
    with server.owner() as cursor:
        assert one(cursor, "SELECT has_schema_privilege('shop_app', 'sales', 'CREATE')") is False


def test_public_loses_tables_and_sequences_and_keeps_routines(server: PostgresServer) -> None:
    with server.owner() as cursor:
        cursor.execute("CREATE TABLE t (id int); CREATE VIEW v AS SELECT * FROM t; CREATE SEQUENCE s")
        cursor.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    succeeded(access(server))
    with server.owner() as cursor:
        cursor.execute("GRANT SELECT, MAINTAIN ON t TO PUBLIC; GRANT SELECT ON v TO PUBLIC; GRANT ALL ON s TO PUBLIC")
        cursor.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC")
        cursor.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO PUBLIC")
    checked = succeeded(access(server, check=True))
    result = succeeded(access(server))
    before, after = result["diff"]["before"], result["diff"]["after"]
    assert {key: words for key, words in before.items() if words != after.get(key)} == {
        "PUBLIC, privileges, tables, t": "MAINTAIN, SELECT",
        "PUBLIC, privileges, tables, v": "SELECT",
        "PUBLIC, privileges, sequences": "SELECT, UPDATE, USAGE",
        "PUBLIC, privileges, future_tables": "SELECT",
        "PUBLIC, privileges, future_sequences": "USAGE",
    }
    actions = [
        "revoke MAINTAIN, SELECT on table t from PUBLIC",
        "revoke SELECT on table v from PUBLIC",
        f"revoke SELECT on future tables of {OWNER} from PUBLIC",
        "revoke SELECT, UPDATE, USAGE on sequence s from PUBLIC",
        f"revoke USAGE on future sequences of {OWNER} from PUBLIC",
    ]
    as_declared(server, result, actions, checked)
    with server.connect("shop_monitoring", PASSWORDS["shop_monitoring"]) as cursor:
        for query in ("SELECT * FROM t", "SELECT * FROM v", "SELECT nextval('s')"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(query)
        assert one(cursor, "SELECT f()") == 1


def test_fewer_privileges_are_taken_away(server: PostgresServer) -> None:
    with server.owner() as cursor:
        cursor.execute("CREATE TABLE orders (id serial)")
    succeeded(access(server))
    roles = [{**ROLES[0], "privileges": "none"}, *ROLES[1:]]
    succeeded(access(server, roles=roles))
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        server.connect("shop_app", PASSWORDS["shop_app"]).__enter__()
    assert not succeeded(access(server, roles=roles))["changed"], "without CONNECT the password still counts as fitting"


def test_a_password_that_differs_is_set_and_never_shown(server: PostgresServer) -> None:
    succeeded(access(server))
    with server.owner() as cursor:
        cursor.execute("ALTER ROLE shop_app PASSWORD 'somebody else set this'")
    real = succeeded(access(server))
    assert real["actions"] == ["alter role shop_app: password"]
    assert real["diff"]["before"]["role shop_app, password"] == "(differs)"
    assert real["diff"]["after"]["role shop_app, password"] == "(as declared)"
    assert not any(password in str({**real, "invocation": None}) for password in PASSWORDS.values())
    with server.connect("shop_app", PASSWORDS["shop_app"]) as cursor:
        assert one(cursor, "SELECT current_user") == "shop_app"


def test_a_full_role_still_proves_its_password(server: PostgresServer) -> None:
    succeeded(access(server))
    with server.connect("shop_app", PASSWORDS["shop_app"]), server.connect("shop_app", PASSWORDS["shop_app"]):
        with pytest.raises(psycopg2.OperationalError, match="too many connections for role"):
            server.connect("shop_app", PASSWORDS["shop_app"]).__enter__()
        assert not succeeded(access(server))["changed"]


def test_a_missing_password_is_an_error_and_never_a_reset(server: PostgresServer) -> None:
    succeeded(access(server))
    for lost in ({key: value for key, value in PASSWORDS.items() if key != "shop_app"}, {**PASSWORDS, "shop_app": ""}):
        failed = access(server, passwords=lost)
        assert failed["failed"] and "role shop_app exists, but its password is missing" in failed["msg"]


def kept_by_the_server(server: PostgresServer) -> list[str]:
    """What pg_stat_statements holds of the declared passwords, with their quotes doubled as in SQL."""
    with server.superuser("shop") as cursor:
        cursor.execute("SELECT query FROM pg_stat_statements")
        return [query for (query,) in cursor.fetchall() if any(word.replace("'", "''") in query for word in PASSWORDS.values() if word != "watch")]


def test_a_password_in_the_clear_is_kept_neither_in_statistics_nor_in_the_log(server: PostgresServer) -> None:
    with server.superuser("shop") as cursor:
        cursor.execute("CREATE EXTENSION pg_stat_statements")
    result = succeeded(access(server))
    assert not [text for text in result["warnings"] if "pg_stat_statements" in text]
    with server.owner() as cursor:
        cursor.execute("ALTER ROLE shop_app PASSWORD 'x'")
    succeeded(access(server))
    assert kept_by_the_server(server) == []
    assert not any("app''s" in line or "readers''" in line for line in server.log().splitlines())
    with server.connect("shop_app", PASSWORDS["shop_app"]) as cursor:
        assert one(cursor, "SELECT current_user") == "shop_app"


def test_where_nested_statements_are_kept_they_are_removed_or_it_is_said(server: PostgresServer) -> None:
    with server.superuser("shop") as cursor:
        cursor.execute(f"ALTER ROLE {OWNER} SET pg_stat_statements.track = 'all'")
    try:
        without = succeeded(access(server))
        assert [text for text in without["warnings"] if "this database does not have the extension" in text]
        with server.superuser("shop") as cursor:
            cursor.execute("CREATE EXTENSION pg_stat_statements")
            cursor.execute("ALTER ROLE shop_app PASSWORD 'x'")
        forbidden = succeeded(access(server))
        assert [text for text in forbidden["warnings"] if "may be readable in pg_stat_statements" in text]
        assert kept_by_the_server(server) != []
        with server.superuser("shop") as cursor:
            cursor.execute(f"GRANT EXECUTE ON FUNCTION pg_stat_statements_reset TO {OWNER}")
            cursor.execute("ALTER ROLE shop_app PASSWORD 'x'")
        allowed = succeeded(access(server))
        assert not [text for text in allowed["warnings"] if "pg_stat_statements" in text]
        assert kept_by_the_server(server) == []
    finally:
        with server.superuser("shop") as cursor:
            cursor.execute(f"ALTER ROLE {OWNER} RESET pg_stat_statements.track")


def test_verifiers_where_the_server_takes_them(server: PostgresServer) -> None:
    sent = len(server.changes_logged())
    succeeded(access(server, password_format="scram-sha-256"))
    assert not [line for line in server.changes_logged()[sent:] if "readers" in line or "watch" in line]
    with server.superuser() as cursor:
        assert one(cursor, "SELECT rolpassword FROM pg_authid WHERE rolname = 'shop_readonly'").startswith("SCRAM-SHA-256$")
    created = [line for line in server.changes_logged() if line.startswith('CREATE ROLE "shop_readonly"')]
    assert "SCRAM-SHA-256$" in created[-1]
    assert not succeeded(access(server, password_format="scram-sha-256"))["changed"]


def test_credentials_that_came_along_with_a_copy_are_replaced(server: PostgresServer) -> None:
    production = server.login(branch_id="br-production-1")
    succeeded(access(server, login=production, environment="production"))
    with server.owner() as cursor:
        cursor.execute(
            "CREATE ROLE old_role LOGIN PASSWORD 'old'; COMMENT ON ROLE old_role IS 'kept [dbinfra.postgres environment=production server=branch:br-production-1]'"
        )
    present = info(server)
    assert (present["settled"], present["copied"]) == ([], ["shop_app", "shop_readonly", "shop_monitoring"])
    same = access(server)
    assert same["failed"] and "same password as in the environment production" in same["msg"]
    own = {name: f"staging {word}" for name, word in PASSWORDS.items()}
    checked = succeeded(access(server, passwords=own, check=True))
    real = succeeded(access(server, passwords=own))
    assert checked["diff"] == real["diff"]
    assert real["diff"]["before"]["role shop_app, password"] == "(copied from production)"
    assert "alter role old_role: nologin (copied from production)" in real["actions"]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        server.connect("shop_app", PASSWORDS["shop_app"]).__enter__()
    with pytest.raises(psycopg2.OperationalError, match="not permitted to log in"):
        server.connect("old_role", "old").__enter__()
    assert not succeeded(access(server, passwords=own))["changed"]
    assert info(server)["settled"] == ["shop_app", "shop_readonly", "shop_monitoring"]


def test_a_copy_is_predicted_on_its_original_which_is_only_read(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    succeeded(access(server, login=server.login(branch_id="br-production-1"), environment="production"))
    with server.owner() as cursor:
        cursor.execute(
            "CREATE TABLE sale (id serial PRIMARY KEY); REVOKE SELECT ON sale FROM shop_readonly; CREATE ROLE old_role LOGIN PASSWORD 'old'"
        )
        cursor.execute("COMMENT ON ROLE old_role IS '[dbinfra.postgres environment=production server=branch:br-production-1]'")
    ours = {
        "passwords": {name: f"staging {word}" for name, word in PASSWORDS.items()},
        "roles": [{**role, "connection_limit": 7} for role in ROLES],
    }
    statements = len(server.changes_logged())
    with monkeypatch.context() as patched:
        patched.setattr("ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.access.probe_password", None)
        present = succeeded(info(server, login=copy_of(server), check=True))
        predicted = succeeded(access(server, login=copy_of(server), check=True, **ours))
    assert len(server.changes_logged()) == statements, "check mode changed something"
    # The same server under another id is what the copy will be.
    assert {**present, "invocation": None} == {**succeeded(info(server)), "invocation": None}
    real = succeeded(access(server, **ours))
    for key in ("changed", "diff", "actions", "access", "warnings"):
        assert predicted[key] == real[key], key
    assert real["diff"]["before"]["role shop_app, password"] == "(copied from production)"


def test_an_unmarked_role_of_the_original_is_not_tried(server: PostgresServer) -> None:
    with server.owner() as cursor:
        cursor.execute("CREATE ROLE shop_app LOGIN PASSWORD 'whatever'")
    assert succeeded(info(server, login=copy_of(server), check=True))["settled"] == ["shop_app"]
    predicted = succeeded(access(server, login=copy_of(server), check=True))
    assert [text for text in predicted["warnings"] if "whether role shop_app has the declared password is not tried" in text]
    assert [action for action in predicted["actions"] if action == "alter role shop_app: connection limit 2, password"]


def test_a_session_that_only_reads_changes_nothing(server: PostgresServer) -> None:
    login = parse_login({"login": server.login(), "login_password": OWNER_PASSWORD, "connect_timeout": 10}, predicted=False)
    session = Session.connect(login, "test", read_only=True)
    with pytest.raises(InputError, match=r"refused to make it.*this session only reads"):
        session.execute(Statement("CREATE TABLE made ()", {}, "make it"))
    with pytest.raises(ServerError, match="read-only transaction"):
        session.rows("CREATE TABLE made ()")
    session.close()


def test_the_wrong_branch_is_refused(server: PostgresServer) -> None:
    succeeded(access(server, environment="production"))
    statements = len(server.changes_logged())
    for refused in (access(server), info(server)):
        assert refused["failed"] and "this server belongs to the environment production, not to staging" in refused["msg"]
    assert len(server.changes_logged()) == statements


def test_a_role_made_through_the_api_is_refused_with_the_reason(server: PostgresServer) -> None:
    result = access(server, roles=[{"name": "api_made", "privileges": "application"}], passwords={"api_made": "made through the API"})
    assert result["failed"]
    assert "role api_made is a member of neon_superuser, and shop_owner may not revoke that" in result["msg"]
    assert "\n" not in result["msg"]


def test_other_peoples_objects_are_named(server: PostgresServer) -> None:
    with server.superuser("shop") as cursor:
        cursor.execute("CREATE TABLE public.not_ours (id int)")
        cursor.execute("CREATE EXTENSION pg_stat_statements SCHEMA public")
    result = succeeded(access(server))
    assert [text for text in result["warnings"] if "1 objects in schema public belong to cloud_admin" in text]
    assert not succeeded(access(server))["changed"]


def test_another_schema_is_made(server: PostgresServer) -> None:
    predicted = succeeded(access(server, schema='Sales "2"', login={**server.login(), "exists": False}, check=True))
    real = succeeded(access(server, schema='Sales "2"'))
    assert predicted["diff"] == real["diff"]
    assert 'create schema Sales "2"' in real["actions"]
    assert not succeeded(access(server, schema='Sales "2"'))["changed"]


def test_a_failure_in_the_middle_leaves_nothing(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres import privilege_plan
    from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.statement import Keywords

    genuine = privilege_plan._compare_defaults

    def broken(*arguments: t.Any, **more: t.Any) -> t.Any:
        changes = genuine(*arguments, **more)
        for change in changes:
            change.payload.parts["kind"] = Keywords("NONSENSE")
        return changes

    monkeypatch.setattr(privilege_plan, "_compare_defaults", broken)
    failed = access(server)
    assert failed["failed"] and "the server refused to grant" in failed["msg"] and failed["sqlstate"] == "42601"
    monkeypatch.undo()
    assert [role["exists"] for role in info(server)["roles"].values()] == [False] * 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"login_password": "wrong"}, "the password of shop_owner was not accepted"),
        ({"login_password": ""}, "the password of shop_owner is empty"),
        ({"login": {"login_db": "nowhere"}}, "the database nowhere does not exist"),
        ({"login": {"login_port": 1}}, "the server cannot be reached"),
        ({"login": {"login_host": "nowhere.invalid"}}, "the host name nowhere.invalid does not resolve"),
        ({"login": {"login_host": "127.0.0.1"}}, "the server's certificate is not for 127.0.0.1"),
        ({"login": {"ca_cert": "/nowhere/ca.pem"}}, "needs a readable file with CA certificates"),
        ({"login": {"ca_cert": "other"}}, "the server's certificate could not be verified"),
        ({"login": {"ssl_mode": "disable"}}, "the server lets nobody in this way"),
        ({"login": {"login_user": "nobody_here"}}, "the password of nobody_here was not accepted"),
        ({"login": {"ssl_mode": "perhaps"}}, "'perhaps' is not an SSL mode"),
        ({"login": {"login_host": None}}, "the host is missing"),
        ({"predicted": True}, "the server is only a prediction, but this is no check mode"),
        ({"environment": "a b"}, "'a b' is not the name of an environment"),
        ({"roles": [ROLES[0], ROLES[0]]}, "role shop_app is declared twice"),
        ({"roles": [{"name": OWNER, "privileges": "none"}]}, "role shop_owner is the owner"),
        ({"roles": [{"name": "pg_app", "privileges": "none"}]}, "reserved by PostgreSQL"),
        ({"roles": [{"name": "ä" * 32, "privileges": "none"}]}, "1 to 63 bytes"),
        ({"roles": [*ROLES, {"name": "more", "privileges": "none"}]}, "role more has no password"),
        ({"roles": ROLES[:2]}, "passwords for roles that are not declared: shop_monitoring"),
        ({"roles": [{**ROLES[0], "member_of": ["nothing"]}, *ROLES[1:]]}, "there is no role nothing to be a member of"),
        (
            {"roles": [{**ROLES[0], "member_of": ["pg_execute_server_program"]}, *ROLES[1:]]},
            "shop_owner may not grant role pg_execute_server_program",
        ),
        ({"owner": "nobody_here"}, "role nobody_here does not exist"),
    ],
)
def test_one_clear_message_and_nothing_changed(server: PostgresServer, changes: dict[str, t.Any], words: str) -> None:
    changes = dict(changes)
    if "login" in changes:
        changes["login"] = server.login(**changes["login"])
        if changes["login"]["ca_cert"] == "other":
            changes["login"]["ca_cert"] = str(server.other_ca_file)
    statements = len(server.changes_logged())
    failed = access(server, **changes)
    assert failed["failed"] and words in failed["msg"], failed["msg"]
    assert "\n" not in failed["msg"] and "Traceback" not in str(failed) and OWNER_PASSWORD not in failed["msg"]
    assert len(server.changes_logged()) == statements


def test_no_connection_is_free(server: PostgresServer) -> None:
    with server.superuser() as cursor:
        cursor.execute(f"ALTER ROLE {OWNER} CONNECTION LIMIT 0")
    try:
        failed = access(server)
    finally:
        with server.superuser() as cursor:
            cursor.execute(f"ALTER ROLE {OWNER} CONNECTION LIMIT -1")
    assert failed["failed"] and "no connection is free" in failed["msg"] and 'too many connections for role "shop_owner"' in failed["msg"]


def test_a_server_without_tls(server: PostgresServer) -> None:
    """The server's answer to the request for TLS is one byte: N."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            # libpq tries every address of the host, and this one twice at most.
            peer, _address = listener.accept()
            with peer:
                peer.recv(8)
                peer.sendall(b"N")
                peer.recv(8)

        thread = threading.Thread(target=answer)
        thread.start()
        failed = access(server, login=server.login(login_host="127.0.0.1", login_port=listener.getsockname()[1]))
        thread.join(timeout=30)
    assert failed["failed"] and "the server offers no TLS, but ssl_mode is verify-full" in failed["msg"]
