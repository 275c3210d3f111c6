# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lazy and tagged values become plain ones."""

from __future__ import annotations

import datetime

import pytest
from ansible.template import Templar, trust_as_template
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.plain import to_plain

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@given(TREES)
def test_a_plain_tree_stays_as_it_is(tree):
    assert to_plain(tree) == tree


def types_of(value):
    if isinstance(value, dict):
        return {type(value)} | {kind for pair in value.items() for each in pair for kind in types_of(each)}
    if isinstance(value, list):
        return {type(value)} | {kind for each in value for kind in types_of(each)}
    return {type(value)}


def test_what_a_template_gives_becomes_exact_types():
    templar = Templar(
        variables={"limit": 15, "roles": [{"name": trust_as_template("{{ 'shop' ~ '_app' }}"), "limit": trust_as_template("{{ limit }}")}]}
    )
    lazy = templar.template(trust_as_template("{{ roles }}"))
    assert to_plain(lazy) == [{"name": "shop_app", "limit": 15}]
    assert types_of(to_plain(lazy)) == {list, dict, str, int}


def test_dates_become_text():
    assert to_plain({"since": datetime.date(2026, 11, 23)}) == {"since": "2026-11-23"}


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes"])
def test_what_cannot_stand_in_a_declaration_is_refused(value):
    with pytest.raises(TypeError, match="cannot stand in a declaration"):
        to_plain(value)
