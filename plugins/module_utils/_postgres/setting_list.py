# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists in one text, split as PostgreSQL splits them (SplitIdentifierString, SplitGUCList and SplitDirectoriesString in varlena.c). Pure."""

from __future__ import annotations

import re

_BLANKS = " \t\n\r\f\v"
_NAME_BYTES = 63


class BadListError(ValueError):
    """A text that PostgreSQL would not read as a list."""


def lower_ascii(text: str) -> str:
    """Return a text in lower case as the server makes it: letters outside of ASCII stay."""
    return re.sub("[A-Z]+", lambda found: found[0].lower(), text)


def cut_name(text: str) -> str:
    """Return a name as the server keeps it: at most 63 bytes, no character cut."""
    return text.encode("utf-8", "surrogatepass")[:_NAME_BYTES].decode("utf-8", "ignore")


def split_list(text: str, *, directories: bool = False, fold: bool = False) -> list[str]:
    """Split a list at its commas; double quotes hold an element together and are doubled inside.

    :param directories: an element may hold blanks, as those of library and directory lists may.
    :param fold: elements are names: without quotes they count in lower case, and only 63 bytes count.
    :raises BadListError: if the server would not take it.
    """
    elements: list[str] = []
    rest = text.lstrip(_BLANKS)
    if not rest:
        return elements
    while True:
        if rest.startswith('"'):
            found = re.match('"((?:[^"]|"")*)"', rest)
            if not found:
                raise BadListError("a double quote is not closed")
            element = found[1].replace('""', '"')
        else:
            found = re.match("[^,]*" if directories else f"[^,{_BLANKS}]*", rest)
            element = found[0].rstrip(_BLANKS) if found else ""
            if not element or found is None:
                raise BadListError("an element is empty")
            element = lower_ascii(element) if fold else element
        elements.append(cut_name(element) if fold else element)
        rest = rest[found.end() :].lstrip(_BLANKS)
        if not rest:
            return elements
        if not rest.startswith(","):
            raise BadListError(f"there is no comma before {rest[:20]!r}")
        rest = rest[1:].lstrip(_BLANKS)
