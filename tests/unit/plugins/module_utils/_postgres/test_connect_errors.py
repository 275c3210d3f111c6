# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import AuthenticationError, InputError, NotFoundError, UnreachableError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.connect_errors import (
    AFTER_AUTHENTICATION,
    REFUSALS,
    ConnectFailure,
    classify,
    connect_error,
)

TWO_ADDRESSES = """connection to server at "localhost" (::1), port 5432 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?
connection to server at "localhost" (127.0.0.1), port 5432 failed: FATAL:  password authentication failed for user "app"
"""


# Texts of libpq 15 and 17, PgBouncer 1.18 and Neon's proxy.
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TWO_ADDRESSES, "password"),
        ("connection to server at \"h\" (1.2.3.4), port 5432 failed: ERROR:  password authentication failed for user 'app'", "password"),
        ("FATAL:  SASL authentication failed", "password"),
        ('FATAL:  too many connections for role "app"', "too_many_for_role"),
        ('FATAL:  server login failed: FATAL too many connections for role "app"', "too_many_for_role"),
        ("FATAL:  sorry, too many clients already", "too_many_clients"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "slots_reserved"),
        ('FATAL:  permission denied for database "shop"\nDETAIL:  User does not have CONNECT privilege.', "no_connect_privilege"),
        ('FATAL:  role "app" is not permitted to log in', "no_login"),
        ('FATAL:  database "shop" does not exist', "database_missing"),
        ('FATAL:  no pg_hba.conf entry for host "127.0.0.1", user "app", database "shop", no encryption', "no_rule"),
        ("FATAL:  the database system is starting up", "starting"),
        ("FATAL:  the database system is not yet accepting connections", "starting"),
        ('could not translate host name "h" to address: Name or service not known', "dns"),
        ('connection to server at "h", port 5432 failed: timeout expired', "timeout"),
        ('connection to server at "h" (1.2.3.4), port 5432 failed: server does not support SSL, but SSL was required', "tls_refused"),
        ('connection to server at "h" (1.2.3.4), port 5432 failed: SSL error: certificate verify failed', "tls_certificate"),
        ('server certificate for "a" (and 1 other name) does not match host name "b"', "tls_host_name"),
        ('root certificate file "/x.pem" does not exist', "tls_no_ca_file"),
        ("SSL error: tlsv1 alert protocol version", "tls_protocol"),
        ("ERROR:  The requested endpoint could not be found, or you don't have access to it.", "endpoint_missing"),
        ("etwas ganz anderes", "unknown"),
        ("", "unknown"),
    ],
)
def test_what_a_text_means(text: str, kind: str) -> None:
    assert classify(text).kind == kind


def test_the_decisive_line_is_kept_without_addresses() -> None:
    assert classify(TWO_ADDRESSES).words == 'password authentication failed for user "app"'


def test_what_comes_before_authentication_proves_no_password() -> None:
    assert not {"too_many_clients", "password", "no_rule", "starting", "unreachable", "dns", "timeout", "unknown"} & AFTER_AUTHENTICATION


def test_only_an_answer_of_the_server_is_a_refusal() -> None:
    assert not {kind for kind in REFUSALS if kind.startswith(("tls", "dns", "timeout", "unreach", "starting", "unknown", "too_many"))}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("password", AuthenticationError),
        ("no_login", AuthenticationError),
        ("no_rule", AuthenticationError),
        ("database_missing", NotFoundError),
        ("endpoint_missing", NotFoundError),
        ("tls_no_ca_file", InputError),
        ("tls_refused", UnreachableError),
        ("tls_certificate", UnreachableError),
        ("dns", UnreachableError),
        ("unknown", UnreachableError),
    ],
)
def test_each_kind_is_one_typed_error(kind: str, error: type[Exception]) -> None:
    built = connect_error(
        ConnectFailure(kind, "words of libpq"), where="app@h:5432/shop", user="app", host="h", database="shop", ssl_mode="verify-full", ca_cert=None
    )
    assert type(built) is error
    assert "words of libpq" in built.message() and built.remedy and built.details == {"connect_failure": kind}


@pytest.mark.parametrize(("provider", "has_a_reset"), [("neon", True), ("self_hosted", False)])
def test_a_password_that_neon_keeps_is_repaired_by_a_reset(provider: str, has_a_reset: bool) -> None:
    built = connect_error(
        ConnectFailure("password", "no"), where="w", user="o{w}ner", host="h", database="d", ssl_mode="require", ca_cert=None, provider=provider
    )
    assert ("reset_password" in built.remedy) is has_a_reset
    assert ("keeps for o{w}ner on this branch" in built.remedy) is has_a_reset
    assert "which branch" in built.remedy
