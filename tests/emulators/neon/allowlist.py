# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses may connect: a project's ``allowed_ips`` and ``block_public_connections``. Pure functions."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ..framework.errors import ApiError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# The service's own texts: programs and people recognise them.
_NOT_ALLOWED = (
    "This IP address {address} is not allowed to connect to this endpoint. Please add it to the allowed list in the Neon console. "
    "Make sure to check for IPv4 or IPv6 addresses."
)
_BLOCKED = "This connection is trying to access this endpoint from a blocked network."


def span(entry: str) -> tuple[Address, Address]:
    """First and last address of an entry: a single address, a network (``10.0.0.0/8``) or a range (``10.0.0.1-10.0.0.9``), IPv4 or IPv6.

    :raises ValueError: if it is none of them. A network with host bits set is one: the service's users write them.
    """
    first, dash, last = (part.strip() for part in entry.partition("-"))
    if not dash:
        network = ipaddress.ip_network(first, strict=False)
        return network[0], network[-1]
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    if low.version != high.version or int(low) > int(high):
        raise ValueError(f"{entry} is no range: its ends are of one kind, the lower one first")
    return low, high


def check(allowed_ips: Mapping[str, Any]) -> None:
    """Refuse a list with an entry that is no address, network or range.

    :raises ApiError: 400 naming the entry.
    """
    for entry in allowed_ips.get("ips") or ():
        try:
            span(entry)
        except ValueError:
            raise ApiError(400, f"settings.allowed_ips.ips: {entry} is no IP address, CIDR block or address range") from None


def refusal(settings: Mapping[str, Any], address: str, *, protected: bool) -> str | None:
    """Why a client from ``address`` may not connect, in the service's words; None if it may.

    :param settings: the project's.
    :param protected: whether the branch is.
    """
    if settings.get("block_public_connections"):  # supersedes the list
        return _BLOCKED
    allowed = settings.get("allowed_ips") or {}
    entries = allowed.get("ips") or ()
    if not entries or (allowed.get("protected_branches_only") and not protected):
        return None
    client = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped
    for low, high in map(span, entries):
        if low.version == client.version and int(low) <= int(client) <= int(high):
            return None
    return _NOT_ALLOWED.format(address=client)
