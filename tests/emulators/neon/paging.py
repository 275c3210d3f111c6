# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cursor paging, as a pure function."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from ..framework.errors import ApiError

T = TypeVar("T")
Key = Callable[[T], tuple[str, str]]


def page(items: list[T], key: Key[T], *, limit: int | None, cursor: str | None, descending: bool = False) -> tuple[list[T], str | None, bool]:
    """One page of ``items``.

    :param key: sort value and id of an item; the id makes the order total, so that no item is lost or repeated between two pages.
    :param limit: at most so many items; None for all.
    :param cursor: where the previous page ended.
    :return: the page, the cursor that continues after its last item (None if the page is empty), and whether anything follows.
    :raises ApiError: 400 for a cursor that was not given out.
    """
    ordered = sorted(items, key=key, reverse=descending)
    if cursor:
        last = _decode(cursor)
        ordered = [item for item in ordered if (key(item) < last if descending else key(item) > last)]
    selected = ordered if limit is None else ordered[:limit]
    return selected, _encode(key(selected[-1])) if selected else None, len(selected) < len(ordered)


def integer(query: Mapping[str, str], name: str, low: int, high: int, default: int | None) -> int | None:
    """A whole number from the query.

    :raises ApiError: 400 if it is none, or not between ``low`` and ``high``.
    """
    text = query.get(name)
    if text is None:
        return default
    if not text.isdigit() or not low <= int(text) <= high:
        raise ApiError(400, f"query parameter {name} must be a number from {low} to {high}")
    return int(text)


def boolean(query: Mapping[str, str], name: str) -> bool:
    """A flag from the query, false when absent.

    :raises ApiError: 400 if it is neither true nor false.
    """
    text = query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise ApiError(400, f"query parameter {name} must be true or false")
    return text == "true"


def _encode(key: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _decode(cursor: str) -> tuple[str, str]:
    try:
        value, identity = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError:
        raise ApiError(400, "the cursor is not one of ours") from None
    return str(value), str(identity)
