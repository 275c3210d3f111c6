# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection strings in the dialects of their readers, translated to libpq's. Pure.

Prisma's own engine (up to version 6) reads parameters that libpq does not know, and ``sslcert`` is the CA there.
"""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from .._core.errors import InputError

#: Parameters of Prisma and of node-postgres that say nothing about where or how to connect.
_FOREIGN = frozenset(
    {
        "connection_limit",
        "pgbouncer",
        "pool_timeout",
        "schema",
        "single_use_connections",
        "socket_timeout",
        "sslidentity",
        "statement_cache_size",
        "uselibpqcompat",
    }
)


@dataclasses.dataclass(frozen=True)
class ConnectionString:
    """A connection string that libpq can read.

    :param uri: holds the password; never shown.
    :param ssl_mode: what it asks for; libpq's default is ``prefer``.
    """

    uri: str = dataclasses.field(repr=False)
    ssl_mode: str


def translate_uri(uri: str, where: str) -> ConnectionString:
    """Return a connection string in libpq's words.

    :param where: names the option in errors; the string itself is never repeated.
    :raises InputError: if it is no PostgreSQL URI.
    """
    scheme, separator, rest = uri.strip().partition("://")
    if not separator or scheme not in ("postgres", "postgresql") or not rest:
        raise InputError(
            "this is not a PostgreSQL connection string",
            where=where,
            why="it does not begin with postgresql://",
            remedy="Pass the delivered string as it is",
        )
    base, _mark, query = rest.partition("?")
    pairs: list[tuple[str, str]] = []
    for item in filter(None, query.split("&")):
        name, equals, value = item.partition("=")
        if not equals:
            raise InputError(f"the parameter {name} of the connection string has no value", where=where)
        pairs.append((name, value))
    pairs = _from_prisma(pairs)
    kept = [(name, value) for name, value in pairs if name not in _FOREIGN]
    modes = [value for name, value in kept if name == "sslmode"]
    text = f"postgresql://{base}" + ("?" + "&".join(f"{name}={value}" for name, value in kept) if kept else "")
    return ConnectionString(text, urllib.parse.unquote(modes[-1]) if modes else "prefer")


def _from_prisma(pairs: t.Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """``sslmode=require&sslaccept=strict&sslcert=CA`` is what libpq calls ``sslmode=verify-full&sslrootcert=CA``."""
    accept = {value for name, value in pairs if name == "sslaccept"}
    if not accept:
        return list(pairs)
    result: list[tuple[str, str]] = []
    for name, value in pairs:
        if name == "sslaccept":
            continue
        if name == "sslcert":
            result.append(("sslrootcert", value))
        elif name == "sslmode" and value == "require" and accept == {"strict"}:
            result.append(("sslmode", "verify-full"))
        else:
            result.append((name, value))
    return result
