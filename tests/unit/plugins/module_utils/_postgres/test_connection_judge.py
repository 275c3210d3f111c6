# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.connect_errors import ConnectFailure
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.connection_judge import Expected, RoleSeen, Seen, as_result, describe, judge

ROLE = RoleSeen("shop_app", False, False, False, False, False, 15, ())
SEEN = Seen("17.10", 17, "shop", True, "verify-full", "TLSv1.3", "TLS_AES_256_GCM_SHA384", 419, 7, 0, ROLE, {})
EXPECTED = Expected(
    ssl_mode="verify-full",
    min_tls="TLSv1.3",
    server_major=17,
    role="shop_app",
    database="shop",
    connection_limit=15,
    not_member_of=("neon_superuser",),
    attributes=(),
)
REFUSED = ConnectFailure("password", 'password authentication failed for user "shop_app"')


def test_nothing_to_find() -> None:
    assert judge(SEEN, EXPECTED) == [] and judge(SEEN, Expected()) == []


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"server_major": 16}, "the server's major version is 16, declared is 17"),
        ({"database": "other"}, "the database is other, declared is shop"),
        ({"ssl_mode": "require"}, "the sslmode asked for is require, declared is verify-full"),
        ({"tls_protocol": "TLSv1.2"}, "the connection uses TLSv1.2, declared is at least TLSv1.3"),
        ({"tls_protocol": "SSLv3"}, "the connection uses SSLv3, declared is at least TLSv1.3"),
        ({"tls_protocol": None}, "the connection is not encrypted, declared is at least TLSv1.3"),
        ({"role": dataclasses.replace(ROLE, connection_limit=-1)}, "the role's connection limit is -1, declared is 15"),
        ({"role": dataclasses.replace(ROLE, name="other")}, "the role is other, declared is shop_app"),
        ({"role": dataclasses.replace(ROLE, member_of=("neon_superuser",))}, "the role shop_app is a member of neon_superuser, which was ruled out"),
        (
            {"role": dataclasses.replace(ROLE, createdb=True, bypassrls=True, replication=True)},
            "the role shop_app has the attributes createdb, replication, bypassrls, which were not declared",
        ),
        ({"role": dataclasses.replace(ROLE, createrole=True)}, "the role shop_app has the attributes createrole, which were not declared"),
    ],
)
def test_one_finding_for_each_difference(changes: dict[str, t.Any], finding: str) -> None:
    assert judge(dataclasses.replace(SEEN, **changes), EXPECTED) == [finding]


def test_a_superuser_is_found_by_its_attribute_and_as_a_member_of_everything() -> None:
    superuser = dataclasses.replace(SEEN, role=dataclasses.replace(ROLE, superuser=True))
    assert judge(superuser, Expected(attributes=())) == ["the role shop_app has the attributes superuser, which were not declared"]
    assert judge(superuser, Expected(not_member_of=("neon_superuser",))) == ["the role shop_app is a superuser, which was ruled out"]
    assert judge(superuser, Expected(attributes=("superuser",))) == []


def test_a_newer_protocol_is_fine() -> None:
    assert judge(SEEN, Expected(min_tls="TLSv1.2")) == []


def test_refusals() -> None:
    assert judge(REFUSED, Expected(refused=True)) == []
    assert judge(REFUSED, Expected()) == ['no connection: password authentication failed for user "shop_app"']
    assert judge(SEEN, Expected(refused=True)) == ["it was to be refused, but it was let in as shop_app"]
    assert "the server was not asked" in judge(ConnectFailure("unreachable", "Connection refused"), Expected(refused=True))[0]
    assert "the server was not asked" in judge(ConnectFailure("tls_certificate", "certificate verify failed"), Expected(refused=True))[0]


def test_the_sentence_an_operator_reads() -> None:
    assert describe("pooled", SEEN, EXPECTED) == (
        "pooled: PostgreSQL 17.10 through a pooler as shop_app, TLSv1.3 (TLS_AES_256_GCM_SHA384), certificate and host name verified; "
        "may hold 15 of 419 connections (7 reserved for superusers); no superuser, member of nothing, not of neon_superuser"
    )
    weak = dataclasses.replace(
        SEEN, pooled=False, tls_protocol=None, role=dataclasses.replace(ROLE, createdb=True, connection_limit=-1, member_of=("neon_superuser",))
    )
    assert describe("direct", weak, EXPECTED) == (
        "direct: PostgreSQL 17.10 as shop_app, not encrypted; may hold any of 419 connections (7 reserved for superusers); "
        "a role with createdb, member of neon_superuser"
    )
    reader = dataclasses.replace(ROLE, member_of=("pg_monitor", "pg_read_all_stats"))
    other = dataclasses.replace(SEEN, superuser_reserved_connections=3, reserved_connections=5, role=reader)
    assert describe("x", other, EXPECTED).endswith(
        "(3 reserved for superusers, 5 reserved for pg_use_reserved_connections); "
        "no superuser, member of pg_monitor, pg_read_all_stats, not of neon_superuser"
    )
    nothing_kept = dataclasses.replace(SEEN, superuser_reserved_connections=0)
    assert describe("x", nothing_kept, Expected()).endswith("may hold 15 of 419 connections; no superuser, member of nothing")
    assert "certificate verified, host name not" in describe("x", dataclasses.replace(SEEN, ssl_mode="verify-ca"), EXPECTED)
    assert "server not verified" in describe("x", dataclasses.replace(SEEN, ssl_mode="require"), EXPECTED)
    assert describe("x", REFUSED, Expected(refused=True)) == 'x: refused as declared (password authentication failed for user "shop_app")'


def test_a_result_has_the_same_keys_whatever_happened() -> None:
    seen, refused = as_result("x", SEEN, EXPECTED, []), as_result("x", REFUSED, EXPECTED, ["finding"])
    assert set(seen) == set(refused)
    assert seen["tls"] == {"in_use": True, "protocol": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384"}
    assert refused["refused"] and not refused["connected"] and refused["role"] is None and refused["findings"] == ["finding"]
