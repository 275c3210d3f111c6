# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing under test may leave this machine.

Two walls between a test run and a real account: the variables that could carry a real key or server are dropped from the
environment, and Python's sockets refuse every address but loopback and unix sockets. `tests/sitecustomize.py` builds the second wall
in child processes too (ansible-playbook, modules, the local Neon), as long as they inherit PYTHONPATH.

libpq opens its sockets in C, past this wall. It can only learn a host from PG* variables, which are dropped, or from an API's
answer, and no API outside of this machine can be reached.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import pathlib
import socket
import sys
import typing as t

#: The same prefixes as in scripts/env.sh; a test holds the two lists against each other.
DROPPED_PREFIXES = ("NEON_", "SUPABASE_", "VERCEL_", "PG", "DBINFRA_", "ANSIBLE_")

_NAME_EVENTS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_SEND_EVENTS = ("socket.connect", "socket.sendto", "socket.sendmsg")


class NetworkForbiddenError(OSError):
    """A test tried to reach something that is not on this machine."""


def drop_variables(environ: t.MutableMapping[str, str]) -> list[str]:
    """Remove every variable that could name a real account or server; return the names that were removed."""
    dropped = [name for name in environ if name.startswith(DROPPED_PREFIXES)]
    for name in dropped:
        del environ[name]
    return dropped


def put_first_on_path(environ: t.MutableMapping[str, str], folder: str) -> None:
    """Put ``folder`` first on PYTHONPATH, so that child processes load its ``sitecustomize``."""
    rest = [entry for entry in environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != folder]
    environ["PYTHONPATH"] = os.pathsep.join([folder, *rest])


def is_local(host: t.Any) -> bool:
    """Say whether ``host`` (a name or an address) stays on this machine."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
    name = name.rstrip(".").lower()
    if name in ("", "localhost") or name.endswith(".localhost") or name in _own_names():
        return True
    try:
        address = ipaddress.ip_address(name.split("%", 1)[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    # 0.0.0.0 and :: are "any address" for a listener and this machine for a client (Linux).
    return bool(address.is_loopback or address.is_unspecified or (mapped is not None and mapped.is_loopback))


def _own_names() -> set[str]:
    own = socket.gethostname().lower()
    return {own, own.split(".", 1)[0]}


def _refuse(host: t.Any) -> t.NoReturn:
    raise NetworkForbiddenError(errno.EPERM, f"a test tried to reach {host!r}: only loopback and unix sockets are allowed in tests")


def _watch(event: str, arguments: tuple[t.Any, ...]) -> None:
    if event in _NAME_EVENTS:
        if not is_local(arguments[0]):
            _refuse(arguments[0])
    elif event in _SEND_EVENTS:
        sock, address = arguments[0], arguments[1]
        if sock.family in (socket.AF_INET, socket.AF_INET6) and address is not None and not is_local(address[0]):
            _refuse(address[0])


def install() -> None:
    """Refuse other machines from now on. An audit hook cannot be removed, so one per process is enough."""
    if not getattr(sys, "_dbinfra_network_guard", False):
        sys._dbinfra_network_guard = True  # type: ignore[attr-defined]
        sys.addaudithook(_watch)


def tests_folder() -> str:
    """Return the folder of this file."""
    return str(pathlib.Path(__file__).resolve().parent)
