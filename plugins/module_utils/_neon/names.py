# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The length of names. Pure functions."""

from __future__ import annotations

import typing as t

from .._core.errors import InputError

# Neon's API description of projects and branches: minLength 1, maxLength 256. It states none for snapshots and for a branch that a restore
# names or renames; the latter is a branch all the same, and a restore that ends halfway is worse than a name that is refused early.
LONGEST_NAME: t.Final = 256


def check_name(name: str, option: str, kind: str = "branch") -> None:
    """Refuse a name that Neon would not take.

    :param option: where it comes from, for the error.
    :param kind: what has the name.
    :raises InputError: if it is empty or has too many characters.
    """
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InputError(
            f"a {kind}'s name has 1 to {LONGEST_NAME} characters, this one has {len(name)}",
            where=f"option {option}",
            remedy="Choose another name" if name else f"Give the {kind}'s exact name",
        )
