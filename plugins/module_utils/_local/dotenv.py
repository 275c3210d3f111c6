# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the dotenv syntax that every reader understands alike. Pure: text in, text out.

A file of this collection is read by ``source`` in bash and other POSIX shells, by node's dotenv (alone, and with dotenv-expand behind it,
which Prisma and Next.js use) and by our own lookup. They disagree on much, so values are written in one of two forms only:

``NAME='value'``
    A shell takes every character literally up to the next apostrophe. dotenv does too, except that it takes an apostrophe behind a
    backslash for part of the value, so a value must not end with a backslash.
``NAME="it's"``
    For a value with an apostrophe. Inside these quotes shells interpret ``"``, ``$``, the backtick and the backslash, and dotenv turns
    backslash-n into a newline, so such a value must hold none of them.

dotenv-expand replaces ``$NAME`` inside *both* kinds of quotes, and the backslash that prevents it stays in the value for every other reader:
there is no form in which a dollar sign means the same to all of them. In a connection string it is written ``%24``.

Reading accepts what others wrote into the file as long as all readers agree on it. Why not python-dotenv: it is no dependency of this
collection, it interprets backslashes inside apostrophes differently from a shell, and its writer quotes without regard to dotenv-expand.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import InputError

#: Names that shells can set. dotenv would also take dots and hyphens.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)(\s*=\s*)")
_BARE = re.compile(r"[A-Za-z0-9_./:@%+,=^-]*\Z")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?\Z")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One entry of a file: an assignment (over one or more lines), or anything else (a comment, an empty line).

    :param text: the lines as they stand in the file, without the last newline.
    :param name: the variable, None if the entry is no assignment.
    :param value: what every reader takes for the value, None if they disagree (or the entry is no assignment).
    :param line: number of the first line, from 1.
    """

    text: str
    line: int
    name: str | None = None
    value: str | None = dataclasses.field(default=None, repr=False)


def parse(text: str, path: str) -> list[Entry]:
    """Split a file into entries. Joining their texts with newlines gives the file again (but for the newline at the end).

    :param path: the file, for the error.
    :raises InputError: if a quote is opened and never closed. No error holds any of the content.
    """
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    entries: list[Entry] = []
    index = 0
    while index < len(lines):
        first = index
        match = _ASSIGNMENT.match(lines[index])
        index += 1
        if not match:
            entries.append(Entry(lines[first], first + 1))
            continue
        name = match.group(1)
        raw = lines[first][match.end() :]
        quote = raw[:1]
        if quote not in ("'", '"', "`"):
            entries.append(Entry(lines[first], first + 1, name, _bare_value(raw, match.group(2)) if NAME.match(name) else None))
            continue
        end = _closing_quote(raw, quote)
        while end is None and index < len(lines):
            raw += "\n" + lines[index]
            index += 1
            end = _closing_quote(raw, quote)
        if end is None:
            raise InputError(
                f"a quote opened in line {first + 1} of {path} is never closed",
                where=f"variable {name}",
                remedy="Correct the line by hand, then run again",
            )
        value = _quoted_value(raw[1:end], quote) if match.group(2) == "=" and _REST.match(raw[end + 1 :]) else None
        entries.append(Entry("\n".join(lines[first:index]), first + 1, name, value if NAME.match(name) else None))
    return entries


def _closing_quote(raw: str, quote: str) -> int | None:
    """Return the position of the quote that closes the one at position 0. A backslash escapes inside double quotes only (POSIX shell, 2.2.3)."""
    position = 1
    while position < len(raw):
        if raw[position] == "\\" and quote == '"':
            position += 2
            continue
        if raw[position] == quote:
            return position
        position += 1
    return None


def _quoted_value(inner: str, quote: str) -> str | None:
    forbidden = {"'": "$\n\r\0", '"': '$"`\\\n\r\0', "`": None}[quote]
    if forbidden is None or any(letter in forbidden for letter in inner) or inner.endswith("\\"):
        return None
    return inner


def _bare_value(raw: str, separator: str) -> str | None:
    stripped = re.sub(r"[ \t]+#[^\n]*\Z", "", raw).rstrip(" \t")
    return stripped if separator == "=" and _BARE.match(stripped) else None


def check_name(name: str) -> None:
    """Refuse what no shell can set.

    :raises InputError: naming the variable.
    """
    if not NAME.match(name):
        raise InputError(
            f"{name!r} is not the name of an environment variable",
            where="option variables of env_file",
            why="shells accept letters, digits and underscores, not beginning with a digit",
            remedy="Rename it",
        )


def assignment(name: str, value: str) -> str:
    """Return the line that gives the variable this value for every reader.

    :raises InputError: if there is no such line. The error names the variable, never the value.
    """
    check_name(name)
    where = f"variable {name} of env_file"
    encoded = "In a connection string write it percent-encoded ({}), as the filter dbinfra.postgres.postgresql_uri does; in a password avoid it"
    if any((ord(letter) < 32 and letter != "\t") or letter in "\x7f\x85\u2028\u2029" or "\ud800" <= letter <= "\udfff" for letter in value):
        raise InputError(
            "the value holds a newline, a NUL or another control character",
            where=where,
            why="shells and dotenv disagree about values over several lines, and an environment variable cannot hold a NUL",
            remedy="Deliver such a value (a certificate, a key) as a file of its own and name its path here",
        )
    if "$" in value:
        raise InputError(
            "the value holds a dollar sign",
            where=where,
            why="dotenv-expand, which Prisma and Next.js use, replaces what follows it even inside quotes, and what prevents that is wrong for shells",
            remedy=encoded.format("%24"),
        )
    if value.endswith("\\"):
        raise InputError(
            "the value ends with a backslash",
            where=where,
            why="dotenv would take the closing quote behind it for part of the value",
            remedy=encoded.format("%5C"),
        )
    if "'" not in value:
        return f"{name}='{value}'"
    if not any(letter in value for letter in '"`\\'):
        return f'{name}="{value}"'
    raise InputError(
        "the value holds an apostrophe together with a double quote, a backtick or a backslash",
        where=where,
        why="shells and dotenv have no common way to quote both",
        remedy=encoded.format("%27"),
    )


def values(entries: t.Iterable[Entry]) -> dict[str, Entry]:
    """Return the entry that counts for each variable: the last one, for shells and dotenv alike."""
    return {entry.name: entry for entry in entries if entry.name is not None}


def update(entries: t.Sequence[Entry], wanted: t.Mapping[str, str | None]) -> str:
    """Return the file's text with each wanted variable set (or, for None, removed). All other entries stay as they are, in their order.

    A variable that is there keeps its place; further assignments of it are dropped. New ones come at the end in the given order.
    """
    lines: list[str] = []
    done: set[str] = set()
    for entry in entries:
        if entry.name is None or entry.name not in wanted:
            lines.append(entry.text)
            continue
        value = wanted[entry.name]
        if value is not None and entry.name not in done:
            lines.append(assignment(entry.name, value))
        done.add(entry.name)
    lines.extend(assignment(name, value) for name, value in wanted.items() if value is not None and name not in done)
    return "".join(f"{line}\n" for line in lines)
