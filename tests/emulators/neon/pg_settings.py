# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server parameters that a compute is given through the API, and which of them it is not. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..framework.errors import ApiError
from .dataplane import unsettable


def check(settings: Mapping[str, Any]) -> None:
    """Refuse settings of a compute with parameters that cannot be changed. The service does that with max_connections (neondatabase/website#1756).

    :raises ApiError: 400 naming the first of them.
    """
    for name, value in (settings.get("pg_settings") or {}).items():
        reason = unsettable(name)
        if reason is None and not isinstance(value, str):
            reason = "a value is a text"
        if reason is not None:
            raise ApiError(400, f"pg_settings: {name} cannot be changed: {reason}")
