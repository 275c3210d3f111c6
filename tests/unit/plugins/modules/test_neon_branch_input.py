# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neon_branch: wrong input is refused by name before a single request. It is 2023-11-14T22:13:20Z."""

from __future__ import annotations

import typing as t

import pytest
from unit.module_runner import run_module
from unit.neon_branches import BRANCHES, listed, search
from unit.neon_conversation import PROJECT_ID, branch, conversation, options

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch

RESTORED = {"state": "restored", "preserve_under_name": "before"}


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"name": ""}, "option name: a branch's name has 1 to 256 characters, this one has 0."),
        ({"name": "n" * 257}, "option name: a branch's name has 1 to 256 characters, this one has 257."),
        ({"new_name": "n" * 257}, "option new_name: a branch's name has 1 to 256 characters, this one has 257."),
        ({"name": "  "}, "option name: a branch's name cannot be '  ': it holds nothing but blanks. Give the branch's exact name."),
        ({"name": "a\nb"}, "option name: a branch's name cannot be 'a\\nb': it holds a control character, such as the end of a line."),
        ({"name": "staging\n"}, "option name: a branch's name cannot be 'staging\\n': it holds a control character"),
        ({"new_name": " x"}, "option new_name: a branch's name cannot be ' x': it begins or ends with a blank."),
        ({**RESTORED, "preserve_under_name": "\x7f"}, "option preserve_under_name: a branch's name cannot be '\\x7f': it holds a control character"),
        ({"name": ["a"]}, 'option name: it is the list ["a"], and a text is wanted.'),
        ({"restore": {"source": ["a"]}, "state": "restored"}, 'option restore.source: it is the list ["a"], and a text is wanted.'),
        ({"new_name": "preview"}, "option new_name: it is the present name."),
        ({"expires_at": "2023-11-14T22:13:20Z"}, "option expires_at: 2023-11-14T22:13:20Z is past (it is 2023-11-14T22:13:20Z)."),
        ({"expires_at": "2023-12-15T22:13:20Z"}, "option expires_at: 2023-12-15T22:13:20Z is 31 d from now, Neon keeps an expiring branch for 30 d"),
        (
            {"expires_at": "2023-12-14T22:13:50Z"},
            "option expires_at: 2023-12-14T22:13:50Z is 30 d 30 s from now, Neon keeps an expiring branch for 30 d",
        ),
        ({"ttl": "31d"}, "option ttl: 31d is 31 d, Neon keeps an expiring branch for 30 d at most."),
        ({"ttl": "2592001"}, "option ttl: 2592001 is 30 d 1 s, Neon keeps an expiring branch for 30 d at most."),
        ({"ttl": "0"}, "option ttl: '0' is no span of time above 0."),
        ({"ttl": ""}, "option ttl: it is empty. An unset variable gives that"),
        ({"ttl": "three days"}, "option ttl: 'three days' is no span of time above 0."),
        ({"ttl": "-3d"}, "option ttl: '-3d' is no span of time above 0."),
        ({"ttl": "3d", "expires_at": "2023-11-15T00:00:00Z"}, "options expires_at and ttl: both are given."),
        ({"ttl": "3d", "expires_at": "never"}, "options expires_at and ttl: both are given."),
        ({"renew": True}, "option renew: there is no ttl to renew."),
        ({"expires_at": ""}, "option expires_at: it is empty."),
        ({"expires_at": "2023-11-15T00:00:00"}, "option expires_at: the time '2023-11-15T00:00:00' has no zone."),
        ({"expires_at": "2023-11-15T00:00:00 CET"}, "option expires_at: the zone 'CET' of '2023-11-15T00:00:00 CET' is not known."),
        ({"expires_at": "2023-11-15T00:00:00+25:00"}, "option expires_at: the zone '+25:00' of"),
        ({"expires_at": "2023-11-31T00:00:00Z"}, "option expires_at: the time '2023-11-31T00:00:00Z' does not exist"),
        ({"expires_at": "tomorrow"}, "option expires_at: 'tomorrow' is no time of RFC 3339."),
        ({"ttl": "3d", "default": True}, "options default and ttl: a branch with default: true cannot expire."),
        ({"expires_at": "2023-11-15T00:00:00Z", "protected": True}, "options protected and expires_at: a branch with protected: true cannot expire."),
        ({"parent_timestamp": "2023-11-15T00:00:00Z"}, "option parent_timestamp: 2023-11-15T00:00:00Z is 1 h 46 min in the future"),
        ({"parent_timestamp": "2023-11-14T22:14:21Z"}, "option parent_timestamp: 2023-11-14T22:14:21Z is 1 min 1 s in the future"),
        ({"parent_timestamp": "2023-11-14T00:00:00"}, "option parent_timestamp: the time '2023-11-14T00:00:00' has no zone."),
        ({"parent_timestamp": "2023-11-14T00:00:00Z", "parent_lsn": "0/1"}, "options parent_timestamp and parent_lsn: both are given."),
        ({"parent_lsn": "1DE2850"}, "option parent_lsn: '1DE2850' is no LSN."),
        ({"parent_lsn": "0/1DE2850G"}, "option parent_lsn: '0/1DE2850G' is no LSN."),
        ({"archived": True, "protected": True}, "options archived and protected: a protected branch cannot be archived."),
        ({"archived": True, "compute": {}}, "options archived and compute: an archived branch has no running compute."),
        ({"compute": {"min_cu": 4, "max_cu": 2}}, "option compute: min_cu is 4. The minimum is above the maximum (max_cu = 2)."),
        ({"compute": {"min_cu": 0.3}}, "option compute: min_cu is 0.3. Neon has no compute of this size. Declare 0.25 or 0.5."),
        ({"compute": {"min_cu": 1, "max_cu": 10}}, "option compute: max_cu is 10. Neon scales over at most 8 CU, and min_cu is 1."),
        ({"preserve_under_name": "before"}, "option preserve_under_name: it has no meaning with state: present."),
        ({"restore": {"lsn": "0/1"}}, "option restore: it has no meaning with state: present."),
        ({"state": "reset"}, "option preserve_under_name: nothing says where the present content of branch preview is kept."),
        ({"state": "reset", "preserve_under_name": "preview"}, "option preserve_under_name: it is the branch's own name."),
        ({"state": "reset", "preserve_under_name": "n" * 257}, "option preserve_under_name: a branch's name has 1 to 256 characters"),
        ({"state": "reset", "preserve": False, "preserve_under_name": "x"}, "options preserve and preserve_under_name: a copy is named and refused."),
        ({"state": "reset", "preserve_under_name": "x", "protected": True}, "option protected: it has no meaning with state: reset."),
        ({"state": "reset", "preserve_under_name": "x", "restore": {"lsn": "0/1"}}, "option restore: it has no meaning with state: reset."),
        ({"state": "reset", "preserve_under_name": "x", "renew": True}, "option renew: it has no meaning with state: reset."),
        ({**RESTORED, "renew": True}, "option renew: it has no meaning with state: restored."),
        ({**RESTORED, "ttl": "3d"}, "option ttl: it has no meaning with state: restored."),
        ({**RESTORED}, "option restore: nothing says what the branch is restored to."),
        ({**RESTORED, "restore": {"timestamp": "2023-11-14T00:00:00Z", "lsn": "0/1"}}, "options restore.timestamp and restore.lsn: both are given."),
        ({**RESTORED, "restore": {"timestamp": "2023-11-15T22:13:20Z"}}, "option restore.timestamp: 2023-11-15T22:13:20Z is 1 d in the future"),
        ({**RESTORED, "restore": {"timestamp": "2023-11-14T00:00:00 Europe/Berlin"}}, "option restore.timestamp: the zone 'Europe/Berlin' of"),
        (
            {**RESTORED, "restore": {"source": "before"}},
            "options restore.source and preserve_under_name: both are the branch before. A branch of that name would pass for the kept copy",
        ),
        ({**RESTORED, "restore": {"lsn": "x"}}, "option restore.lsn: 'x' is no LSN."),
        ({**RESTORED, "preserve": False, "preserve_under_name": None, "restore": {"lsn": "0/1"}}, "option preserve: a restore always keeps a copy"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_wrong_input_is_refused_by_name(wish: dict[str, t.Any], message: str, check: bool) -> None:
    with conversation() as neon:
        result = run_module(neon_branch, options(**{"project_id": PROJECT_ID, "name": "preview", **wish}), check=check)
        assert neon.requests == []
    assert result["msg"].startswith(message)


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "n" * 256},
        {"expires_at": "2023-11-14T22:13:21Z"},
        {"expires_at": "2023-12-14 22:13:20+00:00"},
        {"ttl": "30d"},
        {"ttl": "1w1d2h3m4s"},
        {"ttl": "86400"},
        {"parent_timestamp": "2023-11-14T23:13:20+01:00"},
        {"parent_lsn": "FFFFFFFF/0"},
        # Templates without a value.
        {"parent_timestamp": "", "parent_lsn": ""},
        # What YAML reads as a number is a name like any other.
        {"name": 5},
        {"name": "caf\u00e9 \u2014 two words"},
        # One task may serve both, by a variable for the state.
        {"state": "absent", "ttl": "3d", "compute": {}, "confirm_destroy": "preview"},
    ],
)
def test_what_is_just_right_is_taken(wish: dict[str, t.Any]) -> None:
    name = str(wish.get("name", "preview"))
    with conversation() as neon:
        there = [] if wish.get("state") else [branch(name=name, expires_at=None, default=False)]
        neon.expect("GET", BRANCHES, listed(*there), query=search(name))
        if "expires_at" in wish:
            neon.expect("GET", BRANCHES, listed(), query={"limit": "1000", "sort_by": "created_at", "sort_order": "asc"})
        assert not run_module(neon_branch, options(**{"project_id": PROJECT_ID, "name": "preview", **wish}), check=True).get("failed")
