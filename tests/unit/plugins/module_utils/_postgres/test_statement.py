# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.statement import Identifier, Keywords, Literal, Password, Statement


@pytest.mark.parametrize("text", ["SELECT", "SELECT, INSERT", "NOCREATEDB LOGIN"])
def test_key_words(text: str) -> None:
    assert Keywords(text).text == text


@pytest.mark.parametrize("text", ["", "select", "SELECT; DROP", "A'B", "A--", "SELECT ", 'A"'])
def test_anything_else_is_no_key_word(text: str) -> None:
    with pytest.raises(ValueError, match="key words"):
        Keywords(text)


def test_values_never_show() -> None:
    statement = Statement("X {a} {b}", {"a": Literal("hidden"), "b": Password("app", "hidden")}, "do it", Password("app", "hidden"))
    assert "hidden" not in repr(statement)


def test_names_have_parts() -> None:
    assert Identifier("public", "orders").parts == ("public", "orders")
