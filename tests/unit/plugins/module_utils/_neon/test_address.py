# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the key may be sent."""

from __future__ import annotations

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.address import base_address


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://console.neon.tech/api/v2", ("https://console.neon.tech/api/v2", False)),
        ("https://console.neon.tech/api/v2/", ("https://console.neon.tech/api/v2", False)),
        ("http://127.0.0.1:8080/api/v2", ("http://127.0.0.1:8080/api/v2", True)),
        ("http://[::1]:8080/api/v2", ("http://[::1]:8080/api/v2", True)),
        ("http://localhost:8080", ("http://localhost:8080", True)),
        ("http://neon.localhost/api", ("http://neon.localhost/api", True)),
        ("http://127.8.9.1", ("http://127.8.9.1", True)),
    ],
)
def test_accepted(given: str, expected: tuple[str, bool]) -> None:
    assert base_address(given) == expected


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, "it is empty"),
        ("  ", "it is empty"),
        ("http://console.neon.tech/api/v2", "plain http to console.neon.tech is refused"),
        ("http://localhost.example.com", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("console.neon.tech/api/v2", "no complete"),
        ("ftp://console.neon.tech", "no complete"),
        ("https://", "no complete"),
        ("https://user:pw@console.neon.tech", "holds a user"),
        ("https://console.neon.tech/?x=1", "holds a user, a query"),
        ("https://console.neon.tech:port/", "is no address"),
        ("https://[::1/", "is no address"),
    ],
)
def test_refused(given: str | None, text: str) -> None:
    with pytest.raises(InputError, match=text) as caught:
        base_address(given)
    assert "NEON_API_HOST" in str(caught.value)
