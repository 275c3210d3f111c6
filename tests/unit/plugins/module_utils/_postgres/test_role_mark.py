# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.role_mark import MARK_PREFIX, Mark, read_mark, server_identity, write_mark

MARK = Mark("staging", "branch:br-1")


def test_a_mark_is_read_back() -> None:
    assert read_mark(MARK.text()) == MARK and MARK.text().startswith(MARK_PREFIX)


def test_other_peoples_words_stay() -> None:
    comment = write_mark("The shop's role.", MARK)
    assert comment == "The shop's role. [dbinfra.postgres environment=staging server=branch:br-1]"
    assert write_mark(comment, Mark("staging", "branch:br-2")) == "The shop's role. [dbinfra.postgres environment=staging server=branch:br-2]"
    assert write_mark(comment, MARK) == comment


@pytest.mark.parametrize("comment", [None, "", "words", "[dbinfra.postgres]", "[dbinfra.postgres environment= server=x]"])
def test_no_mark(comment: str | None) -> None:
    assert read_mark(comment) is None


def test_a_server_is_its_branch_or_its_address() -> None:
    assert server_identity({"branch_id": "br-1", "login_host": "h", "login_port": 1}) == "branch:br-1"
    assert server_identity({"login_host": "h", "login_port": 6432}) == "host:h:6432"
    assert server_identity({}) == "host:socket:5432"


def test_no_mark_is_for_a_server_that_does_not_exist_yet() -> None:
    identity = server_identity({"exists": False, "branch_id": "br-1", "login_host": "h"})
    assert identity != "branch:br-1" and read_mark(Mark("staging", identity).text()) is None
