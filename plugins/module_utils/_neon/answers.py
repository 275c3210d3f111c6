# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading JSON answers: required fields are required, everything else is tolerated.

A list of the API is a list of objects, and so it is read here (``kind`` list); the few others have a function of their own.
"""

from __future__ import annotations

import typing as t

from .._core.errors import ProviderError

_NAMES: t.Final = {str: "a string", int: "an integer", float: "a number", bool: "true or false", dict: "an object", list: "a list of objects"}
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


def texts(source: t.Mapping[str, t.Any], key: str, where: str) -> list[str]:
    """Return the list of strings ``source[key]``, empty if it is missing or null.

    :raises ProviderError: if it is something else.
    """
    value = source.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _other_type(key, "a list of strings", where)
    return value


def _typed(value: t.Any, key: str, kind: type[ValueT], where: str) -> ValueT:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return t.cast(ValueT, float(value))
    # bool is a subclass of int, but no integer of the API.
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not fits or (isinstance(value, list) and not all(isinstance(item, dict) for item in value)):
        raise _other_type(key, _NAMES[kind], where)
    return value


def _other_type(key: str, wanted: str, where: str) -> ProviderError:
    return ProviderError(
        f"the field {key} of Neon's answer is not {wanted}",
        where=where,
        why="The answer does not follow Neon's API description",
        remedy="Check that api_host is a Neon API v2; if it is, report this to dbinfra.postgres",
    )
