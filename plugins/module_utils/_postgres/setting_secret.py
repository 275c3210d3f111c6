# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place in PostgreSQL's own settings where a password may stand. Pure."""

from __future__ import annotations

import re

#: ``password=word`` or ``password='in quotes'`` in a libpq connection string, or the password of a connection URI.
_IN_PAIRS = re.compile(r"(\bpassword\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)", re.IGNORECASE)
_IN_URI = re.compile(r"(\bpostgres(?:ql)?://[^\s/@:]*:)([^\s@]*)(?=@)")


def without_password(name: str, text: str) -> str:
    """Return a value without the password in it: primary_conninfo holds a connection string. Other parameters hold none and stay as they are."""
    if name.lower() != "primary_conninfo":
        return text
    return _IN_URI.sub(r"\1********", _IN_PAIRS.sub(r"\1********", text))


def passwords_in(name: str, text: str) -> tuple[str, ...]:
    """Return the passwords that :func:`without_password` leaves out, as they stand there."""
    if name.lower() != "primary_conninfo":
        return ()
    found = [match[2] for pattern in (_IN_PAIRS, _IN_URI) for match in pattern.finditer(text)]
    return tuple(each[1:-1] if each[:1] == "'" else each for each in found if each.strip("'"))
