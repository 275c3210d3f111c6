# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading JSON answers: required fields are required, everything else is tolerated."""

from __future__ import annotations

import typing as t

from .._core.errors import ProviderError

_NAMES: t.Final = {str: "a string", int: "an integer", float: "a number", bool: "true or false", dict: "an object", list: "a list"}
ValueT = t.TypeVar("ValueT")


def required(source: t.Any, key: str, kind: type[ValueT], where: str) -> ValueT:
    """Return ``source[key]``.

    :param where: the object in words, for the error.
    :raises ProviderError: if the field is missing or of another type.
    """
    value = source.get(key) if isinstance(source, dict) else None
    if value is None:
        raise ProviderError(
            f"the field {key} is missing in Neon's answer",
            where=where,
            why="The answer does not follow Neon's API description",
            remedy="Check that api_host is a Neon API v2; if it is, report this to dbinfra.postgres",
        )
    return _typed(value, key, kind, where)


def optional(source: t.Mapping[str, t.Any], key: str, kind: type[ValueT], where: str) -> ValueT | None:
    """Return ``source[key]``, or None if it is missing or null.

    :raises ProviderError: if it is of another type.
    """
    value = source.get(key)
    return None if value is None else _typed(value, key, kind, where)


def _typed(value: t.Any, key: str, kind: type[ValueT], where: str) -> ValueT:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return t.cast(ValueT, float(value))
    # bool is a subclass of int, but no integer of the API.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ProviderError(
            f"the field {key} of Neon's answer is not {_NAMES[kind]}",
            where=where,
            why="The answer does not follow Neon's API description",
            remedy="Check that api_host is a Neon API v2; if it is, report this to dbinfra.postgres",
        )
    return value
