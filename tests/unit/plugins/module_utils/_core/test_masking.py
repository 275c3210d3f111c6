# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection strings in texts lose their passwords, and other texts stay as they are."""

from __future__ import annotations

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import ProviderError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.masking import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://o:pw@h/d", "postgresql://o:********@h/d"),
        ("postgres://o:p@w/?#:x@h:5432/d, again", "postgres://o:********@h:5432/d, again"),
        ('cannot use "POSTGRESQL://:pw@h"', 'cannot use "POSTGRESQL://:********@h"'),
        ("postgresql://me@work:pw@h/d", "postgresql://me@work:********@h/d"),
        ("a postgresql://o:pw@h b postgresql://p:qw@i c", "a postgresql://o:********@h b postgresql://p:********@i c"),
        ("postgresql://o@h/d?password=pw&sslmode=require", "postgresql://o@h/d?password=********&sslmode=require"),
        ("host=h password = 'p w\\'x' user=o", "host=h password = ******** user=o"),
        ("PGPASSWORD=pw psql", "PGPASSWORD=******** psql"),
        # A quote that was opened before the keyword is closed behind the value, and is no part of it.
        ("cannot read 'host=h password=pw'", "cannot read 'host=h password=********'"),
        ('cannot read "password=pw".', 'cannot read "password=********".'),
        ("neither ('password=p'w'), nor b", "neither ('password=********'), nor b"),
        ("password=pw'", "password=********"),
        ("cannot read 'password = \\'p w\\' user=o'", "cannot read 'password = ******** user=o'"),
        ('{"password": "p\\\\w x", "a": 1}', '{"password": "********", "a": 1}'),
        ('"{\\"new_password\\": \\"pw\\"}"', '"{\\"new_password\\": \\"********\\"}"'),
    ],
)
def test_passwords_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected
    assert masked(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "postgresql://h:5432/d",
        "see https://neon.tech/docs, or write to help@neon.tech",
        "the password: must be longer",
        "store_passwords=false, password_encryption = scram-sha-256",
        "option login_password: it is empty",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert masked(text) == text


def test_no_error_says_a_password() -> None:
    error = ProviderError("no", where="w", why="Neon said postgresql://o:pw@h", remedy="Run again")
    assert error.message() == str(error) == "w: no. Neon said postgresql://o:********@h. Run again."
