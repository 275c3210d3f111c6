# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names an object can have. Pure functions.

Neon takes blanks and control characters in the name of a branch, and PostgreSQL in that of a role. They come from a template, or from a file that
was read with its line end, never from somebody who wants them, and what they name is not found again by the name that was meant.
"""

from __future__ import annotations

import typing as t
import unicodedata

from .._core.errors import InputError

# Neon's API description of projects and branches: minLength 1, maxLength 256. It states none for snapshots and for a branch that a restore
# names or renames; the latter is a branch all the same, and a restore that ends halfway is worse than a name that is refused early.
LONGEST_NAME: t.Final = 256
# Neon's API description of endpoints: minLength 1, maxLength 64.
LONGEST_ENDPOINT_NAME: t.Final = 64
#: NAMEDATALEN - 1, in bytes: PostgreSQL would cut a longer name off, and it would never be found again.
LONGEST_IDENTIFIER: t.Final = 63

#: Roles that PostgreSQL, Neon or SQL keep for themselves (Neon's documentation, "Protected role names", and its own roles).
RESERVED_ROLES: t.Final = frozenset(
    {
        "postgres",
        "public",
        "none",
        "cloud_admin",
        "zenith_admin",
        "neon_superuser",
        "neon_service",
        "web_access",
        "authenticator",
        "replication",
    }
)
#: Databases that every PostgreSQL server has.
RESERVED_DATABASES: t.Final = frozenset({"postgres", "template0", "template1"})
# Unicode's control characters, separators of lines and paragraphs, and halves of characters, which cannot be sent.
_CONTROLS: t.Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def name_fault(name: str) -> str | None:
    """Return why nothing should have this name, whatever it names; None if it may be one. Its length is another matter."""
    if not name:
        return "it is empty"
    if not name.strip():
        return "it holds nothing but blanks"
    if any(unicodedata.category(letter) in _CONTROLS for letter in name):
        return "it holds a control character, such as the end of a line"
    if name != name.strip():
        return "it begins or ends with a blank"
    return None


def check_name(name: str, option: str, kind: str = "branch", longest: int = LONGEST_NAME) -> None:
    """Refuse a name that Neon would not take, or that nobody means.

    :param option: where it comes from, for the error.
    :param kind: what has the name.
    :param longest: in characters.
    :raises InputError: if it is empty or has too many characters, holds nothing but blanks, begins or ends with one, or holds a control character.
    """
    _check(name, len(name), option, kind, f"{longest} characters", longest)


def check_identifier(name: str, option: str, kind: str) -> None:
    """Refuse a name that PostgreSQL would not take or would cut, or that nobody means.

    :param option: where it comes from, for the error.
    :param kind: ``role`` or ``database``.
    :raises InputError: as :func:`check_name`, with the length in bytes.
    """
    _check(name, len(name.encode(errors="surrogatepass")), option, kind, f"{LONGEST_IDENTIFIER} bytes", LONGEST_IDENTIFIER)


def reserved_role(name: str) -> str | None:
    """Return why no role can be made with this name, None if one can."""
    if name.lower().startswith("pg_"):
        return "names that begin with pg_ belong to PostgreSQL"
    return f"the name {name} is reserved" if name.lower() in RESERVED_ROLES else None


def check_free(name: str, option: str, kind: str) -> None:
    """Refuse to make a role or database with a name that PostgreSQL or Neon keeps for itself.

    :param option: where it comes from, for the error.
    :param kind: ``role`` or ``database``.
    :raises InputError: with the reason.
    """
    if kind == "role":
        reason = reserved_role(name)
    else:
        reason = "every PostgreSQL server has a database of this name, and Neon makes no other one" if name in RESERVED_DATABASES else None
    if reason:
        raise InputError(f"{name} cannot be made: {reason}", where=f"option {option}", remedy="Choose another name")


def _check(name: str, size: int, option: str, kind: str, most: str, longest: int) -> None:
    subject = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}'s name"
    if not 1 <= size <= longest:
        raise InputError(
            f"{subject} has 1 to {most}, this one has {size}",
            where=f"option {option}",
            remedy="Choose another name" if name else f"Give the {kind}'s exact name",
        )
    fault = name_fault(name)
    if fault:
        raise InputError(f"{subject} cannot be {name!r}: {fault}", where=f"option {option}", remedy=f"Give the {kind}'s exact name")
