# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection that is made of Neon's URI."""

from __future__ import annotations

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError, ProviderError
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.connection import (
    SYSTEM_CA_FILES,
    Reach,
    ca_certificate,
    connection,
    reach_from_uri,
)

PASSWORD = "npg_verysecret"
HOST = "ep-cool-dark-1.eu-central-1.aws.neon.tech"
URI = f"postgresql://shop_owner:{PASSWORD}@{HOST}/shop?sslmode=require&channel_binding=require"


@pytest.mark.parametrize(
    ("uri", "user", "database", "hosts", "expected"),
    [
        (URI, "shop_owner", "shop", ["ep-read-only-1.eu-central-1.aws.neon.tech", HOST], Reach(HOST, 5432, "shop_owner", "shop")),
        (URI, "shop_owner", "shop", [HOST.upper()], Reach(HOST, 5432, "shop_owner", "shop")),
        # The same endpoint with a cell label.
        (URI, "shop_owner", "shop", ["ep-cool-dark-1.c-5.eu-central-1.aws.neon.tech"], Reach(HOST, 5432, "shop_owner", "shop")),
        ("postgres://a%40b:x@h.localhost:6543/my%20db", "a@b", "my db", ["h.localhost"], Reach("h.localhost", 6543, "a@b", "my db")),
    ],
)
def test_a_uri_is_read(uri: str, user: str, database: str, hosts: list[str], expected: Reach) -> None:
    assert reach_from_uri(uri, user=user, database=database, hosts=hosts) == expected


@pytest.mark.parametrize(
    ("uri", "user", "database", "hosts", "text"),
    [
        (URI, "other", "shop", [HOST], "for role 'shop_owner' although 'other'"),
        (URI, "shop_owner", "other", [HOST], "for database 'shop' although 'other'"),
        (URI, "shop_owner", "shop", ["ep-other-2.eu-central-1.aws.neon.tech"], "although the branch's compute is ep-other-2"),
        (URI, "shop_owner", "shop", [], "although the branch has no compute"),
        (f"https://shop_owner:{PASSWORD}@h/shop", "shop_owner", "shop", ["h"], "no PostgreSQL URI"),
        (f"postgresql://shop_owner:{PASSWORD}@/shop", "shop_owner", "shop", ["h"], "no PostgreSQL URI with a host"),
        (f"postgresql://shop_owner:{PASSWORD}@h:port/shop", "shop_owner", "shop", ["h"], "cannot be read"),
    ],
)
def test_a_uri_that_leads_elsewhere_is_refused_without_showing_it(uri: str, user: str, database: str, hosts: list[str], text: str) -> None:
    with pytest.raises(ProviderError, match=text) as caught:
        reach_from_uri(uri, user=user, database=database, hosts=hosts)
    assert PASSWORD not in str(caught.value)


def test_the_keys_are_the_same_whether_it_exists_or_not() -> None:
    said = {"project_id": "p", "branch_id": "b", "user": "u", "database": "d", "ssl_mode": "verify-full", "ca_cert": "/ca", "server_major": 17}
    there = connection(Reach(HOST, 5432, "u", "d"), **said)
    planned = connection(None, **said)
    assert list(there) == list(planned)
    assert {key for key in there if there[key] != planned[key]} == {"exists", "login_host", "login_port", "pooled_host", "pooled_port"}
    assert there["pooled_host"] == HOST.replace("dark-1.", "dark-1-pooler.")
    assert [planned[key] for key in ("exists", "login_host", "login_port", "pooled_host", "pooled_port")] == [False, None, None, None, None]


@pytest.mark.parametrize(
    ("ca_file", "mode", "present", "expected"),
    [
        ("/my/ca.pem", "verify-full", ["/my/ca.pem"], "/my/ca.pem"),
        ("system", "verify-full", [], "system"),
        (None, "verify-full", list(SYSTEM_CA_FILES), SYSTEM_CA_FILES[0]),
        ("", "verify-ca", [SYSTEM_CA_FILES[1]], SYSTEM_CA_FILES[1]),
        (None, "require", [], None),
    ],
)
def test_the_ca_file(ca_file: str | None, mode: str, present: list[str], expected: str | None) -> None:
    assert ca_certificate(ca_file, ssl_mode=mode, is_file=present.__contains__) == expected


@pytest.mark.parametrize(("ca_file", "text"), [("/my/ca.pem", "/my/ca.pem does not exist"), (None, "no CA file for ssl_mode verify-full")])
def test_a_missing_ca_file_is_an_error(ca_file: str | None, text: str) -> None:
    with pytest.raises(InputError, match=text):
        ca_certificate(ca_file, ssl_mode="verify-full", is_file=lambda _path: False)
