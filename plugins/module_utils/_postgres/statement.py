# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL statements as data. Pure: plans hold them and tests compare them; only the transport turns them into text, by the driver's quoting."""

from __future__ import annotations

import dataclasses
import re
import typing as t

_KEYWORDS = re.compile(r"[A-Z][A-Z_]*(?:[ ,]+[A-Z][A-Z_]*)*")


@dataclasses.dataclass(frozen=True)
class Identifier:
    """A name, perhaps qualified: ``Identifier("public", "orders")``. The driver quotes each part."""

    parts: tuple[str, ...]

    def __init__(self, *parts: str) -> None:
        object.__setattr__(self, "parts", parts)


@dataclasses.dataclass(frozen=True)
class Literal:
    """A value. The driver quotes it; it is never shown, it may be a secret."""

    value: t.Any = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Keywords:
    """Words of SQL itself, such as ``SELECT, INSERT`` or ``NOCREATEDB LOGIN``.

    :raises ValueError: for anything else than upper-case words.
    """

    text: str

    def __post_init__(self) -> None:
        if not _KEYWORDS.fullmatch(self.text):
            raise ValueError(f"{self.text!r} is not a list of SQL key words")


@dataclasses.dataclass(frozen=True)
class Routine:
    """A function or procedure: its qualified name, and its arguments as the server itself prints them for GRANT.

    :param arguments: the text of ``pg_get_function_identity_arguments``: type names that the server has quoted.
    """

    schema: str
    name: str
    arguments: str


@dataclasses.dataclass(frozen=True)
class Password:
    """A password to be set; the transport turns it into a SCRAM-SHA-256 verifier where it stands in a statement.

    :param value: the password; never shown.
    """

    role: str
    value: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Several:
    """Parts joined by a comma."""

    parts: tuple[Part, ...]


# Not with "|": this is an expression, and module code is still checked against Python 3.9.
Part = t.Union[Identifier, Literal, Keywords, Routine, Password, Several]  # noqa: UP007


@dataclasses.dataclass(frozen=True)
class Statement:
    """A template with named parts: ``Statement("GRANT CONNECT ON DATABASE {database} TO {role}", {...})``.

    :param purpose: what it does, in words without secrets; errors name it.
    :param clear_password: a password that is set after the statement, in the clear, for servers that refuse a verifier (Neon). With it the
        template may be empty.
    """

    template: str
    parts: t.Mapping[str, Part]
    purpose: str
    clear_password: Password | None = None
