# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed reading of request bodies, so that a malformed one is answered with 400 also where no contract is there to refuse it."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from aiohttp import web

from .errors import ApiError

T = TypeVar("T")


class Fields:
    """The fields of one JSON object.

    :param data: the object.
    :param where: dotted path of the object in the body, for messages.
    """

    def __init__(self, data: dict[str, Any], where: str = "") -> None:
        self.data = data
        self._where = where

    @classmethod
    async def of(cls, request: web.Request) -> Fields:
        """The body of ``request``; an absent body is an empty object.

        :raises ApiError: 400 if the body is no JSON object.
        """
        raw = await request.read()
        if not raw:
            return cls({})
        try:
            data = json.loads(raw)
        except ValueError:
            raise ApiError(400, "the request body is no JSON") from None
        if not isinstance(data, dict):
            raise ApiError(400, "the request body is no JSON object")
        return cls(data)

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def get(self, name: str, kind: type[T] | tuple[type, ...], default: T | None = None) -> T | None:
        """The field's value, or ``default`` when it is absent.

        :raises ApiError: 400 if it has another type than ``kind``.
        """
        if name not in self.data:
            return default
        value = self.data[name]
        wrong_boolean = isinstance(value, bool) and kind is not bool
        if wrong_boolean or not isinstance(value, kind):
            raise ApiError(400, f"{self._path(name)} has the wrong type")
        return value

    def require(self, name: str, kind: type[T]) -> T:
        """The field's value.

        :raises ApiError: 400 if it is absent, empty or of another type.
        """
        value = self.get(name, kind)
        if value is None or value == "":
            raise ApiError(400, f"{self._path(name)} is required")
        return value

    def part(self, name: str, *, required: bool = False) -> Fields:
        """The object in field ``name``; an absent one is empty.

        :raises ApiError: 400 if it is no object, or absent though ``required``.
        """
        value = self.require(name, dict) if required else self.get(name, dict, {})
        return Fields(value or {}, self._path(name))

    def parts(self, name: str) -> list[Fields]:
        """The objects in the list ``name``; an absent list is empty.

        :raises ApiError: 400 if it is no list of objects.
        """
        items = self.get(name, list, []) or []
        if not all(isinstance(item, dict) for item in items):
            raise ApiError(400, f"{self._path(name)} must be a list of objects")
        return [Fields(item, f"{self._path(name)}[{index}]") for index, item in enumerate(items)]

    def _path(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name
