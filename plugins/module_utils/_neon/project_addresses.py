# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses of an allowlist: checked before they are sent, and compared by what they let in. Pure functions.

Neon takes single addresses, ranges (``10.0.0.1-10.0.0.9``) and networks (``10.0.0.0/24``), IPv4 and IPv6. To it an empty list, like no
list at all, means everyone; here that is only ever said by a word.
"""

from __future__ import annotations

import ipaddress
import typing as t

from .._core.errors import InputError

#: The word for "no allowlist: every address may connect".
EVERYONE: t.Final = "everyone"
_WHERE: t.Final = "option allowed_ips"
# Of an address, by the version of IP.
_BITS: t.Final = {4: 32, 6: 128}

# What an entry lets in: IP version, first and last address. An entry that Neon lists and nobody can read here stands for itself.
Reach: t.TypeAlias = "tuple[int, int, int] | str"


def checked_addresses(entries: t.Sequence[str]) -> tuple[str, ...]:
    """Return the declared entries, each once and without spaces around it; none for everyone.

    :raises InputError: for an empty list, an entry that is no address, or one that lets everyone in without saying so.
    """
    cleaned = [entry.strip() for entry in entries]
    if not cleaned:
        raise InputError(
            "it is an empty list",
            where=_WHERE,
            why="To Neon an empty allowlist means that everyone may connect",
            remedy=f"List the addresses, or write allowed_ips: {EVERYONE} if that is what you want",
        )
    if EVERYONE in cleaned:
        if len(cleaned) > 1:
            raise InputError(
                f"{EVERYONE} stands beside addresses", where=_WHERE, remedy=f"Write either allowed_ips: {EVERYONE} alone, or the addresses alone"
            )
        return ()
    by_reach: dict[tuple[int, int, int], str] = {}
    for entry in cleaned:
        by_reach.setdefault(_checked(entry), entry)
    _refuse_everything_together(by_reach)
    return tuple(by_reach.values())


def reaches(entries: t.Iterable[str]) -> frozenset[Reach]:
    """Return what entries let in, for comparing: ``10.0.0.0/24`` and ``10.0.0.0-10.0.0.255`` are the same."""
    return frozenset(_lenient(entry) for entry in entries)


def _lenient(entry: str) -> Reach:
    try:
        return _reach(entry.strip())
    except ValueError:
        return entry


def _checked(entry: str) -> tuple[int, int, int]:
    try:
        version, first, last = _reach(entry)
    except ValueError as error:
        raise InputError(
            f"{entry!r} is no address, range or network",
            where=_WHERE,
            why=str(error),
            remedy="Write 203.0.113.7, 203.0.113.7-203.0.113.9, 203.0.113.0/24 or the same with IPv6 addresses",
        ) from None
    if first == 0 and last == 2 ** _BITS[version] - 1:
        raise InputError(
            f"{entry!r} lets every IPv{version} address in",
            where=_WHERE,
            why="That is no allowlist",
            remedy=f"Write allowed_ips: {EVERYONE} if that is what you want",
        )
    return version, first, last


def _refuse_everything_together(by_reach: t.Mapping[tuple[int, int, int], str]) -> None:
    """Refuse entries that leave no address of a version out between them, such as the two halves of all networks."""
    for version in (4, 6):
        following = 0
        for _version, first, last in sorted(reach for reach in by_reach if reach[0] == version):
            if first > following:
                break
            following = max(following, last + 1)
        if following >= 2 ** _BITS[version]:
            raise InputError(
                f"the entries together let every IPv{version} address in: {', '.join(entry for reach, entry in by_reach.items() if reach[0] == version)}",
                where=_WHERE,
                why="That is no allowlist",
                remedy=f"Write allowed_ips: {EVERYONE} if that is what you want",
            )


def _reach(entry: str) -> tuple[int, int, int]:
    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry)
        except ValueError as error:
            wide = ipaddress.ip_network(entry, strict=False)
            raise ValueError(f"{error}; the network is {wide}") from None
        return network.version, int(network.network_address), int(network.broadcast_address)
    first_text, dash, last_text = entry.partition("-")
    first = ipaddress.ip_address(first_text.strip())
    last = ipaddress.ip_address(last_text.strip()) if dash else first
    if first.version != last.version:
        raise ValueError("the range begins with one version of IP and ends with the other")
    if int(first) > int(last):
        raise ValueError(f"the range ends before it begins, with {last}")
    return first.version, int(first), int(last)
