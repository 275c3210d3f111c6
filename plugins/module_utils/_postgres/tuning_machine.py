# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a settings level is derived from: a machine (or a compute) and the sessions that may work on it at once. Pure."""

from __future__ import annotations

import dataclasses
import fractions
import math
import re
import typing as t

from .._core.errors import InputError
from .connection_budget import OWNER_CONNECTIONS
from .setting_number import BadNumberError, parse_real

MB = 1024**2
GB = 1024**3

#: One compute unit of Neon is 1 vCPU and 4 GB.
NEON_MEMORY_PER_CU = 4 * GB

#: Below this PostgreSQL runs with its own defaults at best; there is nothing to share out.
SMALLEST_MEMORY = 128 * MB

#: PostgreSQL's bound of ``max_connections``, with room for those that are kept back.
MOST_CONNECTIONS = 262_000

STORAGES = ("ssd", "hdd", "network")

_COMPUTE_UNITS = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*CU\s*")


@dataclasses.dataclass(frozen=True)
class Machine:
    """What the server runs on.

    :param memory: in bytes, what it has at any time: of a compute that scales, its smallest size.
    :param cpus: may be a fraction; of a compute that scales, its largest size.
    :param storage: one of :data:`STORAGES`.
    :param disk: size of the volume that holds the write-ahead log, in bytes; None if it is not known.
    """

    memory: int
    cpus: float
    storage: str = "ssd"
    disk: int | None = None


def read_machine(compute: t.Mapping[str, t.Any], where: str) -> Machine:
    """Return the machine that a declaration describes.

    :param compute: ``memory``, ``cpus``, and if they are known ``storage`` and ``disk``.
    :param where: what errors call the declaration.
    :raises InputError: for a value that is missing or does not describe a machine.
    """
    unknown = [str(name) for name in compute if name not in ("memory", "cpus", "storage", "disk")]
    if unknown:
        raise InputError(f"{', '.join(unknown)} says nothing about a machine", where=where, remedy="Name memory, cpus, storage and disk")
    memory = _size(compute.get("memory"), f"{where}, memory")
    if memory is None:
        raise InputError("the memory is not declared", where=where, remedy="Declare memory, for example 4GB, or 0.25CU for a compute of Neon")
    if memory < SMALLEST_MEMORY:
        raise InputError(
            f"{compute['memory']!r} is less than 128MB", where=f"{where}, memory", why="a number without a unit is bytes", remedy="Write it as 4GB"
        )
    storage = compute.get("storage") or "ssd"
    if storage not in STORAGES:
        raise InputError(f"{storage!r} is no kind of storage", where=f"{where}, storage", remedy=f"Use one of {', '.join(STORAGES)}")
    return Machine(memory, _cpus(compute.get("cpus"), where), storage, _size(compute.get("disk"), f"{where}, disk"))


def read_connections(declared: t.Any, where: str) -> int:
    """Return how many sessions may work at once: the declared ones, and those of the owner.

    :param declared: a number, or a mapping with ``application`` (a number) and ``roles`` (a list of roles with ``privileges`` and
        ``connection_limit``). The application's roles are in ``application``; a role without a limit is not counted, as in the arithmetic
        of connections.
    :param where: what errors call the declaration.
    :raises InputError: for a number that is not positive.
    """
    roles: t.Any = []
    if isinstance(declared, t.Mapping):
        declared, roles = declared.get("application"), declared.get("roles") or []
    if isinstance(declared, str) and declared.strip().isdecimal():
        declared = int(declared)
    if not isinstance(declared, int) or isinstance(declared, bool) or declared < 1:
        raise InputError(
            f"{declared!r} is no number of connections that work at once",
            where=where,
            remedy="Declare at least 1, for example the application's pool",
        )
    # What is no role with a limit is wrong where the roles are declared, and is said there.
    others = [role for role in roles if isinstance(role, t.Mapping) and role.get("privileges") != "application"] if isinstance(roles, list) else []
    limits = [role.get("connection_limit") for role in others]
    connections = declared + sum(limit for limit in limits if isinstance(limit, int) and limit > 0) + OWNER_CONNECTIONS
    if connections > MOST_CONNECTIONS:
        raise InputError(f"{connections} connections are more than PostgreSQL can have", where=where, remedy="Let fewer connections be held")
    return connections


def readable(size: int) -> str:
    """Return a size as PostgreSQL reads it, in the largest unit without a fraction. Nothing is rounded: give whole kB."""
    for unit, bytes_of_it in (("GB", GB), ("MB", MB)):
        if size >= bytes_of_it and size % bytes_of_it == 0:
            return f"{size // bytes_of_it}{unit}"
    return f"{size // 1024}kB"


def _size(value: t.Any, where: str) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise InputError(f"{value!r} is no size", where=where, remedy="Write it as 4GB")
    units = _COMPUTE_UNITS.fullmatch(value) if isinstance(value, str) else None
    try:
        size = fractions.Fraction(units[1]) * NEON_MEMORY_PER_CU if units else parse_real(str(value), "B")
    except BadNumberError as problem:
        raise InputError(f"{value!r} is no size", where=where, why=str(problem), remedy="Write it as 4GB") from None
    if not 0 < size < math.inf:
        raise InputError(f"{value!r} is no size", where=where, remedy="Write it as 4GB")
    return math.floor(size)


def _cpus(value: t.Any, where: str) -> float:
    if value is None or value == "":
        raise InputError("the number of CPUs is not declared", where=where, remedy="Declare cpus; a fraction is fine")
    try:
        cpus = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        cpus = math.nan
    if not (math.isfinite(cpus) and cpus > 0):
        raise InputError(f"{value!r} is no number of CPUs", where=f"{where}, cpus", remedy="Use a number above 0; a fraction is fine")
    return cpus
