# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements as text, for people and files: without a connection there is no driver that could quote. Pure.

The quoting is that of the server's own quote_literal() and quote_ident(); identifiers are always quoted.
"""

from __future__ import annotations

from .statement import Identifier, Keywords, Literal, Part, Several, Statement


def statement_text(statement: Statement) -> str:
    """Return a statement as SQL that ends with a semicolon.

    :raises TypeError: for a part that must not be written down (a password), or that only the server can spell.
    """
    return statement.template.format(**{name: _part_text(part) for name, part in statement.parts.items()}) + ";"


def _part_text(part: Part) -> str:
    if isinstance(part, Identifier):
        return ".".join('"' + each.replace('"', '""') + '"' for each in part.parts)
    if isinstance(part, Literal):
        return _literal_text(str(part.value))
    if isinstance(part, Several):
        return ", ".join(_part_text(each) for each in part.parts)
    if isinstance(part, Keywords):
        return part.text
    raise TypeError(f"a {type(part).__name__} is never written down")


def _literal_text(text: str) -> str:
    quoted = "'" + text.replace("'", "''") + "'"
    # A backslash means itself only where standard_conforming_strings is on; in E'' it has to be doubled everywhere.
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted
