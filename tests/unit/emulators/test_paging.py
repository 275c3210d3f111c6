# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages, put together, are the whole list: nothing lost, nothing twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.framework.errors import ApiError
from emulators.neon.paging import page

ITEMS = st.lists(st.tuples(st.sampled_from("abc"), st.uuids().map(str)), unique_by=lambda item: item[1])


@given(items=ITEMS, limit=st.integers(1, 5), descending=st.booleans())
def test_all_pages_together_are_the_list(items, limit, descending):
    seen, cursor, more = [], None, True
    while more:
        part, cursor, more = page(items, lambda item: item, limit=limit, cursor=cursor, descending=descending)
        assert len(part) <= limit
        seen += part
    assert seen == sorted(items, reverse=descending)


def test_the_cursor_after_a_full_last_page_gives_an_empty_one():
    items = [("a", "1"), ("b", "2")]
    part, cursor, more = page(items, lambda item: item, limit=2, cursor=None)
    assert (part, more) == (items, False)
    assert cursor is not None
    assert page(items, lambda item: item, limit=2, cursor=cursor) == ([], None, False)


@pytest.mark.parametrize("cursor", ["nonsense", "bm8=", "eyJ4Ijox", "WzFd"])
def test_a_foreign_cursor_is_refused(cursor):
    with pytest.raises(ApiError) as caught:
        page([("a", "1")], lambda item: item, limit=1, cursor=cursor)
    assert caught.value.status == 400
