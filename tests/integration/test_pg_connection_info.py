# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pg_connection_info against a real PostgreSQL 17 with TLS."""

from __future__ import annotations

import pathlib
import sys
import typing as t
import urllib.parse

import pytest

from ansible_collections.dbinfra.postgres.plugins.modules import pg_connection_info

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import OWNER, OWNER_PASSWORD, PostgresServer, running_server

PASSWORD = "p@ss/word?&% ü"


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with running_server() as running:
        with running.owner() as cursor:
            cursor.execute("CREATE ROLE shop_app LOGIN CONNECTION LIMIT 15 PASSWORD %s", (PASSWORD,))
        yield running


def uri(server: PostgresServer, **changes: str) -> str:
    parts = {
        "user": "shop_app",
        "password": PASSWORD,
        "host": "localhost",
        "database": "shop",
        "tls": f"sslmode=verify-full&sslrootcert={server.ca_file}",
        **changes,
    }
    password = urllib.parse.quote(parts["password"], safe="")
    port = parts.get("port", str(server.port))
    return f"postgresql://{parts['user']}:{password}@{parts['host']}:{port}/{parts['database']}?{parts['tls']}"


def look(connections: list[dict[str, t.Any]], check: bool = False, **more: t.Any) -> dict[str, t.Any]:
    result = run_module(pg_connection_info, {"connections": connections, **more}, check=check)
    assert PASSWORD not in str(result) and urllib.parse.quote(PASSWORD, safe="") not in str(result)
    return result


EXPECT = {
    "ssl_mode": "verify-full",
    "min_tls": "TLSv1.3",
    "server_major": 17,
    "role": "shop_app",
    "database": "shop",
    "connection_limit": 15,
    "not_member_of": ["neon_superuser"],
    "attributes": [],
}


def test_everything_is_seen_and_said(server: PostgresServer) -> None:
    result = look([{"name": "direct", "uri": uri(server), "expect": EXPECT}], settings=["statement_timeout", "no.such"])
    assert result["proven"] and not result["changed"]
    (seen,) = result["connections"]
    assert seen["server_version"].startswith("17.") and seen["pooled"] is False and seen["findings"] == []
    assert seen["tls"]["in_use"] and seen["tls"]["protocol"] == "TLSv1.3" and seen["tls"]["cipher"].startswith("TLS_")
    assert (seen["max_connections"], seen["superuser_reserved_connections"], seen["reserved_connections"]) == (100, 7, 0)
    assert seen["role"]["connection_limit"] == 15 and seen["role"]["member_of"] == [] and not seen["role"]["superuser"]
    assert seen["settings"] == {"statement_timeout": "0", "no.such": None}
    assert result["summary"] == [
        f"direct: PostgreSQL {seen['server_version']} as shop_app, TLSv1.3 ({seen['tls']['cipher']}), certificate and host name verified; "
        "may hold 15 of 100 connections (7 reserved for superusers); no superuser, member of nothing, not of neon_superuser"
    ]


def test_every_finding_stands_in_one_message(server: PostgresServer) -> None:
    owner = uri(server, user=OWNER, password=OWNER_PASSWORD)
    weak = uri(server, tls="sslmode=require&ssl_max_protocol_version=TLSv1.2")
    result = look(
        [
            {"name": "owner", "uri": owner, "expect": {"not_member_of": ["neon_superuser"], "connection_limit": 15, "server_major": 16}},
            {"name": "weak", "uri": weak, "expect": {"min_tls": "TLSv1.3", "ssl_mode": "verify-full"}},
            {"name": "gone", "uri": uri(server, port="1"), "expect": {"role": "shop_app"}},
            {"name": "open", "uri": uri(server), "expect": {"refused": True}},
        ]
    )
    assert result["failed"] and result["proven"] is False
    assert "7 findings" in result["msg"]
    for words in (
        "owner: the server's major version is 17, declared is 16",
        "owner: the role's connection limit is -1, declared is 15",
        "owner: the role shop_owner is a member of neon_superuser, which was ruled out",
        "weak: the sslmode asked for is require, declared is verify-full",
        "weak: the connection uses TLSv1.2, declared is at least TLSv1.3",
        "gone: no connection: Connection refused",
        "open: it was to be refused, but it was let in as shop_app",
    ):
        assert words in result["msg"], result["msg"]
    assert "\n" not in result["msg"]


def test_attributes_of_an_administrator_are_judged_without_forbidden_roles(server: PostgresServer) -> None:
    with server.owner() as cursor:
        cursor.execute("CREATE ROLE shop_maker LOGIN CREATEDB PASSWORD %s", (PASSWORD,))
        cursor.execute("GRANT pg_monitor TO shop_maker")
    maker = uri(server, user="shop_maker")
    result = look([{"name": "direct", "uri": maker, "expect": {"attributes": []}}])
    assert result["failed"] and "the role shop_maker has the attributes createdb, which were not declared" in result["msg"]
    for expect in ({"attributes": ["createdb"]}, {}):
        result = look([{"name": "direct", "uri": maker, "expect": expect}])
        assert result["proven"], result.get("msg")
        assert "a role with createdb, member of pg_monitor" in result["summary"][0]


def test_a_refusal_is_proven_by_the_servers_own_answer(server: PostgresServer) -> None:
    wrong = uri(server, password="another environment's")
    result = look([{"name": "staging with production's password", "uri": wrong, "expect": {"refused": True}}])
    assert result["proven"]
    assert result["summary"] == ['staging with production\'s password: refused as declared (password authentication failed for user "shop_app")']
    assert result["connections"][0]["refused"] and result["connections"][0]["role"] is None
    plain = look([{"name": "plain", "uri": uri(server, tls="sslmode=disable"), "expect": {"refused": True}}])
    assert "no encryption" in plain["connections"][0]["reason"]


def test_a_server_that_was_not_asked_has_refused_nothing(server: PostgresServer) -> None:
    for unasked in (uri(server, port="1"), uri(server, tls=f"sslmode=verify-full&sslrootcert={server.other_ca_file}")):
        result = look([{"name": "x", "uri": unasked, "expect": {"refused": True}}])
        assert result["failed"] and "the server was not asked" in result["msg"]


def test_prismas_dialect(server: PostgresServer) -> None:
    tls = f"sslmode=require&sslaccept=strict&sslcert={server.ca_file}&pgbouncer=true&connection_limit=5&schema=public"
    result = look([{"name": "prisma", "uri": uri(server, tls=tls), "expect": {"ssl_mode": "verify-full"}}])
    assert result["proven"], result["msg"]
    strict = f"sslmode=require&sslaccept=strict&sslcert={server.other_ca_file}"
    result = look([{"name": "prisma", "uri": uri(server, tls=strict)}])
    assert result["failed"] and "certificate verify failed" in result["msg"]


def test_a_prediction_connects_nowhere() -> None:
    nowhere = [{"name": "x", "uri": "postgresql://nobody@nowhere.invalid/x"}]
    result = run_module(pg_connection_info, {"connections": nowhere, "predicted": True}, check=True)
    assert (result["connections"], result["proven"], result["summary"], result["changed"]) == ([], False, [], False)
    failed = run_module(pg_connection_info, {"connections": nowhere, "predicted": True})
    assert failed["failed"] and "this is no check mode" in failed["msg"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mysql://shop_app:hidden@localhost/shop", "this is not a PostgreSQL connection string"),
        ("host=localhost password=hidden", "this is not a PostgreSQL connection string"),
        ("postgresql://shop_app:hidden%zz@localhost/shop", "libpq cannot read this connection string"),
        ("postgresql://shop_app:hidden@localhost/shop?no_such=1", "libpq cannot read this connection string"),
        ("postgresql://shop_app:hidden@localhost/shop?sslmode", "the parameter sslmode of the connection string has no value"),
    ],
)
def test_strings_that_cannot_be_read_are_never_repeated(text: str, words: str) -> None:
    result = run_module(pg_connection_info, {"connections": [{"name": "x", "uri": text}]})
    assert result["failed"] and words in result["msg"] and "hidden" not in str(result)
