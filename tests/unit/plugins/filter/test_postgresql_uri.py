# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection string says what the facts say, and any password survives it."""

from __future__ import annotations

import psycopg2.extensions
import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.filter.postgresql_uri import postgresql_uri
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.predicted import PREDICTED

FACTS = {
    "exists": True,
    "login_host": "ep-a.example.org",
    "login_port": 5432,
    "pooled_host": "ep-a-pooler.example.org",
    "pooled_port": 6543,
    "login_db": "shop",
    "ssl_mode": "verify-full",
    "ca_cert": "/etc/ssl/certs/ca-certificates.crt",
}
NAMES = st.text(min_size=1).filter(lambda text: "\0" not in text and text.isprintable())


def test_both_strings():
    tail = "/shop?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"
    assert postgresql_uri(FACTS, "app", "pw") == "postgresql://app:pw@ep-a.example.org:5432" + tail
    assert postgresql_uri(FACTS, "app", "pw", pooled=True) == "postgresql://app:pw@ep-a-pooler.example.org:6543" + tail


@given(role=NAMES, password=NAMES, database=NAMES)
def test_libpq_reads_back_what_was_written(role, password, database):
    parsed = psycopg2.extensions.parse_dsn(postgresql_uri({**FACTS, "login_db": database}, role, password))
    assert (parsed["user"], parsed["password"], parsed["dbname"]) == (role, password, database)
    assert (parsed["sslmode"], parsed["sslrootcert"]) == (FACTS["ssl_mode"], FACTS["ca_cert"])


def test_a_predicted_server_has_no_string_to_connect_to():
    assert postgresql_uri({"exists": False, "login_host": None}, "app", "pw") == PREDICTED


@pytest.mark.parametrize("key", ["login_host", "login_port", "login_db", "ssl_mode", "ca_cert"])
def test_a_missing_fact_is_named(key):
    with pytest.raises(AnsibleFilterError, match=key):
        postgresql_uri({**FACTS, key: None}, "app", "pw")


def test_a_missing_password_is_named():
    with pytest.raises(AnsibleFilterError, match="no value for password"):
        postgresql_uri(FACTS, "app", "")
