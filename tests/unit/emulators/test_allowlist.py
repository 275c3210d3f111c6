# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a project's settings let in."""

from __future__ import annotations

import pytest

from emulators.framework.errors import ApiError
from emulators.neon import allowlist


@pytest.mark.parametrize(
    ("entry", "inside", "outside"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.0/30", "192.0.2.3", "192.0.2.4"),
        ("192.0.2.1/30", "192.0.2.0", "192.0.2.4"),
        ("192.0.2.5-192.0.2.9", "192.0.2.9", "192.0.2.10"),
        ("192.0.2.5 - 192.0.2.9", "192.0.2.5", "192.0.2.4"),
        ("192.0.2.1-192.0.3.1", "192.0.2.255", "192.0.3.2"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("2001:db8::1", "2001:DB8:0::1", "2001:db8::2"),
        ("2001:db8::1-2001:db8::ff", "2001:db8::fe", "2001:db8::100"),
        ("192.0.2.7", "::ffff:192.0.2.7", "::ffff:192.0.2.8"),
        ("192.0.2.0/24", "192.0.2.7", "2001:db8::7"),
    ],
)
def test_an_entry_lets_in_what_it_covers_and_nothing_else(entry, inside, outside):
    settings = {"allowed_ips": {"ips": ["198.51.100.1", entry]}}
    assert allowlist.refusal(settings, inside, protected=False) is None
    assert outside.removeprefix("::ffff:") in allowlist.refusal(settings, outside, protected=False)


@pytest.mark.parametrize("allowed", [None, {}, {"ips": []}, {"protected_branches_only": True}])
def test_an_empty_list_lets_everyone_in(allowed):
    assert allowlist.refusal({"allowed_ips": allowed}, "192.0.2.7", protected=True) is None


def test_a_list_for_protected_branches_leaves_the_others_open():
    settings = {"allowed_ips": {"ips": ["198.51.100.1"], "protected_branches_only": True}}
    assert allowlist.refusal(settings, "192.0.2.7", protected=False) is None
    assert "192.0.2.7 is not allowed" in allowlist.refusal(settings, "192.0.2.7", protected=True)


def test_blocked_public_connections_supersede_the_list():
    settings = {"block_public_connections": True, "allowed_ips": {"ips": ["192.0.2.7"]}}
    assert "blocked network" in allowlist.refusal(settings, "192.0.2.7", protected=False)


@pytest.mark.parametrize(
    "entry", ["", "localhost", "192.0.2", "192.0.2.0/33", "192.0.2.9-192.0.2.1", "192.0.2.1-2001:db8::1", "192.0.2.1-", "192.0.2.0/24-192.0.3.0/24"]
)
def test_what_is_no_address_is_refused_by_name(entry):
    with pytest.raises(ApiError, match="allowed_ips") as caught:
        allowlist.check({"ips": ["192.0.2.1", entry]})
    assert caught.value.status == 400
    assert entry in caught.value.message
