# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place in PostgreSQL's own settings where a password may stand. Pure.

primary_conninfo holds a connection string. It is read as libpq reads one (fe-connect.c: conninfo_parse, conninfo_uri_parse_options). The server takes
any text for it, so what libpq would refuse is hidden generously.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse

_HIDDEN: t.Final = "********"
#: Keywords whose value is secret: password, sslpassword, oauth_client_secret, scram_client_key, scram_server_key. passfile and sslkey name files.
_SECRET: t.Final = re.compile(r"password|secret|scram_(?:client|server)_key", re.IGNORECASE)
#: One pair, or a word without a value. Blanks may stand around ``=``; a quote that is not closed reaches to the end.
_PAIR: t.Final = re.compile(
    r"""(?P<keyword>[^\s=]+)(?:\s*=\s*(?P<value>'(?:[^'\\]|\\.)*(?:'|\\?\Z)|(?:[^\s\\]|\\.)*\\?))?|=""",
    re.DOTALL | re.ASCII,
)
_URI: t.Final = re.compile(r"\bpostgres(?:ql)?://", re.IGNORECASE)
#: From the colon behind the user on. The last @ is taken: a password may hold one that should have been percent-encoded.
_OF_USER: t.Final = re.compile(r"[^:@/?]*:(?P<value>.*)@", re.DOTALL)
_QUERY: t.Final = re.compile(r"[?&](?P<keyword>[^=&?]*)=(?P<value>[^&]*)")
#: A value in which another connection string stands.
_NESTED: t.Final = re.compile(r"password\s*=|://[^/]*@", re.IGNORECASE)

_Span = tuple[int, int]


def without_password(name: str, text: str) -> str:
    """Return a value without the passwords in it: primary_conninfo holds a connection string. Other parameters hold none and stay as they are."""
    shown, end = "", 0
    for begin, until in _merged(_secrets(name, text)):
        shown, end = f"{shown}{text[end:begin]}{_HIDDEN}", until
    return shown + text[end:]


def declared_without_password(name: str, value: t.Any) -> t.Any:
    """Return a declared value, of whatever type, as messages may repeat it."""
    if name.lower() != "primary_conninfo" or value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return without_password(name, value)
    return [declared_without_password(name, item) for item in value] if isinstance(value, (list, tuple)) else _HIDDEN


def passwords_in(name: str, text: str) -> tuple[str, ...]:
    """Return the passwords that :func:`without_password` leaves out, as they stand there and, where that differs, as libpq reads them."""
    found: list[str] = []
    for begin, until in _secrets(name, text):
        raw = text[begin:until]
        # A quote at the end is missing where it was never closed.
        raw = raw[1:].removesuffix("'") if raw.startswith("'") else raw
        found += [raw, re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL), urllib.parse.unquote(raw)]
    return tuple(dict.fromkeys(each for each in found if each.strip("'")))


def declared_passwords(name: str, value: t.Any) -> tuple[str, ...]:
    """Return the passwords in a declared value, however it is nested, also where the parameter's name or the value's form is wrong."""
    if isinstance(value, dict):
        return tuple(
            found for key, each in value.items() for found in (*passwords_in("primary_conninfo", f"{key}={each}"), *declared_passwords(name, each))
        )
    if isinstance(value, (list, tuple)):
        return tuple(found for each in value for found in declared_passwords(name, each))
    text = str(value)
    return passwords_in("primary_conninfo" if _NESTED.search(text) else name, text)


def _secrets(name: str, text: str) -> list[_Span]:
    """Return where the secret values stand, quotes included; they may overlap."""
    if name.lower() != "primary_conninfo":
        return []
    spans = []
    uri = _URI.search(text)
    if uri is not None:
        user = _OF_USER.match(text, uri.end())
        spans += [user.span("value")] if user is not None else []
        for match in _QUERY.finditer(text, uri.end()):
            if _SECRET.search(urllib.parse.unquote(match["keyword"])):
                spans.append(match.span("value"))
    # A text that begins with a URI has no pairs.
    if uri is None or text[: uri.start()].strip():
        for match in _PAIR.finditer(text):
            value = match["value"] or ""
            open_quote = value.startswith("'") and match.end() == len(text) and re.fullmatch(r"'(?:[^'\\]|\\.)*'", value, re.DOTALL) is None
            if value and (_SECRET.search(match["keyword"]) or open_quote or _NESTED.search(value)):
                spans.append(match.span("value"))
    return spans


def _merged(spans: t.Iterable[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for begin, until in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((begin, until))
    return merged
