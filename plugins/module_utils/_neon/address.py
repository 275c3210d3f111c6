# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base address of the API: where the key may be sent."""

from __future__ import annotations

import ipaddress
import urllib.parse

from .._core.errors import InputError

_WHERE = "option api_host (environment variable NEON_API_HOST)"


def base_address(api_host: str | None) -> tuple[str, bool]:
    """Return the base address without a slash at its end, and whether it leads to this machine.

    :raises InputError: for anything that is not an address to which a key may be sent. Plain http is for loopback only.
    """
    text = (api_host or "").strip()
    if not text:
        raise InputError("it is empty", where=_WHERE, remedy="Remove it, then https://console.neon.tech/api/v2 is used, or give a complete address")
    try:
        parts = urllib.parse.urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InputError(f"{text!r} is no address: {error}", where=_WHERE, remedy="Give something like https://console.neon.tech/api/v2") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InputError(f"{text!r} is no complete http(s) address", where=_WHERE, remedy="Give something like https://console.neon.tech/api/v2")
    if parts.username is not None or parts.query or parts.fragment:
        raise InputError("it holds a user, a query or a fragment", where=_WHERE, remedy="Give scheme, host, port and path only")
    local = is_loopback(host)
    if parts.scheme == "http" and not local:
        raise InputError(
            f"plain http to {host} is refused",
            where=_WHERE,
            why="The API key would travel unencrypted",
            remedy="Use https; http is for loopback addresses only",
        )
    return text.rstrip("/"), local


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address always leads to this machine (RFC 6761 reserves ``localhost`` and names below it)."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
