# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.connection_uri import translate_uri


@pytest.mark.parametrize(
    ("uri", "translated", "ssl_mode"),
    [
        ("postgres://u:p@h/d", "postgresql://u:p@h/d", "prefer"),
        ("postgresql://u:p@h:1/d?sslmode=verify-full&sslrootcert=/ca", "postgresql://u:p@h:1/d?sslmode=verify-full&sslrootcert=/ca", "verify-full"),
        ("postgresql://u:p%3F%26@h/d?pgbouncer=true&connection_limit=3&sslmode=require", "postgresql://u:p%3F%26@h/d?sslmode=require", "require"),
        (
            "postgresql://u:p@h/d?sslmode=require&sslaccept=strict&sslcert=/ca&schema=public",
            "postgresql://u:p@h/d?sslmode=verify-full&sslrootcert=/ca",
            "verify-full",
        ),
        (
            "postgresql://u:p@h/d?sslmode=require&sslaccept=accept_invalid_certs&sslcert=/ca",
            "postgresql://u:p@h/d?sslmode=require&sslrootcert=/ca",
            "require",
        ),
        ("postgresql://u:p@h/d?pgbouncer=true", "postgresql://u:p@h/d", "prefer"),
    ],
)
def test_translation(uri: str, translated: str, ssl_mode: str) -> None:
    string = translate_uri(uri, "here")
    assert (string.uri, string.ssl_mode) == (translated, ssl_mode)
    assert "p@h" not in repr(string)


@pytest.mark.parametrize("uri", ["", "postgresql://", "http://u:hidden@h", "u:hidden@h/d", "postgresql://u:hidden@h/d?sslmode"])
def test_what_is_refused_is_not_repeated(uri: str) -> None:
    with pytest.raises(InputError) as caught:
        translate_uri(uri, "here")
    assert "hidden" not in caught.value.message() and caught.value.where == "here"
