# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords in texts that somebody else wrote: a provider's error may repeat a connection string. Pure."""

from __future__ import annotations

import re
import typing as t

MASK: t.Final = "********"
# Too much is masked rather than too little: a password in a URI may hold any sign that ought to be quoted, so it ends at the last @ before a blank.
_URI: t.Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/]*:)\S*@", re.IGNORECASE)
# libpq's keywords and values (also behind the question mark of a URI), where a value with blanks stands in quotes, which Python may have escaped;
# PGPASSWORD=... as well.
_KEYWORD: t.Final = re.compile(r"(\b\w*password\s*=\s*)(\\+'(?:(?!\\+').)*(?:\\+')?|'(?:[^'\\]|\\.)*'?|[^\s&'][^\s&]*)", re.IGNORECASE)
_CLOSING: t.Final = re.compile(r"""(['"])[.,;:)\]]*$""")
# JSON, maybe inside of a JSON text.
_JSON: t.Final = re.compile(r'(\\?"\w*password\\?"\s*:\s*\\?")(?:[^"\\]|\\[^"])*', re.IGNORECASE)


def masked(text: str) -> str:
    """Return a text with the password of every connection string in it masked."""
    text = _URI.sub(rf"\g<1>{MASK}@", text)
    return _JSON.sub(rf"\g<1>{MASK}", _KEYWORD.sub(_masked_keyword, text))


def _masked_keyword(found: re.Match[str]) -> str:
    """Mask a value, and keep the quote behind it that closes one which was opened before the keyword."""
    keyword, value = found.groups()
    closing = None if value.startswith(("'", "\\")) else _CLOSING.search(value)
    quoted = closing is not None and found.string[: found.start()].count(closing[1]) % 2 == 1
    return f"{keyword}{MASK}{closing[0] if closing is not None and quoted else ''}"
