# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that say how Neon's API is reached. Nothing of the client is imported: ``pg_setting`` has them on every provider."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

DEFAULT_API_HOST: t.Final = "https://console.neon.tech/api/v2"
DEFAULT_TIMEOUT: t.Final = 300


def common_options() -> dict[str, dict[str, t.Any]]:
    """Return the part of an argument spec that every Neon module has."""
    return {
        "api_host": {"type": "str", "default": DEFAULT_API_HOST, "fallback": (env_fallback, ["NEON_API_HOST"])},
        "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["NEON_API_KEY"])},
        "timeout": {"type": "int", "default": DEFAULT_TIMEOUT},
    }


def nested_options() -> dict[str, t.Any]:
    """Return the argument spec of one option that holds all of them, with the same environment variables behind it."""
    return {"type": "dict", "apply_defaults": True, "options": common_options()}
