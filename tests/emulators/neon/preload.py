# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that a compute preloads: those of the service that this machine's PostgreSQL has. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..framework.errors import ApiError

LIBRARIES: list[dict[str, Any]] = [
    {
        "library_name": "pg_stat_statements",
        "description": "Tracks planning and execution statistics of all SQL statements executed",
        "is_default": True,
        "is_experimental": False,
        "version": "1.11",
    },
    {
        "library_name": "auto_explain",
        "description": "Logs execution plans of slow statements",
        "is_default": False,
        "is_experimental": False,
        "version": "17",
    },
    {
        "library_name": "pg_prewarm",
        "description": "Loads relation data into the buffer cache",
        "is_default": False,
        "is_experimental": False,
        "version": "1.2",
    },
]
NAMES = tuple(library["library_name"] for library in LIBRARIES)
DEFAULTS = tuple(library["library_name"] for library in LIBRARIES if library["is_default"])


def check(preload_libraries: Mapping[str, Any]) -> None:
    """Refuse libraries that are not available.

    :raises ApiError: 400 naming them.
    """
    unknown = sorted(set(preload_libraries.get("enabled_libraries") or ()) - set(NAMES))
    if unknown:
        raise ApiError(400, f"preload_libraries.enabled_libraries: not available: {', '.join(unknown)}; available: {', '.join(NAMES)}")


def shared_preload_libraries(project: Mapping[str, Any], endpoint: Mapping[str, Any]) -> str:
    """The server parameter that follows from a project's and an endpoint's settings; the endpoint's decide where it has any."""
    wanted = endpoint.get("preload_libraries") or project.get("preload_libraries")
    if not wanted:
        return ",".join(DEFAULTS)
    defaults = DEFAULTS if wanted.get("use_defaults", not wanted.get("enabled_libraries")) else ()
    return ",".join(dict.fromkeys((*defaults, *(wanted.get("enabled_libraries") or ()))))
